//! Runs the program between a person, a store and the emulator.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

/// Failures: their causes, and the advice.
mod causes;
/// The configuration: the file, the environment, and mistakes in them.
mod config;
/// The copy of the metadata of an issuer.
mod copies;
/// `doctor`: its findings and its advice.
mod doctor;
/// Records of an earlier version, and of another token URL.
mod earlier;
/// The exit codes, one by one, and the help that lists them.
mod exit_codes;
/// `login`: by the browser, by a pasted address, by a device; and refusals.
mod login;
/// `logout`: tokens are revoked at the provider and deleted here.
mod logout;
/// Renewals that are forced, refused, or left behind.
mod marks;
/// The message of a command without a sign-in, which shows the nearest one.
mod nearest;
/// Proxies, and an issuer that is away.
mod network;
/// Providers that are described by a file.
mod profiles;
/// `status`: the table and the JSON.
mod status;
/// Runs the program, and acts as the person.
mod support;
/// `token` and `header`: one line, and nothing else.
mod token;
