//! PKCE (RFC 7636): the challenge of a code, and whether a verifier matches it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

#[derive(Clone)]
pub(crate) enum Challenge {
    S256(String),
    /// The verifier itself. Only for a provider that does not document PKCE.
    Plain(String),
}

impl Challenge {
    /// Returns whether a verifier is valid by RFC 7636 section 4.1 and matches this challenge.
    pub(crate) fn fits(&self, verifier: &str) -> bool {
        let is_long_enough = (43..=128).contains(&verifier.len());
        let is_unreserved =
            verifier.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte));
        is_long_enough && is_unreserved && self.is_of(verifier)
    }

    fn is_of(&self, verifier: &str) -> bool {
        match self {
            Self::S256(challenge) => URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)) == *challenge,
            Self::Plain(challenge) => verifier == challenge,
        }
    }

    /// Returns whether a value can be an S256 challenge: 32 bytes in base64url without padding.
    pub(crate) fn is_s256(value: &str) -> bool {
        URL_SAFE_NO_PAD.decode(value).is_ok_and(|hash| hash.len() == 32)
    }
}

#[cfg(test)]
mod tests {
    use super::Challenge;

    /// The example of RFC 7636, appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn the_example_of_the_rfc_fits() {
        assert!(Challenge::is_s256(CHALLENGE));
        let challenge = Challenge::S256(CHALLENGE.to_owned());
        assert!(challenge.fits(VERIFIER));
        assert!(!challenge.fits(CHALLENGE));
        assert!(!Challenge::S256(VERIFIER.to_owned()).fits(VERIFIER));
        assert!(Challenge::Plain(VERIFIER.to_owned()).fits(VERIFIER));
    }

    #[test]
    fn an_invalid_challenge_or_verifier_is_refused() {
        for wrong in ["", "short", &format!("{CHALLENGE}="), &CHALLENGE.replace('-', "+")] {
            assert!(!Challenge::is_s256(wrong), "{wrong}");
        }
        for wrong in ["short".to_owned(), "a".repeat(129), "a".repeat(42) + "!"] {
            assert!(!Challenge::Plain(wrong.clone()).fits(&wrong), "{wrong}");
        }
    }
}
