//! What was sent of a stream, as far as it is kept.

use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Frame, SizeHint};

/// Records a stream while it is sent. Sender and copies share it.
pub(super) struct Tape {
    limit: usize,
    length_is_known: bool,
    state: Mutex<State>,
}

enum State {
    /// The bytes so far. They stand in a row of their own: pieces would each keep the buffer that they came in.
    Recording(Vec<u8>),
    Whole(Recorded),
    /// Too long, broken off, or of no use to anybody: its memory is freed.
    GivenUp,
}

/// A stream from its beginning to its end.
#[derive(Clone, Default)]
pub(super) struct Recorded {
    pub(super) data: Bytes,
    pub(super) trailers: Option<HeaderMap>,
    /// The stream said its length before it was read.
    length_was_known: bool,
}

impl Recorded {
    /// How long the data is. A length that the stream did not say stays unknown if there are trailers: HTTP/1.1 has room
    /// for them only in a body that is sent in chunks (RFC 9112 section 7.1.2).
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
    /// Keeps up to `limit` bytes of a stream that says its length, or does not.
    pub(super) const fn new(limit: usize, length_is_known: bool) -> Self {
        Self { limit, length_is_known, state: Mutex::new(State::Recording(Vec::new())) }
    }

    /// Adds what is sent next. Trailers are the end (RFC 9110 section 6.5).
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

    /// Says that nothing more comes.
    pub(super) fn end(&self) {
        let mut state = self.lock();
        if let State::Recording(bytes) = &mut *state {
            let data = std::mem::take(bytes).into();
            *state = State::Whole(self.whole(data, None));
        }
    }

    /// Forgets what was recorded, unless it is whole.
    pub(super) fn give_up(&self) {
        let mut state = self.lock();
        if let State::Recording(_) = *state {
            *state = State::GivenUp;
        }
    }

    /// Whether it may still become whole, or is.
    pub(super) fn is_good(&self) -> bool {
        !matches!(*self.lock(), State::GivenUp)
    }

    pub(super) fn is_whole(&self) -> bool {
        matches!(*self.lock(), State::Whole(_))
    }

    /// The stream, once it was recorded to its end. The bytes are shared, not copied.
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
        // Nothing under the lock can leave it half-changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
