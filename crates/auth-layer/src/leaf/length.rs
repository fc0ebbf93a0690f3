//! The length of a request without content.

use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderValue, Method, Request};
use http_body::Body;

/// Says `content-length: 0` where a method gives content a meaning and there is none (RFC 9110 section 8.6).
///
/// hyper leaves the header out where a body has ended before it began, and a strict server answers 411.
pub(super) fn with_length<B: Body>(mut request: Request<B>) -> Request<B> {
    let expects_content = matches!(*request.method(), Method::POST | Method::PUT | Method::PATCH);
    let is_empty = request.body().is_end_stream() || request.body().size_hint().exact() == Some(0);
    let headers = request.headers_mut();
    if expects_content && is_empty && !headers.contains_key(TRANSFER_ENCODING) {
        headers.entry(CONTENT_LENGTH).or_insert(const { HeaderValue::from_static("0") });
    }
    request
}
