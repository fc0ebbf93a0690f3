//! Under which key an identity's record is kept.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::earlier::Earlier;

/// The key of an identity: a digest of everything that makes its tokens different from another's. It holds
/// no secret, and none can be had from it.
///
/// [`StoreKey::for_identity`] makes the key under which an [`Exchange`](crate::Exchange) keeps its record. That key also
/// knows the [earlier](Self::earlier) keys of the same identity. They do not count when two keys are compared.
///
/// ```
/// use auth_layer::{Grant, Identity, Profile, StoreKey};
///
/// let reception = Identity::new("reception");
/// let key = StoreKey::for_identity(&Profile::goto(), "my-client", &Grant::Stored, &reception);
/// let other = StoreKey::for_identity(&Profile::goto(), "my-client", &Grant::Stored, &Identity::new("kitchen"));
/// assert_ne!(key, other);
/// ```
#[derive(Clone)]
pub struct StoreKey {
    digits: String,
    earlier: Arc<[Earlier]>,
}

impl StoreKey {
    /// A key of any parts, whose order counts. No exchange looks under it: an identity's key is made by
    /// [`for_identity`](Self::for_identity). This one is for what a program keeps by itself, and for tests of a store.
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

    /// The key with these digits; `None` if they are none of a key.
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

    /// The key as 64 hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.digits
    }

    /// The keys under which earlier versions of this crate kept the same identity's record, the most likely one first.
    /// Only a key of [`for_identity`](Self::for_identity) or of an exchange has them.
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
