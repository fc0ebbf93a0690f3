//! Reads a body up to a limit.

use auth_layer::BoxError;
use bytes::{Bytes, BytesMut};
use http::StatusCode;
use http_body_util::BodyExt;

use crate::Body;

/// The limit for a 2xx response: 64 MiB. A response is held in memory twice while it is decoded. The largest known
/// bodies, document images in base64, are much smaller.
const SUCCESS_LIMIT: usize = 64 * 1024 * 1024;

/// The limit for every other response: 1 MiB. No description of an error needs more.
const ERROR_LIMIT: usize = 1024 * 1024;

/// The part of a body that was read.
pub(crate) struct Collected {
    /// The whole body, or its beginning if there is a failure.
    pub(crate) bytes: Bytes,
    /// The reason why the rest was not read.
    pub(crate) failure: Option<BoxError>,
}

/// The error of a body that is larger than the limit.
#[derive(Debug)]
pub(crate) struct TooLarge(usize);

impl std::fmt::Display for TooLarge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the body is larger than {} bytes", self.0)
    }
}

impl std::error::Error for TooLarge {}

/// Reads the body of a response with `status`, up to the limit for that status.
pub(crate) async fn collect(status: StatusCode, body: Body) -> Collected {
    let limit = if status.is_success() { SUCCESS_LIMIT } else { ERROR_LIMIT };
    up_to(limit, body).await
}

async fn up_to(limit: usize, mut body: Body) -> Collected {
    let mut first = Bytes::new();
    let mut all = BytesMut::new();
    let mut failure = None;
    while let Some(frame) = body.frame().await {
        let data = match frame.map(http_body::Frame::into_data) {
            Ok(Ok(data)) => data,
            // Trailers carry no content.
            Ok(Err(_)) => continue,
            Err(error) => {
                failure = Some(error);
                break;
            }
        };
        // Most bodies arrive as one chunk. It is used without a copy.
        if first.is_empty() && all.is_empty() {
            first = data;
        } else {
            all.extend_from_slice(&std::mem::take(&mut first));
            all.extend_from_slice(&data);
        }
        if first.len() + all.len() > limit {
            failure = Some(Box::new(TooLarge(limit)));
            break;
        }
    }
    let mut bytes = if all.is_empty() { first } else { all.freeze() };
    bytes.truncate(limit);
    Collected { bytes, failure }
}

#[cfg(test)]
mod tests {
    use http_body_util::Full;

    use super::*;

    #[test]
    fn the_beginning_of_a_long_body_is_kept() {
        for body in [Body::from("12345"), Body::wrap(Full::<Bytes>::from("12345"))] {
            let collected = block_on(up_to(3, body));
            assert_eq!(collected.bytes, "123");
            assert!(collected.failure.is_some_and(|failure| failure.is::<TooLarge>()));
        }
        let collected = block_on(up_to(5, Body::from("12345")));
        assert_eq!(collected.bytes, "12345");
        assert!(collected.failure.is_none());
    }

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
    }
}
