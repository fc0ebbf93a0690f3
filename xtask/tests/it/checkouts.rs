//! A program that was compiled in one checkout works on the checkout that it is started in.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// Runs `xtask contract` as `cargo run` does in the checkout at `root`, or without cargo in the folder `root`.
fn contract(root: &Path, under_cargo: bool) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.arg("contract").env_remove("CARGO_MANIFEST_DIR").current_dir(root);
    if under_cargo {
        command.env("CARGO_MANIFEST_DIR", root.join("xtask")).current_dir(std::env::temp_dir());
    }
    command.output().unwrap()
}

#[test]
fn a_shared_program_works_on_the_checkout_it_is_started_in() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["xtask", "docs", "crates", "tests"] {
        fs::create_dir(folder.path().join(name)).unwrap();
    }
    for name in ["Cargo.toml", "xtask/Cargo.toml"] {
        fs::write(folder.path().join(name), "").unwrap();
    }
    let table = folder.path().join("docs/contract.md");
    for under_cargo in [true, false] {
        fs::write(&table, "|B1|kept|\u{2014} a reason|\n").unwrap();
        let output = contract(folder.path(), under_cargo);
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
        assert_eq!(fs::read_to_string(&table).unwrap(), "| B1 | kept | \u{2014} a reason |\n");
    }
}

#[test]
fn outside_of_a_checkout_the_error_names_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let output = contract(folder.path(), false);
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("is not inside of this workspace"), "{told}");
    assert!(told.contains(&*folder.path().to_string_lossy()), "{told}");
}
