//! `Secret`: a string that is wiped when dropped, and never printed.

use std::fmt;

use zeroize::Zeroizing;

/// A secret string. It is wiped from memory when it is dropped, and its `Debug` does not show it.
///
/// ```
/// use auth_layer::Secret;
///
/// let secret = Secret::new("hunter2");
/// assert_eq!(format!("{secret:?}"), "Secret(..)");
/// assert_eq!(secret.expose(), "hunter2");
/// ```
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Creates a secret.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(Zeroizing::new(secret.into()))
    }

    /// Returns the secret itself. Call this only where it is sent.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Returns whether the string is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns whether the string has no visible character: it is empty, or has only white space, control characters
    /// and characters of no width. Such a value was never filled in, and it is not sent.
    ///
    /// ```
    /// use auth_layer::Secret;
    ///
    /// assert!(Secret::new(" \n").is_blank());
    /// assert!(!Secret::new(" pass phrase ").is_blank());
    /// ```
    pub fn is_blank(&self) -> bool {
        is_blank(&self.0)
    }
}

/// Returns the problem of a value that has no visible character, and what to do. The text follows the name of the
/// value.
pub(crate) fn blankness(value: &str) -> Option<&'static str> {
    match value {
        "" => Some("is empty; set it to the real value"),
        _ if is_blank(value) => Some("has no visible character; set it to the real value"),
        _ => None,
    }
}

fn is_blank(text: &str) -> bool {
    text.chars().all(|c| c.is_whitespace() || c.is_control() || WITHOUT_WIDTH.contains(&c))
}

/// Characters of no width that an editor or a copied text may leave, and that Unicode does not count as white space:
/// zero width space, non-joiner and joiner, the two direction marks, the word joiner and the byte order mark.
const WITHOUT_WIDTH: [char; 7] =
    ['\u{200b}', '\u{200c}', '\u{200d}', '\u{200e}', '\u{200f}', '\u{2060}', '\u{feff}'];

impl PartialEq for Secret {
    /// Compares in a time that depends only on the lengths.
    fn eq(&self, other: &Self) -> bool {
        // The loop reads every byte. If it ended at the first difference, an attacker could measure how many bytes were
        // right.
        let (left, right) = (self.0.as_bytes(), other.0.as_bytes());
        left.len() == right.len() && left.iter().zip(right).fold(0, |seen, (l, r)| seen | (l ^ r)) == 0
    }
}

impl Eq for Secret {}

impl From<String> for Secret {
    fn from(secret: String) -> Self {
        Self::new(secret)
    }
}

impl From<&str> for Secret {
    fn from(secret: &str) -> Self {
        Self::new(secret)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}
