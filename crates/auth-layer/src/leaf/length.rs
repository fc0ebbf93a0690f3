//! The `content-length` of a request without content.

use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderValue, Method, Request};
use http_body::Body;

/// Sets `content-length: 0` if the method expects content but the body is empty (RFC 9110 section 8.6).
///
/// hyper leaves the header out for an empty body, and a strict server then answers 411.
pub(super) fn with_length<B: Body>(mut request: Request<B>) -> Request<B> {
    let expects_content = matches!(*request.method(), Method::POST | Method::PUT | Method::PATCH);
    let is_empty = request.body().is_end_stream() || request.body().size_hint().exact() == Some(0);
    let headers = request.headers_mut();
    // A message must not have both headers (RFC 9112 section 6.2).
    if expects_content && is_empty && !headers.contains_key(TRANSFER_ENCODING) {
        headers.entry(CONTENT_LENGTH).or_insert(const { HeaderValue::from_static("0") });
    }
    request
}
