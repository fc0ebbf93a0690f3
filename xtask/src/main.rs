//! The workspace's own commands: `cargo xtask --help`.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use xtask::flags::{Command, Flags};
use xtask::model::Depth;
use xtask::{Outcome, bench, canary, ci, contract, crash, demo, fuzz, generate, model, test, trials};

fn main() -> ExitCode {
    let flags = Flags::parse();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."));
    let mut out = io::stdout().lock();
    let code = match &flags.command {
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
        Command::Canary => canary::run(root, &mut out).map(|()| Outcome::Fine.code()),
        Command::Ci => ci::run(root, &mut out).map(|()| Outcome::Fine.code()),
    };
    let code = match code {
        Ok(code) => code,
        Err(error) => {
            // Nobody is left to tell if standard error is closed too.
            let _ = writeln!(io::stderr(), "xtask: {error:#}");
            Outcome::FAILED
        }
    };
    ExitCode::from(code)
}
