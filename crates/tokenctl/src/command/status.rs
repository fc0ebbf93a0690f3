//! `status`: who is signed in, and until when.

use std::collections::HashSet;
use std::time::Duration;

use auth_layer::{Clock, FileStore, Label, Profile, Record, State, StoreError, StoreKey, SystemClock};
use serde::Serialize;

use super::desk::{Kept, command, labelled, of_another_issuer, stored_key};
use super::login::printable;
use super::loss::loss;
use crate::config::{Provider, Settings};
use crate::failure::{Failure, Kind};
use crate::flags::Status;
use crate::screen::{Colour, Screen};
use crate::{span, store};

pub(super) async fn run(status: &Status, settings: &Settings, screen: &Screen) -> Result<(), Failure> {
    let only = status.provider.as_deref();
    let store = store::open(settings)?;
    let now = SystemClock::new().now().wall();
    let rows = rows(only, settings, &store, now).await?;
    if status.json {
        screen.data(json(&rows)?)?;
    } else if rows.is_empty() {
        screen.say(format_args!(
            "Nothing is configured in {}, and nobody is signed in. `tokenctl --help` shows an example.",
            settings.path().display()
        ));
    } else {
        screen.data(table(&rows, now, screen))?;
    }
    verdict(&rows)
}

/// What has to be mended first. What the configuration does not name is shown, and forces nobody to sign in.
fn verdict(rows: &[Row]) -> Result<(), Failure> {
    let first = |wanted: &dyn Fn(&Row) -> bool| rows.iter().find(|row| wanted(row));
    if let Some(row) = first(&|row| row.standing == Standing::Unreadable) {
        let problem = format!("{}: the record of account {} cannot be read", row.provider, row.account);
        return Err(Failure::new(Kind::Store, problem).remedy("`tokenctl doctor` looks into the store"));
    }
    if let Some(row) = first(&|row| row.configured && row.standing.needs_a_person()) {
        return Err(Failure::new(Kind::SignIn, format!("{}: a person has to sign in", row.provider))
            .remedy(command("login", &row.provider, &row.account)));
    }
    if let Some(row) = first(&|row| row.configured && row.standing == Standing::AnotherTokenUrl) {
        let why = row.reason.as_deref().unwrap_or_default();
        let problem =
            format!("{}: the sign-in of account {} cannot be used: {why}", row.provider, row.account);
        let doctor = format!("`tokenctl doctor {}` says what to do about it", row.provider);
        return Err(Failure::config(problem).remedy(doctor));
    }
    match rows.iter().find_map(|row| row.trouble.filter(|_| row.standing == Standing::Unknown).zip(Some(row)))
    {
        None => Ok(()),
        Some((kind, row)) => {
            Err(Failure::new(kind, format!("{}: who is signed in is not known", row.provider))
                .remedy(format!("`tokenctl doctor {}` looks for what stands in the way", row.provider)))
        }
    }
}

/// The configured sign-ins, and then all others that are in the store.
async fn rows(
    only: Option<&str>,
    settings: &Settings,
    store: &FileStore,
    now: Duration,
) -> Result<Vec<Row>, Failure> {
    let mut rows = Vec::new();
    let mut seen = HashSet::new();
    let names = match only {
        Some(name) => [name].into(),
        None => settings.names(),
    };
    let mut kept = store.list().await?;
    for name in names {
        // One that is gone from the configuration may still be in the store.
        let Ok(provider) = settings.provider(name) else { continue };
        let configured = Configured::of(&provider).await?;
        let row = match (configured.find(&kept), &configured.key) {
            (Some((key, record)), _) => {
                seen.insert(key.clone());
                configured.row(Some(record), now)
            }
            (None, Some(key)) => {
                // The same sign-in under the key of an earlier version.
                let record = key.find(store).await.transpose();
                if record.is_some() {
                    seen.extend(key.earlier().cloned());
                }
                let mut row = configured.row(record.as_ref(), now);
                if record.is_some() {
                    row.reason.get_or_insert_with(|| {
                        "the next renewal takes it over from an earlier version".into()
                    });
                }
                row
            }
            (None, None) => configured.row(None, now),
        };
        rows.push(row);
    }
    // What was taken over is left for programs of an earlier version alone.
    let is_left =
        |record: &Result<Record, _>| record.as_ref().is_ok_and(|record| record.entry.is_taken_over());
    kept.retain(|(key, record)| !seen.contains(key) && !is_left(record));
    rows.extend(kept.iter().map(|(key, record)| stray(key, record, now)));
    if let Some(name) = only {
        rows.retain(|row| row.provider == name);
        if rows.is_empty() {
            settings.provider(name)?;
        }
    }
    Ok(rows)
}

