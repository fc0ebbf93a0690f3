//! The order of the checks: the configuration, the store, and each provider.

use auth_layer::clock::SystemClock;
use auth_layer::{Clock, FileStore};

use super::report::Report;
use super::rights::{WRITE, others_may};
use super::{client, endpoint, store};
use crate::config::{Provider, Settings};
use crate::failure::{Failure, Kind};
use crate::screen::Screen;

pub(in crate::command) async fn run(
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
    endpoint::token_endpoint(report, name, &described.profile).await
}
