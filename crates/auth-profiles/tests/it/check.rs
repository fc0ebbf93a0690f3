//! Compares what came of an example with what must come of it.

use std::error::Error as _;
use std::time::Duration;

use auth_layer::store::Record;
use auth_layer::{Error, Profile};
use auth_profiles::{Example, Expected, ProfileFile, Refusal, Token};

use crate::server::same;
use crate::{api, exchange, sign_in};

/// The result of an example.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) access_token: Option<String>,
    /// The time from the request to the end of the access token.
    pub(crate) lifetime: Option<Duration>,
    pub(crate) scope: Option<String>,
    pub(crate) kept: std::collections::BTreeMap<String, String>,
    pub(crate) origin: Option<String>,
    pub(crate) record: Option<Record>,
    /// The time of the request, since the Unix epoch.
    pub(crate) asked: Duration,
}

/// Sends an example through the code that services use.
pub(crate) async fn check(file: &ProfileFile, example: &Example) -> Result<(), String> {
    let file = match &example.variant {
        Some(variant) => file.variant(variant).map_err(|error| error.to_string())?,
        None => file.clone(),
    };
    let profile = file.example_profile().map_err(|error| error.to_string())?;
    if let Some(authorize) = &example.authorize {
        sign_in::compare_page(&profile, authorize)?;
    }
    match example.expected().ok_or("the example states no result")? {
        Expected::Authorize => Ok(()),
        Expected::Rejected(rejected) => {
            let answer = example.api.as_ref().ok_or("there is no `api`")?;
            match api::rejects(profile, answer).await {
                found if found == rejected => Ok(()),
                found => Err(format!("rejected: wanted {rejected}, found {found}")),
            }
        }
        Expected::Token(token) => {
            let outcome = run(&profile, example).await?.map_err(|error| format!("an error came: {error}"))?;
            compare_token(token, &outcome)
        }
        Expected::Refusal(refusal) => match run(&profile, example).await? {
            Ok(_) => Err("a token came in place of an error".to_owned()),
            Err(error) => compare_error(refusal, &error),
        },
        other => Err(format!("{other:?} cannot be checked")),
    }
}

async fn run(profile: &Profile, example: &Example) -> Result<Result<Outcome, Error>, String> {
    let grant_type = example.grant_type.as_deref().ok_or("there is no `grant_type`")?;
    if grant_type == "authorization_code" {
        sign_in::finish(profile, example).await
    } else {
        exchange::run(profile, grant_type, example).await
    }
}

fn compare_token(wanted: &Token, found: &Outcome) -> Result<(), String> {
    let entry = found.record.as_ref().map(|record| &record.entry);
    let texts = [
        ("access_token", &wanted.access_token, found.access_token.clone()),
        ("refresh_token", &wanted.refresh_token, entry.map(|entry| entry.refresh_token.expose().to_owned())),
        ("scope", &wanted.scope, found.scope.clone()),
        ("account", &wanted.account, entry.and_then(|entry| entry.account.clone())),
        ("origin", &wanted.origin, found.origin.clone()),
    ];
    for (what, wanted, found) in texts {
        if let Some(wanted) = wanted {
            same(what, wanted, found.as_ref())?;
        }
    }
    let refresh_token_lifetime =
        entry.and_then(|entry| entry.refresh_token_expires).map(|end| end.saturating_sub(found.asked));
    let spans = [
        ("lifetime", &wanted.lifetime, found.lifetime),
        ("refresh_token_lifetime", &wanted.refresh_token_lifetime, refresh_token_lifetime),
    ];
    for (what, wanted, found) in spans {
        if let Some(wanted) = wanted {
            let wanted = humantime::parse_duration(wanted).map_err(|error| format!("{what}: {error}"))?;
            if found != Some(wanted) {
                return Err(format!("{what}: wanted {wanted:?}, found {found:?}"));
            }
        }
    }
    wanted
        .kept
        .iter()
        .try_for_each(|(name, value)| same(&format!("kept {name}"), value, found.kept.get(name)))
}

fn compare_error(wanted: &Refusal, found: &Error) -> Result<(), String> {
    same("kind", &wanted.kind, Some(&kebab(&format!("{:?}", found.kind()))))
        .map_err(|problem| format!("{problem} ({found})"))?;
    if let Some(code) = &wanted.code {
        same("code", code, code_of(found).as_ref())?;
    }
    match wanted.transient {
        Some(transient) if transient != found.is_transient() => {
            Err(format!("transient: wanted {transient}, found {}", found.is_transient()))
        }
        _ => Ok(()),
    }
}

/// Returns the server's code. The error of an ended grant has the server's refusal as its cause.
fn code_of(error: &Error) -> Option<String> {
    let cause = error.source().and_then(|cause| cause.downcast_ref::<Error>());
    let oauth = error.oauth().or_else(|| cause.and_then(Error::oauth));
    oauth.map(|oauth| oauth.code().to_owned())
}

/// Writes `SignInAgain` as `sign-in-again`.
fn kebab(name: &str) -> String {
    let mut text = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !text.is_empty() {
            text.push('-');
        }
        text.push(c.to_ascii_lowercase());
    }
    text
}
