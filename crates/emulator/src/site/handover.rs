//! A body that writes into the log when all of it was handed to the connection.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes};
use hyper::body::{Body as HttpBody, Frame, SizeHint};

use crate::state::SiteState;

pub(super) struct Watched {
    inner: Body,
    state: Arc<SiteState>,
    sequence: u64,
    has_ended: bool,
}

impl Watched {
    pub(super) fn new(inner: Body, state: Arc<SiteState>, sequence: u64) -> Self {
        Self { inner, state, sequence, has_ended: false }
    }
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(cx));
        // An error is a frame, so a body that breaks off does not count as handed over.
        self.has_ended = frame.is_none();
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// The connection drops a body when it has taken all of it, or when the connection breaks.
impl Drop for Watched {
    fn drop(&mut self) {
        // A body of known length is not polled again after its last frame, so `is_end_stream` has to be asked as well.
        if !self.has_ended && !self.inner.is_end_stream() {
            return;
        }
        if let Some(entry) = self.state.books().log.entry(self.sequence) {
            entry.handed_over = true;
        }
    }
}
