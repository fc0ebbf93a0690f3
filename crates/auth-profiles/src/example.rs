//! `Example`: a documented answer of a provider, and what must come of it.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A documented answer of a provider, and what must come of it. The tests of this crate send every example of every
/// file through the code that services use.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Example {
    /// A sentence about the example.
    pub about: String,
    /// The page on which the provider documents it.
    pub source: Option<String>,
    /// The variant that it is about. `None` means the profile itself.
    pub variant: Option<String>,
    /// The `grant_type` of the request.
    pub grant_type: Option<String>,
    /// The status of the answer.
    #[serde(default = "ok")]
    pub status: u16,
    /// The media type of the answer.
    #[serde(default = "json")]
    pub content_type: String,
    /// The body of the answer.
    #[serde(default)]
    pub body: String,
    /// The parts that the request must have.
    pub request: Option<SentRequest>,
    /// The parts that the URL of the sign-in page must have.
    pub authorize: Option<Authorize>,
    /// The parameters of the callback, beside `code` and `state`.
    #[serde(default)]
    pub callback: BTreeMap<String, String>,
    /// An answer of the API, which may reject the token.
    pub api: Option<ApiAnswer>,
    /// The token that must come of the answer.
    token: Option<Token>,
    /// The error that must come of the answer.
    error: Option<Refusal>,
    /// True if an answer of the API must reject the token.
    rejected: Option<bool>,
}

/// The result that an example must have.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Expected<'a> {
    /// A token.
    Token(&'a Token),
    /// An error.
    Refusal(&'a Refusal),
    /// An answer of the API that rejects the token, or does not.
    Rejected(bool),
    /// Only the URL of the sign-in page is compared.
    Authorize,
}

/// The parts that a request must have.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct SentRequest {
    /// The method.
    pub method: Option<String>,
    /// The whole URL.
    pub url: Option<String>,
    /// Headers, by their names in lower case.
    pub headers: BTreeMap<String, String>,
    /// Parameters of the body.
    pub parameters: BTreeMap<String, String>,
    /// Parameters that the body must not have.
    pub without: Vec<String>,
}

/// The parts that the URL of the sign-in page must have.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Authorize {
    /// The scope that is asked for.
    pub scope: Option<String>,
    /// Parameters of the query.
    pub parameters: BTreeMap<String, String>,
    /// Parameters that the query must not have.
    pub without: Vec<String>,
}

/// An answer of the API.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ApiAnswer {
    /// The status.
    pub status: u16,
    /// The headers, by their names in lower case.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The body.
    #[serde(default)]
    pub body: String,
    /// The operation that was called, if the sign is limited to operations.
    pub operation: Option<String>,
}

/// The facts about a token. A part that the example leaves out is not compared.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Token {
    /// The access token.
    pub access_token: Option<String>,
    /// The lifetime of the access token, such as `1h`.
    pub lifetime: Option<String>,
    /// The refresh token that is used from then on.
    pub refresh_token: Option<String>,
    /// The lifetime of the refresh token.
    pub refresh_token_lifetime: Option<String>,
    /// The granted scope, separated by spaces.
    pub scope: Option<String>,
    /// The account that the token belongs to.
    pub account: Option<String>,
    /// The members that are kept beside the token.
    pub kept: BTreeMap<String, String>,
    /// The origin of the API that the answer names.
    pub origin: Option<String>,
}

/// The facts about an error.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Refusal {
    /// The kind: an `ErrorKind` in lower case, with hyphens.
    pub kind: String,
    /// The code of the server.
    pub code: Option<String>,
    /// True if the failure may pass.
    pub transient: Option<bool>,
}

impl Example {
    /// Returns what must come of the example. `None` if the file states nothing, or more than one thing.
    pub fn expected(&self) -> Option<Expected<'_>> {
        match (&self.token, &self.error, self.rejected) {
            (Some(token), None, None) => Some(Expected::Token(token)),
            (None, Some(error), None) => Some(Expected::Refusal(error)),
            (None, None, Some(rejected)) => self.api.as_ref().map(|_| Expected::Rejected(rejected)),
            (None, None, None) => self.authorize.as_ref().map(|_| Expected::Authorize),
            _ => None,
        }
    }
}

const fn ok() -> u16 {
    200
}

fn json() -> String {
    "application/json".to_owned()
}
