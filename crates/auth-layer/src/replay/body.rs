//! `ReplayBody`: a stream that is recorded while it is sent.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::tape::{Recorded, Tape};
use crate::error::BoxError;

pin_project! {
    /// A request body that is streamed, and can be sent again if it was short.
    ///
    /// [`ReplayBodyLayer`](crate::replay::ReplayBodyLayer) makes it. The stream is recorded while it is sent, up to a
    /// limit. Past the limit, the recording stops and its memory is freed. Nothing is recorded if there is no copy.
    ///
    /// A copy can be sent once the stream is recorded to its end, trailers included. It cannot be sent before that, or
    /// if the stream was too long or broke off. Polling such a copy returns an error, so that it never looks like a
    /// shorter body.
    ///
    /// ```
    /// use auth_layer::replay::ReplayBody;
    /// use auth_layer::TryClone;
    /// use http_body_util::{BodyExt, Full};
    ///
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// let body = ReplayBody::new(Full::new(bytes::Bytes::from("hello")), 1024);
    /// let copy = body.try_clone().unwrap();
    /// assert!(!copy.is_whole());
    /// assert_eq!(body.collect().await.unwrap().to_bytes(), "hello");
    /// assert!(copy.is_whole());
    /// assert_eq!(copy.collect().await.unwrap().to_bytes(), "hello");
    /// # });
    /// ```
    #[project = Projected]
    pub struct ReplayBody<B> {
        #[pin]
        state: State<B>,
    }
}

pin_project! {
    #[project = StateProjected]
    enum State<B> {
        /// The stream itself. `ahead` was read while looking for the end, and is returned by the next poll.
        First { #[pin] inner: B, tape: Arc<Tape>, ahead: Option<Next> },
        /// A copy. `left` is the part that is not returned yet; `None` until the first poll.
        Again { tape: Arc<Tape>, left: Option<Recorded> },
    }
}

/// The next item of a body: a frame, an error, or `None` at the end.
type Next = Option<Result<Frame<Bytes>, BoxError>>;

impl<B: Body> ReplayBody<B> {
    /// Wraps a body. At most `limit` bytes of it are recorded.
    pub fn new(inner: B, limit: usize) -> Self {
        let tape = Tape::new(limit, inner.size_hint().exact().is_some());
        if inner.is_end_stream() || inner.size_hint().exact() == Some(0) {
            // A sender may never poll an empty body, so its end would not be seen.
            tape.end();
        }
        Self { state: State::First { inner, tape: Arc::new(tape), ahead: None } }
    }

    /// Wraps a body, and returns it together with a copy.
    pub(super) fn pair(inner: B, limit: usize) -> (Self, Self) {
        let first = Self::new(inner, limit);
        let (State::First { tape, .. } | State::Again { tape, .. }) = &first.state;
        let again = Self { state: State::Again { tape: tape.clone(), left: None } };
        (first, again)
    }
}

impl<B> ReplayBody<B> {
    /// Returns a copy, if the body can be copied.
    pub(super) fn copy(&self) -> Option<Self> {
        let (State::First { tape, .. } | State::Again { tape, .. }) = &self.state;
        tape.is_good().then(|| Self { state: State::Again { tape: tape.clone(), left: None } })
    }

    /// Returns whether the recording is complete.
    pub(super) fn is_recorded(&self) -> bool {
        match &self.state {
            State::First { .. } => true,
            State::Again { tape, .. } => tape.is_whole(),
        }
    }
}

impl<B> Body for ReplayBody<B>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Next> {
        match self.project().state.project() {
            StateProjected::First { mut inner, tape, ahead } => {
                if let Some(next) = ahead.take() {
                    return Poll::Ready(next);
                }
                let next = ready!(poll_recorded(inner.as_mut(), tape, cx));
                // A sender that knows the length does not poll beyond it. So the end is looked for here.
                let all_sent = inner.size_hint().exact() == Some(0) && !inner.is_end_stream();
                if all_sent
                    && matches!(next, Some(Ok(_)))
                    && let Poll::Ready(end) = poll_recorded(inner, tape, cx)
                {
                    *ahead = Some(end);
                }
                Poll::Ready(next)
            }
            StateProjected::Again { tape, left } => {
                if left.is_none() {
                    *left = tape.recorded();
                }
                let Some(left) = left else {
                    return Poll::Ready(Some(Err(
                        "the body cannot be sent again: it was not recorded to its end".into(),
                    )));
                };
                let data = std::mem::take(&mut left.data);
                if !data.is_empty() {
                    return Poll::Ready(Some(Ok(Frame::data(data))));
                }
                Poll::Ready(left.trailers.take().map(|trailers| Ok(Frame::trailers(trailers))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.state {
            State::First { inner, ahead, .. } => match ahead {
                Some(next) => next.is_none(),
                None => inner.is_end_stream(),
            },
            State::Again { tape, left } => {
                let is_over = |left: &Recorded| left.data.is_empty() && left.trailers.is_none();
                // An incomplete copy has not ended. The sender must poll it and get the error: it is not an empty body.
                left.as_ref().map_or_else(|| tape.recorded().as_ref().is_some_and(is_over), is_over)
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.state {
            State::First { inner, .. } => inner.size_hint(),
            State::Again { left: Some(left), .. } => left.size_hint(),
            State::Again { tape, left: None } => {
                tape.recorded().map(|whole| whole.size_hint()).unwrap_or_default()
            }
        }
    }
}

/// Polls the stream, and records its frames as long as there is a copy.
fn poll_recorded<B>(mut inner: Pin<&mut B>, tape: &Arc<Tape>, cx: &mut Context<'_>) -> Poll<Next>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    let next = ready!(inner.as_mut().poll_frame(cx)).map(|frame| {
        frame.map(|frame| frame.map_data(|mut data| data.copy_to_bytes(data.remaining()))).map_err(Into::into)
    });
    // All copies are gone, and only a copy reads the recording.
    if Arc::strong_count(tape) == 1 {
        tape.give_up();
    }
    match &next {
        Some(Ok(frame)) => {
            tape.record(frame);
            // A sender may stop polling when `is_end_stream` is true.
            if inner.is_end_stream() {
                tape.end();
            }
        }
        Some(Err(_)) => tape.give_up(),
        None => tape.end(),
    }
    Poll::Ready(next)
}

impl<B> fmt::Debug for ReplayBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            State::First { .. } => "first",
            State::Again { .. } => "again",
        };
        f.debug_struct("ReplayBody").field("state", &state).finish_non_exhaustive()
    }
}
