//! `Record`: the data that a store keeps for one identity.

use std::time::Duration;

use super::key::StoreKey;
use crate::profile::TokenUrl;
use crate::token::{AccessToken, Kept, RefreshToken, Scope};

/// The version of a record. Each write makes it larger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(u64);

impl Version {
    /// Creates the version with this number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Returns the number.
    pub const fn number(self) -> u64 {
        self.0
    }
}

/// The content of a record. `Debug` shows no token.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// The state of the refresh token.
    pub state: State,
    /// The current refresh token. It may be the one that is being redeemed.
    pub refresh_token: RefreshToken,
    /// A digest of the first refresh token of this sign-in. Later tokens of the same sign-in leave it as it is, so that
    /// it tells a new sign-in from the known one.
    pub sign_in: StoreKey,
    /// The token URL that the tokens came from. A refresh token must be sent to no other issuer (RFC 6749 section
    /// 10.4). So the record is used only if [`Profile::takes_sign_ins_from`](crate::Profile::takes_sign_ins_from)
    /// allows this URL.
    ///
    /// `None` means that it is not checked. The program that wrote the entry under this key is then responsible for it.
    pub token_url: Option<TokenUrl>,
    /// The latest access token.
    pub access_token: Option<AccessToken>,
    /// The time when the access token expires, since the Unix epoch.
    pub hard: Option<Duration>,
    /// The OAuth error code that ended the grant.
    pub last_error: Option<String>,
    /// The scope that was granted, if the server said it.
    pub scope: Option<Scope>,
    /// The account that the tokens belong to, if the server said it.
    pub account: Option<String>,
    /// The members of answers and the parameters of the callback that the profile keeps.
    pub kept: Kept,
    /// The time when the refresh token expires, since the Unix epoch, if the server said it.
    pub refresh_token_expires: Option<Duration>,
    /// The time when this refresh token was issued, since the Unix epoch.
    pub obtained: Option<Duration>,
    /// The time when the refresh token was last redeemed, since the Unix epoch.
    pub redeemed: Option<Duration>,
    /// The identity in words, for a person who looks into a store.
    pub label: Option<Label>,
}

/// The identity of a record in words, because a person cannot read it from the key. It holds no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Label {
    /// The profile's name.
    pub provider: String,
    /// The client id.
    pub client: String,
    /// The subject that was set with [`ExchangeBuilder::subject`](crate::source::ExchangeBuilder::subject).
    pub subject: String,
}

impl Label {
    /// Creates a label.
    pub fn new(provider: impl Into<String>, client: impl Into<String>, subject: impl Into<String>) -> Self {
        Self { provider: provider.into(), client: client.into(), subject: subject.into() }
    }
}

/// The state of a record's refresh token.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// The refresh token may be redeemed.
    Idle,
    /// A holder of the store is redeeming the refresh token. This mark is written before the request is sent. If it is
    /// still there after its lease, the token may be used up.
    Redeeming {
        /// The name of the holder.
        holder: String,
        /// How long the mark counts. A writer gives the whole lease, and a reader gets the rest of it. The store
        /// measures it by its own clock.
        lease: Duration,
    },
    /// The server has issued no refresh token: the access token is all that there is. The entry's `refresh_token` is
    /// empty and must not be sent. When the access token has expired, a person has to sign in again.
    NoRefreshToken,
    /// The server has ended the grant. A person has to sign in again.
    Ended,
}

/// An [`Entry`] as it was read, with its version.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Record {
    /// The version that the next write has to name.
    pub version: Version,
    /// The content.
    pub entry: Entry,
}

impl Entry {
    /// Creates an idle entry that has only a refresh token.
    pub fn new(refresh_token: RefreshToken) -> Self {
        let sign_in = StoreKey::of([refresh_token.expose()]);
        Self {
            state: State::Idle,
            refresh_token,
            sign_in,
            token_url: None,
            access_token: None,
            hard: None,
            last_error: None,
            scope: None,
            account: None,
            kept: Kept::new(),
            refresh_token_expires: None,
            obtained: None,
            redeemed: None,
            label: None,
        }
    }
}

impl Entry {
    /// Creates an entry of a sign-in for which the server issued an access token only. `hard` is the end of the access
    /// token, since the Unix epoch.
    pub fn without_refresh_token(access_token: AccessToken, hard: Duration) -> Self {
        Self {
            state: State::NoRefreshToken,
            sign_in: StoreKey::of([access_token.expose()]),
            hard: Some(hard),
            access_token: Some(access_token),
            ..Self::new(RefreshToken::new(""))
        }
    }
}

impl Record {
    /// Creates a record, for the implementation of a store.
    pub const fn new(version: Version, entry: Entry) -> Self {
        Self { version, entry }
    }
}
