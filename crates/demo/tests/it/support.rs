//! Runs the program.

use std::process::{Command, Output};

/// Runs the program until it ends, with these environment variables and no others.
pub(crate) fn demo(arguments: &[&str], variables: &[(&str, String)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_demo"));
    command.args(arguments).env_clear();
    command.envs(variables.iter().map(|(name, value)| (name, value)));
    command.output().unwrap()
}
