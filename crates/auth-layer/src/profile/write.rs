//! Writes the keys of a profile.

use std::collections::BTreeMap;

use http::{HeaderName, HeaderValue, Uri};

use super::answer::AnswerNames;
use super::device::DeviceNames;
use super::facts::Parameters;
use super::origin::Origin;
use super::profile::Profile;
use super::rejection::BodySign;
use super::token_url::TokenUrl;
use super::wire::{Answer, AuthorizeNames, Device, Header, Limit, LimitHeaders, Named, Sign, Wire};
use super::words::{ClientAuthWord, OneOrMany, Replay, Separators, Span};

impl Wire {
    /// Returns the keys of a profile.
    pub(super) fn of(profile: &Profile) -> Self {
        let (facts, people) = (profile.facts(), &profile.facts().people);
        let usual = Profile::at(String::new().into(), Uri::from_static("https://localhost"));
        let (usual, usual_people) = (usual.facts(), &usual.facts().people);
        let url = |url: &Option<Uri>| url.as_ref().map(ToString::to_string);
        let urls = |urls: &[TokenUrl]| urls.iter().map(|url| url.uri().to_string()).collect();
        let separators = (facts.request_scope_separator, facts.answer_scope_separator);
        Self {
            name: profile.name().to_owned(),
            token_url: profile.token_url().to_string(),
            refresh_url: url(&facts.refresh_url),
            published_token_urls: urls(&facts.published),
            moved_from: urls(&facts.moved_from),
            encoding: (facts.encoding != usual.encoding).then_some(facts.encoding),
            either_encoding: facts.encoding_may_differ,
            client_auth: (facts.client_auth != usual.client_auth)
                .then(|| ClientAuthWord::from(&facts.client_auth)),
            headers: facts.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
            parameters: map(&profile.parameters),
            grant_type: facts.grant_type.as_ref().map(ToString::to_string),
            parameters_for: facts
                .parameters_for
                .iter()
                .map(|(grant_type, parameters)| (grant_type.to_string(), map(parameters)))
                .collect(),
            scope: profile.scope.as_ref().map(ToString::to_string),
            scope_separator: Separators::of(separators),
            answer: Answer::of(&facts.names, &usual.names),
            form_answers: facts.form_answers,
            default_token_type: facts.default_token_type.as_ref().map(ToString::to_string),
            accepted_token_types: facts.accepted_token_types.iter().map(ToString::to_string).collect(),
            default_lifetime: facts.default_lifetime.map(Span),
            lifetime_unit: facts.lifetime_unit,
            expiry_format: facts.expiry_format,
            keep: OneOrMany::unless(&facts.keep, &usual.keep),
            refusals: facts.refusals.iter().map(Sign::of).collect(),
            dead_grant_codes: facts.dead_grant_codes.iter().map(ToString::to_string).collect(),
            replay: (facts.replay != usual.replay).then_some(Replay(facts.replay)),
            refresh_token_lifetime: people.refresh_token_lifetime.map(Span),
            keep_access_token: people.keep_access_token,
            authorize_url: url(&people.authorize_url),
            authorize_names: AuthorizeNames {
                client_id: (people.client_id_name != usual_people.client_id_name)
                    .then(|| people.client_id_name.to_string()),
                redirect_uri: (people.redirect_uri_name != usual_people.redirect_uri_name)
                    .then(|| people.redirect_uri_name.to_string()),
            },
            authorize_parameters: map(&people.authorize_parameters),
            pkce: (!people.pkce).then_some(false),
            keep_callback: people.keep_callback.iter().map(ToString::to_string).collect(),
            issuer: people.issuer.as_ref().map(ToString::to_string),
            issuer_in_callback: people.issuer_in_callback,
            device_url: url(&people.device_url),
            device: Device::of(&people.device_names, &usual_people.device_names),
            revocation_url: url(&people.revocation_url),
            revocation_encoding: people.revocation_encoding,
            origins: facts.origins.iter().map(Origin::url).collect(),
            origin_from: facts.origin_from.as_ref().map(|rule| Named {
                member: rule.member().concat(),
                below: rule.below().map(str::to_owned).collect(),
            }),
            api_header: (facts.api_header != usual.api_header).then(|| Header {
                name: facts.api_header.name().to_string(),
                prefix: Some(facts.api_header.prefix().to_owned()),
            }),
            rejections: facts.signs.iter().map(Sign::of).collect(),
            bearer_challenges_only: !facts.other_schemes_reject,
            rate_limits: facts
                .rate_limits
                .iter()
                .map(|limit| Limit {
                    class: limit.class().to_owned(),
                    requests: limit.requests(),
                    period: Span(limit.period()),
                })
                .collect(),
            rate_limit_headers: facts
                .rate_limit_headers
                .iter()
                .map(|(remaining, reset): &(HeaderName, HeaderName)| LimitHeaders {
                    remaining: remaining.to_string(),
                    reset: reset.to_string(),
                })
                .collect(),
        }
    }
}

impl Answer {
    fn of(names: &AnswerNames, usual: &AnswerNames) -> Self {
        Self {
            access_token: OneOrMany::unless(&names.access_token, &usual.access_token),
            token_type: OneOrMany::unless(&names.token_type, &usual.token_type),
            expires_in: OneOrMany::unless(&names.expires_in, &usual.expires_in),
            expires_at: OneOrMany::unless(&names.expires_at, &usual.expires_at),
            refresh_token: OneOrMany::unless(&names.refresh_token, &usual.refresh_token),
            refresh_token_expires_in: OneOrMany::unless(
                &names.refresh_token_expires_in,
                &usual.refresh_token_expires_in,
            ),
            scope: OneOrMany::unless(&names.scope, &usual.scope),
            account: OneOrMany::unless(&names.account, &usual.account),
        }
    }
}

impl Device {
    fn of(names: &DeviceNames, usual: &DeviceNames) -> Self {
        Self {
            device_code: OneOrMany::unless(&names.device_code, &usual.device_code),
            user_code: OneOrMany::unless(&names.user_code, &usual.user_code),
            verification_uri: OneOrMany::unless(&names.verification_uri, &usual.verification_uri),
            verification_uri_complete: OneOrMany::unless(
                &names.verification_uri_complete,
                &usual.verification_uri_complete,
            ),
            expires_in: OneOrMany::unless(&names.expires_in, &usual.expires_in),
            interval: OneOrMany::unless(&names.interval, &usual.interval),
        }
    }
}

impl Sign {
    fn of(sign: &BodySign) -> Self {
        Self {
            at: sign.at(),
            values: sign.values().map(str::to_owned).collect(),
            statuses: unless_empty(sign.statuses().map(|status| status.as_u16())),
            operations: unless_empty(sign.operations().map(str::to_owned)),
            absent: sign.absent(),
        }
    }
}

fn unless_empty<T>(items: impl Iterator<Item = T>) -> Option<Vec<T>> {
    let items: Vec<T> = items.collect();
    (!items.is_empty()).then_some(items)
}

fn map(parameters: &Parameters) -> BTreeMap<String, String> {
    parameters.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
}

/// `with_header` has checked that the value is a text.
fn text(value: &HeaderValue) -> String {
    value.to_str().unwrap_or_default().to_owned()
}
