//! The choice of the command that a command line names.

use super::{completions, doctor, login, logout, providers, status, token};
use crate::config::Settings;
use crate::failure::Failure;
use crate::flags::{Command, Flags};
use crate::screen::Screen;

/// Runs one command.
pub(crate) async fn run(flags: Flags, screen: &Screen) -> Result<(), Failure> {
    let settings = || Settings::load(flags.config.clone());
    match flags.command {
        Command::Login(login) => login::run(&login, &settings()?, screen).await,
        Command::Token(wanted) => token::run(&wanted, &settings()?, screen, token::Form::Bare).await,
        Command::Header(wanted) => token::run(&wanted, &settings()?, screen, token::Form::Header).await,
        Command::Status(status) => status::run(&status, &settings()?, screen).await,
        Command::Logout(whose) => logout::run(&whose, &settings()?, screen).await,
        Command::Doctor { provider } => doctor::run(provider.as_deref(), settings(), screen).await,
        Command::Providers => providers::run(screen),
        Command::Completions { shell } => completions::run(shell, screen),
    }
}
