//! `Desk`: what all commands about one sign-in need.

use std::sync::Arc;

use auth_layer::{
    Credential, Exchange, ExchangeBuilder, FileStore, Grant, Label, Profile, Record, Secret, StoreError,
    StoreKey,
};

use crate::USER_AGENT;
use crate::config::{Provider, Settings};
use crate::failure::{Failure, Kind};
use crate::flags::Whose;
use crate::store;

/// One provider, one client, one account.
#[derive(Debug)]
pub(super) struct Desk<'a> {
    pub(super) provider: Provider<'a>,
    pub(super) profile: Profile,
    pub(super) credential: Credential,
    pub(super) account: String,
    /// Whether anybody said which account.
    pub(super) named: bool,
}

impl<'a> Desk<'a> {
    /// Reads the configuration of one sign-in. `ask` is how a person is asked for a secret that is nowhere.
    pub(super) async fn open(
        whose: &'a Whose,
        settings: &'a Settings,
        ask: impl FnOnce(&str) -> Result<Option<Secret>, Failure>,
    ) -> Result<Self, Failure> {
        let provider = settings.provider(&whose.provider)?;
        let account = provider.account(whose.account.as_deref())?;
        let named = provider.named_account(whose.account.as_deref())?.is_some();
        provider.require_client_id()?;
        // Nobody is asked for a secret that would be of no use.
        let profile = provider.profile().await?;
        let credential = provider.credential(ask)?;
        Ok(Self { provider, profile, credential, account, named })
    }

    /// The store that keeps the tokens.
    pub(super) fn store(&self, settings: &Settings) -> Result<Arc<FileStore>, Failure> {
        store::open(settings).map(Arc::new)
    }

    /// Describes an exchange as the services describe theirs, or they would look under another key.
    pub(super) fn exchange(&self, grant: Grant) -> ExchangeBuilder {
        Exchange::builder(self.profile.clone(), self.credential.clone(), grant)
            .subject(&*self.account)
            .user_agent(USER_AGENT)
    }

    /// The key under which the services look.
    pub(super) fn key(&self, store: Arc<FileStore>) -> Result<StoreKey, Failure> {
        let exchange = self.exchange(Grant::Stored).store(store).build()?;
        let key = exchange.store_key().cloned();
        key.ok_or_else(|| Failure::new(Kind::Failed, "a stored sign-in has a key"))
    }

    pub(super) fn label(&self) -> Label {
        Label::new(self.profile.name(), self.credential.id(), &*self.account)
    }

    /// Adds to a failure that wants a sign-in how to get one.
    pub(super) fn advise(&self, failure: Failure) -> Failure {
        if failure.kind() == Kind::SignIn { failure.remedy(self.login()) } else { failure }
    }

    /// The command that signs in here.
    pub(super) fn login(&self) -> String {
        command("login", self.provider.name(), &self.account)
    }
}

/// A command about one sign-in.
pub(super) fn command(what: &str, provider: &str, account: &str) -> String {
    match account {
        "default" => format!("tokenctl {what} {provider}"),
        _ => format!("tokenctl {what} {provider} --account {account}"),
    }
}

/// The key that the services look under. It does not depend on the client's secret, which is not read.
pub(super) fn stored_key(
    profile: Profile,
    client_id: &str,
    account: &str,
    store: &FileStore,
) -> Result<Option<StoreKey>, Failure> {
    let credential = Credential::from_fn(client_id, || Err("not asked for here".into()));
    let exchange = Exchange::builder(profile, credential, Grant::Stored)
        .subject(account)
        .store(Arc::new(store.clone()))
        .build()?;
    Ok(exchange.store_key().cloned())
}

/// A record as the store lists it.
pub(super) type Kept = (StoreKey, Result<Record, StoreError>);

/// The records with a label: whose they are, as far as can be told without the provider's metadata.
pub(super) fn labelled(kept: &[Kept], label: Label) -> impl Iterator<Item = &Kept> {
    kept.iter().filter(move |(_, record)| {
        record.as_ref().is_ok_and(|record| record.entry.label.as_ref() == Some(&label))
    })
}
