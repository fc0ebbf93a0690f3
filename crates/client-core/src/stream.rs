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
    /// The next piece, of whatever length it arrived in; `None` at the end.
    ///
    /// # Errors
    ///
    /// If the connection broke.
    ///
    /// # Cancel safety
    ///
    /// A piece is either returned or still to come.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, BoxError> {
        while let Some(frame) = self.0.frame().await {
            if let Ok(data) = frame?.into_data() {
                return Ok(Some(data));
            }
        }
        Ok(None)
    }

    /// The body, to be read through [`http_body::Body`].
    pub fn into_body(self) -> Body {
        self.0
    }
}

impl From<Body> for ByteStream {
    fn from(body: Body) -> Self {
        Self(body)
    }
}
