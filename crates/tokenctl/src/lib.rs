//! The command line of `auth-layer`: a person signs in once, and services stay signed in.
//!
//! `tokenctl login` takes a person through a sign-in and keeps the refresh token in the store. An
//! [`Exchange`](auth_layer::Exchange) of [`Grant::Stored`](auth_layer::Grant::Stored) finds it there. The other
//! commands use, show and end sign-ins. `tokenctl --help` describes the configuration and the exit codes.
//!
//! Standard output has the requested data and nothing else. Messages for people go to standard error.

mod command;
mod config;
mod failure;
mod flags;
mod help;
mod screen;
mod shell;
mod span;
mod store;
mod user_agent;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;

use crate::config::Commands;
use crate::flags::Flags;
use crate::screen::Screen;

/// Runs one command line, which begins with the program's name. It needs a tokio runtime with timers and I/O.
///
/// # Cancel safety
///
/// Dropping the future during a token request may lose the new refresh token.
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
            // If the stream is closed, there is no place left to report that.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(WRONG_USE));
        }
    };
    let screen = Screen::new();
    let commands = Commands::new(flags.config.as_deref());
    match command::run(flags, &screen).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            screen.fail(&failure, &commands);
            ExitCode::from(failure.kind().code())
        }
    }
}

const WRONG_USE: u8 = 2;

/// The README's examples.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
