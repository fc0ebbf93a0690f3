//! `logout`: the end of a sign-in, at the provider and here.

use std::sync::Arc;

use auth_layer::{Credential, FileStore, Label, Profile, SignIn, SignedOut, StoreKey, TokenStore};

use super::desk::{labelled, of_another_issuer, stored_key};
use super::interrupt::to_the_end;
use super::prompt::ask_for_secret;
use crate::USER_AGENT;
use crate::config::{Provider, Settings};
use crate::failure::{Failure, Kind};
use crate::flags::Whose;
use crate::screen::{Colour, Screen};
use crate::store;

pub(super) async fn run(whose: &Whose, settings: &Settings, screen: &Screen) -> Result<(), Failure> {
    let provider = settings.provider(&whose.provider)?;
    let account = provider.account(whose.account.as_deref())?;
    let id = provider.require_client_id()?;
    let store = Arc::new(store::open(settings)?);
    let profile = provider.profile().await;
    let keys: Vec<StoreKey> = match &profile {
        Ok(profile) => vec![stored_key(profile, &id, &account)],
        // The labels tell whose the records are, without the network.
        Err(_) => under(Label::new(provider.name(), &*id, &*account), &store).await?,
    };
    let mut somebody = false;
    for key in &keys {
        // What cannot be read cannot be revoked either, and is not to be lost over a key that was forgotten.
        let record = key.find(&*store).await?;
        if let (Ok(profile), Some(record)) = (&profile, &record)
            && let Some(problem) = of_another_issuer(profile, record)
        {
            let problem = format!("account {account} is not signed out: {problem}");
            return Err(Failure::config(problem).remedy(format!(
                "sign out with the token URL that it is from (set {}), or remove {}",
                provider.variable_name("TOKEN_URL"),
                store.file(key).display()
            )));
        }
        somebody |= record.is_some();
    }
    let (name, account) = (provider.name(), &account);
    if !somebody {
        // A first write that was killed has left no record, but may have left a token.
        remove(&store, &keys).await?;
        // Without the profile, records that have no label are not found.
        profile?;
        screen.say(format_args!("Nobody was signed in to {name}, account {account}."));
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
            screen.say(format_args!("Nobody was signed in to {name}, account {account}."));
        }
        SignedOut::NotOffered => screen.say(format_args!(
            "{out} The tokens are deleted here. {name} offers no way to revoke them: what was copied elsewhere is good \
             until it ends by itself."
        )),
        SignedOut::NotRevoked(error) => {
            let failure = Failure::from(error);
            return Err(not_revoked(name, failure.kind()).because(failure.to_string()));
        }
        _ => screen.say(out),
    }
    Ok(())
}

/// What revokes. Where nothing can be revoked, nobody is asked for a secret.
fn sign_in(provider: &Provider<'_>, profile: Profile, id: &str) -> Result<SignIn, Failure> {
    let credential = if profile.revocation_url().is_some() {
        provider.credential(ask_for_secret)?
    } else {
        Credential::from_fn(id, || Err("not asked for here".into()))
    };
    Ok(SignIn::builder(profile, credential).user_agent(USER_AGENT).build()?)
}

/// The records with this label.
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
        format!("the tokens are deleted here, but {name} did not revoke them: they may live on"),
    )
    .remedy(format!("take this application's permission back in your account at {name}"))
}