/// A sign-in as the configuration names it.
struct Configured {
    provider: String,
    account: String,
    client_id: Option<String>,
    key: Option<StoreKey>,
    profile: Option<Profile>,
    machine: bool,
    /// Why the provider's profile, and with it the key, is not known.
    trouble: Option<Failure>,
}

impl Configured {
    async fn of(provider: &Provider<'_>) -> Result<Self, Failure> {
        let client_id = provider.client_id()?;
        let account = provider.account(None)?;
        let named = provider.named_account(None)?.is_some();
        let (mut key, mut profile, mut trouble) = (None, None, None);
        // What signs in nobody needs no record; what has no client id can have none.
        if let (Some(id), true) = (&client_id, provider.takes_sign_ins()) {
            match provider.profile().await {
                Ok(known) => {
                    key = Some(stored_key(&known, id, &account));
                    profile = Some(known);
                }
                // One that cannot be asked does not hide the others.
                Err(failure) => trouble = Some(failure),
            }
        }
        let name = provider.name().to_owned();
        // Who named an account means a person's.
        let machine = provider.takes_client_credentials() && !(named && provider.takes_sign_ins());
        Ok(Self { provider: name, account, client_id, key, profile, machine, trouble })
    }

    /// The record, by its key, or else by its label.
    fn find<'a>(&self, kept: &'a [Kept]) -> Option<&'a Kept> {
        if let Some(wanted) = &self.key {
            return kept.iter().find(|(key, _)| key == wanted);
        }
        let (Some(id), Some(_)) = (&self.client_id, &self.trouble) else { return None };
        labelled(kept, Label::new(&*self.provider, id.as_str(), &*self.account)).next()
    }

    fn row(&self, record: Option<&Result<Record, StoreError>>, now: Duration) -> Row {
        let mut row = Row::new(&self.provider, &self.account, self.client_id.clone());
        match record {
            Some(record) => {
                row.judge(record, self.profile.as_ref(), now);
                row.compare(record, self.profile.as_ref());
            }
            None if self.trouble.is_some() => row.standing = Standing::Unknown,
            None if self.machine => row.standing = Standing::NoSignInNeeded,
            None => {}
        }
        row.configured = true;
        if let Some(failure) = &self.trouble {
            row.trouble = Some(failure.kind());
            row.reason.get_or_insert_with(|| failure.to_string());
        }
        row
    }
}

/// A record that the configuration does not name: another account, another client, or one of another program.
fn stray(key: &StoreKey, record: &Result<Record, StoreError>, now: Duration) -> Row {
    let label = record.as_ref().ok().and_then(|record| record.entry.label.clone());
    let mut row = match label {
        Some(label) => Row::new(&label.provider, &label.subject, Some(label.client)),
        // Its key is all that is known of it.
        None => Row::new("?", key.as_str().get(..12).unwrap_or_default(), None),
    };
    let profile = Profile::named(&row.provider);
    row.judge(record, profile.as_ref(), now);
    row
}

