//! The fields of a query or of a form.

use super::ending::ErrorPage;
use crate::token::Targets;

pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads the fields. A field without a value counts as absent (RFC 6749 section 3.1).
    pub(super) fn parse(bytes: &[u8]) -> Self {
        let fields = form_urlencoded::parse(bytes).filter(|(_, value)| !value.is_empty());
        Self(fields.map(|(name, value)| (name.into_owned(), value.into_owned())).collect())
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    pub(super) fn all<'a, 'b>(&'a self, name: &'b str) -> impl Iterator<Item = &'a str> + use<'a, 'b> {
        self.0.iter().filter(move |(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// Returns the resources and audiences. Both may be repeated.
    pub(super) fn targets(&self) -> Targets {
        Targets::new(self.all("resource"), self.all("audience"))
    }

    pub(super) fn add(&mut self, name: &str, value: &str) {
        self.0.push((name.to_owned(), value.to_owned()));
    }

    /// Fails if a parameter is repeated (RFC 6749 section 3.1).
    pub(super) fn check_once(&self, names: &[&str]) -> Result<(), ErrorPage> {
        match names.iter().find(|name| self.all(name).nth(1).is_some()) {
            Some(name) => Err(ErrorPage::new(format!("{name} is given twice"))),
            None => Ok(()),
        }
    }
}

/// The names that may be repeated.
pub(super) const TARGETS: [&str; 2] = ["resource", "audience"];

/// The person's decision: the button that was pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    Allow,
    Deny,
}

impl Decision {
    pub(super) fn of(fields: &Fields) -> Result<Self, ErrorPage> {
        match fields.get(DECISION) {
            Some("allow") => Ok(Self::Allow),
            Some("deny") => Ok(Self::Deny),
            _ => Err(ErrorPage::new("neither button of the page was pressed")),
        }
    }

    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
        }
    }
}

/// The name of both buttons.
pub(super) const DECISION: &str = "decision";
