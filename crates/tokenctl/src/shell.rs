//! Text that a person can paste into a shell.

use std::borrow::Cow;

/// Quotes a word for a POSIX shell. A word that needs no quotes stays as it is.
pub(crate) fn quote(word: &str) -> Cow<'_, str> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_@%+=:,./-".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.into();
    }
    // Nothing is special between single quotes but the quote itself, which has to be outside of them.
    format!("'{}'", word.replace('\'', r"'\''")).into()
}

/// Makes a line that sets an environment variable.
pub(crate) fn export(name: &str, value: &str) -> String {
    format!("export {name}={}", quote(value))
}

#[cfg(test)]
mod tests {
    use super::{export, quote};

    #[test]
    fn only_words_that_need_quotes_get_them() {
        for plain in ["default", "/var/lib/tokens", "https://h.example:8443/token", "jane@example.com"] {
            assert_eq!(quote(plain), plain);
        }
        assert_eq!(quote(""), "''");
        assert_eq!(quote("front desk"), "'front desk'");
        assert_eq!(quote("it's $HOME"), r"'it'\''s $HOME'");
        assert_eq!(export("A", "x;y"), "export A='x;y'");
    }
}