/// One sign-in. Times are since the Unix epoch. Its members are the ones of `--json`; see `status --help`.
#[derive(Debug, Serialize)]
struct Row {
    provider: String,
    account: String,
    client_id: Option<String>,
    signed_in_as: Option<String>,
    scope: Option<Vec<String>>,
    #[serde(rename = "state")]
    standing: Standing,
    reason: Option<String>,
    #[serde(serialize_with = "seconds")]
    access_token_expires_at: Option<Duration>,
    #[serde(serialize_with = "seconds")]
    refresh_token_obtained_at: Option<Duration>,
    #[serde(serialize_with = "seconds")]
    refresh_token_due_at: Option<Duration>,
    /// Whether the configuration names it.
    #[serde(skip)]
    configured: bool,
    /// What kept its provider from being asked.
    #[serde(skip)]
    trouble: Option<Kind>,
}

/// What is to be thought of a sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Standing {
    SignedIn,
    Renewing,
    SignInAgain,
    NotSignedIn,
    NoSignInNeeded,
    AnotherTokenUrl,
    Unreadable,
    Unknown,
}

impl Standing {
    const fn needs_a_person(self) -> bool {
        matches!(self, Self::SignInAgain | Self::NotSignedIn)
    }

    const fn words(self) -> (&'static str, Colour) {
        match self {
            Self::SignedIn => ("signed in", Colour::Green),
            Self::Renewing => ("renewing", Colour::Green),
            Self::SignInAgain => ("sign in again", Colour::Red),
            Self::NotSignedIn => ("not signed in", Colour::Yellow),
            Self::NoSignInNeeded => ("needs no sign-in", Colour::Green),
            Self::AnotherTokenUrl => ("of another token URL", Colour::Red),
            Self::Unreadable => ("unreadable", Colour::Red),
            Self::Unknown => ("unknown", Colour::Yellow),
        }
    }
}

impl Row {
    fn new(provider: &str, account: &str, client_id: Option<String>) -> Self {
        Self {
            provider: provider.to_owned(),
            account: account.to_owned(),
            client_id,
            signed_in_as: None,
            scope: None,
            standing: Standing::NotSignedIn,
            reason: None,
            access_token_expires_at: None,
            refresh_token_obtained_at: None,
            refresh_token_due_at: None,
            configured: false,
            trouble: None,
        }
    }

    /// Fills in what a record tells.
    fn judge(&mut self, record: &Result<Record, StoreError>, profile: Option<&Profile>, now: Duration) {
        let entry = match record {
            Ok(record) => &record.entry,
            Err(error) => {
                let why = format!("the record cannot be read: {error}");
                (self.standing, self.reason) = (Standing::Unreadable, Some(why));
                return;
            }
        };
        self.signed_in_as.clone_from(&entry.account);
        self.scope = entry.scope.as_ref().map(|scope| scope.iter().map(str::to_owned).collect());
        self.access_token_expires_at = entry.access_token.as_ref().and(entry.hard);
        self.refresh_token_obtained_at = entry.obtained;
        self.refresh_token_due_at = profile
            .and_then(Profile::refresh_token_lifetime)
            .and_then(|lifetime| Some(entry.obtained?.saturating_add(lifetime)));
        let overdue = self.refresh_token_due_at.is_some_and(|due| due <= now);
        (self.standing, self.reason) = match &entry.state {
            State::Ended => {
                let code = entry.last_error.as_deref().map_or_else(String::new, |code| format!(" ({code})"));
                (Standing::SignInAgain, Some(format!("the provider ended it{code}")))
            }
            _ if overdue => (Standing::SignInAgain, Some("the refresh token has expired unused".to_owned())),
            State::Redeeming { lease, .. } if !lease.is_zero() => (Standing::Renewing, None),
            State::Redeeming { .. } => match profile.and_then(|profile| loss(profile, entry.redeemed, now)) {
                Some(loss) => (Standing::SignInAgain, Some(loss)),
                None => {
                    (Standing::Renewing, Some("a renewal was cut off; the next one settles it".to_owned()))
                }
            },
            _ => (Standing::SignedIn, None),
        };
    }

    /// Judges whose tokens a record holds. An end says more, as it is the same for all.
    fn compare(&mut self, record: &Result<Record, StoreError>, profile: Option<&Profile>) {
        if let (Some(profile), Ok(record)) = (profile, record)
            && record.entry.state != State::Ended
            && let Some(problem) = of_another_issuer(profile, record)
        {
            (self.standing, self.reason) = (Standing::AnotherTokenUrl, Some(problem));
        }
    }

