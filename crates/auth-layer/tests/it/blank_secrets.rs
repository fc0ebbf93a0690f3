//! Ids and secrets without a visible character. They were never filled in, and are refused before anything is sent.

use auth_layer::grant::TokenExchange;
use auth_layer::token::TokenTypeId;
use auth_layer::{
    ConfigError, Credential, Exchange, Grant, RefreshToken, Secret, SecretSource, SignIn, Transport,
};

use crate::departing::raw_basic;
use crate::support::{FakeTokenEndpoint, example};

/// Texts without a visible character: white space of ASCII and of Unicode, control characters, characters of zero
/// width.
const BLANKS: [&str; 6] = [" ", "\t \r\n", "\u{a0}", "\u{2003}\u{3000}\n", "\0", "\u{feff}\u{200b}"];

fn transport() -> Transport {
    FakeTokenEndpoint::issuing(3600).transport()
}

fn build(credential: Credential, grant: Grant) -> Result<Exchange, ConfigError> {
    Exchange::builder(example(), credential, grant).transport(transport()).build()
}

/// Checks that an error names the value, the problem and the remedy.
#[track_caller]
fn names<T>(built: Result<T, ConfigError>, what: &str, problem: &str) {
    let error = built.map(drop).unwrap_err();
    assert_eq!(error.to_string(), format!("{what}: {problem}; set it to the real value"));
}

/// Checks every place at which the value can be given.
fn refused(value: &str, problem: &str) {
    let good = || Credential::new("client", "secret");
    names(build(Credential::new(value, "secret"), Grant::ClientCredentials), "client id", problem);
    names(build(Credential::new("client", value), Grant::ClientCredentials), "client secret", problem);
    names(build(good(), Grant::refresh_token(RefreshToken::new(value))), "refresh token", problem);
    names(build(good(), Grant::JwtBearer(SecretSource::new(value))), "assertion", problem);
    let pat = Grant::custom("personal_access_token", [("pat", value)]);
    names(build(good(), pat), "grant's parameter \"pat\"", problem);
    let subject = TokenExchange::new(value, TokenTypeId::JWT);
    names(build(good(), subject.into()), "subject token", problem);
    let actor = TokenExchange::new("subject", TokenTypeId::JWT).with_actor(value, TokenTypeId::JWT);
    names(build(good(), actor.into()), "actor token", problem);
    let sign_in = |credential| SignIn::builder(raw_basic(), credential).transport(transport()).build();
    names(sign_in(Credential::new(value, "secret")), "client id", problem);
    names(sign_in(Credential::new("client", value)), "client secret", problem);
}

#[test]
fn a_secret_of_blanks_is_refused_wherever_it_comes_in() {
    refused("", "is empty");
    for blank in BLANKS {
        refused(blank, "has no visible character");
    }
}

#[test]
fn a_secret_with_blanks_round_it_is_sent_as_it_is() {
    for secret in [" secret ", "pass phrase", "\u{200b}x", "."] {
        assert!(!Secret::new(secret).is_blank(), "{secret:?}");
        build(Credential::new("client", secret), Grant::ClientCredentials).unwrap();
    }
}
