//! The profiles of the built-in providers.

use std::borrow::Cow;
use std::num::NonZeroU32;
use std::time::Duration;

use http::{StatusCode, Uri};

use super::answer::AnswerNames;
use super::origin::Origin;
use super::profile::Profile;
use super::rate_limit::RateLimit;
use super::rejection::BodySign;
use super::replay_rule::ReplayRule;
use super::request::{ClientAuth, Encoding};
use crate::error::ConfigError;
use crate::token::Scope;

impl Profile {
    /// The names that [`Profile::named`] knows.
    pub const NAMES: [&'static str; 4] = ["gotab", "goto", "gbg-go", "octotable"];

    /// Returns the profile of the provider with this name, one of [`Profile::NAMES`].
    ///
    /// ```
    /// use auth_layer::Profile;
    ///
    /// assert!(Profile::named("goto").is_some());
    /// assert!(Profile::named("nobody").is_none());
    /// ```
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "gotab" => Some(Self::gotab()),
            "goto" => Some(Self::goto()),
            "gbg-go" => Some(Self::gbg_go()),
            "octotable" => Some(Self::octotable()),
            _ => None,
        }
    }

    /// Returns the profile of GoTab.
    ///
    /// - Token requests have a JSON body with GoTab's own names. The answer has the current or the older shape.
    /// - Tokens live for 24 hours. The refresh token of the older shape is ignored.
    /// - Status 403 means that the location has not authorised the application. It is never a reason to renew.
    /// - The GraphQL operation may answer a rejected token with 200, no `data`, and an error whose `extensions.code` is
    ///   `UNAUTHENTICATED`.
    ///
    /// Sources: <https://docs.gotab.io/getting-started/authentication/>, for errors
    /// <https://docs.gotab.io/concepts/error-handling/>, for the sign-in page
    /// <https://docs.gotab.io/docs/authorization-code-grant-flow>.
    pub fn gotab() -> Self {
        provider("gotab", "https://gotab.io/oauth/token", &["https://gotab.io"])
            .with_encoding(Encoding::Json)
            .with_client_auth(ClientAuth::body_named("api_access_id", "api_access_secret"))
            // The name of the current shape comes first, then that of the older one.
            .with_names(
                AnswerNames::new()
                    .with_access_token(["access_token", "token"])
                    .with_token_type(["token_type", "tokenType"])
                    .with_expires_in(["expires_in", "expiresIn"])
                    .with_expires_at(["expires"])
                    .with_refresh_token(["refresh_token", "refreshToken"]),
            )
            .with_default_token_type("Bearer")
            .with_default_lifetime(DAY)
            .signing_in_at("https://gotab.io/manager/oauth")
            .with_authorize_names("api_access_id", "redirect_url")
            // An answer with `data` was executed, so that its errors do not mean a rejected token. Bound to the GraphQL
            // operation, the sign makes the layer read no other response.
            .with_rejection(sign(
                BodySign::new("/errors/*/extensions/code", ["UNAUTHENTICATED"])
                    .and_then(|sign| sign.with_statuses([StatusCode::OK]))
                    .and_then(|sign| sign.with_operations(["graphql"]))
                    .and_then(|sign| sign.while_absent("/data")),
            ))
            .with_rate_limit(limit("rest", 100, MINUTE))
            .with_rate_limit(limit("graphql", 4, SECOND))
    }

    /// Returns the profile of GoTo.
    ///
    /// - A refresh token stays the same until about day 30.
    /// - The client authenticates with a Basic header of the raw id and secret.
    /// - Answers have no token type.
    /// - `api.getgo.com` answers a rejected token with 403 and `int_err_code: InvalidToken`. Other hosts answer with
    ///   401.
    /// - GoTo's metadata names a token URL at `identity.goto.com`, and its guides name one at
    ///   `authentication.logmeininc.com`. A sign-in at one of them is used at the other
    ///   ([`moved_from`](Self::moved_from)).
    ///
    /// Sources: <https://identity.goto.com/.well-known/openid-configuration>,
    /// <https://developer.goto.com/guides/Authentication/05_HOW_refreshToken>, for the sign-in page
    /// <https://developer.goto.com/guides/Authentication/03_HOW_accessToken>.
    pub fn goto() -> Self {
        let api = ["https://api.getgo.com", "https://api.goto.com"];
        provider("goto", GOTO_TOKEN_URLS[0], &api)
            .published_at(&GOTO_TOKEN_URLS)
            .with_client_auth(ClientAuth::BasicRaw)
            .with_default_token_type("Bearer")
            .with_default_lifetime(HOUR)
            .with_replay_rule(ReplayRule::Reusable)
            // Other answers with 403 mean a missing permission, which a new token does not change.
            .with_rejection(sign(
                BodySign::new("/int_err_code", ["InvalidToken"])
                    .and_then(|sign| sign.with_statuses([StatusCode::FORBIDDEN])),
            ))
            .with_names(AnswerNames::new().with_account(["principal"]))
            .signing_in_at("https://authentication.logmeininc.com/oauth/authorize")
            .revoking_at("https://authentication.logmeininc.com/oauth/revoke")
            .issued_by("https://identity.goto.com")
            .with_refresh_token_lifetime(DAY * 30)
            .with_rate_limit(limit("api", 10, SECOND))
    }

    /// Returns the profile of GBG GO.
    ///
    /// - Token requests have the id, the secret and `scope=gbg.token` in a form body.
    /// - All regions share one token host. Each region has its own API host.
    ///
    /// Source: <https://docs.go.gbgplc.com/docs/go-v2/developer-integration/execute-customer-journeys/authenticate>.
    pub fn gbg_go() -> Self {
        let regions = [
            "https://eu.platform.go.gbgplc.com",
            "https://us.platform.go.gbgplc.com",
            "https://au.platform.go.gbgplc.com",
        ];
        provider("gbg-go", "https://api.auth.gbgplc.com/as/token.oauth2", &regions)
            .with_client_auth(ClientAuth::body())
            .with_scope(Scope::granted("gbg.token"))
            // Short: a renewal that comes too early costs one request, and one that comes too late a rejected call.
            .with_default_lifetime(TEN_MINUTES)
    }

    /// Returns the profile of Octotable.
    ///
    /// - Answers have `type` in place of `token_type`.
    /// - Token requests have a JSON body. After a 415 they have a form body.
    /// - The lifetime is 1440 without a unit. It is read as seconds.
    ///
    /// Source: <https://octotable-1.gitbook.io/octotable-api/authentication/quickstart>. A newer edition of that page
    /// is described by [`Profile::octotable_form`].
    pub fn octotable() -> Self {
        let token_url = "https://api.octorate.com/octotable-pms/api/v2/oauth2/token";
        octotable(token_url).with_encoding(Encoding::Json)
    }

    /// Returns the profile of Octotable according to its newer pages: host `api.octotable.com` and a form body.
    pub fn octotable_form() -> Self {
        octotable("https://api.octotable.com/octotable-auth/api/v2/oauth2/token")
    }
}

