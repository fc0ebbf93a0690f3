//! `ResponseBody`: a response's body, whose beginning may have been read.

use std::collections::VecDeque;
use std::fmt;
use std::io::IoSlice;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Buf;
use futures_util::future::{Either, select};
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use pin_project_lite::pin_project;

use crate::clock::{Clock, sleep_if_there_is_a_timer};
use crate::profile::BYTE_ORDER_MARK;

pin_project! {
    /// The body of a response that went through [`Auth`](crate::authorize::Auth). `Auth` may have read its beginning.
    /// The caller still gets every byte in its place, and errors and trailers as well.
    ///
    /// ```
    /// use auth_layer::authorize::ResponseBody;
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
    /// The frames that were read and that the caller has not got yet.
    frames: VecDeque<Result<Frame<R::Data>, R::Error>>,
    /// `None` if the body has ended: some bodies must not be polled after their end.
    rest: Option<Pin<Box<R>>>,
}

impl<R: Body> ResponseBody<R> {
    /// Returns a body of which nothing was read.
    pub const fn new(body: R) -> Self {
        Self { state: State::Untouched { body } }
    }

    /// Returns the wrapped body, if nothing was read of it.
    ///
    /// # Errors
    ///
    /// Returns this body itself if its beginning was read.
    pub fn try_into_inner(self) -> Result<R, Self> {
        match self.state {
            State::Untouched { body } => Ok(body),
            state @ State::Peeked { .. } => Err(Self { state }),
        }
    }

    /// Reads a body of up to [`PEEK_LIMIT`] bytes, for [`PEEK_TIME`] at most. Returns its bytes, and a body that yields
    /// the same frames and errors.
    ///
    /// Returns `None` for the bytes if the body is too long, too slow or broken, or if its first character cannot begin
    /// JSON. A part of a body cannot be judged.
    pub(super) async fn peek(body: R, clock: &dyn Clock) -> (Option<Vec<u8>>, Self) {
        if body.is_end_stream() || body.size_hint().lower() > PEEK_LIMIT as u64 {
            return (None, Self::new(body));
        }
        let mut rest = Box::pin(body);
        let mut time = sleep_if_there_is_a_timer(clock, PEEK_TIME);
        let mut frames = VecDeque::new();
        let mut seen = Vec::new();
        // Frames may be empty, so a limit on the bytes alone would not end the loop.
        while frames.len() <= PEEK_LIMIT && may_be_json(&seen) {
            // `frame` is cancel safe: if the time is up first, the frame stays in the body and is not lost.
            let Either::Left((frame, _)) = select(rest.frame(), &mut time).await else { break };
            let Some(frame) = frame else {
                return (Some(seen), Self { state: State::peeked(frames, None) });
            };
            let is_taken =
                frame.as_ref().is_ok_and(|frame| frame.data_ref().is_none_or(|data| take(data, &mut seen)));
            frames.push_back(frame);
            if !is_taken {
                break;
            }
            if rest.is_end_stream() {
                return (Some(seen), Self { state: State::peeked(frames, None) });
            }
        }
        (None, Self { state: State::peeked(frames, Some(rest)) })
    }

    /// Waits for the first frame that is not empty, for [`PEEK_TIME`] at most. Returns whether that frame is trailers
    /// for which `rejects` is true, and a body that yields the same frames.
    pub(super) async fn peek_trailers(
        body: R,
        clock: &dyn Clock,
        rejects: impl Fn(&HeaderMap) -> bool,
    ) -> (bool, Self) {
        if body.is_end_stream() || body.size_hint().lower() > 0 {
            return (false, Self::new(body));
        }
        let mut rest = Box::pin(body);
        let mut time = sleep_if_there_is_a_timer(clock, PEEK_TIME);
        let mut frames = VecDeque::new();
        let mut rejected = false;
        while frames.len() < MOST_EMPTY_FRAMES {
            let Either::Left((frame, _)) = select(rest.frame(), &mut time).await else { break };
            let Some(frame) = frame else {
                return (false, Self { state: State::peeked(frames, None) });
            };
            let parts = frame.as_ref().ok();
            rejected = parts.and_then(Frame::trailers_ref).is_some_and(&rejects);
            let is_empty = parts.and_then(Frame::data_ref).is_some_and(|data| !data.has_remaining());
            frames.push_back(frame);
            if !is_empty {
                break;
            }
        }
        (rejected, Self { state: State::peeked(frames, Some(rest)) })
    }
}

/// An empty body. `tower_http::timeout`, for example, answers with the default body.
impl<R: Body + Default> Default for ResponseBody<R> {
    fn default() -> Self {
        Self::new(R::default())
    }
}

impl<R: Body> State<R> {
    fn peeked(frames: VecDeque<Result<Frame<R::Data>, R::Error>>, rest: Option<Pin<Box<R>>>) -> Self {
        Self::Peeked { peeked: Box::new(Peeked { frames, rest }) }
    }
}

/// Appends data to the bytes that were seen. Returns `false` if it does not fit, or is in too many pieces.
fn take(data: &impl Buf, seen: &mut Vec<u8>) -> bool {
    if data.remaining() > PEEK_LIMIT - seen.len() {
        return false;
    }
    let expected = seen.len() + data.remaining();
    let mut pieces = [IoSlice::new(&[]); MOST_PIECES];
    let count = data.chunks_vectored(&mut pieces);
    pieces[..count].iter().for_each(|piece| seen.extend_from_slice(piece));
    seen.len() == expected
}

/// Returns whether a body that begins like this may be JSON.
fn may_be_json(beginning: &[u8]) -> bool {
    let text = beginning.strip_prefix(BYTE_ORDER_MARK).unwrap_or(beginning);
    match text.trim_ascii_start().first() {
        None => true,
        Some(first) => {
            first.is_ascii_digit() || b"{[\"-tfn".contains(first) || BYTE_ORDER_MARK.starts_with(text)
        }
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
                None => match &mut peeked.rest {
                    Some(rest) => rest.as_mut().poll_frame(cx),
                    None => Poll::Ready(None),
                },
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.state {
            State::Untouched { body } => body.is_end_stream(),
            State::Peeked { peeked } => {
                peeked.frames.is_empty() && peeked.rest.as_ref().is_none_or(Body::is_end_stream)
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        let (rest, peeked) = match &self.state {
            State::Untouched { body } => return body.size_hint(),
            State::Peeked { peeked } => {
                let rest = peeked.rest.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint);
                (rest, &peeked.frames)
            }
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

/// The length up to which a body is searched for a sign of rejection. An error document is shorter.
pub(super) const PEEK_LIMIT: usize = 8 * 1024;

/// The number of empty frames that are read before the first frame with content.
const MOST_EMPTY_FRAMES: usize = 16;

/// The number of pieces in memory that one frame's data may have. Most data is one piece.
const MOST_PIECES: usize = 16;

/// How long a response may be delayed while its body is read.
const PEEK_TIME: Duration = Duration::from_secs(1);
