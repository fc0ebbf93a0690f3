//! `doctor`: what stands in the way, and what to do about it.

use std::io::Read;
use std::path::Path;

use auth_layer::{Clock, FileStore, Secret, SystemClock, TokenStore};

use super::desk::{about_another_issuer, of_another_issuer, stored_key};
use super::reach::{Answer, reach, shown};
use crate::config::{Provider, SecretPlace, Settings, variable};
use crate::failure::{Failure, Kind};
use crate::screen::{Colour, Screen};
use crate::{span, store};

pub(super) async fn run(
    only: Option<&str>,
    settings: Result<Settings, Failure>,
    screen: &Screen,
) -> Result<(), Failure> {
    let mut report = Report { screen, worst: None };
    match settings {
        Ok(settings) => examine(&mut report, only, &settings).await?,
        Err(failure) => report.failure("configuration", &failure)?,
    }
    match report.worst {
        None => Ok(()),
        Some(kind) => Err(Failure::new(kind, "not all is well; what to do stands below each finding")),
    }
}

async fn examine(report: &mut Report<'_>, only: Option<&str>, settings: &Settings) -> Result<(), Failure> {
    configuration(report, settings)?;
    let store = sealing(report, settings)?;
    if let Some(store) = &store {
        records(report, store).await?;
        plain(report, settings, store).await?;
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
            Ok(provider) => {
                if let Some(store) = &store {
                    sign_in(report, &provider, store).await?;
                }
                examine_provider(report, &provider).await?;
            }
            Err(failure) => report.failure(name, &failure)?,
        }
    }
    Ok(())
}

fn configuration(report: &mut Report<'_>, settings: &Settings) -> Result<(), Failure> {
    let path = settings.path().display();
    if !settings.found {
        let remedy = "that is fine if the environment says all";
        return report.note("configuration", &format!("there is no {path}"), remedy);
    }
    if others_may(settings.path(), WRITE) {
        let problem = format!("{path} can be changed by others, who could have secrets sent to them");
        return report.bad("configuration", Kind::Config, &problem, &format!("chmod go-w {path}"));
    }
    report.fine("configuration", &format!("{path} is read"))
}

/// The store, unless its key cannot be had.
fn sealing(report: &mut Report<'_>, settings: &Settings) -> Result<Option<FileStore>, Failure> {
    let (keys, store) = match (store::keys(settings), store::open(settings)) {
        (Ok(keys), Ok(store)) => (keys, store),
        (Err(failure), _) | (_, Err(failure)) => {
            report.failure("store", &failure)?;
            return Ok(None);
        }
    };
    match keys.first() {
        Some(key) => report.fine("store", &format!("what is written is sealed with key {}", key.id()))?,
        None => report.note(
            "store",
            "tokens are not sealed; the modes of the files alone guard them",
            "head -c 32 /dev/urandom | base64 > KEYFILE; chmod 600 KEYFILE; then set key_file in [store]",
        )?,
    }
    Ok(Some(store))
}

async fn records(report: &mut Report<'_>, store: &FileStore) -> Result<(), Failure> {
    let folder = store.folder().display();
    if !store.folder().exists() {
        return report.note("store", &format!("there is no {folder}"), "the first sign-in makes it");
    }
    let listed = match store.list().await {
        Ok(listed) => listed,
        Err(error) => {
            let failure = Failure::new(Kind::Store, format!("{folder} cannot be read")).because(error);
            return report.failure("store", &failure);
        }
    };
    let mut good = 0;
    for (key, record) in listed {
        match record {
            // What was taken over is the same sign-in once more.
            Ok(record) if record.entry.is_taken_over() => {}
            Ok(_) => good += 1,
            Err(error) => {
                let file = store.file(&key);
                let failure = Failure::new(Kind::Store, "a record cannot be read").because(error);
                let remedy =
                    format!("give the key that sealed it, or remove {} and sign in again", file.display());
                report.failure("store", &failure.remedy(remedy))?;
            }
        }
    }
    let records = if good == 1 { "record" } else { "records" };
    report.fine("store", &format!("{folder} can be read; {good} {records}"))
}

