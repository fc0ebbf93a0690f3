//! `Desk`: what all commands about one sign-in need.

use std::sync::Arc;

use auth_layer::{
    Credential, Exchange, ExchangeBuilder, FileStore, Grant, Identity, Label, Profile, Record, Secret,
    StoreError, StoreKey, TokenUrl,
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
    pub(super) fn key(&self) -> StoreKey {
        stored_key(&self.profile, self.credential.id(), &self.account)
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

/// The key that the services look under.
pub(super) fn stored_key(profile: &Profile, client_id: &str, account: &str) -> StoreKey {
    StoreKey::for_identity(profile, client_id, &Grant::Stored, &Identity::new(account))
}

/// What is wrong with a record whose tokens came from another issuer than the profile's; `None` if nothing is.
pub(super) fn of_another_issuer(profile: &Profile, record: &Record) -> Option<String> {
    let theirs = record.entry.token_url.as_ref().filter(|url| !profile.takes_sign_ins_from(url))?;
    let own = own_token_url(profile);
    Some(format!("it is from the token URL {theirs}, and the token URL of {} is {own}", profile.name()))
}

/// What to do about such a record.
pub(super) fn about_another_issuer(provider: &Provider<'_>, account: &str) -> String {
    let name = provider.name();
    format!(
        "`{}` replaces it; or, if {name} has moved, list its earlier URL in moved_from of [providers.{name}]; or keep \
         both, with an account name for each (--account)",
        command("login", name, account)
    )
}

/// A profile's token URL as it may be shown.
fn own_token_url(profile: &Profile) -> String {
    let url = profile.token_url().to_string();
    url.parse::<TokenUrl>().map_or_else(|_| profile.name().to_owned(), |url| url.to_string())
}

/// A record as the store lists it.
pub(super) type Kept = (StoreKey, Result<Record, StoreError>);

/// The records with a label: whose they are, as far as can be told without the provider's metadata.
pub(super) fn labelled(kept: &[Kept], label: Label) -> impl Iterator<Item = &Kept> {
    kept.iter().filter(move |(_, record)| {
        record.as_ref().is_ok_and(|record| record.entry.label.as_ref() == Some(&label))
    })
}
