//! `TryClone`: a request body that may be sent again.

use bytes::Bytes;
use http_body::Body;
use http_body_util::combinators::{BoxBody, UnsyncBoxBody};
use http_body_util::{BodyExt, Empty, Full};

use super::body::ReplayBody;
use super::body_copy::BodyCopy;

/// A request body that may be sent again. Bytes in memory can be sent again at little cost. A stream can be sent again
/// only if it is recorded ([`ReplayBody`]).
///
/// If there is no copy, the request is sent once, and the caller gets the rejection. A body is never sent again with
/// other content.
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
    note = "for a stream, put `auth_layer::replay::ReplayBodyLayer` outside of this layer; for a type of yours, implement `TryClone`",
    note = "to send each request once, whatever its body is, use `AuthLayer::without_resend()`"
)]
pub trait TryClone: Sized {
    /// Returns a copy of the body, if it can be copied.
    fn try_clone(&self) -> Option<Self>;

    /// Returns whether this copy can be sent. It is called just before the copy would be sent, because the copy of a
    /// stream is made before the stream is read. An incomplete copy is not sent, and the caller gets the first
    /// response.
    fn is_whole(&self) -> bool {
        true
    }

    /// Returns the copy that is kept while the body is sent. It is called just before the body is sent.
    ///
    /// The default is the copy of [`try_clone`](Self::try_clone). A type with a boxed stream replaces itself with a
    /// body that is [recorded](BodyCopy::recording) while it is sent. The bytes that are sent must not change.
    fn keep(&mut self) -> Option<BodyCopy<Self>> {
        self.try_clone().map(BodyCopy::new)
    }
}

impl<B: TryClone> BodyCopy<B> {
    /// Creates a copy from a body that [`TryClone::try_clone`] returned.
    pub fn new(body: B) -> Self {
        Self::of(body, B::is_whole)
    }
}

impl<B> TryClone for ReplayBody<B> {
    fn try_clone(&self) -> Option<Self> {
        self.copy()
    }

    fn is_whole(&self) -> bool {
        self.is_recorded()
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

/// A boxed body can be sent again only if it is empty.
impl<D, E> TryClone for BoxBody<D, E>
where
    D: bytes::Buf + 'static,
    E: 'static,
{
    fn try_clone(&self) -> Option<Self> {
        is_empty(self).then(|| Self::new(Empty::new().map_err(|never| match never {})))
    }
}

/// A boxed body can be sent again only if it is empty.
impl<D, E> TryClone for UnsyncBoxBody<D, E>
where
    D: bytes::Buf + 'static,
    E: 'static,
{
    fn try_clone(&self) -> Option<Self> {
        is_empty(self).then(|| Self::new(Empty::new().map_err(|never| match never {})))
    }
}

/// A body that hyper received cannot be sent again.
#[cfg(feature = "hyper-util")]
impl TryClone for hyper::body::Incoming {
    fn try_clone(&self) -> Option<Self> {
        None
    }
}

/// A reqwest body that is in memory can be sent again. Its bytes are copied, because reqwest does not share them.
#[cfg(feature = "reqwest")]
impl TryClone for reqwest::Body {
    fn try_clone(&self) -> Option<Self> {
        match self.as_bytes() {
            Some(bytes) => Some(Bytes::copy_from_slice(bytes).into()),
            None => is_empty(self).then(|| Bytes::new().into()),
        }
    }
}

/// Returns whether a body has neither bytes nor trailers. A length of 0 is not enough: trailers may follow.
fn is_empty(body: &impl Body) -> bool {
    body.is_end_stream()
}
