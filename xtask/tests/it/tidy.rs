//! The workspace keeps the rules of `cargo xtask tidy`.

use std::path::PathBuf;

use xtask::tidy::{Finding, source_findings};

/// Returns the findings of `rule`.
fn found(rule: &str) -> Vec<Finding> {
    let mut found = source_findings(&root()).unwrap();
    found.retain(|finding| finding.rule == rule);
    found
}

/// Returns the root of the checkout that the tests run in, which is known only when they run.
fn root() -> PathBuf {
    let package = std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it for tests");
    xtask::root::above(PathBuf::from(package)).unwrap()
}

#[test]
fn b88_no_test_sleeps() {
    assert_eq!(found("sleep"), []);
}

#[test]
fn sc01_nothing_turns_the_checks_of_certificates_off() {
    assert_eq!(found("certificates"), []);
}
