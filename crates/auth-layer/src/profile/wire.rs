//! `Wire`: the keys of a profile, as they are written.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use super::answer::{ExpiryFormat, LifetimeUnit};
use super::request::Encoding;
use super::words::{ClientAuthWord, OneOrMany, Replay, Separators, Span};

/// The keys of a profile. A key with its default value is left out.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Wire {
    pub(super) name: String,
    pub(super) token_url: String,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) refresh_url: Option<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) published_token_urls: Vec<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) moved_from: Vec<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) encoding: Option<Encoding>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) either_encoding: bool,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) client_auth: Option<ClientAuthWord>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) headers: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) parameters: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) grant_type: Option<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) parameters_for: BTreeMap<String, BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) scope: Option<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) scope_separator: Option<Separators>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) answer: Answer,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) form_answers: bool,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) default_token_type: Option<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) accepted_token_types: Vec<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) default_lifetime: Option<Span>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) lifetime_unit: LifetimeUnit,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) expiry_format: ExpiryFormat,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) keep: Option<OneOrMany>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) refusals: Vec<Sign>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) dead_grant_codes: Vec<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) replay: Option<Replay>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) refresh_token_lifetime: Option<Span>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) keep_access_token: bool,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) authorize_url: Option<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) authorize_names: AuthorizeNames,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) authorize_parameters: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) pkce: Option<bool>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) keep_callback: Vec<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) issuer: Option<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) issuer_in_callback: bool,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) device_url: Option<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) device: Device,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) revocation_url: Option<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) revocation_encoding: Option<Encoding>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) origins: Vec<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) origin_from: Option<Named>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) api_header: Option<Header>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) rejections: Vec<Sign>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) bearer_challenges_only: bool,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) rate_limits: Vec<Limit>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) rate_limit_headers: Vec<LimitHeaders>,
}

#[derive(Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub(super) struct Answer {
    #[serde(skip_serializing_if = "is_default")]
    pub(super) access_token: Option<OneOrMany>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) token_type: Option<OneOrMany>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) expires_in: Option<OneOrMany>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) expires_at: Option<OneOrMany>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) refresh_token: Option<OneOrMany>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) refresh_token_expires_in: Option<OneOrMany>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) scope: Option<OneOrMany>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) account: Option<OneOrMany>,
}

#[derive(Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub(super) struct Device {
    #[serde(skip_serializing_if = "is_default")]
    pub(super) device_code: Option<OneOrMany>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) user_code: Option<OneOrMany>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) verification_uri: Option<OneOrMany>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) verification_uri_complete: Option<OneOrMany>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) expires_in: Option<OneOrMany>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) interval: Option<OneOrMany>,
}

#[derive(Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub(super) struct AuthorizeNames {
    #[serde(skip_serializing_if = "is_default")]
    pub(super) client_id: Option<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) redirect_uri: Option<String>,
}

#[derive(Deserialize, PartialEq, Serialize)]
pub(super) struct Sign {
    pub(super) at: String,
    pub(super) values: Vec<String>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) statuses: Option<Vec<u16>>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) operations: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) absent: Option<String>,
}

#[derive(Deserialize, PartialEq, Serialize)]
pub(super) struct Named {
    pub(super) member: String,
    pub(super) below: Vec<String>,
}

#[derive(Deserialize, PartialEq, Serialize)]
pub(super) struct Header {
    #[serde(default = "authorization")]
    pub(super) name: String,
    pub(super) prefix: Option<String>,
}

#[derive(Deserialize, PartialEq, Serialize)]
pub(super) struct Limit {
    pub(super) class: String,
    pub(super) requests: NonZeroU32,
    pub(super) period: Span,
}

#[derive(Deserialize, PartialEq, Serialize)]
pub(super) struct LimitHeaders {
    pub(super) remaining: String,
    pub(super) reset: String,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn authorization() -> String {
    "Authorization".to_owned()
}
