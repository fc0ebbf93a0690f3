//! A token request, parsed before the rules of a provider apply.

use std::collections::BTreeMap;

use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::request::Parts;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::outcome::Refused;
use super::paths::Variant;
use crate::switches::TokenEncoding;
use crate::token::Targets;

pub(super) struct TokenRequest<'a> {
    pub(super) variant: Variant,
    headers: &'a HeaderMap,
    body: &'a [u8],
}

/// The fields of a body. Each may occur once, except those that name the target of a token.
#[derive(Default)]
pub(super) struct Fields {
    single: BTreeMap<String, String>,
    pub(super) targets: Targets,
}

impl<'a> TokenRequest<'a> {
    pub(super) fn new(variant: Variant, head: &'a Parts, body: &'a [u8]) -> Self {
        Self { variant, headers: &head.headers, body }
    }

    pub(super) fn has_authorization(&self) -> bool {
        self.headers.contains_key(AUTHORIZATION)
    }

    /// Returns whether the content type says that the fields are in this encoding.
    pub(super) fn is_in(&self, encoding: TokenEncoding) -> bool {
        let expected = match encoding {
            TokenEncoding::Form => "application/x-www-form-urlencoded",
            TokenEncoding::Json => "application/json",
        };
        media_type(self.headers).is_some_and(|given| given.eq_ignore_ascii_case(expected))
    }

    pub(super) fn fields(&self, encoding: TokenEncoding) -> Result<Fields, Refused> {
        let mut fields = Fields::default();
        match encoding {
            TokenEncoding::Form => {
                for (name, value) in form_urlencoded::parse(self.body) {
                    fields.add(&name, &value)?;
                }
            }
            TokenEncoding::Json => {
                let members: Map<String, Value> = serde_json::from_slice(self.body)
                    .map_err(|_| Refused::malformed("the body is not a JSON object"))?;
                for (name, value) in &members {
                    let value = value
                        .as_str()
                        .ok_or_else(|| Refused::malformed(format!("{name} is not a string")))?;
                    fields.add(name, value)?;
                }
            }
        }
        Ok(fields)
    }

    /// Returns whether the Basic header is base64 of exactly `id:secret`, without form encoding.
    pub(super) fn has_raw_basic(&self, id: &str, secret: &str) -> bool {
        self.basic().as_deref() == Some(format!("{id}:{secret}").as_bytes())
    }

    fn basic(&self) -> Option<Vec<u8>> {
        let header = self.headers.get(AUTHORIZATION)?.to_str().ok()?;
        let (scheme, value) = header.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        STANDARD.decode(value.trim()).ok()
    }
}

impl Fields {
    fn add(&mut self, name: &str, value: &str) -> Result<(), Refused> {
        // RFC 8707 section 2 allows several resources. Every other parameter may occur once (RFC 6749 section 3.2).
        if self.targets.add(name, value) {
            return Ok(());
        }
        match self.single.insert(name.to_owned(), value.to_owned()) {
            None => Ok(()),
            Some(_) => Err(Refused::malformed(format!("{name} is given twice"))),
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.single.get(name).map(String::as_str)
    }

    pub(super) fn require(&self, name: &str) -> Result<&str, Refused> {
        self.get(name)
            // A parameter without a value counts as absent (RFC 6749 section 3.2).
            .filter(|value| !value.is_empty())
            .ok_or_else(|| Refused::malformed(format!("{name} is missing")))
    }
}

/// Returns the content type without its parameters.
pub(crate) fn media_type(headers: &HeaderMap) -> Option<&str> {
    let header = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    header.split(';').next().map(str::trim)
}
