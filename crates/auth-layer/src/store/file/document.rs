//! `Document`: the content of a record's file.

use std::fmt;
use std::io;
use std::time::Duration;

use serde::de::{Deserializer, Error as _, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use zeroize::Zeroizing;

use super::sealing::{Sealed, SealingKey};
use crate::clock::Now;
use crate::secret::Secret;
use crate::store::{Entry, Label, State, StoreError, StoreErrorKind, StoreKey, Version};
use crate::token::{AccessToken, Kept, RefreshToken, Scope};

/// The content of a record's file. All but the tokens is plain text that a person can read. A removed record leaves its
/// version here.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Document {
    format: u64,
    key: String,
    pub(super) version: u64,
    state: Status,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    label: Option<Named>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    account: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    #[serde(default, skip_serializing_if = "Kept::is_empty")]
    kept: Kept,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refresh_token_ends: Option<Duration>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    obtained: Option<Duration>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    redeemed: Option<Duration>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    access_token_ends: Option<Duration>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_error: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mark: Option<Mark>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tokens: Option<Tokens>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sealed: Option<Sealed>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Idle,
    Redeeming,
    NoRefreshToken,
    Ended,
    Removed,
}

/// The mark of a holder that is redeeming the refresh token.
#[derive(Debug, Serialize, Deserialize)]
struct Mark {
    holder: String,
    lease: Duration,
    /// The end of the lease, since the Unix epoch.
    ends: Duration,
}

#[derive(Debug, Serialize, Deserialize)]
struct Named {
    provider: String,
    client: String,
    subject: String,
}

/// The part that may be sealed.
#[derive(Debug, Serialize, Deserialize)]
struct Tokens {
    refresh_token: Hidden,
    sign_in: Hidden,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    access_token: Option<Hidden>,
    /// The token URL that the tokens came from. It is sealed with them, so that it cannot be replaced alone, and
    /// because its query may hold a secret. Earlier versions of this crate do not write it, and ignore it when they
    /// read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token_url: Option<Hidden>,
}

/// An entry as it was read.
pub(super) struct Opened {
    pub(super) entry: Entry,
    /// The end of the mark's lease, since the Unix epoch.
    pub(super) lease_ends: Option<Duration>,
}

impl Document {
    /// Returns the content for an entry. Its tokens are sealed if there is a key.
    pub(super) fn new(
        key: &StoreKey,
        version: Version,
        entry: &Entry,
        now: Now,
        sealing: Option<&SealingKey>,
    ) -> Result<Self, StoreError> {
        let (state, mark) = match &entry.state {
            State::Idle => (Status::Idle, None),
            State::Redeeming { holder, lease } => {
                let ends = now.wall().saturating_add(*lease);
                (Status::Redeeming, Some(Mark { holder: holder.clone(), lease: *lease, ends }))
            }
            State::NoRefreshToken => (Status::NoRefreshToken, None),
            State::Ended => (Status::Ended, None),
        };
        let tokens = Tokens {
            refresh_token: Hidden::of(entry.refresh_token.expose()),
            sign_in: Hidden::of(entry.sign_in.as_str()),
            access_token: entry.access_token.as_ref().map(|token| Hidden::of(token.expose())),
            token_url: entry.token_url.as_ref().map(|url| Hidden::of(&url.uri().to_string())),
        };
        let (tokens, sealed) = match sealing {
            Some(sealing) => {
                let sealed = sealing.seal(&bound(key), text(&tokens)?);
                (None, Some(sealed.ok_or_else(unsealable)?))
            }
            None => (Some(tokens), None),
        };
        Ok(Self {
            format: FORMAT,
            key: key.as_str().to_owned(),
            version: version.number(),
            state,
            label: entry.label.as_ref().map(Named::of),
            account: entry.account.clone(),
            scope: entry.scope.as_ref().map(Scope::to_string),
            kept: entry.kept.clone(),
            refresh_token_ends: entry.refresh_token_expires,
            obtained: entry.obtained,
            redeemed: entry.redeemed,
            access_token_ends: entry.hard,
            last_error: entry.last_error.clone(),
            mark,
            tokens,
            sealed,
        })
    }