/// A key seals what is written; what was there before it stays as it is until then.
async fn plain(report: &Report<'_>, settings: &Settings, store: &FileStore) -> Result<(), Failure> {
    if store::keys(settings)?.is_empty() {
        return Ok(());
    }
    // What can be read without any key is plain. What cannot be listed was told of already.
    let listed = FileStore::new(store.folder()).list().await.unwrap_or_default();
    match listed.iter().filter(|(_, record)| record.is_ok()).count() {
        0 => Ok(()),
        plain => report.note(
            "store",
            &format!("the tokens of {plain} of them are not sealed yet"),
            "the next renewal seals them, and so does a new sign-in",
        ),
    }
}

/// Tells of a sign-in that cannot be used, or is about to be taken over. Other findings tell why a profile is not known.
async fn sign_in(report: &mut Report<'_>, provider: &Provider<'_>, store: &FileStore) -> Result<(), Failure> {
    let (Ok(Some(id)), Ok(account), true) =
        (provider.client_id(), provider.account(None), provider.takes_sign_ins())
    else {
        return Ok(());
    };
    let Ok(profile) = provider.profile().await else { return Ok(()) };
    let key = stored_key(&profile, &id, &account);
    let name = provider.name();
    // A record that cannot be read has been told of.
    let Ok(Some(record)) = key.find(store).await else { return Ok(()) };
    if let Some(problem) = of_another_issuer(&profile, &record) {
        let problem = format!("the sign-in of account {account} cannot be used: {problem}");
        return report.bad(name, Kind::Config, &problem, &about_another_issuer(provider, &account));
    }
    match store.load(&key).await {
        Ok(None) => report.note(
            name,
            &format!("the sign-in of account {account} was kept by an earlier version"),
            "the next renewal takes it over, and programs of the earlier version lose it then: update them as well",
        ),
        _ => Ok(()),
    }
}

