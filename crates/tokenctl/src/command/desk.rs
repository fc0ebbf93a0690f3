//! `Desk`: what all commands about one sign-in need.

use std::sync::Arc;

use auth_layer::profile::TokenUrl;
use auth_layer::source::ExchangeBuilder;
use auth_layer::store::{Label, Record, StoreError, StoreKey};
use auth_layer::{Credential, Error, ErrorKind, Exchange, FileStore, Grant, Identity, Profile, Secret};

use crate::config::{Commands, Described, Provider, SecretPlace, Settings};
use crate::failure::{Failure, Kind};
use crate::flags::Whose;
use crate::store;
use crate::user_agent::USER_AGENT;

/// One provider, one client, one account.
#[derive(Debug)]
pub(super) struct Desk<'a> {
    pub(super) provider: Provider<'a>,
    pub(super) described: Described,
    pub(super) credential: Credential,
    pub(super) account: String,
    /// True if a flag or a setting names the account.
    pub(super) named: bool,
    pub(super) commands: &'a Commands,
}

impl<'a> Desk<'a> {
    /// Reads the configuration of one sign-in. `ask` asks a person for a secret that is not configured.
    pub(super) async fn open(
        whose: &'a Whose,
        settings: &'a Settings,
        ask: impl FnOnce(&str) -> Result<Option<Secret>, Failure>,
    ) -> Result<Self, Failure> {
        let provider = settings.provider(&whose.provider)?;
        let account = provider.account(whose.account.as_deref())?;
        let named = provider.named_account(whose.account.as_deref())?.is_some();
        provider.require_client_id()?;
        // The profile comes first: if that fails, no person has typed in a secret for nothing.
        let described = provider.profile(store::without_keys(settings).as_ref()).await?;
        let credential = provider.credential(ask)?;
        Ok(Self { provider, described, credential, account, named, commands: &settings.commands })
    }

    pub(super) const fn profile(&self) -> &Profile {
        &self.described.profile
    }

    /// Returns the store that keeps the tokens.
    pub(super) fn store(&self, settings: &Settings) -> Result<Arc<FileStore>, Failure> {
        store::open(settings).map(Arc::new)
    }

    /// Describes an exchange in the same way as the services do. Otherwise they would look under another key.
    pub(super) fn exchange(&self, grant: Grant) -> ExchangeBuilder {
        Exchange::builder(self.profile().clone(), self.credential.clone(), grant)
            .subject(&*self.account)
            .user_agent(USER_AGENT)
    }

    /// Returns the key under which the services look.
    pub(super) fn key(&self) -> StoreKey {
        stored_key(self.profile(), self.credential.id(), &self.account)
    }

    pub(super) fn label(&self) -> Label {
        Label::new(self.profile().name(), self.credential.id(), &*self.account)
    }

    /// Makes a failure of an error, with advice that names this provider's settings. `scope` is the scope that was
    /// asked for, and where it came from.
    pub(super) fn failure(&self, error: Error, scope: Option<(&str, &str)>) -> Failure {
        let advice = self.advice(&error, scope);
        let failure = Failure::from(error).about(self.provider.name());
        match advice {
            Some(advice) => failure.remedy(advice),
            None => failure,
        }
    }

