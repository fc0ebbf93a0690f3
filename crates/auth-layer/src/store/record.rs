//! What a store keeps for one identity.

use std::time::Duration;

use super::key::StoreKey;
use crate::profile::TokenUrl;
use crate::token::{AccessToken, RefreshToken, Scope};

/// Which writing of a record this is; each write makes it larger.
///
/// ```
/// use auth_layer::Version;
///
/// assert!(Version::new(2) > Version::new(1));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(u64);

impl Version {
    /// The version with this number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Its number.
    pub const fn number(self) -> u64 {
        self.0
    }
}

/// What is written for one identity. `Debug` shows no token.
///
/// ```
/// use auth_layer::{Entry, RefreshToken, State};
///
/// let entry = Entry::new(RefreshToken::new("tGzv3JOkF0XG5Qx2TlKWIA"));
/// assert_eq!(entry.state, State::Idle);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// Whether somebody is redeeming the refresh token.
    pub state: State,
    /// The refresh token that is good, or that is being redeemed.
    pub refresh_token: RefreshToken,
    /// A digest of the refresh token that a person's sign-in gave, from which all others here came: it tells a new
    /// sign-in from the one that is known.
    pub sign_in: StoreKey,
    /// The token URL that the tokens came from. A refresh token is sent nowhere but to that issuer (RFC 6749 section 10.4),
    /// so that the record is used only where
    /// [`Profile::takes_sign_ins_from`](crate::Profile::takes_sign_ins_from) allows it. `None` leaves that to the program
    /// that wrote the entry under the identity's key.
    pub token_url: Option<TokenUrl>,
    /// The access token that came last.
    pub access_token: Option<AccessToken>,
    /// When the access token ends, since the Unix epoch.
    pub hard: Option<Duration>,
    /// The OAuth error code that ended the grant.
    pub last_error: Option<String>,
    /// What was granted, where the server said.
    pub scope: Option<Scope>,
    /// Whom the tokens stand for, where the server said.
    pub account: Option<String>,
    /// When this refresh token was handed out, since the Unix epoch.
    pub obtained: Option<Duration>,
    /// When it was last traded for an access token, since the Unix epoch.
    pub redeemed: Option<Duration>,
    /// Whose record it is, in words, for those who look into a store.
    pub label: Option<Label>,
}

/// Whose record it is, in words: the key tells nobody. It holds no secret.
///
/// ```
/// use auth_layer::Label;
///
/// let label = Label::new("goto", "my-client", "default");
/// assert_eq!(label.provider, "goto");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Label {
    /// The profile's name.
    pub provider: String,
    /// The client's id.
    pub client: String,
    /// The subject, as [`ExchangeBuilder::subject`](crate::ExchangeBuilder::subject) was told it.
    pub subject: String,
}

impl Label {
    /// A label.
    pub fn new(provider: impl Into<String>, client: impl Into<String>, subject: impl Into<String>) -> Self {
        Self { provider: provider.into(), client: client.into(), subject: subject.into() }
    }
}

/// Whether a record's refresh token may be redeemed.
///
/// ```
/// use auth_layer::State;
/// use std::time::Duration;
///
/// let marked = State::Redeeming { holder: "worker-1".into(), lease: Duration::from_secs(60) };
/// assert_ne!(marked, State::Idle);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// Nobody is redeeming it.
    Idle,
    /// It is on its way to the token endpoint. This is written before the bytes leave: if the mark outlives
    /// its lease, the token may be used up.
    Redeeming {
        /// Who is redeeming it.
        holder: String,
        /// How long the mark still counts. The store judges that by its own clock: written as the whole
        /// lease, read as what is left of it.
        lease: Duration,
    },
    /// The server has ended the grant; a person has to sign in again.
    Ended,
}

/// An [`Entry`] as it was read, with its version.
///
/// ```
/// use auth_layer::{Entry, Record, RefreshToken, Version};
///
/// let record = Record::new(Version::new(7), Entry::new(RefreshToken::new("r")));
/// assert_eq!(record.version.number(), 7);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Record {
    /// Its version.
    pub version: Version,
    /// What was written.
    pub entry: Entry,
}

impl Entry {
    /// An idle entry with nothing but a refresh token.
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
            obtained: None,
            redeemed: None,
            label: None,
        }
    }
}

impl Record {
    /// A record as a store reads it.
    pub const fn new(version: Version, entry: Entry) -> Self {
        Self { version, entry }
    }
}
