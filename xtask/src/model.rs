//! `cargo xtask model`: checks the token manager under many thread interleavings.

use std::io::Write;
use std::path::Path;

use anyhow::Result;

use crate::process::{Cargo, step};

/// The number of interleavings that a run checks.
///
/// ```
/// assert_ne!(xtask::model::Depth::Short, xtask::model::Depth::Full);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Takes some seconds. Run it for every change.
    Short,
    /// Takes some minutes. Run it after a change to code that threads share.
    Full,
}

/// Runs the models in `models/`.
///
/// Loom checks every interleaving of a few threads, up to a number of preemptions. Shuttle checks many random
/// interleavings of more threads. Both replace the synchronization primitives in `auth-layer`, so the models are built
/// in a separate target folder.
///
/// # Errors
///
/// Returns an error if an interleaving breaks a promise. The engine prints the interleaving.
pub fn run(root: &Path, depth: Depth, out: &mut dyn Write) -> Result<()> {
    // Loom checks every interleaving with at most so many preemptions. Shuttle draws so many interleavings at random.
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
                // Shuttle warns that it does not model weak memory orderings. Loom does.
                .with_variable("SHUTTLE_SILENCE_WARNINGS", "1")
                .run(root)
        })?;
    }
    Ok(())
}
