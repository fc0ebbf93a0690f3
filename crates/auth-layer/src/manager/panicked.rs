//! The error for a token source that panicked.

use std::any::Any;

use crate::error::{Error, ErrorKind};

/// Returns the error for the payload of a panic.
///
/// Tokio panics without a runtime, and in a runtime without timers or I/O. That is a mistake of the application, and
/// the error says how to correct it. Any other message may hold a secret, so the error does not repeat it.
pub(super) fn panicked(payload: &(dyn Any + Send)) -> Error {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or_default();
    let lacks = LACKS.iter().find(|(beginning, _)| text.starts_with(beginning));
    match lacks {
        Some((_, message)) => Error::new(ErrorKind::Runtime, *message),
        None => Error::new(ErrorKind::Panicked, "the token source panicked"),
    }
}

/// The beginnings of tokio's messages, and the error text for each.
const LACKS: [(&str, &str); 3] = [
    (
        "there is no reactor running",
        "no token was fetched, because the call was made outside of a tokio runtime; make it within one that was built \
         with `enable_all()`",
    ),
    (
        "A Tokio 1.x context was found, but timers are disabled",
        "no token was fetched, because the tokio runtime has no timers; call `enable_all()` on its builder",
    ),
    (
        "A Tokio 1.x context was found, but IO is disabled",
        "no token was fetched, because the tokio runtime has no I/O; call `enable_all()` on its builder",
    ),
];
