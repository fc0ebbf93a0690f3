//! Makes a profile of the keys that were read.

use std::collections::BTreeMap;

use http::StatusCode;

use super::answer::{AnswerNames, Names};
use super::device::DeviceNames;
use super::facts::Parameters;
use super::profile::Profile;
use super::rate_limit::RateLimit;
use super::rejection::BodySign;
use super::request::ClientAuth;
use super::wire::{Answer, Device, Header, Named, Sign, Wire};
use super::words::OneOrMany;
use crate::error::ConfigError;
use crate::token::Scope;

impl Wire {
    /// Makes the profile. Everything is checked by the methods that a program calls. The text of an error begins with
    /// the key.
    pub(super) fn profile(self) -> Result<Profile, String> {
        let mut profile = Profile::new(self.name, &self.token_url).map_err(at("token_url"))?;
        let urls: [(&str, Option<String>, With); 5] = [
            ("refresh_url", self.refresh_url, Profile::with_refresh_url),
            ("authorize_url", self.authorize_url, Profile::with_authorize_url),
            ("device_url", self.device_url, Profile::with_device_url),
            ("revocation_url", self.revocation_url, Profile::with_revocation_url),
            ("issuer", self.issuer, Profile::with_issuer),
        ];
        for (key, url, with) in urls {
            if let Some(url) = url {
                profile = with(profile, &url).map_err(at(key))?;
            }
        }
        let lists: [(&str, Vec<String>, With); 3] = [
            ("moved_from", self.moved_from, Profile::with_moved_from),
            ("published_token_urls", self.published_token_urls, Profile::with_published_token_url),
            ("origins", self.origins, Profile::with_origin),
        ];
        for (key, urls, with) in lists {
            for (index, url) in urls.iter().enumerate() {
                profile = with(profile, url).map_err(at(&format!("{key}[{index}]")))?;
            }
        }
        for (name, value) in &self.headers {
            profile = profile.with_header(name, value).map_err(at(&format!("headers.{name}")))?;
        }
        if let Some(scope) = self.scope {
            let scope: Scope = scope.parse().map_err(at("scope"))?;
            profile = profile.with_scope(scope);
        }
        for (key, signs, is_refusal) in
            [("refusals", self.refusals, true), ("rejections", self.rejections, false)]
        {
            for (index, sign) in signs.into_iter().enumerate() {
                let at = at(&format!("{key}[{index}]"));
                profile = match (sign.sign(), is_refusal) {
                    (Ok(sign), true) => profile.with_refusal(sign).map_err(at)?,
                    (Ok(sign), false) => profile.with_rejection(sign),
                    (Err(error), _) => return Err(at(error)),
                };
            }
        }
        if let Some(Named { member, below }) = self.origin_from {
            profile = profile.with_origin_from(member, below).map_err(at("origin_from"))?;
        }
        if let Some(Header { name, prefix }) = self.api_header {
            // The scheme is part of the default header only.
            let usual = if name.eq_ignore_ascii_case("authorization") { "Bearer " } else { "" };
            let prefix = prefix.unwrap_or_else(|| usual.to_owned());
            profile = profile.with_api_header(&name, prefix).map_err(at("api_header"))?;
        }
        for (index, names) in self.rate_limit_headers.iter().enumerate() {
            let at = at(&format!("rate_limit_headers[{index}]"));
            profile = profile.with_rate_limit_headers(&names.remaining, &names.reset).map_err(at)?;
        }
        for limit in self.rate_limits {
            profile = profile.with_rate_limit(RateLimit::new(limit.class, limit.requests, limit.period.0));
        }
        profile.parameters =
            self.parameters.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        let facts = profile.facts_mut();
        facts.encoding = self.encoding.unwrap_or(facts.encoding);
        facts.encoding_may_differ = self.either_encoding;
        facts.client_auth = self.client_auth.map_or(ClientAuth::Basic, ClientAuth::from);
        facts.grant_type = self.grant_type.map(Into::into);
        facts.parameters_for = self
            .parameters_for
            .into_iter()
            .map(|(grant_type, parameters)| (grant_type.into(), pairs(parameters)))
            .collect();
        if let Some(separators) = self.scope_separator {
            (facts.request_scope_separator, facts.answer_scope_separator) = separators.both();
        }
        facts.names = self.answer.names();
        facts.form_answers = self.form_answers;
        facts.default_token_type = self.default_token_type.map(Into::into);
        facts.accepted_token_types = self.accepted_token_types.into_iter().map(Into::into).collect();
        facts.default_lifetime = self.default_lifetime.map(|span| span.0);
        facts.lifetime_unit = self.lifetime_unit;
        facts.expiry_format = self.expiry_format;
        facts.keep = self.keep.map(Names::from).unwrap_or_default();
        facts.dead_grant_codes = self.dead_grant_codes.into_iter().map(Into::into).collect();
        facts.replay = self.replay.map_or(facts.replay, |replay| replay.0);
        facts.other_schemes_reject = !self.bearer_challenges_only;
        let people = &mut facts.people;
        people.refresh_token_lifetime = self.refresh_token_lifetime.map(|span| span.0);
        people.keep_access_token = self.keep_access_token;
        if let Some(name) = self.authorize_names.client_id {
            people.client_id_name = name.into();
        }
        if let Some(name) = self.authorize_names.redirect_uri {
            people.redirect_uri_name = name.into();
        }
        people.authorize_parameters = pairs(self.authorize_parameters);
        people.pkce = self.pkce.unwrap_or(true);
        people.keep_callback = self.keep_callback.into_iter().map(Into::into).collect();
        people.issuer_in_callback = self.issuer_in_callback;
        people.device_names = self.device.names();
        people.revocation_encoding = self.revocation_encoding;
        profile.check_names().map_err(|error| error.to_string())?;
        Ok(profile)
    }
}

