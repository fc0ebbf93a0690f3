//! Commands to build, check and measure this workspace. `cargo xtask --help` lists them.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use xtask::flags::{Command, Flags};
use xtask::model::Depth;
use xtask::{Outcome, bench, canary, ci, contract, crash, demo, fuzz, generate, model, test, tidy, trials};

fn main() -> ExitCode {
    let flags = Flags::parse();
    ExitCode::from(match xtask::root::find().and_then(|root| run(&root, &flags.command)) {
        Ok(code) => code,
        Err(error) => {
            // Standard error may be closed. The exit code then still reports the error.
            let _ = writeln!(io::stderr(), "xtask: {error:#}");
            Outcome::FAILED
        }
    })
}

fn run(root: &Path, command: &Command) -> Result<u8> {
    // Child processes write to the same standard output themselves. This lock does not affect them.
    let mut out = io::stdout().lock();
    match command {
        Command::Generate(flags) => generate::run(root, flags, &mut out).map(Outcome::code),
        Command::Demo(arguments) => demo::run(root, &arguments.all),
        Command::Test(arguments) => test::run(root, &arguments.all).map(|()| Outcome::Fine.code()),
        Command::Contract { check } => contract::run(root, *check, &mut out).map(Outcome::code),
        Command::Fuzz(flags) => fuzz::run(root, flags, &mut out).map(|()| Outcome::Fine.code()),
        Command::Bench { quick } => bench::run(root, *quick, &mut out).map(|()| Outcome::Fine.code()),
        Command::Model { short } => {
            let depth = if *short { Depth::Short } else { Depth::Full };
            model::run(root, depth, &mut out).map(|()| Outcome::Fine.code())
        }
        Command::Crash { rounds } => crash::run(root, *rounds, &mut out).map(|()| Outcome::Fine.code()),
        Command::Trials { seconds } => trials::run(root, *seconds, &mut out).map(|()| Outcome::Fine.code()),
        Command::Tidy { write } => tidy::run(root, *write, &mut out).map(Outcome::code),
        Command::Canary => canary::run(root, &mut out).map(|()| Outcome::Fine.code()),
        Command::Ci => ci::run(root, &mut out).map(|()| Outcome::Fine.code()),
    }
}
