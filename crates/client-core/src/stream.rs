//! The bytes of a response as they arrive.

use auth_layer::BoxError;
use bytes::Bytes;
use http_body_util::BodyExt;

use crate::Body;

/// The body of a response that is not JSON, read as it arrives.
///
/// ```
/// use client_core::{Body, ByteStream};
///
/// async fn length(mut stream: ByteStream) -> Result<usize, client_core::BoxError> {
///     let mut length = 0;
///     while let Some(chunk) = stream.chunk().await? {
///         length += chunk.len();
///     }
///     Ok(length)
/// }
/// # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
/// # let length = |stream| runtime.block_on(length(stream));
/// assert_eq!(length(ByteStream::from(Body::from("12345")))?, 5);
/// # Ok::<(), client_core::BoxError>(())
/// ```
#[derive(Debug)]
pub struct ByteStream(Body);

impl ByteStream {
    /// Returns the next chunk in the length in which it arrived, or `None` at the end.
    ///
    /// # Errors
    ///
    /// Returns the transport's error if the connection broke.
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe: no chunk is lost if the future is dropped.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, BoxError> {
        while let Some(frame) = self.0.frame().await {
            // Trailers are skipped: they carry no content.
            if let Ok(data) = frame?.into_data() {
                return Ok(Some(data));
            }
        }
        Ok(None)
    }

    /// Returns the body, which can be read through [`http_body::Body`].
    pub fn into_body(self) -> Body {
        self.0
    }
}

impl From<Body> for ByteStream {
    fn from(body: Body) -> Self {
        Self(body)
    }
}