impl Answer {
    fn names(self) -> AnswerNames {
        let usual = AnswerNames::new();
        AnswerNames {
            access_token: names_or(self.access_token, usual.access_token),
            token_type: names_or(self.token_type, usual.token_type),
            expires_in: names_or(self.expires_in, usual.expires_in),
            expires_at: names_or(self.expires_at, usual.expires_at),
            refresh_token: names_or(self.refresh_token, usual.refresh_token),
            refresh_token_expires_in: names_or(self.refresh_token_expires_in, usual.refresh_token_expires_in),
            scope: names_or(self.scope, usual.scope),
            account: names_or(self.account, usual.account),
        }
    }
}

impl Device {
    fn names(self) -> DeviceNames {
        let usual = DeviceNames::new();
        DeviceNames {
            device_code: names_or(self.device_code, usual.device_code),
            user_code: names_or(self.user_code, usual.user_code),
            verification_uri: names_or(self.verification_uri, usual.verification_uri),
            verification_uri_complete: names_or(
                self.verification_uri_complete,
                usual.verification_uri_complete,
            ),
            expires_in: names_or(self.expires_in, usual.expires_in),
            interval: names_or(self.interval, usual.interval),
        }
    }
}

impl Sign {
    fn sign(self) -> Result<BodySign, ConfigError> {
        let mut sign = BodySign::new(&self.at, self.values)?;
        // An empty list is an error of these methods. It does not mean any status or operation.
        if let Some(statuses) = self.statuses {
            let status = |status: &u16| {
                StatusCode::from_u16(*status)
                    .map_err(|_| ConfigError::new("statuses", "must be statuses from 100 to 999"))
            };
            sign = sign.with_statuses(statuses.iter().map(status).collect::<Result<Vec<_>, _>>()?)?;
        }
        if let Some(operations) = self.operations {
            sign = sign.with_operations(operations)?;
        }
        match self.absent {
            Some(absent) => sign.while_absent(&absent),
            None => Ok(sign),
        }
    }
}

type With = fn(Profile, &str) -> Result<Profile, ConfigError>;

/// Returns a function that puts the key in front of an error.
fn at(key: &str) -> impl Fn(ConfigError) -> String + use<> {
    let key = key.escape_debug().to_string();
    move |error| format!("{key}: {error}")
}

fn names_or(names: Option<OneOrMany>, usual: Names) -> Names {
    names.map_or(usual, Names::from)
}

fn pairs(parameters: BTreeMap<String, String>) -> Parameters {
    parameters.into_iter().map(|(name, value)| (name.into(), value.into())).collect()
}