    fn cells(&self, now: Duration) -> [String; 6] {
        let scope = self.scope.as_deref().map_or_else(dash, short);
        [
            printable(&self.provider),
            printable(&self.account),
            self.signed_in_as.as_deref().map_or_else(dash, printable),
            scope,
            self.access_token_expires_at.map_or_else(dash, |ends| match ends.checked_sub(now) {
                Some(left) if !left.is_zero() => format!("in {}", span::roughly(left)),
                _ => "expired".to_owned(),
            }),
            self.age(now),
        ]
    }

    fn age(&self, now: Duration) -> String {
        let Some(obtained) = self.refresh_token_obtained_at else { return dash() };
        let age = format!("{} old", span::roughly(now.saturating_sub(obtained)));
        match self.refresh_token_due_at.map(|due| due.saturating_sub(now)) {
            Some(left) if left.is_zero() => format!("{age}, expired"),
            Some(left) => format!("{age}, due in {}", span::roughly(left)),
            None => age,
        }
    }
}

/// As many scopes as fit beside all else, and how many more there are. `--json` has them all.
fn short(scope: &[String]) -> String {
    let fits = |shown: &usize| scope[..*shown].join(" ").chars().count() <= SCOPE_WIDTH;
    let shown = (1..=scope.len()).take_while(fits).last().unwrap_or(1).min(scope.len());
    let more = match scope.len() - shown {
        0 => String::new(),
        more => format!(" +{more}"),
    };
    format!("{}{more}", printable(&scope[..shown].join(" ")))
}

const SCOPE_WIDTH: usize = 32;

fn dash() -> String {
    "-".to_owned()
}

fn table(rows: &[Row], now: Duration, screen: &Screen) -> String {
    let heads = ["PROVIDER", "ACCOUNT", "SIGNED IN AS", "SCOPE", "ACCESS TOKEN", "REFRESH TOKEN"];
    let lines: Vec<[String; 6]> = rows.iter().map(|row| row.cells(now)).collect();
    let mut widths = heads.map(str::len);
    for line in &lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: &[String], last: &str| {
        let cells = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        format!("{}  {last}\n", cells.collect::<Vec<_>>().join("  "))
    };
    let mut text = line(&heads.map(str::to_owned), "STATE");
    for (row, cells) in rows.iter().zip(&lines) {
        let (words, colour) = row.standing.words();
        let why = row.reason.as_deref().map_or_else(String::new, |why| format!(": {}", printable(why)));
        text += &line(cells, &format!("{}{why}", screen.out(colour, words)));
    }
    text
}

fn json(rows: &[Row]) -> Result<Vec<u8>, Failure> {
    #[derive(Serialize)]
    struct Document<'a> {
        version: u8,
        sign_ins: &'a [Row],
    }
    let document = Document { version: 1, sign_ins: rows };
    let mut text = serde_json::to_vec_pretty(&document)
        .map_err(|error| Failure::new(Kind::Failed, "the status cannot be written as JSON").because(error))?;
    text.push(b'\n');
    Ok(text)
}

