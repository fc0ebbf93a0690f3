//! What stands in the file of a record.

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
use crate::token::{AccessToken, RefreshToken, Scope};

/// A record's file: all but the tokens can be read by people. A record that was removed leaves its version behind.
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
    Ended,
    Removed,
}

/// Who is redeeming, and until when that counts, since the Unix epoch.
#[derive(Debug, Serialize, Deserialize)]
struct Mark {
    holder: String,
    lease: Duration,
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
    /// Where they came from. It is sealed with them, so that it cannot be exchanged, and because its query may hold a
    /// secret. A file of an earlier version has none, and that version ignores it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token_url: Option<Hidden>,
}

/// An entry as it was read. A mark's lease is told with its end, since the Unix epoch.
pub(super) struct Opened {
    pub(super) entry: Entry,
    pub(super) lease_ends: Option<Duration>,
}

impl Document {
    /// Writes down an entry, sealed if there is a key to seal it with.
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
            obtained: entry.obtained,
            redeemed: entry.redeemed,
            access_token_ends: entry.hard,
            last_error: entry.last_error.clone(),
            mark,
            tokens,
            sealed,
        })
    }

    /// What is left of a record that was removed.
    pub(super) fn removed(key: &StoreKey, version: u64) -> Self {
        Self {
            format: FORMAT,
            key: key.as_str().to_owned(),
            version,
            state: Status::Removed,
            label: None,
            account: None,
            scope: None,
            obtained: None,
            redeemed: None,
            access_token_ends: None,
            last_error: None,
            mark: None,
            tokens: None,
            sealed: None,
        }
    }

    /// Reads the file of `key`, without opening what is sealed.
    pub(super) fn read(key: &StoreKey, bytes: &[u8]) -> Result<Self, StoreError> {
        /// What tells one format from another, whatever else changes.
        #[derive(Deserialize)]
        struct Format {
            format: u64,
        }
        let Format { format } = serde_json::from_slice(bytes).map_err(|error| garbled(&error))?;
        if format > FORMAT {
            let message = format!(
                "was written by a newer version (format {format}, and this one reads {FORMAT}); update this program"
            );
            return Err(StoreError::of(StoreErrorKind::Newer, message));
        }
        if format < FORMAT {
            return Err(corrupt("is of no format that ever was"));
        }
        let document: Self = serde_json::from_slice(bytes).map_err(|error| garbled(&error))?;
        if document.key != key.as_str() {
            return Err(corrupt("holds the record of another identity"));
        }
        Ok(document)
    }

    /// Whether this is all that is left of a record.
    pub(super) fn is_removed(&self) -> bool {
        self.state == Status::Removed
    }

    /// The version that comes after this one.
    pub(super) fn next(&self) -> Result<Version, StoreError> {
        let next = self.version.checked_add(1).ok_or_else(|| corrupt("has no version after its own"))?;
        Ok(Version::new(next))
    }

    /// The entry, its tokens opened with one of `keys` if they are sealed.
    pub(super) fn open(&self, key: &StoreKey, keys: &[SealingKey]) -> Result<Opened, StoreError> {
        let opened;
        let tokens = match (&self.tokens, &self.sealed) {
            (Some(tokens), None) => tokens,
            (None, Some(sealed)) => {
                opened = unseal(key, sealed, keys)?;
                &opened
            }
            _ => return Err(corrupt("has no tokens, or has them twice")),
        };
        let access_token = match &tokens.access_token {
            Some(token) => Some(
                AccessToken::new(token.0.expose())
                    .map_err(|_| corrupt("has an access token that is none"))?,
            ),
            None => None,
        };
        let token_url = tokens.token_url.as_ref().map(|url| url.0.expose().parse()).transpose();
        let sign_in = StoreKey::from_digits(tokens.sign_in.0.expose());
        let (state, lease_ends) = match (self.state, &self.mark) {
            (Status::Idle, None) => (State::Idle, None),
            (Status::Ended, None) => (State::Ended, None),
            (Status::Redeeming, Some(mark)) => {
                (State::Redeeming { holder: mark.holder.clone(), lease: mark.lease }, Some(mark.ends))
            }
            _ => return Err(corrupt("has a state that does not go with its mark")),
        };
        let entry = Entry {
            state,
            sign_in: sign_in.ok_or_else(|| corrupt("does not tell which sign-in it is from"))?,
            token_url: token_url.map_err(|_| corrupt("has a token URL that is not valid"))?,
            access_token,
            hard: self.access_token_ends,
            last_error: self.last_error.clone(),
            scope: self.scope.as_deref().map(Scope::granted),
            account: self.account.clone(),
            obtained: self.obtained,
            redeemed: self.redeemed,
            label: self.label.as_ref().map(Named::label),
            ..Entry::new(RefreshToken::new(tokens.refresh_token.0.clone()))
        };
        Ok(Opened { entry, lease_ends })
    }

    /// The text of the file.
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
        return Err(failed(
            "is sealed, and no key was given to open it; give the one it was sealed with".into(),
        ));
    }
    let Some(with) = keys.iter().find(|with| with.id() == sealed.key) else {
        // The file may say anything.
        let id: String = sealed.key.chars().filter(char::is_ascii_hexdigit).take(16).collect();
        return Err(failed(format!(
            "is sealed with key {id}, which is none of those given; give that one too"
        )));
    };
    let text = with.open(&bound(key), sealed).ok_or_else(|| {
        failed(
            "does not open: it was changed, or is another identity's; remove it and sign in again".to_owned(),
        )
    })?;
    serde_json::from_slice(&text).map_err(|error| garbled(&error))
}

/// What ties sealed tokens to their place: the format and the identity.
fn bound(key: &StoreKey) -> Vec<u8> {
    format!("auth-layer file store, format {FORMAT}, key {}", key.as_str()).into_bytes()
}

/// JSON in a buffer that does not grow, so that no copy of a token is left behind, with room for a seal.
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

/// A string that is wiped when dropped.
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
        deserializer.deserialize_str(Text).map_err(|_| D::Error::custom("no token"))
    }
}

/// Tells where it went wrong, and not what stands there: that may be a token.
fn garbled(error: &serde_json::Error) -> StoreError {
    let (line, column) = (error.line(), error.column());
    let message = format!("is no record (line {line}, column {column}); remove it and sign in again");
    StoreError::of(StoreErrorKind::Corrupt, message)
}

fn unsealable() -> StoreError {
    StoreError::of(StoreErrorKind::Unreachable, "cannot be sealed: the system has no randomness to give")
}

fn corrupt(problem: &str) -> StoreError {
    StoreError::of(StoreErrorKind::Corrupt, format!("{problem}; remove the file and sign in again"))
}

const FORMAT: u64 = 1;

/// What a seal adds to a text.
const SEAL: usize = 16;
