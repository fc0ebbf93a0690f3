//! `cargo xtask model`: tries the orders in which threads may meet in a token manager.

use std::io::Write;
use std::path::Path;

use anyhow::Result;

use crate::process::{Cargo, step};

/// How far the models go.
///
/// ```
/// assert_ne!(xtask::model::Depth::Short, xtask::model::Depth::Full);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Some seconds: for each change.
    Short,
    /// Some minutes: after a change of what threads meet at.
    Full,
}

/// Runs the models of `models/`: every order of a few threads with loom, many orders of more of them with shuttle.
///
/// They are built with primitives of the engine's own in `auth-layer`, and so into a target folder of their own.
///
/// # Errors
///
/// If an order breaks a promise; the engine shows which one.
pub fn run(root: &Path, depth: Depth, out: &mut dyn Write) -> Result<()> {
    let (preemptions, orders) = match depth {
        Depth::Short => ("3", "20000"),
        Depth::Full => ("5", "1000000"),
    };
    for engine in ["loom", "shuttle"] {
        step(out, &format!("models on {engine}"), |_| {
            let flags = format!("--cfg auth_layer_model=\"{engine}\"");
            Cargo::new("test --quiet --release --manifest-path models/Cargo.toml --target-dir target/model")
                .with(&["--test", engine, "--", "--nocapture", "--test-threads=1"])
                .with_variable("RUSTFLAGS", &flags)
                .with_variable("LOOM_MAX_PREEMPTIONS", preemptions)
                .with_variable("SHUTTLE_ORDERS", orders)
                // That it knows no weak memory is why loom is there.
                .with_variable("SHUTTLE_SILENCE_WARNINGS", "1")
                .run(root)
        })?;
    }
    Ok(())
}
