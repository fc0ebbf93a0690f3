//! `cargo xtask ci`: everything a machine can judge.

use std::io::Write;
use std::path::Path;

use anyhow::{Result, bail};

use crate::flags::{Fuzz, Generate};
use crate::model::Depth;
use crate::process::{Cargo, step};
use crate::{Outcome, canary, contract, demo, fuzz, generate, model, test, tidy, trials};

/// Runs the steps in turn, cheap ones first, and stops at the first that fails.
///
/// # Errors
///
/// Which step failed, and why.
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
            Outcome::Stale => bail!("it is stale: run `cargo xtask generate`"),
        }
    })?;
    step(out, "promises and their tests", |out| match contract::run(root, true, out)? {
        Outcome::Fine => Ok(()),
        Outcome::Stale => bail!("docs/contract.md is stale: run `cargo xtask contract`"),
    })?;
    step(out, "sentences, names and imports", |out| match tidy::run(root, out)? {
        Outcome::Fine => Ok(()),
        Outcome::Stale => bail!("xtask/tidy.toml lists exceptions, each with its reason"),
    })?;
    step(out, "licences and bans", |_| {
        // Advisories need a database from elsewhere, and are left to a service that has one.
        Cargo::new("deny --all-features check --hide-inclusion-graph licenses bans sources").run(root)
    })?;
    step(out, "clippy", |_| {
        Cargo::new("clippy --workspace --all-targets --all-features -- -D warnings").run(root)
    })?;
    for features in FEATURES {
        step(out, &format!("auth-layer with {features:?}"), |_| {
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
            // Each asserts what it claims, and ends by itself.
            Cargo::new("run --quiet --all-features")
                .with(&["--package", package, "--example", example])
                .run(root)?;
        }
        Ok(())
    })?;
    canary::run(root, out)?;
    model::run(root, Depth::Short, out)?;
    fuzz::run(root, &Fuzz { seconds: 30, target: None }, out)?;
    trials::run(root, 6, out)?;
    step(out, "benchmarks run", |_| {
        // A moment each, and without a look at their figures, which would mean nothing here.
        Cargo::new("test --workspace --all-features --bench * -- --test").run(root)
    })?;
    step(out, "demo", |_| match demo::run(root, &[])? {
        0 => Ok(()),
        code => bail!("the demo ended with exit code {code}"),
    })
}

/// Examples that are programs of their own.
const EXAMPLES: [(&str, &str); 4] = [
    ("auth-layer", "own_reqwest"),
    ("auth-layer", "tonic_channel"),
    ("auth-layer", "tower_layers"),
    ("journeys", "axum_service"),
];

/// Each feature of `auth-layer` alone, and none.
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