    /// Returns the content for a record that was removed.
    pub(super) fn removed(key: &StoreKey, version: u64) -> Self {
        Self {
            format: FORMAT,
            key: key.as_str().to_owned(),
            version,
            state: Status::Removed,
            label: None,
            account: None,
            scope: None,
            kept: Kept::new(),
            refresh_token_ends: None,
            obtained: None,
            redeemed: None,
            access_token_ends: None,
            last_error: None,
            mark: None,
            tokens: None,
            sealed: None,
        }
    }

    /// Parses the file of `key`. Sealed tokens stay sealed.
    pub(super) fn read(key: &StoreKey, bytes: &[u8]) -> Result<Self, StoreError> {
        /// The one member that all formats have.
        #[derive(Deserialize)]
        struct Format {
            format: u64,
        }
        // The format is read alone first. A newer format may have other members, which must give the error "update" and
        // not "corrupt".
        let Format { format } = serde_json::from_slice(bytes).map_err(|error| garbled(&error))?;
        if format > FORMAT {
            let message = format!(
                "was written by a newer version (format {format}, and this one reads {FORMAT}); update this program"
            );
            return Err(StoreError::of(StoreErrorKind::Newer, message));
        }
        if format < FORMAT {
            return Err(corrupt("has a format that does not exist"));
        }
        let document: Self = serde_json::from_slice(bytes).map_err(|error| garbled(&error))?;
        // A file that was copied or renamed would give one identity the tokens of another.
        if document.key != key.as_str() {
            return Err(corrupt("holds the record of another identity"));
        }
        Ok(document)
    }

    /// Returns whether the record was removed.
    pub(super) fn is_removed(&self) -> bool {
        self.state == Status::Removed
    }

    /// Returns the version after this one.
    pub(super) fn next(&self) -> Result<Version, StoreError> {
        let next = self.version.checked_add(1).ok_or_else(|| corrupt("has the highest possible version"))?;
        Ok(Version::new(next))
    }

    /// Returns the entry. Sealed tokens are opened with one of `keys`.
    pub(super) fn open(&self, key: &StoreKey, keys: &[SealingKey]) -> Result<Opened, StoreError> {
        let opened;
        let tokens = match (&self.tokens, &self.sealed) {
            (Some(tokens), None) => tokens,
            (None, Some(sealed)) => {
                opened = unseal(key, sealed, keys)?;
                &opened
            }
            // With both, a person could put a token of their own beside the sealed one.
            _ => return Err(corrupt("has no tokens, or both plain and sealed ones")),
        };
        let access_token = match &tokens.access_token {
            Some(token) => Some(
                AccessToken::new(token.0.expose())
                    .map_err(|_| corrupt("has an access token that is not a valid header value"))?,
            ),
            None => None,
        };
        let token_url = tokens.token_url.as_ref().map(|url| url.0.expose().parse()).transpose();
        let sign_in = StoreKey::from_digits(tokens.sign_in.0.expose());
        let (state, lease_ends) = match (self.state, &self.mark) {
            (Status::Idle, None) => (State::Idle, None),
            (Status::NoRefreshToken, None) => (State::NoRefreshToken, None),
            (Status::Ended, None) => (State::Ended, None),
            (Status::Redeeming, Some(mark)) => {
                (State::Redeeming { holder: mark.holder.clone(), lease: mark.lease }, Some(mark.ends))
            }
            _ => return Err(corrupt("has a state that does not match its mark")),
        };
        let entry = Entry {
            state,
            sign_in: sign_in.ok_or_else(|| corrupt("does not say which sign-in it is from"))?,
            token_url: token_url.map_err(|_| corrupt("has a token URL that is not valid"))?,
            access_token,
            hard: self.access_token_ends,
            last_error: self.last_error.clone(),
            scope: self.scope.as_deref().map(Scope::granted),
            account: self.account.clone(),
            kept: self.kept.clone(),
            refresh_token_expires: self.refresh_token_ends,
            obtained: self.obtained,
            redeemed: self.redeemed,
            label: self.label.as_ref().map(Named::label),
            ..Entry::new(RefreshToken::new(tokens.refresh_token.0.clone()))
        };
        Ok(Opened { entry, lease_ends })
    }

