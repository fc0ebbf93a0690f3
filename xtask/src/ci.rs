//! `cargo xtask ci`: runs every automatic check.

use std::io::Write;
use std::path::Path;

use anyhow::{Result, bail};

use crate::flags::{Fuzz, Generate};
use crate::model::Depth;
use crate::process::{Cargo, step};
use crate::{Outcome, canary, contract, demo, fuzz, generate, model, test, tidy, trials};

/// Runs the steps one after another, cheap ones first, and stops at the first failure.
///
/// # Errors
///
/// Returns an error that names the step that failed and the reason.
pub fn run(root: &Path, out: &mut dyn Write) -> Result<()> {
    step(out, "format", |_| {
        Cargo::new("fmt --all --check").run(root)?;
        Cargo::new("fmt --manifest-path fuzz/Cargo.toml --check").run(root)?;
        Cargo::new("fmt --manifest-path models/Cargo.toml --check").run(root)
    })?;
    step(out, "generated code", |out| {
        let check = Generate { check: true, ..Generate::default() };
        match generate::run(root, &check, out)? {
            Outcome::Fine => Ok(()),
            Outcome::Stale => bail!("the generated code is out of date: run `cargo xtask generate`"),
        }
    })?;
    step(out, "promises and their tests", |out| match contract::run(root, true, out)? {
        Outcome::Fine => Ok(()),
        Outcome::Stale => bail!("docs/contract.md is out of date: run `cargo xtask contract`"),
    })?;
    step(out, "sentences, names and imports", |out| match tidy::run(root, false, out)? {
        Outcome::Fine => Ok(()),
        Outcome::Stale => {
            bail!("correct the findings; `cargo xtask tidy --write` updates the lists")
        }
    })?;
    step(out, "licences and bans", |_| {
        // `advisories` is left out: it downloads a database, so its result depends on the day.
        Cargo::new("deny --all-features check --hide-inclusion-graph licenses bans sources").run(root)
    })?;
    step(out, "clippy", |_| {
        Cargo::new("clippy --workspace --all-targets --all-features -- -D warnings").run(root)
    })?;
    for features in FEATURES {
        step(out, &format!("auth-layer with feature {features:?}"), |_| {
            Cargo::new("clippy --package auth-layer --lib --no-default-features")
                .with(&["--features", features, "--", "-D", "warnings"])
                .run(root)
        })?;
    }
    step(out, "documentation", |_| {
        Cargo::new("doc --workspace --all-features --no-deps --document-private-items")
            .with_variable("RUSTDOCFLAGS", "-D warnings")
            .run(root)
    })?;
    step(out, "tests", |_| test::run(root, &[]))?;
    step(out, "examples run", |_| {
        for (package, example) in EXAMPLES {
            // These examples assert their own results and then exit.
            Cargo::new("run --quiet --all-features")
                .with(&["--package", package, "--example", example])
                .run(root)?;
        }
        Ok(())
    })?;
    canary::run(root, out)?;
    model::run(root, Depth::Short, out)?;
    // 30 s for each target show that the seeds still pass. A search for new inputs takes longer.
    fuzz::run(root, &Fuzz { seconds: 30, target: None }, out)?;
    // Most trials use tokens that last at most 4 s, so 6 s include a renewal.
    trials::run(root, 6, out)?;
    step(out, "benchmarks run", |_| {
        // `--test` makes few rounds and only checks that the benchmarks run: CI machines are too noisy for figures.
        Cargo::new("test --workspace --all-features --bench * -- --test").run(root)
    })?;
    step(out, "demo", |_| match demo::run(root, &[])? {
        0 => Ok(()),
        code => bail!("the demo failed with exit code {code}"),
    })
}

/// Examples that run as programs, each with its package.
const EXAMPLES: [(&str, &str); 10] = [
    ("auth-layer", "client_credentials"),
    ("auth-layer", "many_tenants"),
    ("auth-layer", "own_reqwest"),
    ("auth-layer", "own_source"),
    ("auth-layer", "own_stack"),
    ("auth-layer", "refresh_token"),
    ("auth-layer", "reqwest_middleware"),
    ("auth-layer", "tonic_channel"),
    ("auth-layer", "tower_layers"),
    ("journeys", "axum_service"),
];

/// The features of `auth-layer`, each checked alone. The empty one checks the crate without features.
const FEATURES: [&str; 10] = [
    "",
    "axum",
    "file-store",
    "hyper-util",
    "keyring",
    "loopback",
    "reqwest",
    "reqwest-middleware",
    "test-util",
    "tonic",
];
