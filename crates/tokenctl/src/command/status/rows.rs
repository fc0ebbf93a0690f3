//! The rows of `status`: the configured sign-ins, and all others in the store.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use auth_layer::store::{Label, Record, StoreError, StoreKey};
use auth_layer::{FileStore, Profile};

use super::sign_in::Row;
use crate::command::desk::{Kept, labelled, stored_key};
use crate::command::standing::Standing;
use crate::config::{Provider, Settings};
use crate::failure::Failure;

/// Returns the configured sign-ins, then all others in the store.
pub(super) async fn rows(
    only: Option<&str>,
    settings: &Settings,
    store: &FileStore,
    now: Duration,
) -> Result<Vec<Row>, Failure> {
    let mut rows = Vec::new();
    let mut seen = HashSet::new();
    let mut profiles = HashMap::new();
    let names = match only {
        Some(name) => [name].into(),
        None => settings.names(),
    };
    let mut kept = store.list().await?;
    for name in names {
        let provider = match settings.provider(name) {
            Ok(provider) => provider,
            // A provider that was removed from the configuration may still have a sign-in in the store.
            Err(_) if only.is_some() => continue,
            Err(failure) => {
                rows.push(Row::broken(name, &failure));
                continue;
            }
        };
        let configured = Configured::of(&provider, store).await?;
        let row = match (configured.find(&kept), &configured.key) {
            (Some((key, record)), _) => {
                seen.insert(key.clone());
                configured.row(Some(record), now)
            }
            (None, Some(key)) => {
                // An earlier version may have kept the same sign-in under another key.
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
        profiles.extend(configured.profile.map(|profile| (name.to_owned(), profile)));
    }
    // A record that was taken over is there for programs of an earlier version only.
    let is_left =
        |record: &Result<Record, _>| record.as_ref().is_ok_and(|record| record.entry.is_taken_over());
    kept.retain(|(key, record)| !seen.contains(key) && !is_left(record));
    rows.extend(kept.iter().map(|(key, record)| stray(key, record, &profiles, now)));
    if let Some(name) = only {
        // The provider of a record that cannot be read is not known. It may be this one.
        rows.retain(|row| row.provider == name || row.standing == Standing::Unreadable);
        if !rows.iter().any(|row| row.provider == name) {
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
    async fn of(provider: &Provider<'_>, store: &FileStore) -> Result<Self, Failure> {
        let client_id = provider.client_id()?;
        let account = provider.account(None)?;
        let named = provider.named_account(None)?.is_some();
        let (mut key, mut profile) = (None, None);
        // A provider without any URL gives no tokens to anybody.
        let mut trouble = provider.require_url().err();
        // Without sign-ins or without a client id there can be no record, so the issuer is not asked.
        if let (Some(id), true, None) = (&client_id, provider.takes_sign_ins(), &trouble) {
            match provider.profile(Some(store)).await {
                Ok(described) => {
                    key = Some(stored_key(&described.profile, id, &account));
                    profile = Some(described.profile);
                }
                // The other providers are shown all the same.
                Err(failure) => trouble = Some(failure),
            }
        }
        let name = provider.name().to_owned();
        // An account means a person's sign-in.
        let machine = provider.takes_client_credentials() && !(named && provider.takes_sign_ins());
        Ok(Self { provider: name, account, client_id, key, profile, machine, trouble })
    }

    /// Finds the record by its key, or by its label if the key is not known.
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
            row.trouble = Some((failure.kind(), failure.to_string()));
            row.reason.get_or_insert_with(|| failure.to_string());
        }
        row
    }
}

/// Makes the row of a record that the configuration does not name: of another account, another client or another
/// program.
fn stray(
    key: &StoreKey,
    record: &Result<Record, StoreError>,
    profiles: &HashMap<String, Profile>,
    now: Duration,
) -> Row {
    let label = record.as_ref().ok().and_then(|record| record.entry.label.clone());
    let mut row = match label {
        Some(label) => Row::new(&label.provider, &label.subject, Some(label.client)),
        // Only the key is known. Twelve digits are enough to find the file.
        None => Row::new("?", key.as_str().get(..12).unwrap_or_default(), None),
    };
    // Another account of a configured provider follows the same replay rule.
    let known = auth_profiles::named(&row.provider).and_then(|file| file.example_profile().ok());
    row.judge(record, profiles.get(&row.provider).or(known.as_ref()), now);
    row
}
