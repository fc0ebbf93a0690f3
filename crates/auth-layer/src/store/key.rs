//! Under which key an identity's record is kept.

use std::fmt;

use sha2::{Digest, Sha256};

/// The key of an identity: a digest of everything that makes its tokens different from another's. It holds
/// no secret, and none can be had from it.
///
/// ```
/// use auth_layer::StoreKey;
///
/// let key = StoreKey::of(["https://auth.example.com/token", "my-client", "refresh_token", "collab:"]);
/// assert_ne!(key, StoreKey::of(["https://auth.example.com/token", "my-client", "refresh_token", ""]));
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StoreKey(String);

impl StoreKey {
    /// The key of an identity, told by its parts. Their order counts.
    pub fn of<'a>(parts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut digest = Sha256::new();
        for part in parts {
            // The length keeps ("ab", "c") apart from ("a", "bc").
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part.as_bytes());
        }
        let digest = digest.finalize();
        Self(digest.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// The key with these digits; `None` if they are none of a key.
    #[cfg(feature = "file-store")]
    pub(super) fn from_digits(digits: &str) -> Option<Self> {
        let good = digits.len() == 64 && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        good.then(|| Self(digits.to_owned()))
    }

    /// The key as 64 hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for StoreKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoreKey({})", self.0)
    }
}