    /// Returns advice by the OAuth error code (RFC 6749 sections 4.1.2.1 and 5.2). `None` if the general advice says as
    /// much.
    fn advice(&self, error: &Error, scope: Option<(&str, &str)>) -> Option<String> {
        if error.kind() == ErrorKind::SignInAgain {
            return Some(format!("sign in: {}", self.login()));
        }
        // The code of a server in trouble says nothing about the client.
        if error.is_transient() || error.status().is_some_and(|status| status.is_server_error()) {
            return None;
        }
        let provider = &self.provider;
        let name = provider.name();
        let code = error.oauth().map(|oauth| oauth.code().to_ascii_lowercase());
        Some(match code.as_deref() {
            Some("invalid_client") => {
                let method = match provider.is_known() {
                    true => String::new(),
                    false => format!(
                        "; or set how the client authenticates: {}",
                        provider.member("client_auth (basic, body or public)")
                    ),
                };
                format!("check the client's id ({}) and {}{method}", provider.id_place(), self.secret_words())
            }
            Some("unauthorized_client") => format!(
                "{name} does not allow client {} to use this grant; allow it in the client's settings there, or use \
                 another client ({})",
                self.credential.id(),
                provider.id_place()
            ),
            Some("invalid_scope") => match scope {
                Some((scope, place)) => format!("check the scope \"{scope}\" ({place})"),
                // The profile of a known provider has a scope of its own.
                None if provider.is_known() => return None,
                None => format!("no scope was asked for; {name} may need one ({})", provider.scope_place()),
            },
            Some("invalid_request") if !provider.is_known() => {
                let places = ["token_url", "client_auth", "encoding"].join(", ");
                format!("check {}", provider.member(&places))
            }
            Some("unsupported_grant_type") if !provider.is_known() => {
                format!("check {}", provider.member("token_url and grant"))
            }
            _ => return None,
        })
    }

    fn secret_words(&self) -> String {
        match self.provider.secret_place() {
            Ok(SecretPlace::Variable(name)) => format!("secret ({name})"),
            Ok(SecretPlace::File(path)) => format!("secret ({})", path.display()),
            Ok(SecretPlace::Nowhere) => "the secret that was typed in".to_owned(),
            Ok(SecretPlace::None) => "whether it is a public client, which has no secret".to_owned(),
            Err(_) => "secret".to_owned(),
        }
    }

    /// Returns the command that signs in here.
    pub(super) fn login(&self) -> String {
        self.commands.about("login", self.provider.name(), &self.account)
    }
}

/// Returns the key that the services look under.
pub(super) fn stored_key(profile: &Profile, client_id: &str, account: &str) -> StoreKey {
    StoreKey::for_identity(profile, client_id, &Grant::Stored, &Identity::new(account))
}

/// Returns what is wrong with a record whose tokens came from another issuer than the profile's. `None` if nothing is.
pub(super) fn of_another_issuer(profile: &Profile, record: &Record) -> Option<String> {
    let theirs = record.entry.token_url.as_ref().filter(|url| !profile.takes_sign_ins_from(url))?;
    let own = own_token_url(profile);
    Some(format!("it is from the token URL {theirs}, but the token URL of {} is {own}", profile.name()))
}

/// Returns the failure of a command that would use such a record.
pub(super) fn not_usable(
    provider: &Provider<'_>,
    account: &str,
    problem: &str,
    commands: &Commands,
) -> Failure {
    let name = provider.name();
    let remedy = format!(
        "`{}` replaces it; or, if {name} has moved, list its earlier URL in {}; or keep both, with an account name for \
         each (--account)",
        commands.about("login", name, account),
        provider.member("moved_from")
    );
    Failure::new(Kind::Config, format!("the sign-in of account {account} cannot be used: {problem}"))
        .remedy(remedy)
}

/// Returns a profile's token URL without its query, which may hold a secret.
fn own_token_url(profile: &Profile) -> String {
    let url = profile.token_url().to_string();
    url.parse::<TokenUrl>().map_or_else(|_| profile.name().to_owned(), |url| url.to_string())
}

/// A record as the store lists it.
pub(super) type Kept = (StoreKey, Result<Record, StoreError>);

/// Returns the records with a label. It says whose they are, as far as that is known without the provider's metadata.
pub(super) fn labelled(kept: &[Kept], label: Label) -> impl Iterator<Item = &Kept> {
    kept.iter().filter(move |(_, record)| {
        record.as_ref().is_ok_and(|record| record.entry.label.as_ref() == Some(&label))
    })
}
