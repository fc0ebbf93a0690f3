//! The program as it is called, between a person, a store and the emulator.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

/// The configuration: where it comes from, and what is refused.
mod config;
/// `doctor`: what it finds, and what it says to do.
mod doctor;
/// Records of an earlier version, and of another token URL.
mod earlier;
/// The exit codes, one by one, and the help that lists them.
mod exit_codes;
/// `login`: the browser, the paste, the device, and whoever says no.
mod login;
/// `logout`: revoked there, deleted here.
mod logout;
/// `status`: the table and the JSON.
mod status;
/// How the program is run, and how a person is played.
mod support;
/// `token` and `header`: one line, and nothing else.
mod token;
