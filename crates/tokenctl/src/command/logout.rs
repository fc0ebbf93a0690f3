//! `logout`: ends a sign-in at the provider and in the store.

use std::sync::Arc;

use auth_layer::sign_in::SignedOut;
use auth_layer::store::{Label, StoreKey};
use auth_layer::{Credential, FileStore, Profile, SignIn, TokenStore};

use super::desk::{labelled, of_another_issuer, stored_key};
use super::interrupt::to_the_end;
use super::prompt::ask_for_secret;
use crate::config::{Provider, Settings};
use crate::failure::{Failure, Kind};
use crate::flags::Whose;
use crate::screen::{Colour, Screen};
use crate::store;
use crate::user_agent::USER_AGENT;

pub(super) async fn run(whose: &Whose, settings: &Settings, screen: &Screen) -> Result<(), Failure> {
    let provider = settings.provider(&whose.provider)?;
    let account = provider.account(whose.account.as_deref())?;
    let id = provider.require_client_id()?;
    let store = Arc::new(store::open(settings)?);
    let profile = provider.profile(Some(&store)).await.map(|described| described.profile);
    let keys: Vec<StoreKey> = match &profile {
        Ok(profile) => vec![stored_key(profile, &id, &account)],
        // Without the profile there is no key, but the labels say whose the records are.
        Err(_) => under(Label::new(provider.name(), &*id, &*account), &store).await?,
    };
    let mut is_signed_in = false;
    for key in &keys {
        // A record that cannot be read ends the command: its token could not be revoked, and deleting it because a key
        // is missing would lose the token.
        let record = key.find(&*store).await?;
        if let (Ok(profile), Some(record)) = (&profile, &record)
            && let Some(problem) = of_another_issuer(profile, record)
        {
            let problem = format!("account {account} is not signed out: {problem}");
            return Err(Failure::config(problem).remedy(format!(
                "set {} to the token URL that the sign-in is from and sign out again; or remove {}",
                provider.variable_name("TOKEN_URL"),
                store.file(key).display()
            )));
        }
        is_signed_in |= record.is_some();
    }
    let (name, account) = (provider.name(), &account);
    if !is_signed_in {
        // A process that was killed during its first write has left no record, but may have left a token.
        remove(&store, &keys).await?;
        // Without the profile, a record without a label is not found, so there may still be one.
        profile?;
        screen.say(format_args!("There is no sign-in to {name} of account {account}."));
        return Ok(());
    }
    let sign_in = profile.and_then(|profile| sign_in(&provider, profile, &id));
    let (sign_in, key) = match (sign_in, keys.first()) {
        (Ok(sign_in), Some(key)) => (sign_in, key),
        (Err(failure), _) if failure.kind() == Kind::Interrupted => return Err(failure),
        (Err(failure), _) => {
            remove(&store, &keys).await?;
            return Err(not_revoked(name, failure.kind()).because(failure.to_string()));
        }
        (Ok(_), None) => return Ok(()),
    };
    let out = screen.err(Colour::Green, &format!("Signed out of {name}, account {account}."));
    match to_the_end(screen, sign_in.sign_out(&*store, key)).await?? {
        SignedOut::Revoked => {
            screen.say(format_args!("{out} The tokens are revoked there and deleted here."));
        }
        SignedOut::NobodyThere => {
            screen.say(format_args!("There is no sign-in to {name} of account {account}."));
        }
        SignedOut::NotOffered => screen.say(format_args!(
            "{out} The tokens are deleted here. {name} has no way to revoke them: a copy of one elsewhere is good \
             until it expires."
        )),
        SignedOut::NotRevoked(error) => {
            let failure = Failure::from(error);
            return Err(not_revoked(name, failure.kind()).because(failure.to_string()));
        }
        _ => screen.say(out),
    }
    Ok(())
}

/// Makes the client that revokes. The person is asked for a secret only if something can be revoked.
fn sign_in(provider: &Provider<'_>, profile: Profile, id: &str) -> Result<SignIn, Failure> {
    let credential = if profile.revocation_url().is_some() {
        provider.credential(ask_for_secret)?
    } else {
        Credential::from_fn(id, || Err("it was not asked for, because nothing can be revoked".into()))
    };
    Ok(SignIn::builder(profile, credential).user_agent(USER_AGENT).build()?)
}

/// Returns the keys of the records with this label.
async fn under(label: Label, store: &FileStore) -> Result<Vec<StoreKey>, Failure> {
    let kept = store.list().await?;
    Ok(labelled(&kept, label).map(|(key, _)| key.clone()).collect())
}

async fn remove(store: &FileStore, keys: &[StoreKey]) -> Result<(), Failure> {
    for key in keys.iter().flat_map(|key| key.earlier().chain([key])) {
        store.remove(key).await?;
    }
    Ok(())
}

fn not_revoked(name: &str, kind: Kind) -> Failure {
    Failure::new(
        kind,
        format!("the tokens are deleted here, but {name} did not revoke them, so they may still be good"),
    )
    .remedy(format!("withdraw this application's permission in your account at {name}"))
}
