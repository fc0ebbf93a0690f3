//! `doctor`: checks everything that a sign-in needs, and says what to do.

mod client;
mod report;
mod rights;
mod store;

use std::time::Duration;

use auth_layer::clock::SystemClock;
use auth_layer::{Clock, FileStore, Profile};

use self::report::Report;
use self::rights::{WRITE, others_may};
use super::reach::{Answer, reach, shown};
use crate::config::{Provider, Settings};
use crate::failure::{Failure, Kind};
use crate::screen::Screen;
use crate::span;

pub(super) async fn run(
    only: Option<&str>,
    settings: Result<Settings, Failure>,
    screen: &Screen,
) -> Result<(), Failure> {
    let mut report = Report::new(screen);
    match settings {
        Ok(settings) => examine(&mut report, only, &settings).await?,
        Err(failure) => report.failure("configuration", &failure)?,
    }
    report.verdict()
}

async fn examine(report: &mut Report<'_>, only: Option<&str>, settings: &Settings) -> Result<(), Failure> {
    configuration(report, settings)?;
    let store = store::sealing(report, settings)?;
    if let Some(store) = &store {
        store::records(report, store).await?;
        store::plain(report, settings, store).await?;
    }
    let names = match only {
        Some(name) => [name].into(),
        None => settings.names(),
    };
    if names.is_empty() {
        report.note("providers", "none is configured", "`tokenctl --help` shows an example")?;
    }
    for name in names {
        match settings.provider(name) {
            Ok(provider) => examine_provider(report, &provider, store.as_ref(), settings).await?,
            Err(failure) => report.failure(name, &failure)?,
        }
    }
    Ok(())
}

fn configuration(report: &mut Report<'_>, settings: &Settings) -> Result<(), Failure> {
    let path = settings.path().display();
    if !settings.found {
        let remedy = "none is needed if the environment has all settings";
        return report.note("configuration", &format!("there is no {path}"), remedy);
    }
    if others_may(settings.path(), WRITE) {
        let problem = format!("{path} can be changed by others, who could have secrets sent to them");
        return report.bad("configuration", Kind::Config, &problem, &format!("chmod go-w {path}"));
    }
    report.fine("configuration", &format!("{path} is read"))
}

async fn examine_provider(
    report: &mut Report<'_>,
    provider: &Provider<'_>,
    store: Option<&FileStore>,
    settings: &Settings,
) -> Result<(), Failure> {
    let name = provider.name();
    client::client(report, provider)?;
    let described = match provider.profile(store).await {
        Ok(described) => described,
        Err(failure) => return report.failure(name, &failure),
    };
    if let Some(note) = described.note() {
        report.note(name, &note, "commands work with the copy until the issuer answers again")?;
    }
    if let Some(store) = store {
        let now = SystemClock::new().now().wall();
        store::sign_in(report, provider, &described, store, settings, now).await?;
    }
    token_endpoint(report, name, &described.profile).await
}

async fn token_endpoint(report: &mut Report<'_>, name: &str, profile: &Profile) -> Result<(), Failure> {
    let url = profile.token_url();
    let asked = SystemClock::new().now().wall();
    match reach(url).await {
        Ok(answer) => {
            endpoint(report, name, url, &answer)?;
            clock(report, &answer, asked)
        }
        Err(failure) => report.failure(name, &failure),
    }
}

/// Judges the answer to an empty request, which a token endpoint has to refuse (RFC 6749 section 5.2).
fn endpoint(report: &mut Report<'_>, name: &str, url: &http::Uri, answer: &Answer) -> Result<(), Failure> {
    let status = answer.status.as_u16();
    let answered = |what: &str| format!("{} answers {status}{what}", shown(url));
    match status {
        300..=399 => report.bad(
            name,
            Kind::Config,
            &answered(", a redirect, which is not followed because the request has secrets in it"),
            "set the token URL to the address that it redirects to",
        ),
        429 => report.note(name, &answered(": there were too many requests"), "try again later"),
        404 | 405 | 410 | 200..=299 => report.bad(
            name,
            Kind::Config,
            &answered(", but a token endpoint refuses an empty request"),
            "check the token URL",
        ),
        400..=499 => report.fine(name, &answered(" to an empty request, as it should")),
        _ => report.bad(name, Kind::Trouble, &answered(": the provider is in trouble"), "try again later"),
    }
}

/// Compares the clocks. With a wrong clock, expired tokens look good, or good ones look expired.
fn clock(report: &mut Report<'_>, answer: &Answer, asked: Duration) -> Result<(), Failure> {
    let Some(theirs) = answer.date else {
        return report.note(
            "clock",
            "the provider's answer has no date to compare with",
            "check the clock of this machine yourself",
        );
    };
    let apart = theirs.abs_diff(asked);
    if apart < FAR_APART {
        return report.fine("clock", "this machine and the provider agree");
    }
    let direction = if theirs > asked { "behind" } else { "ahead of" };
    let problem = format!("this machine is {} {direction} the provider", span::roughly(apart));
    report.bad("clock", Kind::Failed, &problem, "set the clock, or have it set over the network (NTP)")
}

// An answer takes a while, and its `Date` counts whole seconds.
const FAR_APART: Duration = Duration::from_secs(60);
