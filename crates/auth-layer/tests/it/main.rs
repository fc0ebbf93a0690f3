//! The behaviour of the layer through its public API. A test that makes a numbered statement true carries the number
//! in its name.

#![expect(clippy::unwrap_used, reason = "a fixture that cannot be made fails its test")]

mod challenges;
mod hit_path;
mod outage;
mod rejection;
mod replay;
mod runtime;
mod single_flight;
mod support;
mod timing;
