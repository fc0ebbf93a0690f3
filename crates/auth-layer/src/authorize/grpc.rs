//! Rejections in gRPC: `grpc-status: 16` in the head of a response or in its trailers.

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Request, Version};

use super::judge::Judgement;
use super::rules::Rules;

/// Returns whether a request is a gRPC call: HTTP/2 and a gRPC media type.
#[inline]
pub(super) fn is_call<B>(request: &Request<B>) -> bool {
    // gRPC clients set the version explicitly, and most other clients leave the default. So most requests are not
    // searched for a header.
    request.version() == Version::HTTP_2 && has_media_type(request.headers())
}

fn has_media_type(headers: &HeaderMap) -> bool {
    let media = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    let beginning = media.and_then(|media| media.get(..MEDIA_TYPE.len()));
    beginning.is_some_and(|beginning| beginning.eq_ignore_ascii_case(MEDIA_TYPE))
}

impl Rules {
    /// Judges the head of a response to a call. `None` if the status of the call is not in the head: it comes in the
    /// trailers.
    pub(super) fn judge_call(&self, headers: &HeaderMap) -> Option<Judgement> {
        headers.contains_key(STATUS).then(|| match self.rejects_call(headers) {
            true => Judgement::Rejected,
            false => Judgement::Accepted,
        })
    }

    /// Returns whether the status of a call rejects the token. `trailers` are the trailers, or the headers of a
    /// response without messages.
    pub(super) fn rejects_call(&self, trailers: &HeaderMap) -> bool {
        trailers.get(STATUS).is_some_and(|status| status == UNAUTHENTICATED) && self.rejects(trailers)
    }
}

const STATUS: &str = "grpc-status";

/// `UNAUTHENTICATED`: the call has no valid credentials. `PERMISSION_DENIED` (7) means that the token is valid but not
/// sufficient; a new one would not help.
const UNAUTHENTICATED: &str = "16";

/// The media type, which a suffix such as `+proto` may follow.
const MEDIA_TYPE: &[u8] = b"application/grpc";
