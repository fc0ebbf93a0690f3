//! Why a body is not what a document says, told without the body.

use std::fmt;

use serde_json::error::Category;

/// What serde says of a body, without the values it quotes: they may be secrets.
#[derive(Debug)]
pub(crate) struct Mismatch {
    what: &'static str,
    /// A member's name from the document, where one is missing.
    missing: Option<String>,
    line: usize,
    column: usize,
}

impl Mismatch {
    pub(crate) fn new(error: &serde_json::Error) -> Self {
        let what = match error.classify() {
            Category::Eof => "the JSON ends too early",
            Category::Syntax | Category::Io => "it is not JSON",
            Category::Data => "a value is of another type",
        };
        let text = error.to_string();
        let missing = text.strip_prefix("missing field `").and_then(|rest| rest.split_once('`'));
        let missing = missing.map(|(name, _)| name.to_owned());
        Self { what, missing, line: error.line(), column: error.column() }
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.missing {
            Some(name) => write!(f, "the member `{name}` is missing")?,
            None => f.write_str(self.what)?,
        }
        write!(f, " (line {}, column {})", self.line, self.column)
    }
}

impl std::error::Error for Mismatch {}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check<T: serde::de::DeserializeOwned>(json: &str, expected: &str) {
        let Err(error) = serde_json::from_str::<T>(json) else { panic!("{json} was read") };
        assert_eq!(Mismatch::new(&error).to_string(), expected);
    }

    #[test]
    fn values_are_not_quoted() {
        #[derive(serde::Deserialize)]
        struct Thing {
            #[serde(rename = "name")]
            _name: String,
        }
        check::<u32>("\"secret\"", "a value is of another type (line 1, column 8)");
        check::<Thing>("{}", "the member `name` is missing (line 1, column 2)");
        check::<Thing>("<html>", "it is not JSON (line 1, column 1)");
        check::<Thing>("{", "the JSON ends too early (line 1, column 1)");
    }
}