#[expect(clippy::ref_option, reason = "serde hands it over so")]
fn seconds<S: serde::Serializer>(time: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    time.map(|time| time.as_secs()).serialize(serializer)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use auth_layer::{AccessToken, Entry, Profile, Record, RefreshToken, ReplayRule, State, Version};

    use super::{Row, Standing, json, short};

    const NOW: Duration = Duration::from_secs(100_000_000);
    const DAY: Duration = Duration::from_secs(86_400);

    fn judged(change: impl FnOnce(&mut Entry)) -> Row {
        judged_by(ReplayRule::Unknown, change)
    }

    fn judged_by(rule: ReplayRule, change: impl FnOnce(&mut Entry)) -> Row {
        let mut entry = Entry::new(RefreshToken::new("refresh-secret"));
        entry.access_token = Some(AccessToken::new("access-secret").unwrap());
        entry.hard = Some(NOW + Duration::from_secs(600));
        entry.obtained = Some(NOW - DAY);
        change(&mut entry);
        let mut row = Row::new("goto", "default", None);
        let profile = Profile::new("example", "https://auth.example.com/token").unwrap();
        let profile = profile.with_refresh_token_lifetime(DAY * 30).with_replay_rule(rule);
        row.judge(&Ok(Record::new(Version::new(1), entry)), Some(&profile), NOW);
        row
    }

    fn marked(lease: u64) -> State {
        State::Redeeming { holder: "other".into(), lease: Duration::from_secs(lease) }
    }

    #[test]
    fn a_sign_in_is_judged_by_its_state_and_its_age() {
        let standing = |change: fn(&mut Entry)| judged(change).standing;
        assert_eq!(standing(|_| {}), Standing::SignedIn);
        // An access token that has expired is renewed when it is wanted.
        assert_eq!(standing(|entry| entry.hard = Some(NOW - DAY)), Standing::SignedIn);
        assert_eq!(standing(|entry| entry.state = marked(9)), Standing::Renewing);
        assert_eq!(standing(|entry| entry.state = marked(0)), Standing::Renewing);
        let lost = judged_by(ReplayRule::KillsFamily, |entry| entry.state = marked(0));
        assert_eq!(lost.standing, Standing::SignInAgain);
        let under_way = judged_by(ReplayRule::KillsFamily, |entry| entry.state = marked(9));
        assert_eq!(under_way.standing, Standing::Renewing);
        assert_eq!(standing(|entry| entry.state = State::Ended), Standing::SignInAgain);
        assert_eq!(standing(|entry| entry.obtained = Some(NOW - DAY * 30)), Standing::SignInAgain);
        assert_eq!(standing(|entry| entry.obtained = Some(NOW - DAY * 29)), Standing::SignedIn);
    }

    #[test]
    fn a_time_that_cannot_be_is_no_panic() {
        let row = judged(|entry| {
            entry.obtained = Some(Duration::MAX);
            entry.hard = Some(Duration::MAX);
        });
        assert_eq!(row.refresh_token_due_at, Some(Duration::MAX));
        row.cells(NOW);
    }

    #[test]
    fn times_are_told_from_now() {
        let cells = judged(|_| {}).cells(NOW);
        assert_eq!(cells[4..], ["in 10 min", "1 d old, due in 29 d"]);
        let cells = judged(|entry| entry.hard = Some(NOW)).cells(NOW);
        assert_eq!(cells[4], "expired");
    }

    #[test]
    fn as_many_scopes_are_shown_as_fit() {
        let shown =
            |scopes: &[&str]| short(&scopes.iter().map(|&scope| scope.to_owned()).collect::<Vec<_>>());
        assert_eq!(shown(&[]), "");
        assert_eq!(shown(&["collab:", "identity:"]), "collab: identity:");
        assert_eq!(shown(&["collab:", "identity:", "messaging.v1.read", "x"]), "collab: identity: +2");
        assert_eq!(shown(&["a-scope-that-is-longer-than-there-is-room-for", "x"]).matches("+1").count(), 1);
    }

    #[test]
    fn the_json_has_its_members_and_no_token() {
        let row = judged(|entry| {
            entry.state = State::Ended;
            entry.last_error = Some("invalid_grant".into());
            entry.account = Some("jane@example.com".into());
            entry.scope = Some("collab: identity:".parse().unwrap());
        });
        let text = String::from_utf8(json(&[row]).unwrap()).unwrap();
        let expected = r#"{
  "version": 1,
  "sign_ins": [
    {
      "provider": "goto",
      "account": "default",
      "client_id": null,
      "signed_in_as": "jane@example.com",
      "scope": [
        "collab:",
        "identity:"
      ],
      "state": "sign_in_again",
      "reason": "the provider ended it (invalid_grant)",
      "access_token_expires_at": 100000600,
      "refresh_token_obtained_at": 99913600,
      "refresh_token_due_at": 102505600
    }
  ]
}
"#;
        assert_eq!(text, expected);
    }
}
