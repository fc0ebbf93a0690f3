//! `Limit`: the time of one send, fixed or by operation.

use std::time::Duration;

use http::Request;

use crate::operation::OperationMeta;

/// The time that a send may take.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Limit {
    /// No timeout.
    Unlimited,
    /// This timeout for every operation: the user of the stack has set it.
    Fixed(Duration),
    /// The operation's own timeout, or else this one.
    Default(Duration),
}

impl Limit {
    pub(super) fn of<B>(self, request: &Request<B>) -> Option<Duration> {
        match self {
            Self::Unlimited => None,
            Self::Fixed(limit) => Some(limit),
            Self::Default(limit) => {
                let operation = request.extensions().get::<&'static OperationMeta>();
                Some(operation.and_then(|operation| operation.timeout()).unwrap_or(limit))
            }
        }
    }
}
