//! The body of requests and responses: bytes in hand, or a stream.

use std::any::Any;
use std::fmt;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

use auth_layer::{BoxError, TryClone};
use bytes::{Buf, Bytes};
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::BodyExt;

/// The body of a request or a response.
///
/// Bytes in hand can be sent again at no cost ([`Body::try_clone`]); a stream cannot.
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
    Stream(Stream),
}

/// The lock is never taken: a body is polled through `&mut`. It is there because a client's errors and
/// futures have to be `Sync`, which not every body is.
type Stream = Mutex<Pin<Box<dyn HttpBody<Data = Bytes, Error = BoxError> + Send>>>;

impl Body {
    /// A body without content.
    pub const fn empty() -> Self {
        Self(Kind::Bytes(Bytes::new()))
    }

    /// Takes over a body of another type, which is read as it is sent.
    pub fn wrap<B>(body: B) -> Self
    where
        B: HttpBody + Send + 'static,
        B::Data: Buf,
        B::Error: Into<BoxError>,
    {
        let mut body = Some(body);
        if let Some(same) = (&mut body as &mut dyn Any).downcast_mut::<Option<Self>>() {
            return same.take().unwrap_or_default();
        }
        body.map_or_else(Self::empty, |body| {
            let body = body
                .map_err(Into::into)
                .map_frame(|frame| frame.map_data(|mut data| data.copy_to_bytes(data.remaining())));
            Self(Kind::Stream(Mutex::new(Box::pin(body))))
        })
    }

    /// The same body once more, if it is bytes in hand; they are shared, not copied.
    pub fn try_clone(&self) -> Option<Self> {
        self.as_bytes().map(|bytes| Self(Kind::Bytes(bytes.clone())))
    }

    /// The bytes, if they are in hand.
    pub fn as_bytes(&self) -> Option<&Bytes> {
        match &self.0 {
            Kind::Bytes(bytes) => Some(bytes),
            Kind::Stream(_) => None,
        }
    }
}

/// How the auth layer sends a request again after a rejected token.
impl TryClone for Body {
    fn try_clone(&self) -> Option<Self> {
        Self::try_clone(self)
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
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Bytes(bytes) => bytes.is_empty(),
            Kind::Stream(stream) => stream.lock().unwrap_or_else(PoisonError::into_inner).is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Bytes(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Kind::Stream(stream) => stream.lock().unwrap_or_else(PoisonError::into_inner).size_hint(),
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Bytes(bytes) => write!(f, "Body({} bytes)", bytes.len()),
            Kind::Stream(_) => f.write_str("Body(stream)"),
        }
    }
}
