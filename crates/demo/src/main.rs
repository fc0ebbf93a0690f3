//! The main use of the clients, shown on the emulator: `cargo xtask demo`, or `cargo xtask demo --help`.

mod acts;
mod audit;
mod claims;
mod clients;
mod flags;
mod live;
mod outcome;
mod show;
mod stage;
mod table;
mod text;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;

use crate::flags::Flags;
use crate::outcome::Outcome;

// One thread, so that every act takes the same course each time.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let flags = Flags::parse();
    let mut out = io::stdout().lock();
    let outcome = match flags.live {
        Some(provider) => live::run(provider, &mut out).await,
        None => show::run(flags.calls, &mut out).await,
    };
    let code = match &outcome {
        Ok(outcome) => outcome.code(),
        Err(error) => {
            // If standard error is closed too, there is no other place for the message.
            let _ = writeln!(io::stderr(), "demo: {error:#}");
            Outcome::MISUSED
        }
    };
    ExitCode::from(code)
}
