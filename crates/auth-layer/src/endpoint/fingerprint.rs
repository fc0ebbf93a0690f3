//! Tells the secrets of one request from those of another.

use std::fmt;

use sha2::{Digest, Sha256};

use super::request::{Parameter, Proof};

/// A digest of the secrets that a request carries. A refresh token is no part of it: each answer may bring another one.
/// `Debug` shows nothing of it.
#[derive(PartialEq, Eq)]
pub(super) struct Fingerprint([u8; 32]);

impl Fingerprint {
    pub(super) fn of(proof: &Proof, parameters: &[Parameter<'_>]) -> Self {
        let mut digest = Sha256::new();
        let parameters = parameters.iter().filter(|(name, _)| *name != "refresh_token");
        let parts = parameters.flat_map(|(name, value)| [*name, *value]).chain([proof.secret()]);
        for part in parts {
            // The length keeps two parts from being read as two others.
            digest.update(part.len().to_le_bytes());
            digest.update(part);
        }
        Self(digest.finalize().into())
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fingerprint(..)")
    }
}
