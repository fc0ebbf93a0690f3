//! `Tape`: the recording of a stream.

use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Frame, SizeHint};

/// The recording of a stream. The stream writes it while it is sent, and its copies read it.
pub(super) struct Tape {
    limit: usize,
    length_is_known: bool,
    state: Mutex<State>,
}

enum State {
    /// The bytes so far. They are copied into one vector: a shared chunk would keep its whole read buffer in memory.
    Recording(Vec<u8>),
    Whole(Recorded),
    /// The stream was too long or broke off, or there are no copies. The memory is freed.
    GivenUp,
}

/// A stream from its beginning to its end.
#[derive(Clone, Default)]
pub(super) struct Recorded {
    pub(super) data: Bytes,
    pub(super) trailers: Option<HeaderMap>,
    /// The stream knew its length before it was read.
    length_was_known: bool,
}

impl Recorded {
    /// Returns the length of the data. It stays unknown if the stream did not know it and there are trailers: HTTP/1.1
    /// sends trailers only with a chunked body (RFC 9112 section 7.1.2).
    pub(super) fn size_hint(&self) -> SizeHint {
        let length = self.data.len() as u64;
        let mut hint = SizeHint::new();
        hint.set_lower(length);
        if self.length_was_known || self.trailers.is_none() {
            hint.set_upper(length);
        }
        hint
    }
}

impl Tape {
    /// Creates a recording of at most `limit` bytes. `length_is_known` says whether the stream knows its length.
    pub(super) const fn new(limit: usize, length_is_known: bool) -> Self {
        Self { limit, length_is_known, state: Mutex::new(State::Recording(Vec::new())) }
    }

    /// Adds the next frame. Trailers end the stream (RFC 9110 section 6.5).
    pub(super) fn record(&self, frame: &Frame<Bytes>) {
        let mut state = self.lock();
        let State::Recording(bytes) = &mut *state else { return };
        if let Some(data) = frame.data_ref() {
            if data.len() > self.limit - bytes.len() {
                *state = State::GivenUp;
            } else {
                bytes.extend_from_slice(data);
            }
        } else if let Some(trailers) = frame.trailers_ref() {
            let data = std::mem::take(bytes).into();
            *state = State::Whole(self.whole(data, Some(trailers.clone())));
        }
    }

    /// Ends the recording: the stream is complete.
    pub(super) fn end(&self) {
        let mut state = self.lock();
        if let State::Recording(bytes) = &mut *state {
            let data = std::mem::take(bytes).into();
            *state = State::Whole(self.whole(data, None));
        }
    }

    /// Frees the recording, unless it is whole.
    pub(super) fn give_up(&self) {
        let mut state = self.lock();
        if let State::Recording(_) = *state {
            *state = State::GivenUp;
        }
    }

    /// Returns whether the recording is whole or may still become whole.
    pub(super) fn is_good(&self) -> bool {
        !matches!(*self.lock(), State::GivenUp)
    }

    pub(super) fn is_whole(&self) -> bool {
        matches!(*self.lock(), State::Whole(_))
    }

    /// Returns the stream, if it is recorded to its end. The bytes are shared, not copied.
    pub(super) fn recorded(&self) -> Option<Recorded> {
        match &*self.lock() {
            State::Whole(recorded) => Some(recorded.clone()),
            State::Recording(_) | State::GivenUp => None,
        }
    }

    const fn whole(&self, data: Bytes, trailers: Option<HeaderMap>) -> Recorded {
        Recorded { data, trailers, length_was_known: self.length_is_known }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A poisoned lock is used on: the state is replaced in one assignment, so a panic cannot leave it half-changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
