//! gRPC: a response rejects the token with `grpc-status: 16`, in its head or in its trailers.

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Request, Version};

use super::judge::Judgement;
use super::layer::Rules;

/// Whether a request is a gRPC call. Clients of gRPC ask for HTTP/2 by name. Most others leave the version alone, so that
/// no header of theirs is looked up.
#[inline]
pub(super) fn is_call<B>(request: &Request<B>) -> bool {
    request.version() == Version::HTTP_2 && has_media_type(request.headers())
}

fn has_media_type(headers: &HeaderMap) -> bool {
    let media = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    let beginning = media.and_then(|media| media.get(..MEDIA_TYPE.len()));
    beginning.is_some_and(|beginning| beginning.eq_ignore_ascii_case(MEDIA_TYPE))
}

impl Rules {
    /// Judges the head of a response to a call. `None` if it does not hold the status of the call, which then comes in the
    /// trailers.
    pub(super) fn judge_call(&self, headers: &HeaderMap) -> Option<Judgement> {
        headers.contains_key(STATUS).then(|| match self.rejects_call(headers) {
            true => Judgement::Rejected,
            false => Judgement::Accepted,
        })
    }

    /// Judges by the map that holds the status of a call: the headers of a response without messages, or the trailers.
    pub(super) fn rejects_call(&self, trailers: &HeaderMap) -> bool {
        trailers.get(STATUS).is_some_and(|status| status == UNAUTHENTICATED) && self.rejects(trailers)
    }
}

const STATUS: &str = "grpc-status";

/// `UNAUTHENTICATED`: the call has no valid credentials. `PERMISSION_DENIED` (7) says that the token is good.
const UNAUTHENTICATED: &str = "16";

/// A name of the messages' encoding may follow.
const MEDIA_TYPE: &[u8] = b"application/grpc";