/// Returns the facts that both editions of Octotable's pages share.
fn octotable(token_url: &'static str) -> Profile {
    provider("octotable", token_url, &["https://api.octorate.com", "https://api.octotable.com"])
        // The editions of the pages disagree on the encoding, so that the server's answer decides.
        .with_either_encoding()
        .with_client_auth(ClientAuth::body())
        .with_names(AnswerNames::new().with_token_type(["type", "token_type"]))
        .with_default_token_type("Bearer")
        // Short, for the same reason as at GBG GO.
        .with_default_lifetime(TEN_MINUTES)
}

/// Makes a profile from URLs that are known to be valid.
fn provider(name: &'static str, token_url: &'static str, apis: &[&'static str]) -> Profile {
    let origins =
        apis.iter().map(|api| Origin::of(&Uri::from_static(api)).expect("known origins are https")).collect();
    Profile::at(Cow::Borrowed(name), Uri::from_static(token_url)).with_origins(origins)
}

/// Returns a sign that is known to be valid: the tests make all built-in profiles.
fn sign(sign: Result<BodySign, ConfigError>) -> BodySign {
    sign.expect("a known sign can match")
}

/// Makes a rate limit.
fn limit(class: &'static str, requests: u32, period: Duration) -> RateLimit {
    RateLimit::new(class, NonZeroU32::new(requests).unwrap_or(NonZeroU32::MIN), period)
}

/// GoTo's token URLs. The URL of the guides comes first and is the default.
const GOTO_TOKEN_URLS: [&str; 2] =
    ["https://authentication.logmeininc.com/oauth/token", "https://identity.goto.com/oauth/token"];

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const TEN_MINUTES: Duration = Duration::from_secs(600);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);
