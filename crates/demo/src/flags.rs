//! The command line.

use clap::{Parser, ValueEnum};

/// Shows the main use: typed clients call OAuth2-protected APIs, and the application does not handle tokens
///
/// Without options the demo starts four providers on loopback and runs the four typed clients against them. It shows
/// renewals, revoked tokens and failing token endpoints. It takes a few seconds and needs no account and no network.
#[derive(Debug, Parser)]
#[command(name = "demo", bin_name = "cargo xtask demo", version, after_help = AFTER_HELP)]
pub(crate) struct Flags {
    /// How many calls each client makes at once
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(2..=1000))]
    pub(crate) calls: u64,

    /// Calls the real service, only to read, with credentials from the environment
    #[arg(long, value_name = "PROVIDER", conflicts_with = "calls")]
    pub(crate) live: Option<LiveProvider>,
}

/// A provider whose real service can be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LiveProvider {
    /// Lists the locations of this application
    Gotab,
    /// Asks to whom the token belongs
    Goto,
    /// Fetches a token and makes no call
    GbgGo,
    /// Lists the rooms and some reservations of one restaurant
    Octotable,
}

const AFTER_HELP: &str = "\
Variables that --live reads:
  gotab      GOTAB_ACCESS_ID, GOTAB_ACCESS_SECRET
  goto       GOTO_CLIENT_ID, GOTO_CLIENT_SECRET, GOTO_REFRESH_TOKEN (or run `tokenctl login goto` first)
  gbg-go     GBG_GO_CLIENT_ID, GBG_GO_CLIENT_SECRET
  octotable  OCTOTABLE_CLIENT_ID, OCTOTABLE_CLIENT_SECRET, OCTOTABLE_PROPERTY_ID
For a sandbox, each also reads a token URL and base URLs, such as GOTAB_TOKEN_URL and GOTAB_BASE_URL.
GoTo may replace the refresh token by a new one. The demo does not store the new one.
The demo prints counts, never tokens, secrets or personal data.

Exit codes: 0 all went well, 1 a call was lost or a count was wrong, 2 wrong use or configuration.";

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::{Flags, LiveProvider};

    #[test]
    fn the_grammar_is_consistent() {
        Flags::command().debug_assert();
    }

    #[test]
    fn the_default_is_a_hundred_calls() {
        assert_eq!(Flags::parse_from(["demo"]).calls, 100);
        assert_eq!(Flags::parse_from(["demo", "--calls", "7"]).calls, 7);
        assert_eq!(Flags::parse_from(["demo", "--live", "gbg-go"]).live, Some(LiveProvider::GbgGo));
    }

    #[test]
    fn contradictory_options_are_refused() {
        for wrong in [&["demo", "--calls", "1"][..], &["demo", "--calls", "9", "--live", "goto"]] {
            let refused = Flags::try_parse_from(wrong).unwrap_err();
            assert_eq!(refused.exit_code(), i32::from(crate::outcome::Outcome::MISUSED));
        }
    }
}
