//! The body of requests and responses: bytes in memory, or a stream.

use std::any::Any;
use std::fmt;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use auth_layer::replay::ReplayBody;
use auth_layer::{BoxError, TryClone};
use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};

use crate::in_bytes::InBytes;

/// The body of a request or a response.
///
/// Bytes in memory can be sent again at no cost ([`Body::try_clone`]). A stream cannot be sent again by itself. The
/// client records it while it is sent, so that a short one can be.
///
/// ```
/// use client_core::Body;
/// use http_body_util::Full;
///
/// let bytes = Body::from("{}");
/// assert!(bytes.try_clone().is_some());
///
/// let stream = Body::wrap(Full::<bytes::Bytes>::from("{}"));
/// assert!(stream.try_clone().is_none());
/// ```
pub struct Body(Kind);

enum Kind {
    Bytes(Bytes),
    Stream(Mutex<Stream>),
    Recorded(Mutex<ReplayBody<Stream>>),
}

/// A boxed body. It is behind a lock although it is polled through `&mut`: errors and futures of a client must be
/// `Sync`, and not every body is.
type Stream = Pin<Box<dyn HttpBody<Data = Bytes, Error = BoxError> + Send>>;

impl Body {
    /// Creates a body without content.
    pub const fn empty() -> Self {
        Self(Kind::Bytes(Bytes::new()))
    }

    /// Wraps a body of another type, which is read while it is sent. If it knows its length, the request has a
    /// `content-length`. A body of unknown length is sent in chunks (RFC 9112 section 7.1).
    pub fn wrap<B>(body: B) -> Self
    where
        B: HttpBody + Send + 'static,
        B::Error: Into<BoxError>,
    {
        // A `Body` must not become a stream: its bytes could not be sent again. `Any` is the way to ask for one type.
        let mut body = Some(body);
        if let Some(same) = (&mut body as &mut dyn Any).downcast_mut::<Option<Self>>() {
            return same.take().unwrap_or_default();
        }
        body.map_or_else(Self::empty, |body| Self(Kind::Stream(Mutex::new(Box::pin(InBytes::new(body))))))
    }

    /// Returns a copy of the body. Bytes in memory are shared, not copied. Of a stream, the copy has the recorded part.
    /// `None` for a stream that is not recorded.
    pub fn try_clone(&self) -> Option<Self> {
        match &self.0 {
            Kind::Bytes(bytes) => Some(Self(Kind::Bytes(bytes.clone()))),
            Kind::Stream(_) => None,
            Kind::Recorded(body) => {
                let copy = lock(body).try_clone()?;
                Some(Self(Kind::Recorded(Mutex::new(copy))))
            }
        }
    }

    /// Returns a body that records up to `limit` bytes of a stream while it is sent. Bytes in memory are not changed.
    pub(crate) fn recorded(self, limit: usize) -> Self {
        match self.0 {
            Kind::Stream(stream) => {
                let stream = stream.into_inner().unwrap_or_else(PoisonError::into_inner);
                Self(Kind::Recorded(Mutex::new(ReplayBody::new(stream, limit))))
            }
            kind => Self(kind),
        }
    }

    /// Returns the bytes, if they are in memory.
    pub fn as_bytes(&self) -> Option<&Bytes> {
        match &self.0 {
            Kind::Bytes(bytes) => Some(bytes),
            Kind::Stream(_) | Kind::Recorded(_) => None,
        }
    }
}

/// The layers send a request again through this trait.
impl TryClone for Body {
    fn try_clone(&self) -> Option<Self> {
        Self::try_clone(self)
    }

    fn is_whole(&self) -> bool {
        match &self.0 {
            Kind::Bytes(_) | Kind::Stream(_) => true,
            Kind::Recorded(body) => lock(body).is_whole(),
        }
    }
}

impl Default for Body {
    fn default() -> Self {
        Self::empty()
    }
}

impl<T: Into<Bytes>> From<T> for Body {
    fn from(bytes: T) -> Self {
        Self(Kind::Bytes(bytes.into()))
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match &mut self.get_mut().0 {
            Kind::Bytes(bytes) if bytes.is_empty() => Poll::Ready(None),
            Kind::Bytes(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Kind::Stream(stream) => {
                stream.get_mut().unwrap_or_else(PoisonError::into_inner).as_mut().poll_frame(cx)
            }
            Kind::Recorded(body) => {
                Pin::new(body.get_mut().unwrap_or_else(PoisonError::into_inner)).poll_frame(cx)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Bytes(bytes) => bytes.is_empty(),
            Kind::Stream(stream) => lock(stream).is_end_stream(),
            Kind::Recorded(body) => lock(body).is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Bytes(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Kind::Stream(stream) => lock(stream).size_hint(),
            Kind::Recorded(body) => lock(body).size_hint(),
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Bytes(bytes) => write!(f, "Body({} bytes)", bytes.len()),
            Kind::Stream(_) | Kind::Recorded(_) => f.write_str("Body(stream)"),
        }
    }
}

fn lock<T>(body: &Mutex<T>) -> MutexGuard<'_, T> {
    // A poisoned lock is used on: under `&self` the body is only read or cloned, so a panic cannot leave it
    // half-changed.
    body.lock().unwrap_or_else(PoisonError::into_inner)
}
