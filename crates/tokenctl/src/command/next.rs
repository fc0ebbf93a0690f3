//! The report after a sign-in: who signed in, and how a service uses the sign-in.

use std::time::Duration;

use auth_layer::Clock;
use auth_layer::clock::SystemClock;
use auth_layer::sign_in::SignedIn;

use super::desk::Desk;
use crate::config::{SecretPlace, Settings};
use crate::failure::Failure;
use crate::screen::{Colour, Screen, printable};
use crate::shell::export;
use crate::{span, store};

/// Says who signed in, what was granted, when the tokens expire, and what to do next.
pub(super) fn report(
    desk: &Desk<'_>,
    signed_in: &SignedIn,
    settings: &Settings,
    screen: &Screen,
    expires: Option<Duration>,
) -> Result<(), Failure> {
    let who = signed_in.account().map_or_else(String::new, |who| format!(" as {}", printable(who)));
    let head = screen.err(Colour::Green, &format!("Signed in to {}{who}.", desk.provider.name()));
    screen.say(format_args!("{head}\n"));
    let granted = signed_in.scope().map(ToString::to_string);
    screen.say(format_args!(
        "  granted        {}",
        granted.as_deref().map_or_else(|| "the scope that was asked for".into(), printable)
    ));
    for (name, value) in signed_in.all_kept() {
        screen.say(format_args!("  {:<14} {}", printable(name), printable(value)));
    }
    let now = SystemClock::new().now().wall();
    if signed_in.refresh_token().is_none() {
        screen.say(format_args!(
            "  refresh token  none was issued: a person signs in again when the access token has expired"
        ));
    }
    if let Some(expires) = expires {
        let left = span::roughly(expires.saturating_sub(now));
        let renewal = match signed_in.refresh_token() {
            Some(_) => "; it is renewed when it is needed",
            None => "",
        };
        screen.say(format_args!("  access token   good for {left}{renewal}"));
    }
    if let Some(lifetime) = desk.profile().refresh_token_lifetime() {
        let lifetime = span::roughly(lifetime);
        screen.say(format_args!("  refresh token  good for {lifetime}, and longer if it is used before"));
    }
    screen.say(format_args!("  kept in        {}", store::folder(settings)?.display()));
    let token = desk.commands.about("token", desk.provider.name(), &desk.account);
    screen.say(format_args!("\nNext: {}\n\nIn a script: {token}", next(desk, settings)?));
    Ok(())
}

/// Returns how a service finds the sign-in: shell lines to paste, and what is left to set.
fn next(desk: &Desk<'_>, settings: &Settings) -> Result<String, Failure> {
    let provider = &desk.provider;
    let folder = export("AUTH_LAYER_STORE", &store::folder(settings)?.display().to_string());
    let keys = store::key_exports(settings)?;
    if !provider.has_typed_client() {
        let lines = lines([folder].into_iter().chain(keys));
        return Ok(format!(
            "run the service with\n\n{lines}\n\
             and an `Exchange` of `Grant::Stored` with the provider name {:?}, the client id {:?},\n\
             the subject {:?} and no scope. It finds the sign-in in that store.",
            provider.name(),
            desk.credential.id(),
            desk.account
        ));
    }
    let account = export(&provider.variable_name("ACCOUNT"), &desk.account);
    let id = export(&provider.variable_name("CLIENT_ID"), desk.credential.id());
    let url = provider.own_token_url()?.map(|url| export(&provider.variable_name("TOKEN_URL"), &url));
    let apis = provider.api_urls().into_iter().map(|(name, url)| export(&name, &url));
    let mut lines = lines([account, folder].into_iter().chain(keys).chain(url).chain(apis).chain([id]));
    // The typed client prefers this variable to a stored sign-in.
    let token = provider.variable_name("REFRESH_TOKEN");
    if std::env::var_os(&token).is_some_and(|value| !value.is_empty()) {
        lines.push_str(&format!("  unset {token}    # it would be used in place of this sign-in\n"));
    }
    let variable = provider.variable_name("CLIENT_SECRET");
    let secret = match provider.secret_place()? {
        SecretPlace::None => String::new(),
        SecretPlace::Variable(name) if name == variable => format!(" and the client's secret in {variable}"),
        SecretPlace::Variable(name) => {
            format!(" and the client's secret in {variable} (here it is in {name})")
        }
        SecretPlace::File(path) => {
            format!(" and the client's secret in {variable} (here it is in {})", path.display())
        }
        SecretPlace::Nowhere => format!(" and the client's secret in {variable}"),
    };
    Ok(format!(
        "run the service with\n\n{lines}\n\
         {}.\n`Client::from_env()` finds the sign-in in that store.",
        secret.trim_start()
    ))
}

/// Writes each line indented, so that a block of them is easy to copy.
fn lines(lines: impl IntoIterator<Item = String>) -> String {
    lines.into_iter().map(|line| format!("  {line}\n")).collect()
}
