//! The grammar of the command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

use crate::span;

/// Sign in once, so that services stay signed in.
///
/// A person signs in with `tokenctl login`; the refresh token goes into a store of files, sealed if there is a key.
/// Services find it there and renew it by themselves.
#[derive(Debug, Parser)]
#[command(name = "tokenctl", version, after_help = AFTER_HELP)]
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
    /// Print an access token and nothing else; renew it if need be
    #[command(after_help = "Example:\n  TOKEN=$(tokenctl token goto)")]
    Token(Whose),
    /// Print the header that carries an access token
    #[command(after_help = "Example:\n  \
        tokenctl header goto | curl -H @- https://api.getgo.com/admin/rest/v1/me")]
    Header(Whose),
    /// Show who is signed in, and until when
    #[command(after_help = STATUS_HELP)]
    Status(Status),
    /// Revoke the tokens at the provider, and delete them here
    #[command(
        after_help = "The tokens are deleted here even if they could not be revoked: the exit code then says why \
        not, 4 where the client's secret is not known, 6 where the provider is out of reach."
    )]
    Logout(Whose),
    /// Check configuration, clock, store and network, and say what to do
    #[command(
        after_help = "It sends no secret: the token endpoint gets an empty request, and is expected to refuse it."
    )]
    Doctor {
        /// One provider; without it, all that are configured
        provider: Option<String>,
    },
    /// Print a completion script
    #[command(
        after_help = "Example:\n  tokenctl completions bash > ~/.local/share/bash-completion/completions/tokenctl"
    )]
    Completions {
        /// For which shell
        shell: Shell,
    },
}

/// Which sign-in is meant.
#[derive(Args, Debug)]
pub(crate) struct Whose {
    /// gotab, goto, gbg-go, octotable, or one of the configuration
    pub(crate) provider: String,

    /// Which sign-in, where there are several [default: the configuration's, or `default`]
    #[arg(long, value_name = "NAME")]
    pub(crate) account: Option<String>,
}

#[derive(Args, Debug)]
#[command(after_help = LOGIN_HELP)]
pub(crate) struct Login {
    #[command(flatten)]
    pub(crate) whose: Whose,

    /// What to ask for, apart by spaces [default: the configuration's, or all that the client may have]
    #[arg(long, value_name = "SCOPE")]
    pub(crate) scope: Option<String>,

    /// Sign in with a code that is typed in on another device
    #[arg(long)]
    pub(crate) device: bool,

    /// Open no browser; print the address only
    #[arg(long)]
    pub(crate) no_browser: bool,

    /// How long to wait for the person, a day at most: 90s, 5m, 1h
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = span::parse_up_to_a_day)]
    pub(crate) timeout: Duration,
}

#[derive(Args, Debug)]
pub(crate) struct Status {
    /// One provider; without it, all that are configured or in the store
    pub(crate) provider: Option<String>,

    /// As JSON, for scripts
    #[arg(long)]
    pub(crate) json: bool,
}

const AFTER_HELP: &str = "\
Examples:
  tokenctl login goto                      sign in with the browser
  tokenctl login goto --no-browser         the same over ssh: open the address elsewhere, paste the last one here
  tokenctl token goto                      an access token, for a script
  tokenctl header goto | curl -H @- URL    a call
  tokenctl status                          who is signed in, and until when

Configuration ($XDG_CONFIG_HOME/tokenctl/config.toml, or --config):
  [store]
  folder = \"/var/lib/tokens\"               or AUTH_LAYER_STORE
  key_file = \"/etc/tokens.key\"             or key = \"env:NAME\", AUTH_LAYER_STORE_KEY, AUTH_LAYER_STORE_KEY_FILE

  [providers.goto]
  client_id = \"...\"                        or GOTO_CLIENT_ID
  client_secret_file = \"goto.secret\"       or client_secret_env = \"NAME\", GOTO_CLIENT_SECRET, or a prompt at login
  scope = \"collab:\"
  account = \"default\"                      or GOTO_ACCOUNT

  [providers.acme]                         any other provider; its variables begin with ACME_
  issuer = \"https://acme.example\"          or authorize_url, token_url, device_url, revocation_url
  moved_from = [\"https://...\"]            token URLs that it had before, whose sign-ins are still its own
  client_auth = \"basic\"                    or body, public
  replay = \"kills-family\"                 a refresh token sent twice ends the sign-in; or reusable, grace:30s

The environment comes before the file. A secret is never an argument, and never stands in this file.

Exit codes:
  0    all went well
  1    it failed, for a reason that is none of the following
  2    wrong use
  3    a person has to sign in
  4    the configuration is wrong, or the provider does not accept the client
  5    the store cannot be read or written
  6    the network or the provider is in trouble; it may pass
  7    the sign-in was denied, took too long, or its answer is not to be trusted
  130  interrupted with Ctrl-C";

const LOGIN_HELP: &str = "\
The browser opens at the provider's page and comes back to this machine. If it is on another machine, its last page does
not load: copy that page's whole address and paste it here. Nothing is kept before the sign-in is complete.

Ctrl-C ends it at once while you are waited for. A request that may bring the tokens is waited for, and ended by Ctrl-C
pressed again.

Examples:
  tokenctl login goto --account reception
  tokenctl login acme --device --timeout 10m";

const STATUS_HELP: &str = "\
--json prints {\"version\":1,\"sign_ins\":[...]}, one object for each sign-in:
  provider, account, client_id          strings; client_id is null if it is not known
  signed_in_as, scope                   a string and an array of strings, null if the provider did not say
  state                                 \"signed_in\", \"renewing\", \"sign_in_again\", \"not_signed_in\", \"no_sign_in_needed\",
                                        \"another_token_url\" (the sign-in is from there, and is not used), \"unreadable\"
                                        (the record), or \"unknown\" (the provider is out of reach)
  reason                                a string for people, or null
  access_token_expires_at               in seconds since the Unix epoch, or null, as all that end in _at
  refresh_token_obtained_at             when the refresh token was handed out
  refresh_token_due_at                  when it ends unless it is used before, where that is known
Members may be added. No token is in it.

Exit code 5 says that a record cannot be read, 3 that a person has to sign in where the configuration says so, 4 that the
sign-in is from another token URL than the configured one, and 6 that a provider could not be asked for its metadata. What else is in the store is shown and changes nothing.";

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
