//! Checks the store: its key, its folder, its records, and whether it can be written.

use auth_layer::store::State;
use auth_layer::{FileStore, TokenStore};

use super::report::Report;
use crate::command::desk::{not_usable, of_another_issuer, stored_key};
use crate::command::standing::{Standing, judge};
use crate::config::{Described, Provider, Settings};
use crate::failure::{Failure, Kind};
use crate::store;

/// Returns the store, unless its keys cannot be read.
pub(super) fn sealing(report: &mut Report<'_>, settings: &Settings) -> Result<Option<FileStore>, Failure> {
    let (keys, store) = match (store::keys(settings), store::open(settings)) {
        (Ok(keys), Ok(store)) => (keys, store),
        (Err(failure), _) | (_, Err(failure)) => {
            report.failure("store", &failure)?;
            return Ok(None);
        }
    };
    match keys.first() {
        Some(key) => report.fine("store", &format!("new records are sealed with key {}", key.id()))?,
        None => report.note(
            "store",
            "tokens are not sealed; only the modes of the files protect them",
            "to seal them: head -c 32 /dev/urandom | base64 > KEYFILE; chmod 600 KEYFILE; set key_file in [store]",
        )?,
    }
    Ok(Some(store))
}

pub(super) async fn records(report: &mut Report<'_>, store: &FileStore) -> Result<(), Failure> {
    let folder = store.folder().display();
    if store.folder().exists() {
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
                // The same sign-in has another record by now.
                Ok(record) if record.entry.is_taken_over() => {}
                Ok(_) => good += 1,
                Err(error) => {
                    let file = store.file(&key);
                    let failure = Failure::new(Kind::Store, "a record cannot be read").because(error);
                    let remedy = format!(
                        "configure the key that sealed it, or remove {} and sign in again",
                        file.display()
                    );
                    report.failure("store", &failure.remedy(remedy))?;
                }
            }
        }
        let records = if good == 1 { "record" } else { "records" };
        report.fine("store", &format!("{folder} can be read; {good} {records}"))?;
    } else {
        report.note("store", &format!("there is no {folder}"), "the first sign-in makes it")?;
    }
    match store.try_write().await {
        Ok(()) => report.fine("store", &format!("{folder} can be written to")),
        Err(error) => {
            let failure = Failure::new(Kind::Store, "a trial write failed").because(error);
            report.failure("store", &failure.remedy("a sign-in could not be kept; use a folder of your own"))
        }
    }
}

/// Notes the records that were written before there was a key.
pub(super) async fn plain(
    report: &Report<'_>,
    settings: &Settings,
    store: &FileStore,
) -> Result<(), Failure> {
    if store::keys(settings)?.is_empty() {
        return Ok(());
    }
    // A record that can be read without a key is not sealed. A folder that cannot be listed has been reported.
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

/// Reports the state of the configured sign-in, judged as an exchange would.
pub(super) async fn sign_in(
    report: &mut Report<'_>,
    provider: &Provider<'_>,
    described: &Described,
    store: &FileStore,
    settings: &Settings,
    now: std::time::Duration,
) -> Result<(), Failure> {
    let (Ok(Some(id)), Ok(account), true) =
        (provider.client_id(), provider.account(None), provider.takes_sign_ins())
    else {
        return Ok(());
    };
    let profile = &described.profile;
    let key = stored_key(profile, &id, &account);
    let name = provider.name();
    let login = settings.commands.about("login", name, &account);
    // A record that cannot be read has been reported.
    let Ok(record) = key.find(store).await else { return Ok(()) };
    let Some(record) = record else {
        return match provider.takes_client_credentials() {
            true => Ok(()),
            false => report.note(name, &format!("account {account} is not signed in"), &login),
        };
    };
    // As in `status`: tokens from another token URL are not sent to this one, whatever their state, unless it has ended.
    if record.entry.state != State::Ended
        && let Some(problem) = of_another_issuer(profile, &record)
    {
        return report.failure(name, &not_usable(provider, &account, &problem, &settings.commands));
    }
    let (standing, reason) = judge(&record.entry, Some(profile), now);
    let reason = reason.map_or_else(String::new, |reason| format!(": {reason}"));
    if standing == Standing::SignInAgain {
        let problem = format!("account {account} has to sign in again{reason}");
        return report.bad(name, Kind::SignIn, &problem, &login);
    }
    if standing == Standing::Renewing {
        report.note(name, &format!("account {account} is being renewed{reason}"), "")?;
    } else {
        report.fine(name, &format!("account {account} is signed in"))?;
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
