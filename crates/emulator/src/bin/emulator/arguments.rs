//! The command line.

use std::env;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, ValueEnum};
use emulator::RefreshTokenMode;

use crate::background;

/// Serves GoTab, GoTo, GBG GO and Octotable on 127.0.0.1 for tests, and prints their addresses and credentials
#[derive(Debug, Parser)]
#[command(version, after_help = USE_FROM_A_SHELL)]
pub(crate) struct Arguments {
    /// The first of eight ports in a row; 0 chooses free ports
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    pub(crate) port_base: u16,
    /// Starts the emulator in the background and prints shell lines that set the environment of a client
    ///
    /// One of the variables is EMULATOR_PID, the process to kill in order to stop the emulator.
    #[arg(long)]
    pub(crate) env: bool,
    /// Given by --env to the process that it starts.
    #[arg(long = background::IN_BACKGROUND, hide = true)]
    pub(crate) in_background: bool,
    /// Generates the credentials from this number; without it they are fixed
    #[arg(long, value_name = "NUMBER")]
    pub(crate) seed: Option<u64>,
    /// How GoTo treats a refresh token that was used
    #[arg(long, value_enum, value_name = "MODE", default_value_t = Mode::Same)]
    refresh_token_mode: Mode,
    /// With rotate-strict: for how long a replaced refresh token may be sent again; the answer has the
    /// same new token
    #[arg(long, value_name = "SECONDS")]
    grace: Option<u64>,
    /// Lets devices sign in at GoTo; the real GoTo does not offer this
    #[arg(long)]
    pub(crate) device: bool,
    /// Allows one more redirect URL; may be repeated. GoTo also allows every loopback URL
    #[arg(long, value_name = "URL")]
    pub(crate) redirect_url: Vec<String>,
    /// Accepts chunked token requests, token requests without a User-Agent, and POST, PUT and PATCH without a
    /// content-length; by default the emulator refuses them, as strict servers do
    #[arg(long)]
    pub(crate) lenient: bool,
}

const USE_FROM_A_SHELL: &str = "\
In a shell or a script:
  eval \"$(emulator --env)\"    # starts the emulator and sets GOTO_TOKEN_URL and so on
  kill \"$EMULATOR_PID\"        # stops it

Without --env the emulator runs in the foreground until Ctrl-C.";

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Mode {
    /// The answer repeats it, except in the last day of its life, when the answer has a new one
    Same,
    /// The answer has no refresh token, and the old one stays valid
    Absent,
    /// The answer has a new one, and the old one is no longer valid
    Rotate,
    /// Like rotate, and if the old one is sent again, all tokens of the sign-in are revoked
    RotateStrict,
}

impl Arguments {
    /// Returns the arguments of this process, or exits with 2 and a message.
    pub(crate) fn parse_or_exit() -> Self {
        Self::try_parse().unwrap_or_else(|error| {
            // The message goes to standard error, and the shell that evaluates the output must not go on.
            if error.use_stderr() && env::args_os().any(|argument| argument == "--env") {
                background::print_failure();
            }
            error.exit()
        })
    }

    /// Returns what GoTo does with refresh tokens.
    ///
    /// # Errors
    ///
    /// Fails if `--grace` is given without `rotate-strict`.
    pub(crate) fn refresh_token_mode(&self) -> Result<RefreshTokenMode, clap::Error> {
        match (self.refresh_token_mode, self.grace) {
            (Mode::RotateStrict, Some(grace)) => {
                Ok(RefreshTokenMode::RotateWithGrace(Duration::from_secs(grace)))
            }
            (Mode::RotateStrict, None) => Ok(RefreshTokenMode::RotateStrict),
            (_, Some(_)) => {
                let message = "--grace needs --refresh-token-mode rotate-strict";
                Err(Self::command().error(ErrorKind::ArgumentConflict, message))
            }
            (Mode::Same, None) => Ok(RefreshTokenMode::Same),
            (Mode::Absent, None) => Ok(RefreshTokenMode::Absent),
            (Mode::Rotate, None) => Ok(RefreshTokenMode::Rotate),
        }
    }

    /// Checks the redirect URLs (RFC 6749 section 3.1.2).
    ///
    /// # Errors
    ///
    /// Fails if a URL cannot receive the answer of a sign-in. The error does not repeat the URL, which may hold a
    /// password.
    pub(crate) fn check_redirect_urls(&self) -> Result<(), clap::Error> {
        let problem = self.redirect_url.iter().find_map(|url| problem_of_redirect_url(url));
        problem.map_or(Ok(()), |problem| {
            let message = format!("--redirect-url {problem}");
            Err(Self::command().error(ErrorKind::ValueValidation, message))
        })
    }
}

fn problem_of_redirect_url(url: &str) -> Option<&'static str> {
    let Some((scheme, rest)) = url.split_once(':').filter(|(scheme, _)| !scheme.is_empty()) else {
        return Some("must be absolute, such as https://app.example.com/callback");
    };
    let authority =
        rest.strip_prefix("//").map(|rest| rest.split(['/', '?', '#']).next().unwrap_or_default());
    let port = authority.and_then(|authority| authority.rsplit_once(':')).map(|(_, port)| port);
    let is_port = |port: &str| port.ends_with(']') || port.parse::<u16>().is_ok_and(|port| port > 0);
    match authority {
        _ if url.bytes().any(|byte| !byte.is_ascii_graphic()) => {
            Some("has a character that a URL cannot have; percent-encode it")
        }
        _ if url.contains('#') => Some("must not have a fragment"),
        None | Some("") if ["http", "https"].contains(&scheme) => Some("has no host"),
        Some(authority) if authority.contains('@') => Some("must not name a user"),
        Some(_) if !port.is_none_or(is_port) => Some("has a port that is not a number from 1 to 65535"),
        _ => None,
    }
}
