//! Random strings for credentials and tokens. The same seed gives the same strings.

const ALPHANUMERIC: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const CONSONANTS: &[u8] = b"BCDFGHJKLMNPQRSTVWXZ";
const HEX: &[u8] = b"0123456789abcdef";

/// The first part of the real providers' tokens: the header of a JWT.
const JWT_HEADER: &str = "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9";

#[derive(Debug)]
pub(crate) struct Random(fastrand::Rng);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(fastrand::Rng::with_seed(seed))
    }

    pub(crate) fn alphanumeric(&mut self, len: usize) -> String {
        self.from(ALPHANUMERIC, len)
    }

    /// Returns a string in the form of a UUID.
    pub(crate) fn uuid(&mut self) -> String {
        [8, 4, 4, 4, 12].map(|len| self.from(HEX, len)).join("-")
    }

    /// Returns a code for people to type. It has no vowels, so it cannot spell a word, and no characters that look
    /// alike.
    pub(crate) fn user_code(&mut self) -> String {
        [4, 4].map(|len| self.from(CONSONANTS, len)).join("-")
    }

    /// Returns a string in the form of a JWT, of `len` characters or a little more.
    pub(crate) fn token(&mut self, len: usize) -> String {
        // 88 is the length of the signature and the two dots.
        let claims = self.alphanumeric(len.saturating_sub(JWT_HEADER.len() + 88));
        let signature = self.alphanumeric(86);
        format!("{JWT_HEADER}.{claims}.{signature}")
    }

    fn from(&mut self, alphabet: &[u8], len: usize) -> String {
        (0..len).filter_map(|_| self.0.choice(alphabet)).map(|byte| char::from(*byte)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn same_seed_gives_same_strings() {
        assert_eq!(Random::new(7).token(400), Random::new(7).token(400));
        assert_ne!(Random::new(7).token(400), Random::new(8).token(400));
    }

    #[test]
    fn a_token_has_the_length_asked_for() {
        assert_eq!(Random::new(1).token(3500).len(), 3500);
        assert!(Random::new(1).token(0).len() > 80);
    }
}
