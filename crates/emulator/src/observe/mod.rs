//! The records of a site: counters, a log of requests, and the reasons for refusals.

mod counters;
mod in_flight;
mod reasons;
mod request_log;

pub use counters::Counters;
pub(crate) use in_flight::InFlight;
pub use reasons::{Rejection, TokenRefusal};
pub use request_log::LoggedRequest;
pub(crate) use request_log::RequestLog;
