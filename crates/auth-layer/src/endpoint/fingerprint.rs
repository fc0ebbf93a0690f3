//! `Fingerprint`: a digest that shows whether two requests have the same secrets.

use std::fmt;

use sha2::{Digest, Sha256};

use super::parameter::Parameter;
use super::request::Proof;

/// A digest of the secrets of a request. It leaves out the refresh token, since each answer may replace that token.
/// `Debug` does not show the digest.
#[derive(PartialEq, Eq)]
pub(super) struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// Makes the digest of the client's secret and the parameters of a grant.
    pub(super) fn of(proof: &Proof, parameters: &[Parameter<'_>]) -> Self {
        let mut digest = Sha256::new();
        let parameters = parameters.iter().filter(|(name, _)| *name != "refresh_token");
        let parts = parameters.flat_map(|(name, value)| [*name, *value]).chain([proof.secret()]);
        for part in parts {
            // With the length in front, `ab` and `c` have another digest than `a` and `bc`.
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
