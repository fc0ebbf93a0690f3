//! The pages that the browser shows after a sign-in. No page has a script, and no page repeats a part of the request,
//! so that a forged request cannot put anything into the page.

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY};
use http::header::{HeaderValue, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS};
use http::{Response, StatusCode};
use http_body_util::Full;

/// The page after a sign-in at the provider. The code is exchanged for tokens only afterwards, which may still fail.
pub(super) fn signed_in() -> Response<Full<Bytes>> {
    let text = "The provider accepted the sign-in. The application now gets its tokens, and shows whether that worked. \
                You may close this window.";
    page(StatusCode::OK, "#1a7f4b", "Almost done", text)
}

pub(super) fn refused() -> Response<Full<Bytes>> {
    let text = "The sign-in was refused. You may close this window and try again in the application.";
    page(StatusCode::OK, "#b3261e", "You are not signed in", text)
}

pub(super) fn not_awaited() -> Response<Full<Bytes>> {
    let text = "This page does not belong to the current sign-in. Please go back to the application and use the link \
                that it shows.";
    page(StatusCode::BAD_REQUEST, "#8a6d00", "This is another sign-in", text)
}

pub(super) fn not_here() -> Response<Full<Bytes>> {
    page(StatusCode::NOT_FOUND, "#8a6d00", "Page not found", "Please go back to the application.")
}

pub(super) fn only_get() -> Response<Full<Bytes>> {
    let text = "Please go back to the application.";
    let mut response = page(StatusCode::METHOD_NOT_ALLOWED, "#8a6d00", "Method not allowed", text);
    response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET"));
    response
}

/// Makes a page. Its URL contains a code, so that the headers forbid browsers to cache the page or to send its URL to
/// other sites (RFC 9700 section 4.2.4).
fn page(status: StatusCode, colour: &str, title: &str, text: &str) -> Response<Full<Bytes>> {
    let html = TEMPLATE.replace("{colour}", colour).replace("{title}", title).replace("{text}", text);
    let mut response = Response::new(Full::from(html));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CACHE_CONTROL, "no-store"),
        (REFERRER_POLICY, "no-referrer"),
        (CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

const TEMPLATE: &str = include_str!("page.html");
