//! One request to the sign-in half of the auth host, from its path to its answer.

use axum::http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, LOCATION, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode, Uri};
use serde_json::Value;

use super::ending::{Ending, ErrorPage, Objection};
use super::fields::{DECISION, Decision, Fields};
use super::page::notice;
use super::paths::{Place, VERIFICATION, place};
use super::{gotab, goto, goto_device, metadata};
use crate::provider::Provider;
use crate::reply::Reply;
use crate::state::Desk;
use crate::token_endpoint::{self, media_type};

pub(crate) fn answer(desk: &mut Desk<'_>, head: &Parts, body: &[u8]) -> Reply {
    match place(desk.provider, head.uri.path()) {
        Some(Place::Revoke) => token_endpoint::revoke(desk, head, body),
        Some(Place::DeviceAuthorization) => {
            let page = format!("{}{VERIFICATION}", desk.auth_origin);
            token_endpoint::authorize_device(desk, head, body, &page)
        }
        Some(Place::Metadata) => document(desk, head, metadata::at_first_place(desk)),
        Some(Place::OpenidConfiguration) => match metadata::at_second_place(desk) {
            Some(own) => document(desk, head, own),
            None => error_page(desk, &ErrorPage::not_found()),
        },
        Some(page @ (Place::Authorize | Place::DevicePage)) => visit(desk, page, head, body),
        None => error_page(desk, &ErrorPage::not_found()),
    }
}

/// Opens a URL, presses a button, and returns the URL to which the browser is sent.
pub(crate) fn click(desk: &mut Desk<'_>, url: &str, allow: bool) -> Result<String, ErrorPage> {
    let elsewhere = || ErrorPage::new("this is not the URL of the authorize page");
    let path_and_query = url.strip_prefix(desk.auth_origin).ok_or_else(elsewhere)?;
    let uri: Uri = path_and_query.parse().map_err(|_| elsewhere())?;
    if place(desk.provider, uri.path()) != Some(Place::Authorize) {
        return Err(elsewhere());
    }
    let mut fields = Fields::parse(uri.query().unwrap_or_default().as_bytes());
    let decision = if allow { Decision::Allow } else { Decision::Deny };
    fields.add(DECISION, decision.word());
    match desk.provider {
        Provider::GoTab => gotab::fill_in(desk, &mut fields),
        // Only GoTo remains, because the other providers have no authorize page.
        _ => goto::fill_in(&mut fields),
    }
    match decide(desk, Place::Authorize, &fields) {
        Ok(Ending::Callback(url)) | Err(Objection::Callback(url)) => Ok(url),
        Ok(Ending::Page(_) | Ending::Again(_)) => Err(ErrorPage::new("the page asks for something else")),
        Err(Objection::Page(page)) => Err(page),
    }
}

fn document(desk: &Desk<'_>, head: &Parts, document: Value) -> Reply {
    match head.method == Method::GET {
        true => Reply::json(StatusCode::OK, document),
        false => error_page(desk, &ErrorPage::method()).with_header(ALLOW, "GET"),
    }
}

fn visit(desk: &mut Desk<'_>, page: Place, head: &Parts, body: &[u8]) -> Reply {
    let (ending, redirect) = match head.method {
        Method::GET => {
            let fields = Fields::parse(head.uri.query().unwrap_or_default().as_bytes());
            (show(desk, page, &fields), StatusCode::FOUND)
        }
        Method::POST if !is_form(head) => {
            let page = ErrorPage::new("the body must be application/x-www-form-urlencoded");
            (Err(page.with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE).into()), StatusCode::SEE_OTHER)
        }
        // With 307 the browser would post the password to the client as well (RFC 9700 section 4.12).
        Method::POST => (decide(desk, page, &Fields::parse(body)), StatusCode::SEE_OTHER),
        _ => return error_page(desk, &ErrorPage::method()).with_header(ALLOW, "GET, POST"),
    };
    match ending {
        Ok(Ending::Page(html)) => html_page(StatusCode::OK, &html),
        // A 400 lets a test tell this page from the first one, and a browser shows it in the same way.
        Ok(Ending::Again(html)) => html_page(StatusCode::BAD_REQUEST, &html),
        Ok(Ending::Callback(url)) | Err(Objection::Callback(url)) => {
            dress(Reply::empty(redirect).with_header(LOCATION, &url))
        }
        Err(Objection::Page(page)) => error_page(desk, &page),
    }
}

fn show(desk: &Desk<'_>, page: Place, fields: &Fields) -> Result<Ending, Objection> {
    match (desk.provider, page) {
        (Provider::GoTab, _) => gotab::show(desk, fields),
        (_, Place::DevicePage) => goto_device::show(desk, fields),
        _ => goto::show(desk, fields),
    }
}

fn decide(desk: &mut Desk<'_>, page: Place, fields: &Fields) -> Result<Ending, Objection> {
    match (desk.provider, page) {
        (Provider::GoTab, _) => gotab::decide(desk, fields),
        (_, Place::DevicePage) => goto_device::decide(desk, fields),
        _ => goto::decide(desk, fields),
    }
}

fn is_form(head: &Parts) -> bool {
    media_type(&head.headers)
        .is_some_and(|given| given.eq_ignore_ascii_case("application/x-www-form-urlencoded"))
}

fn error_page(desk: &Desk<'_>, page: &ErrorPage) -> Reply {
    let html = notice(&desk.provider.to_string(), "The sign-in cannot continue", &page.to_string());
    html_page(page.status_code(), &html)
}

fn html_page(status: StatusCode, html: &str) -> Reply {
    dress(Reply::text(status, "text/html; charset=utf-8", html))
}

/// Adds the header fields that forbid scripts, frames and caches, and keep the URL out of `Referer`.
///
/// There is no `form-action`, because browsers apply it also to the redirect after the form.
fn dress(reply: Reply) -> Reply {
    reply
        .with_header(
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; frame-ancestors 'none'",
        )
        .with_header(X_FRAME_OPTIONS, "DENY")
        .with_header(X_CONTENT_TYPE_OPTIONS, "nosniff")
        .with_header(REFERRER_POLICY, "no-referrer")
        .with_header(CACHE_CONTROL, "no-store")
}
