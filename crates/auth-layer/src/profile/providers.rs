//! The providers this project knows, as values.

use std::borrow::Cow;
use std::num::NonZeroU32;
use std::time::Duration;

use http::{StatusCode, Uri};

use super::answer::AnswerNames;
use super::origin::Origin;
use super::rate_limit::RateLimit;
use super::recipe::{Profile, ReplayRule};
use super::rejection::BodySign;
use super::request::{ClientAuth, Encoding};
use crate::config_error::ConfigError;
use crate::token::Scope;

impl Profile {
    /// The names [`Profile::named`] knows.
    pub const NAMES: [&'static str; 4] = ["gotab", "goto", "gbg-go", "octotable"];

    /// The profile of a provider by its name, one of [`Profile::NAMES`].
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

    /// GoTab: a JSON body with names of its own; the answer in the current and in the older shape.
    ///
    /// Tokens live for 24 hours; the refresh token of the older shape is ignored. 403 means that the
    /// location has not authorised the application: it is never a reason to renew. Its GraphQL operation may answer
    /// a rejected token with 200, no `data`, and an error whose `extensions.code` is `UNAUTHENTICATED`. Source:
    /// <https://docs.gotab.io/getting-started/authentication/>; of errors:
    /// <https://docs.gotab.io/concepts/error-handling/>; of its sign-in page:
    /// <https://docs.gotab.io/docs/authorization-code-grant-flow>.
    pub fn gotab() -> Self {
        provider("gotab", "https://gotab.io/oauth/token", &["https://gotab.io"])
            .with_encoding(Encoding::Json)
            .with_client_auth(ClientAuth::body_named("api_access_id", "api_access_secret"))
            .with_names(
                AnswerNames::new()
                    .with_access_token(&["access_token", "token"])
                    .with_token_type(&["token_type", "tokenType"])
                    .with_expires_in(&["expires_in", "expiresIn"])
                    .with_expires_at(&["expires"])
                    .with_refresh_token(&["refresh_token", "refreshToken"]),
            )
            .with_default_token_type("Bearer")
            .with_default_lifetime(DAY)
            .signing_in_at("https://gotab.io/manager/oauth")
            .with_authorize_names("api_access_id", "redirect_url")
            .with_rejection(sign(
                BodySign::new("/errors/*/extensions/code", ["UNAUTHENTICATED"])
                    .and_then(|sign| sign.with_statuses([StatusCode::OK]))
                    .and_then(|sign| sign.with_operations(["graphql"]))
                    .and_then(|sign| sign.while_absent("/data")),
            ))
            .with_rate_limit(limit("rest", 100, MINUTE))
            .with_rate_limit(limit("graphql", 4, SECOND))
    }

    /// GoTo: a refresh token that stays the same until about day 30, a Basic header of the raw id and
    /// secret, answers without a token type.
    ///
    /// `api.getgo.com` answers a rejected token with 403 and `int_err_code: InvalidToken`, other hosts
    /// with 401. Its metadata names a token URL at `identity.goto.com`, its guides the one at
    /// `authentication.logmeininc.com`; a sign-in at one of them is used at the other
    /// ([`moved_from`](Self::moved_from)). Sources: <https://identity.goto.com/.well-known/openid-configuration>,
    /// <https://developer.goto.com/guides/Authentication/05_HOW_refreshToken>; of its sign-in page:
    /// <https://developer.goto.com/guides/Authentication/03_HOW_accessToken>.
    pub fn goto() -> Self {
        let api = ["https://api.getgo.com", "https://api.goto.com"];
        provider("goto", GOTO_TOKEN_URLS[0], &api)
            .published_at(&GOTO_TOKEN_URLS)
            .with_client_auth(ClientAuth::BasicRaw)
            .with_default_token_type("Bearer")
            .with_default_lifetime(HOUR)
            .with_replay_rule(ReplayRule::Reusable)
            .with_rejection(sign(
                BodySign::new("/int_err_code", ["InvalidToken"])
                    .and_then(|sign| sign.with_statuses([StatusCode::FORBIDDEN])),
            ))
            .with_names(AnswerNames::new().with_account(&["principal"]))
            .signing_in_at("https://authentication.logmeininc.com/oauth/authorize")
            .revoking_at("https://authentication.logmeininc.com/oauth/revoke")
            .issued_by("https://identity.goto.com")
            .with_refresh_token_lifetime(DAY * 30)
            .with_rate_limit(limit("api", 10, SECOND))
    }

    /// GBG GO: id, secret and `scope=gbg.token` in a form body; one token host for all, an API host for
    /// each region.
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
            .with_default_lifetime(TEN_MINUTES)
    }

    /// Octotable: `type` in place of `token_type`, a JSON body that turns into a form on 415, a lifetime
    /// of 1440 whose unit is not stated and is taken as seconds.
    ///
    /// Source: <https://octotable-1.gitbook.io/octotable-api/authentication/quickstart>. Another edition
    /// of that page is [`Profile::octotable_form`].
    pub fn octotable() -> Self {
        let token_url = "https://api.octorate.com/octotable-pms/api/v2/oauth2/token";
        octotable(token_url).with_encoding(Encoding::Json)
    }

    /// Octotable as its newer pages have it: the `api.octotable.com` host and a form body.
    pub fn octotable_form() -> Self {
        octotable("https://api.octotable.com/octotable-auth/api/v2/oauth2/token")
    }
}

fn octotable(token_url: &'static str) -> Profile {
    provider("octotable", token_url, &["https://api.octorate.com", "https://api.octotable.com"])
        .with_either_encoding()
        .with_client_auth(ClientAuth::body())
        .with_names(AnswerNames::new().with_token_type(&["type", "token_type"]))
        .with_default_token_type("Bearer")
        .with_default_lifetime(TEN_MINUTES)
}

fn provider(name: &'static str, token_url: &'static str, apis: &[&'static str]) -> Profile {
    let origins =
        apis.iter().map(|api| Origin::of(&Uri::from_static(api)).expect("known origins are https")).collect();
    Profile::at(Cow::Borrowed(name), Uri::from_static(token_url)).with_origins(origins)
}

/// A sign that is known to be good: the tests make all profiles.
fn sign(sign: Result<BodySign, ConfigError>) -> BodySign {
    sign.expect("a known sign can match")
}

fn limit(class: &'static str, requests: u32, period: Duration) -> RateLimit {
    RateLimit::new(class, NonZeroU32::new(requests).unwrap_or(NonZeroU32::MIN), period)
}

/// The one that the guides name comes first.
const GOTO_TOKEN_URLS: [&str; 2] =
    ["https://authentication.logmeininc.com/oauth/token", "https://identity.goto.com/oauth/token"];

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const TEN_MINUTES: Duration = Duration::from_secs(600);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);
