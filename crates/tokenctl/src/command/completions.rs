//! `completions`: a script for a shell.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::failure::Failure;
use crate::flags::Flags;
use crate::screen::Screen;

pub(super) fn run(shell: Shell, screen: &Screen) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Flags::command(), "tokenctl", &mut script);
    screen.data(script)
}
