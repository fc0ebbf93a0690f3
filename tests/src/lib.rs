//! Fixtures of the journeys: the emulator on a test's clock, each provider's client, and a leaf in memory.
//!
//! - [`Stage`] is an emulator and a clock. Moving the clock moves the client's time and the provider's time.
//! - [`Fixture`] describes a provider for a suite that is written once. Its instances are [`Gotab`], [`GotoAdmin`],
//!   [`GotoWebinar`], [`GbgGo`] and [`Octotable`].
//! - [`Memory`] is a leaf without sockets, which answers token requests and API calls.
//! - [`Failure`] is the error of a call, without the type of its documented errors.
//! - [`until`] waits for a condition, [`in_time`] fails a test that does not end, [`Log`] collects log lines.

mod canary;
mod failure;
mod fixture;
mod log;
mod memory;
mod patience;
mod providers;
mod stage;

pub use failure::{Failure, Shape};
pub use fixture::Fixture;
pub use log::Log;
pub use memory::{Hold, Memory};
pub use patience::{in_time, until};
pub use providers::{
    GbgGo, Gotab, GotoAdmin, GotoWebinar, ORGANIZER, Octotable, PROPERTY, draft_of_a_journey, profile,
    variant,
};
pub use stage::{Stage, is_credential, once, plain, variable};

/// The README's examples, compiled with every feature that they use.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
mod readme {}
