//! Sign in once, so that services stay signed in: the command line of `auth-layer`.
//!
//! `tokenctl login` takes a person through a sign-in and leaves the refresh token in the store, where an
//! [`Exchange`](auth_layer::Exchange) of [`Grant::Stored`](auth_layer::Grant::Stored) finds it. The other commands use,
//! show and end what was left there. `tokenctl --help` tells the rest, the exit codes too.
//!
//! Standard output has what was asked for and nothing else; what is for people goes to standard error.

mod command;
mod config;
mod failure;
mod flags;
mod screen;
mod span;
mod store;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;

use crate::flags::Flags;
use crate::screen::Screen;

/// Runs one command line, the program's name first. It needs a tokio runtime with timers and I/O.
///
/// # Cancel safety
///
/// Dropping the future may lose a refresh token that is on its way.
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// let code = tokenctl::run(["tokenctl", "completions", "bash"].map(Into::into)).await;
/// assert_eq!(code, std::process::ExitCode::SUCCESS);
/// # });
/// ```
pub async fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let flags = match Flags::try_parse_from(arguments) {
        Ok(flags) => flags,
        Err(error) => {
            // Nobody is left to tell if the stream is closed.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(WRONG_USE));
        }
    };
    let screen = Screen::new();
    match command::run(flags, &screen).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            screen.fail(&failure);
            ExitCode::from(failure.kind().code())
        }
    }
}

/// The `User-Agent` of every request that a command makes (RFC 9110 section 10.1.5).
const USER_AGENT: &str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));

const WRONG_USE: u8 = 2;
