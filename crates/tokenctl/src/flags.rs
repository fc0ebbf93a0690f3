//! The grammar of the command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

use crate::help;
use crate::span;

/// Sign in once, so that services stay signed in.
///
/// A person signs in with `tokenctl login`, which puts the refresh token into a store of files. With a key, the tokens
/// in the store are sealed. Services find the refresh token there and renew it by themselves.
#[derive(Debug, Parser)]
#[command(name = "tokenctl", version, after_help = help::PROGRAM)]
pub(crate) struct Flags {
    /// The configuration file [default: $XDG_CONFIG_HOME/tokenctl/config.toml]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Sign in, and keep the tokens in the store
    Login(Login),
    /// Print an access token, and nothing else; renew it if it has expired
    #[command(after_help = help::TOKEN)]
    Token(Wanted),
    /// Print the HTTP header with an access token, as the provider's profile says
    #[command(after_help = help::HEADER)]
    Header(Wanted),
    /// Show who is signed in, and until when
    #[command(after_help = help::STATUS)]
    Status(Status),
    /// Revoke the tokens at the provider, and delete them here
    #[command(after_help = help::LOGOUT)]
    Logout(Whose),
    /// Check configuration, clock, store, sign-ins and network, and say what to do
    #[command(after_help = help::DOCTOR)]
    Doctor {
        /// One provider [default: all that are configured]
        provider: Option<String>,
    },
    /// List the known providers, and what each needs
    Providers,
    /// Print a completion script
    #[command(
        after_help = "Example:\n  tokenctl completions bash > ~/.local/share/bash-completion/completions/tokenctl"
    )]
    Completions {
        /// The shell that will read the script
        shell: Shell,
    },
}

/// The sign-in that a command is about.
#[derive(Args, Debug)]
pub(crate) struct Whose {
    /// A known provider (`tokenctl providers` lists them), or one of the configuration file
    pub(crate) provider: String,

    /// The account, if there are several sign-ins [default: the configured account, or `default`]
    #[arg(long, value_name = "NAME")]
    pub(crate) account: Option<String>,
}

/// The token that is wanted.
#[derive(Args, Debug)]
pub(crate) struct Wanted {
    #[command(flatten)]
    pub(crate) whose: Whose,

    /// Get a new token even if the stored one is still good
    #[arg(long)]
    pub(crate) renew: bool,
}

#[derive(Args, Debug)]
#[command(after_help = help::LOGIN)]
pub(crate) struct Login {
    #[command(flatten)]
    pub(crate) whose: Whose,

    /// The scope to ask for, separated by spaces [default: the configured scope, or the provider's choice]
    #[arg(long, value_name = "SCOPE")]
    pub(crate) scope: Option<String>,

    /// Sign in with a code that is typed in on another device
    #[arg(long)]
    pub(crate) device: bool,

    /// Print the address, and open no browser
    #[arg(long)]
    pub(crate) no_browser: bool,

    /// How long to wait for the person, at most a day: 90s, 5m, 1h
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = span::parse_up_to_a_day)]
    pub(crate) timeout: Duration,
}

#[derive(Args, Debug)]
pub(crate) struct Status {
    /// One provider [default: all that are configured or in the store]
    pub(crate) provider: Option<String>,

    /// Print JSON, for scripts
    #[arg(long)]
    pub(crate) json: bool,
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::Flags;

    #[test]
    fn the_grammar_is_consistent() {
        Flags::command().debug_assert();
    }

    #[test]
    fn no_secret_is_an_argument() {
        for flag in ["--client-secret", "--secret", "--token", "--refresh-token", "--key"] {
            assert!(Flags::try_parse_from(["tokenctl", "login", "goto", flag, "x"]).is_err(), "{flag}");
        }
    }
}