    /// Returns the text of the file.
    pub(super) fn text(&self) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        text(self)
    }
}

impl Named {
    fn of(label: &Label) -> Self {
        let Label { provider, client, subject } = label.clone();
        Self { provider, client, subject }
    }

    fn label(&self) -> Label {
        Label::new(self.provider.as_str(), self.client.as_str(), self.subject.as_str())
    }
}

fn unseal(key: &StoreKey, sealed: &Sealed, keys: &[SealingKey]) -> Result<Tokens, StoreError> {
    let failed = |message| StoreError::of(StoreErrorKind::Sealed, message);
    if keys.is_empty() {
        return Err(failed("is sealed, and no sealing key is set; set the one it was sealed with, for example in AUTH_LAYER_STORE_KEY_FILE".into()));
    }
    let Some(with) = keys.iter().find(|with| with.id() == sealed.key) else {
        // The file may say anything, and this text goes into an error: only digits are shown.
        let id: String = sealed.key.chars().filter(char::is_ascii_hexdigit).take(16).collect();
        return Err(failed(format!(
            "is sealed with key {id}, which is not among the sealing keys that are set; add that one"
        )));
    };
    let text = with.open(&bound(key), sealed).ok_or_else(|| {
        failed(
            "cannot be unsealed: it was changed, or belongs to another identity; remove it and sign in again"
                .to_owned(),
        )
    })?;
    serde_json::from_slice(&text).map_err(|error| garbled(&error))
}

/// Returns the text that sealed tokens are bound to: the format and the identity. A sealed text that is copied into the
/// file of another identity does not open.
fn bound(key: &StoreKey) -> Vec<u8> {
    format!("auth-layer file store, format {FORMAT}, key {}", key.as_str()).into_bytes()
}

/// Returns a value as JSON, in a buffer with room for a seal.
///
/// The value is written twice: the first time for its length alone. The buffer then never grows, and growing would
/// leave copies of the tokens in memory that are not wiped.
fn text(value: &impl Serialize) -> Result<Zeroizing<Vec<u8>>, StoreError> {
    struct Length(usize);
    impl io::Write for Length {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let failed = |error: serde_json::Error| StoreError::new("cannot be written as JSON", error);
    let mut length = Length(0);
    serde_json::to_writer_pretty(&mut length, value).map_err(failed)?;
    let mut text = Zeroizing::new(Vec::with_capacity(length.0 + SEAL));
    serde_json::to_writer_pretty(&mut *text, value).map_err(failed)?;
    Ok(text)
}

/// A string that is wiped from memory when it is dropped.
#[derive(Debug)]
struct Hidden(Secret);

impl Hidden {
    fn of(text: &str) -> Self {
        Self(Secret::new(text))
    }
}

impl Serialize for Hidden {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.expose())
    }
}

impl<'de> Deserialize<'de> for Hidden {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Hidden;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a token")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Hidden, E> {
                Ok(Hidden::of(text))
            }
        }
        // The parser's own error would show the value, which may be a token.
        deserializer.deserialize_str(Text).map_err(|_| D::Error::custom("not a token"))
    }
}

/// Returns an error with the place of the problem. The text at that place is left out, because it may be a token.
fn garbled(error: &serde_json::Error) -> StoreError {
    let (line, column) = (error.line(), error.column());
    let message =
        format!("is not a valid record (line {line}, column {column}); remove it and sign in again");
    StoreError::of(StoreErrorKind::Corrupt, message)
}

fn unsealable() -> StoreError {
    StoreError::of(
        StoreErrorKind::Unreachable,
        "cannot be sealed: the system's random number generator failed; try again",
    )
}

fn corrupt(problem: &str) -> StoreError {
    StoreError::of(StoreErrorKind::Corrupt, format!("{problem}; remove the file and sign in again"))
}

/// The format of the files. A higher number makes programs of this version ask for an update.
const FORMAT: u64 = 1;

/// The length that a seal adds to a text, in bytes: the tag of Poly1305.
const SEAL: usize = 16;
