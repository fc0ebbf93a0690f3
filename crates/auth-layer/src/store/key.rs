//! `StoreKey`: the key of an identity's record.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::profile::TokenUrl;

/// The key of an identity: a digest of everything that makes its tokens different from those of other identities. It
/// holds no secret, and no secret can be computed from it.
///
/// [`StoreKey::for_identity`] makes the key under which an [`Exchange`](crate::Exchange) keeps its record. That key
/// also knows the [earlier](Self::earlier) keys of the same identity. They do not count when two keys are compared.
///
/// ```
/// use auth_layer::store::StoreKey;
/// use auth_layer::{Grant, Identity, Profile};
///
/// let reception = Identity::new("reception");
/// let profile = Profile::new("example", "https://auth.example.com/token")?;
/// let key = StoreKey::for_identity(&profile, "my-client", &Grant::Stored, &reception);
/// let other = StoreKey::for_identity(&profile, "my-client", &Grant::Stored, &Identity::new("kitchen"));
/// assert_ne!(key, other);
/// # Ok::<(), auth_layer::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct StoreKey {
    digits: String,
    earlier: Arc<[Earlier]>,
}

/// A key of version 1, and the token URL that is part of it.
#[derive(Debug)]
pub(super) struct Earlier {
    pub(super) key: StoreKey,
    pub(super) token_url: TokenUrl,
}

impl StoreKey {
    /// Creates a key from any parts. Their order counts.
    ///
    /// Use this for a program's own records and for tests of a store. An exchange never reads such a key: it uses the
    /// one that [`for_identity`](Self::for_identity) returns.
    pub fn of<'a>(parts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut digest = Sha256::new();
        for part in parts {
            // The length keeps ("ab", "c") apart from ("a", "bc").
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part.as_bytes());
        }
        let digest = digest.finalize();
        Self::with_digits(digest.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// Returns the key with these digits. `None` if they are not the digits of a key.
    #[cfg(feature = "file-store")]
    pub(super) fn from_digits(digits: &str) -> Option<Self> {
        let good = digits.len() == 64 && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        good.then(|| Self::with_digits(digits.to_owned()))
    }

    fn with_digits(digits: String) -> Self {
        Self { digits, earlier: Arc::default() }
    }

    pub(super) fn with_earlier(self, earlier: Vec<Earlier>) -> Self {
        Self { earlier: earlier.into(), ..self }
    }

    /// Returns the key as 64 hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.digits
    }

    /// Returns the keys under which earlier versions of this crate kept the same identity's record. The most likely one
    /// comes first. Only a key from [`for_identity`](Self::for_identity) or from an exchange has them.
    pub fn earlier(&self) -> impl Iterator<Item = &Self> {
        self.earlier.iter().map(|earlier| &earlier.key)
    }

    pub(super) fn earlier_records(&self) -> &[Earlier] {
        &self.earlier
    }
}

impl PartialEq for StoreKey {
    fn eq(&self, other: &Self) -> bool {
        self.digits == other.digits
    }
}

impl Eq for StoreKey {}

impl Hash for StoreKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.digits.hash(state);
    }
}

impl PartialOrd for StoreKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for StoreKey {
    fn cmp(&self, other: &Self) -> Ordering {
        self.digits.cmp(&other.digits)
    }
}

impl fmt::Debug for StoreKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoreKey({})", self.digits)
    }
}
