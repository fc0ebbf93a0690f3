//! `BodyCopy`: the copy of a body that is kept while the body is sent.

use std::fmt;
use std::mem;

use bytes::Bytes;
use http_body::Body;

use super::body::ReplayBody;
use super::layer::LIMIT;
use crate::error::BoxError;

/// A copy of a body that is kept while the body itself is sent. [`TryClone::keep`](crate::TryClone::keep) returns it.
///
/// Most implementations of [`TryClone`](crate::TryClone) do not need it. A body type with a boxed stream needs it:
/// [`recording`](Self::recording) makes such a body resendable.
///
/// ```
/// use auth_layer::replay::BodyCopy;
/// use auth_layer::{BoxError, TryClone};
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
    /// A copy that can be sent if `is_whole` returns true.
    Body { body: B, is_whole: fn(&B) -> bool },
    /// A copy that can be sent as soon as its stream is recorded to the end. The stream is boxed to keep the enum
    /// small: the enum is moved with each request.
    Recorded { stream: Box<ReplayBody<B>>, wrap: fn(ReplayBody<B>) -> B },
}

impl<B> BodyCopy<B> {
    /// Creates a copy that can be sent if `is_whole` returns true.
    pub(super) const fn of(body: B, is_whole: fn(&B) -> bool) -> Self {
        Self(Copy::Body { body, is_whole })
    }

    /// Replaces `body` with one that records up to 64 KiB while it is sent. Returns the copy that reads the recording.
    /// `wrap` makes a body of a recorded stream. It is called once for the body and once for the copy.
    ///
    /// Returns `None` and does not change the body if its `size_hint` is above 64 KiB.
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

    /// Returns whether the copy can be sent now.
    pub(super) fn is_whole(&self) -> bool {
        match &self.0 {
            Copy::Body { body, is_whole } => is_whole(body),
            Copy::Recorded { stream, .. } => stream.is_recorded(),
        }
    }

    pub(super) fn into_body(self) -> B {
        match self.0 {
            Copy::Body { body, .. } => body,
            Copy::Recorded { stream, wrap } => wrap(*stream),
        }
    }
}

/// Does not show the body, which may hold a secret.
impl<B> fmt::Debug for BodyCopy<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BodyCopy").finish_non_exhaustive()
    }
}
