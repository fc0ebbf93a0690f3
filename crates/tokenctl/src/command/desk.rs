//! `Desk`: what all commands about one sign-in need.

use std::sync::Arc;

use auth_layer::{Credential, Exchange, ExchangeBuilder, FileStore, Grant, Label, Profile, Secret, StoreKey};

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
}

impl<'a> Desk<'a> {
    /// Reads the configuration of one sign-in. `ask` is how a person is asked for a secret that is nowhere.
    pub(super) async fn open(
        whose: &'a Whose,
        settings: &'a Settings,
        ask: impl FnOnce(&str) -> Option<Secret>,
    ) -> Result<Self, Failure> {
        let provider = settings.provider(&whose.provider)?;
        let account = provider.account(whose.account.as_deref())?;
        let credential = provider.credential(ask)?;
        let profile = provider.profile().await?;
        Ok(Self { provider, profile, credential, account })
    }

    /// The store that keeps the tokens.
    pub(super) fn store(&self, settings: &Settings) -> Result<Arc<FileStore>, Failure> {
        store::open(settings).map(Arc::new)
    }

    /// Describes an exchange as the services describe theirs, or they would look under another key.
    pub(super) fn exchange(&self, grant: Grant) -> ExchangeBuilder {
        Exchange::builder(self.profile.clone(), self.credential.clone(), grant).subject(&*self.account)
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
        let account = match self.account.as_str() {
            "default" => String::new(),
            account => format!(" --account {account}"),
        };
        format!("tokenctl login {}{account}", self.provider.name())
    }
}
