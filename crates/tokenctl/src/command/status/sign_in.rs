//! `Row`: one sign-in as `status` shows it.

use std::time::Duration;

use auth_layer::Profile;
use auth_layer::store::{Record, State, StoreError};
use auth_layer::token::Kept;
use serde::Serialize;

use crate::command::desk::of_another_issuer;
use crate::command::standing::{Standing, due, judge};
use crate::failure::{Failure, Kind, with_causes};

/// One sign-in. Times are since the Unix epoch. The members are those of `--json`; see `status --help`.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    pub(super) provider: String,
    pub(super) account: String,
    pub(super) client_id: Option<String>,
    pub(super) signed_in_as: Option<String>,
    pub(super) scope: Option<Vec<String>>,
    pub(super) kept: Kept,
    #[serde(rename = "state")]
    pub(super) standing: Standing,
    pub(super) reason: Option<String>,
    #[serde(serialize_with = "seconds")]
    pub(super) access_token_expires_at: Option<Duration>,
    #[serde(serialize_with = "seconds")]
    pub(super) refresh_token_obtained_at: Option<Duration>,
    #[serde(serialize_with = "seconds")]
    pub(super) refresh_token_due_at: Option<Duration>,
    /// True if the configuration names the sign-in.
    #[serde(skip)]
    pub(super) configured: bool,
    /// Why the provider's profile is not known.
    #[serde(skip)]
    pub(super) trouble: Option<(Kind, String)>,
}

impl Row {
    pub(super) fn new(provider: &str, account: &str, client_id: Option<String>) -> Self {
        Self {
            provider: provider.to_owned(),
            account: account.to_owned(),
            client_id,
            signed_in_as: None,
            scope: None,
            kept: Kept::new(),
            standing: Standing::NotSignedIn,
            reason: None,
            access_token_expires_at: None,
            refresh_token_obtained_at: None,
            refresh_token_due_at: None,
            configured: false,
            trouble: None,
        }
    }

    /// Fills in the members that come from a record.
    pub(super) fn judge(
        &mut self,
        record: &Result<Record, StoreError>,
        profile: Option<&Profile>,
        now: Duration,
    ) {
        let entry = match record {
            Ok(record) => &record.entry,
            Err(error) => {
                let why = with_causes("the record cannot be read", Some(error));
                (self.standing, self.reason) = (Standing::Unreadable, Some(why));
                return;
            }
        };
        self.signed_in_as.clone_from(&entry.account);
        self.scope = entry.scope.as_ref().map(|scope| scope.iter().map(str::to_owned).collect());
        self.kept.clone_from(&entry.kept);
        self.access_token_expires_at = entry.access_token.as_ref().and(entry.hard);
        self.refresh_token_obtained_at = entry.obtained;
        self.refresh_token_due_at = due(entry, profile);
        (self.standing, self.reason) = judge(entry, profile, now);
    }

    /// Makes the row of a provider whose configuration is wrong.
    pub(super) fn broken(provider: &str, failure: &Failure) -> Self {
        let mut row = Self::new(provider, "", None);
        (row.standing, row.configured) = (Standing::Unknown, true);
        row.reason = Some(failure.to_string());
        row.trouble = Some((failure.kind(), failure.to_string()));
        row
    }

    /// Compares the record's token URL with the profile's. For a grant that has ended the token URL does not matter.
    pub(super) fn compare(&mut self, record: &Result<Record, StoreError>, profile: Option<&Profile>) {
        if let (Some(profile), Ok(record)) = (profile, record)
            && record.entry.state != State::Ended
            && let Some(problem) = of_another_issuer(profile, record)
        {
            (self.standing, self.reason) = (Standing::AnotherTokenUrl, Some(problem));
        }
    }
}

#[expect(clippy::ref_option, reason = "serde passes a reference to the field")]
fn seconds<S: serde::Serializer>(time: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    time.map(|time| time.as_secs()).serialize(serializer)
}

#[cfg(test)]
pub(super) mod tests {
    use std::time::Duration;

    use auth_layer::store::{Entry, Record, Version};
    use auth_layer::{AccessToken, Profile, RefreshToken};

    use super::Row;

    pub(in crate::command::status) const NOW: Duration = Duration::from_secs(100_000_000);
    pub(in crate::command::status) const DAY: Duration = Duration::from_secs(86_400);

    pub(in crate::command::status) fn judged(change: impl FnOnce(&mut Entry)) -> Row {
        let mut entry = Entry::new(RefreshToken::new("refresh-secret"));
        entry.access_token = Some(AccessToken::new("access-secret").unwrap());
        entry.hard = Some(NOW + Duration::from_secs(600));
        entry.obtained = Some(NOW - DAY);
        change(&mut entry);
        let mut row = Row::new("goto", "default", None);
        let profile = Profile::new("example", "https://auth.example.com/token").unwrap();
        let profile = profile.with_refresh_token_lifetime(DAY * 30);
        row.judge(&Ok(Record::new(Version::new(1), entry)), Some(&profile), NOW);
        row
    }
}
