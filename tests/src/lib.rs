//! Fixtures of the journeys: the emulator on a test's clock, each provider's client, and a leaf in memory.
//!
//! - [`Stage`] is an emulator and a clock; moving the clock moves both sides of every call.
//! - [`Fixture`] describes a provider to a suite that is written once; [`Gotab`], [`GotoAdmin`], [`GotoWebinar`],
//!   [`GbgGo`] and [`Octotable`] are the instances.
//! - [`Memory`] is a leaf without sockets, which answers token and API requests alike.
//! - [`Failure`] is what a call failed with, whatever the type of its documented errors.
//! - [`until`] waits for something to happen, [`in_time`] ends what would wait for ever, [`Log`] catches what is logged.

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
    GbgGo, Gotab, GotoAdmin, GotoWebinar, ORGANIZER, Octotable, PROPERTY, draft_of_a_journey,
};
pub use stage::{Stage, is_credential, once, plain, variable};

/// The README's examples, compiled with every feature they name.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
mod readme {}
