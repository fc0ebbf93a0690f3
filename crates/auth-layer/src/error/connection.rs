//! Reads from the error of a leaf how far its connection came, and what stopped it.

use std::error::Error as StdError;
use std::io;

use super::config_error::ConfigError;

/// Returns whether a leaf failed before there was a connection, so that nothing was sent.
///
/// In an error of a service that is not a leaf of this crate, only a refused connection is recognised.
pub(crate) fn never_connected(error: &(dyn StdError + 'static)) -> bool {
    causes(error).any(is_of_connecting)
}

/// Returns whether a leaf refused to send the request because of a mistake in it. The leaf would refuse it again.
pub(crate) fn was_refused(error: &(dyn StdError + 'static)) -> bool {
    causes(error).any(<dyn StdError + 'static>::is::<ConfigError>)
}

/// Returns whether a connection ended before the answer began. That happens to a pooled connection if the server closed
/// it while it was idle, or if the runtime that drove it has shut down.
///
/// The server may still have received the request. Call this only with the error that a service returned in place of a
/// response, because the error of a response's body can look the same.
pub(crate) fn ended_unanswered(error: &(dyn StdError + 'static)) -> bool {
    // Errors while connecting are excluded: a TLS handshake that was cut off can look like a closed idle connection.
    !never_connected(error) && causes(error).any(is_of_an_end)
}

/// An obstacle to a connection that a person can remove.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Obstacle {
    /// DNS has no address for the host.
    UnknownHost,
    /// Nothing listens at the address, or a firewall refuses.
    Refused,
    /// The server's certificate is not trusted, has expired or is for another name.
    Certificate,
}

/// Returns what kept a connection from being made, if the error says so.
pub(super) fn obstacle(error: &(dyn StdError + 'static)) -> Option<Obstacle> {
    // If the connection to a proxy failed, the proxy's own error says what to check.
    if causes(error).any(|cause| cause.to_string().starts_with("could not connect through the proxy")) {
        return None;
    }
    causes(error).find_map(|cause| {
        let refused =
            cause.downcast_ref::<io::Error>().map(io::Error::kind) == Some(io::ErrorKind::ConnectionRefused);
        // An unknown host and a bad certificate have no error kind that every leaf passes on. So the texts are
        // compared.
        match cause.to_string() {
            _ if refused => Some(Obstacle::Refused),
            text if text.starts_with("dns error") || text.starts_with("failed to lookup address") => {
                Some(Obstacle::UnknownHost)
            }
            text if text.starts_with("invalid peer certificate") => Some(Obstacle::Certificate),
            _ => None,
        }
    })
}

/// Returns the texts of an error and of its causes, separated by colons. A text that is part of an earlier one is left
/// out, because many errors repeat the text of their cause.
pub(crate) fn chain(error: &(dyn StdError + 'static)) -> String {
    causes(error).fold(String::new(), |shown, cause| match cause.to_string() {
        text if shown.contains(&text) => shown,
        text if shown.is_empty() => text,
        text => format!("{shown}: {text}"),
    })
}

fn causes<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| {
        // `io::Error::source` returns the source of the wrapped error, not the wrapped error itself.
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
    // reqwest is built on hyper, so its errors have an error of hyper among their causes.
    #[cfg(any(feature = "hyper-util", feature = "reqwest"))]
    if let Some(error) = error.downcast_ref::<hyper::Error>() {
        return error.is_incomplete_message() || error.is_canceled();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(feature = "hyper-util")]
    #[test]
    fn a_certificate_that_is_not_trusted_is_recognised() {
        let error = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        assert_eq!(obstacle(&io::Error::other(error)), Some(Obstacle::Certificate));
        assert_eq!(obstacle(&io::Error::from(io::ErrorKind::ConnectionRefused)), Some(Obstacle::Refused));
        assert_eq!(obstacle(&io::Error::other("another reason")), None);
    }

    #[test]
    fn a_chain_has_each_text_once() {
        let wrapped = io::Error::other(io::Error::other("refused"));
        assert_eq!(chain(&wrapped), "refused");
    }

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
