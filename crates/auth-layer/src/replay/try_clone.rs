//! Whether a body can be sent a second time.

use bytes::Bytes;
use http_body::Body;
use http_body_util::combinators::{BoxBody, UnsyncBoxBody};
use http_body_util::{BodyExt, Empty, Full};

use super::body_copy::BodyCopy;

/// A body that may be sent again: bytes in hand can, cheaply; a stream cannot, unless it is recorded
/// ([`ReplayBody`](crate::ReplayBody)).
///
/// `None` means that the request is sent once: a rejection then goes back to the caller. A body is never sent
/// again as something else than it was.
///
/// ```
/// use auth_layer::TryClone;
/// use bytes::Bytes;
/// use http_body_util::Full;
///
/// assert!(Full::new(Bytes::from_static(b"in hand")).try_clone().is_some());
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a request body that can be sent again",
    label = "auth-layer resends a request whose token was rejected, so its body must be `TryClone`",
    note = "for `tonic::body::Body` enable the feature `tonic` of auth-layer, for `axum::body::Body` its feature `axum`",
    note = "for a stream, put `auth_layer::ReplayBodyLayer` outside of this layer; for a type of yours, implement `TryClone`",
    note = "to send each request once, whatever its body is, use `AuthLayer::without_resend()`"
)]
pub trait TryClone: Sized {
    /// The same body once more, if it can be had.
    fn try_clone(&self) -> Option<Self>;

    /// Whether this copy can be sent. It is asked just before, since the copy of a stream is taken before the stream was
    /// read; one that is not whole is not sent, and the caller gets the response that there is.
    fn is_whole(&self) -> bool {
        true
    }

    /// Called just before the body is sent: returns the copy that is kept meanwhile.
    ///
    /// The default is the copy of [`try_clone`](Self::try_clone). A type whose stream is hidden in a box replaces itself by
    /// a body that [records](BodyCopy::recording) what is sent. Either way the body that is sent must stay the same, byte
    /// for byte.
    fn keep(&mut self) -> Option<BodyCopy<Self>> {
        self.try_clone().map(BodyCopy::new)
    }
}

impl<D: Clone> TryClone for Full<D> {
    fn try_clone(&self) -> Option<Self> {
        Some(self.clone())
    }
}

impl<D> TryClone for Empty<D> {
    fn try_clone(&self) -> Option<Self> {
        Some(Self::new())
    }
}

impl TryClone for String {
    fn try_clone(&self) -> Option<Self> {
        Some(self.clone())
    }
}

impl TryClone for Bytes {
    fn try_clone(&self) -> Option<Self> {
        Some(self.clone())
    }
}

impl TryClone for () {
    fn try_clone(&self) -> Option<Self> {
        Some(())
    }
}

/// A boxed body can be sent again only if there is nothing in it.
impl<D, E> TryClone for BoxBody<D, E>
where
    D: bytes::Buf + 'static,
    E: 'static,
{
    fn try_clone(&self) -> Option<Self> {
        is_empty(self).then(|| Self::new(Empty::new().map_err(|never| match never {})))
    }
}

/// A boxed body can be sent again only if there is nothing in it.
impl<D, E> TryClone for UnsyncBoxBody<D, E>
where
    D: bytes::Buf + 'static,
    E: 'static,
{
    fn try_clone(&self) -> Option<Self> {
        is_empty(self).then(|| Self::new(Empty::new().map_err(|never| match never {})))
    }
}

/// What hyper received cannot be sent again.
#[cfg(feature = "hyper-util")]
impl TryClone for hyper::body::Incoming {
    fn try_clone(&self) -> Option<Self> {
        None
    }
}

/// What reqwest has in hand can be sent again, at the price of a copy.
#[cfg(feature = "reqwest")]
impl TryClone for reqwest::Body {
    fn try_clone(&self) -> Option<Self> {
        match self.as_bytes() {
            Some(bytes) => Some(Bytes::copy_from_slice(bytes).into()),
            None => is_empty(self).then(|| Bytes::new().into()),
        }
    }
}

/// A body of no bytes that has not ended may still have trailers.
fn is_empty(body: &impl Body) -> bool {
    body.is_end_stream()
}
