//! Tells from the error of a leaf how far its connection came.

use std::error::Error as StdError;
use std::io;

use crate::config_error::ConfigError;

/// Whether a leaf failed before there was a connection, so that nothing was sent. Of the errors of another service
/// that is known only if the connection was refused.
pub(crate) fn never_connected(error: &(dyn StdError + 'static)) -> bool {
    causes(error).any(is_of_connecting)
}

/// Whether a leaf refused to send the request at all, because of a mistake in it. It would refuse it again.
pub(crate) fn was_refused(error: &(dyn StdError + 'static)) -> bool {
    causes(error).any(<dyn StdError + 'static>::is::<ConfigError>)
}

/// Whether a connection ended before the answer to a request was there. A pooled connection ends so if the server closed
/// it while it was idle, or if the runtime that drove it is gone.
///
/// The request may have arrived all the same. Call this only with the error that a service returned in place of a
/// response: the error of a response's body can look the same.
pub(crate) fn ended_unanswered(error: &(dyn StdError + 'static)) -> bool {
    // A handshake that was cut off is a server in trouble, and no idle connection.
    !never_connected(error) && causes(error).any(is_of_an_end)
}

fn causes<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| {
        // The `source` of an `io::Error` skips the error that it wraps.
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        wrapped.map(|wrapped| wrapped as _).or_else(|| error.source())
    })
}

fn is_of_connecting(error: &(dyn StdError + 'static)) -> bool {
    if let Some(error) = error.downcast_ref::<io::Error>() {
        return error.kind() == io::ErrorKind::ConnectionRefused;
    }
    #[cfg(feature = "hyper-util")]
    if let Some(error) = error.downcast_ref::<hyper_util::client::legacy::Error>() {
        return error.is_connect();
    }
    #[cfg(feature = "reqwest")]
    if let Some(error) = error.downcast_ref::<reqwest::Error>() {
        return error.is_connect();
    }
    false
}

fn is_of_an_end(error: &(dyn StdError + 'static)) -> bool {
    if let Some(error) = error.downcast_ref::<io::Error>() {
        return matches!(
            error.kind(),
            io::ErrorKind::ConnectionReset
                | io::ErrorKind::ConnectionAborted
                | io::ErrorKind::BrokenPipe
                | io::ErrorKind::UnexpectedEof
        );
    }
    // reqwest stands on hyper, and has hyper's error among its causes.
    #[cfg(any(feature = "hyper-util", feature = "reqwest"))]
    if let Some(error) = error.downcast_ref::<hyper::Error>() {
        return error.is_incomplete_message() || error.is_canceled();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_told_from_other_errors_by_its_kind() {
        use io::ErrorKind::*;

        for kind in [ConnectionReset, ConnectionAborted, BrokenPipe, UnexpectedEof] {
            assert!(ended_unanswered(&io::Error::from(kind)), "{kind:?}");
        }
        for kind in [ConnectionRefused, TimedOut, InvalidData, NotConnected] {
            assert!(!ended_unanswered(&io::Error::from(kind)), "{kind:?}");
        }
        let wrapped = io::Error::other(io::Error::from(BrokenPipe));
        assert!(ended_unanswered(&wrapped), "a cause counts as well");
    }
}
