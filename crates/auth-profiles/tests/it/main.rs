//! Every profile file of this crate, through the code that services use.

#![expect(clippy::unwrap_used, reason = "a fixture that cannot be made fails its test")]

mod api;
mod check;
mod exchange;
mod files;
mod inputs;
mod server;
mod sign_in;
mod store_keys;
