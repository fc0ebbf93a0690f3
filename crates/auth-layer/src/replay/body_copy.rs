//! `BodyCopy`: a body that is kept aside while another copy of it is sent.

use std::fmt;
use std::mem;

use bytes::Bytes;
use http_body::Body;

use super::body::ReplayBody;
use super::layer::LIMIT;
use super::try_clone::TryClone;
use crate::error::BoxError;

/// A copy of a body, kept while the body itself is sent. [`TryClone::keep`] returns it.
///
/// A type that implements [`TryClone`] seldom names it. It is for a body type that hides a stream in a box:
/// [`recording`](Self::recording) makes such a body resendable.
///
/// ```
/// use auth_layer::{BodyCopy, BoxError, TryClone};
/// use bytes::Bytes;
/// use http_body_util::{BodyExt, combinators::UnsyncBoxBody};
///
/// #[derive(Default)]
/// struct Boxed(UnsyncBoxBody<Bytes, BoxError>);
///
/// # impl http_body::Body for Boxed {
/// #     type Data = Bytes;
/// #     type Error = BoxError;
/// #     fn poll_frame(
/// #         mut self: std::pin::Pin<&mut Self>,
/// #         cx: &mut std::task::Context<'_>,
/// #     ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, BoxError>>> {
/// #         std::pin::Pin::new(&mut self.0).poll_frame(cx)
/// #     }
/// # }
/// impl TryClone for Boxed {
///     fn try_clone(&self) -> Option<Self> {
///         None
///     }
///
///     fn keep(&mut self) -> Option<BodyCopy<Self>> {
///         BodyCopy::recording(self, |body| Boxed(body.boxed_unsync()))
///     }
/// }
/// ```
pub struct BodyCopy<B>(Copy<B>);

enum Copy<B> {
    /// The body can be sent if the function says so.
    Body { body: B, is_whole: fn(&B) -> bool },
    /// The body can be sent once its stream was recorded to its end. It is boxed, since a copy of bytes in hand, which is
    /// far smaller, is moved with each request.
    Recorded { stream: Box<ReplayBody<B>>, wrap: fn(ReplayBody<B>) -> B },
}

impl<B> BodyCopy<B> {
    /// A copy that [`TryClone::try_clone`] returned.
    pub fn new(body: B) -> Self
    where
        B: TryClone,
    {
        Self(Copy::Body { body, is_whole: B::is_whole })
    }

    /// Replaces `body` by one that records up to 64 KiB of itself while it is sent, and returns the copy that reads the
    /// recording. `wrap` makes a body of a recorded stream; it is called once for the body and once for the copy.
    ///
    /// Returns `None`, and leaves the body as it is, if the body says that it is longer.
    pub fn recording(body: &mut B, wrap: fn(ReplayBody<B>) -> B) -> Option<Self>
    where
        B: Body<Data = Bytes> + Default,
        B::Error: Into<BoxError>,
    {
        if body.size_hint().lower() > LIMIT as u64 {
            return None;
        }
        let (first, again) = ReplayBody::pair(mem::take(body), LIMIT);
        *body = wrap(first);
        Some(Self(Copy::Recorded { stream: Box::new(again), wrap }))
    }

    /// Whether the copy can be sent now.
    pub(super) fn is_whole(&self) -> bool {
        match &self.0 {
            Copy::Body { body, is_whole } => is_whole(body),
            Copy::Recorded { stream, .. } => stream.is_whole(),
        }
    }

    pub(super) fn into_body(self) -> B {
        match self.0 {
            Copy::Body { body, .. } => body,
            Copy::Recorded { stream, wrap } => wrap(*stream),
        }
    }
}

/// The body may hold a secret, so it is not shown.
impl<B> fmt::Debug for BodyCopy<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BodyCopy").finish_non_exhaustive()
    }
}
