//! `ResponseBody`: a response's body, looked into or not.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Buf;
use futures_util::future::{Either, select};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use pin_project_lite::pin_project;

use crate::clock::Clock;

pin_project! {
    /// The body of a response that went through [`Auth`](crate::Auth): untouched, or its beginning was looked at
    /// and is given out again before the rest. Either way it is byte for byte what came, errors and trailers
    /// included.
    ///
    /// ```
    /// use auth_layer::ResponseBody;
    /// use http_body_util::{BodyExt, Full};
    ///
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// let body = ResponseBody::new(Full::new(bytes::Bytes::from("hello")));
    /// assert_eq!(body.collect().await.unwrap().to_bytes(), "hello");
    /// # });
    /// ```
    #[project = Projected]
    pub struct ResponseBody<R: Body> {
        #[pin]
        state: State<R>,
    }
}

pin_project! {
    #[project = StateProjected]
    enum State<R: Body> {
        Untouched { #[pin] body: R },
        Peeked { peeked: Box<Peeked<R>> },
    }
}

struct Peeked<R: Body> {
    /// What was read, and has not been given out again.
    frames: VecDeque<Result<Frame<R::Data>, R::Error>>,
    rest: Pin<Box<R>>,
}

impl<R: Body> ResponseBody<R> {
    /// A body that nobody has looked into.
    pub const fn new(body: R) -> Self {
        Self { state: State::Untouched { body } }
    }

    /// The body as it came, if nobody has looked into it.
    ///
    /// # Errors
    ///
    /// This body itself, if its beginning was looked at.
    pub fn try_into_inner(self) -> Result<R, Self> {
        match self.state {
            State::Untouched { body } => Ok(body),
            state @ State::Peeked { .. } => Err(Self { state }),
        }
    }

    /// Reads up to [`PEEK_LIMIT`] bytes, for [`PEEK_TIME`] at most. Returns them, and a body that begins with them
    /// again. An error on the way is given out in its place.
    pub(super) async fn peek(body: R, clock: &dyn Clock) -> (Vec<u8>, Self) {
        let mut rest = Box::pin(body);
        let mut time = clock.sleep(PEEK_TIME);
        let mut frames = VecDeque::new();
        let mut seen = Vec::new();
        while seen.len() < PEEK_LIMIT {
            // A frame that has not come when the time is up stays in the body.
            let Either::Left((Some(frame), _)) = select(rest.frame(), &mut time).await else { break };
            let ended = frame.is_err();
            if let Some(data) = frame.as_ref().ok().and_then(Frame::data_ref) {
                // A buffer in several pieces shows its first: enough for every client we know of.
                seen.extend_from_slice(data.chunk());
            }
            frames.push_back(frame);
            if ended {
                break;
            }
        }
        (seen, Self { state: State::Peeked { peeked: Box::new(Peeked { frames, rest }) } })
    }
}

impl<R: Body> Body for ResponseBody<R> {
    type Data = R::Data;
    type Error = R::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<R::Data>, R::Error>>> {
        match self.project().state.project() {
            StateProjected::Untouched { body } => body.poll_frame(cx),
            StateProjected::Peeked { peeked } => match peeked.frames.pop_front() {
                Some(frame) => Poll::Ready(Some(frame)),
                None => Poll::Ready(ready!(peeked.rest.as_mut().poll_frame(cx))),
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.state {
            State::Untouched { body } => body.is_end_stream(),
            State::Peeked { peeked } => peeked.frames.is_empty() && peeked.rest.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        let (rest, peeked) = match &self.state {
            State::Untouched { body } => return body.size_hint(),
            State::Peeked { peeked } => (peeked.rest.size_hint(), &peeked.frames),
        };
        let data = peeked.iter().filter_map(|frame| frame.as_ref().ok()?.data_ref());
        let ahead: u64 = data.map(|data| data.remaining() as u64).sum();
        let mut hint = SizeHint::new();
        hint.set_lower(rest.lower().saturating_add(ahead));
        if let Some(upper) = rest.upper().and_then(|upper| upper.checked_add(ahead)) {
            hint.set_upper(upper);
        }
        hint
    }
}

impl<R: Body> fmt::Debug for ResponseBody<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            State::Untouched { .. } => "untouched",
            State::Peeked { .. } => "peeked",
        };
        f.debug_struct("ResponseBody").field("state", &state).finish_non_exhaustive()
    }
}

/// How much of a body is looked at for a sign of rejection.
const PEEK_LIMIT: usize = 8 * 1024;

/// How long a body may hold its response back while it is looked at.
const PEEK_TIME: Duration = Duration::from_secs(1);