async fn examine_provider(report: &mut Report<'_>, provider: &Provider<'_>) -> Result<(), Failure> {
    let name = provider.name();
    client(report, provider)?;
    let profile = match provider.profile().await {
        Ok(profile) => profile,
        Err(failure) => return report.failure(name, &failure),
    };
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

/// Whether the client is known, and its secret is at hand and nobody else's.
fn client(report: &mut Report<'_>, provider: &Provider<'_>) -> Result<(), Failure> {
    let name = provider.name();
    let (id, place) = match (provider.require_client_id(), provider.secret_place()) {
        (Ok(id), Ok(place)) => (id, place),
        (Err(failure), _) | (_, Err(failure)) => return report.failure(name, &failure),
    };
    match place {
        SecretPlace::None => report.fine(name, &format!("client {id} is public and has no secret")),
        SecretPlace::Nowhere => match provider.credential(|_| Ok(None)) {
            Ok(_) => Ok(()),
            Err(failure) => report.failure(name, &failure),
        },
        SecretPlace::Variable(place) => match variable(&place) {
            Ok(Some(_)) => report.fine(name, &format!("client {id}; its secret is in {place}")),
            Ok(None) => {
                let problem = format!("environment variable {place}: is not set");
                report.bad(name, Kind::Config, &problem, "it is to hold the client's secret")
            }
            Err(failure) => report.failure(name, &failure),
        },
        SecretPlace::File(path) => {
            let shown = path.display();
            match std::fs::File::open(&path) {
                Err(error) => {
                    let failure = Failure::config(format!("{shown} cannot be read")).because(error);
                    report
                        .failure(name, &failure.remedy("it is to hold the client's secret, and nothing else"))
                }
                Ok(file) if is_blank(&file) => {
                    let problem = format!("{shown} has no visible character");
                    report.bad(name, Kind::Config, &problem, "write the client's secret into it")
                }
                Ok(_) if others_may(&path, READ_OR_WRITE) => {
                    let problem = format!("{shown} holds a secret and is open to others");
                    report.bad(name, Kind::Config, &problem, &format!("chmod 600 {shown}"))
                }
                Ok(_) => report.fine(name, &format!("client {id}; its secret is in {shown}")),
            }
        }
    }
}

/// Whether a file holds nothing that could be a secret.
fn is_blank(file: &std::fs::File) -> bool {
    // All of it at once: a buffer that grew would leave copies behind, which are not wiped.
    let mut text = Vec::with_capacity(LONGEST_SECRET);
    // Of a file that cannot be read to its end, or is not text, an exchange tells what is wrong.
    let read = file.take(LONGEST_SECRET as u64).read_to_end(&mut text);
    read.is_ok() && String::from_utf8(text).is_ok_and(|text| Secret::new(text).is_blank())
}

/// What `SecretSource::from_file` reads at the most.
const LONGEST_SECRET: usize = 64 * 1024;

fn endpoint(report: &mut Report<'_>, name: &str, url: &http::Uri, answer: &Answer) -> Result<(), Failure> {
    let status = answer.status;
    let told = |what: &str| format!("{} answers {}{what}", shown(url), status.as_u16());
    match status.as_u16() {
        300..=399 => report.bad(
            name,
            Kind::Config,
            &told(": it leads elsewhere, and secrets are not sent after it"),
            "set the token URL to where it leads",
        ),
        429 => report.note(name, &told(", for there were too many requests"), "try again later"),
        404 | 405 | 410 | 200..=299 => report.bad(
            name,
            Kind::Config,
            &told(", as no token endpoint does to an empty request"),
            "check the token URL",
        ),
        400..=499 => report.fine(name, &told(", as it should to an empty request")),
        _ => report.bad(name, Kind::Trouble, &told(": the provider is in trouble"), "try again later"),
    }
}

/// A clock that goes wrong takes dead tokens for good ones, or good ones for dead.
fn clock(report: &mut Report<'_>, answer: &Answer, asked: std::time::Duration) -> Result<(), Failure> {
    let Some(theirs) = answer.date else {
        return report.note(
            "clock",
            "the provider's answer has no date to compare with",
            "check it yourself",
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

/// What was found, told as it is found.
struct Report<'a> {
    screen: &'a Screen,
    /// The first thing that has to be mended: what comes later may follow from it.
    worst: Option<Kind>,
}

impl Report<'_> {
    fn fine(&self, area: &str, text: &str) -> Result<(), Failure> {
        self.line("ok", Colour::Green, area, text)
    }

    fn note(&self, area: &str, text: &str, remedy: &str) -> Result<(), Failure> {
        self.line("note", Colour::Yellow, area, text)?;
        self.remedy(remedy)
    }

    fn bad(&mut self, area: &str, kind: Kind, text: &str, remedy: &str) -> Result<(), Failure> {
        self.worst = self.worst.or(Some(kind));
        self.line("bad", Colour::Red, area, text)?;
        self.remedy(remedy)
    }

    fn failure(&mut self, area: &str, failure: &Failure) -> Result<(), Failure> {
        let text = failure.to_string();
        let text = text.strip_prefix(area).and_then(|text| text.strip_prefix(": ")).unwrap_or(&text);
        self.bad(area, failure.kind(), text, failure.advice().unwrap_or_default())
    }

    fn line(&self, mark: &str, colour: Colour, area: &str, text: &str) -> Result<(), Failure> {
        // The colours must not count as letters.
        let mark = self.screen.out(colour, &format!("{mark:4}"));
        self.screen.data(format!("{mark}  {area}: {text}\n"))
    }

    fn remedy(&self, remedy: &str) -> Result<(), Failure> {
        if remedy.is_empty() {
            return Ok(());
        }
        self.screen.data(format!("      {remedy}\n"))
    }
}

/// Whether the group or everybody has one of these rights to a file. Elsewhere than on unix nobody can tell so easily.
#[cfg(unix)]
fn others_may(path: &Path, rights: u32) -> bool {
    use std::os::unix::fs::PermissionsExt;

    std::fs::metadata(path).is_ok_and(|found| found.permissions().mode() & rights != 0)
}

#[cfg(not(unix))]
const fn others_may(_path: &Path, _rights: u32) -> bool {
    false
}

const WRITE: u32 = 0o022;
const READ_OR_WRITE: u32 = 0o066;

/// Answers take a while, and the `Date` of one counts whole seconds.
const FAR_APART: std::time::Duration = std::time::Duration::from_secs(60);
