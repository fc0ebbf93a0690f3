//! The printed summary of a generation.

use std::io::{self, Write};
use std::time::Duration;

/// The places that a rule changed, as JSON pointers.
pub(super) type Places = Vec<String>;

/// The summary of one client.
pub(super) struct Report {
    pub(super) name: String,
    pub(super) documents: Vec<DocumentReport>,
    /// Crates that the generated code uses.
    pub(super) needs: Vec<&'static str>,
    pub(super) lines: usize,
    pub(super) time: Duration,
}

/// The summary of one document.
pub(super) struct DocumentReport {
    pub(super) path: String,
    /// The number of operations in the generated code.
    pub(super) covered: usize,
    /// The number of operations in the document, variants included.
    pub(super) total: usize,
    pub(super) rules: Vec<Applied>,
}

/// A rule that changed the document.
pub(super) struct Applied {
    pub(super) code: &'static str,
    pub(super) about: &'static str,
    pub(super) places: Places,
}

impl Report {
    pub(super) fn write(&self, with_places: bool, out: &mut dyn Write) -> io::Result<()> {
        let Self { name, needs, lines, time, .. } = self;
        writeln!(out, "{name}: {lines} lines in {} ms, uses {}", time.as_millis(), needs.join(", "))?;
        for document in &self.documents {
            writeln!(out, "  {}: {} of {} operations", document.path, document.covered, document.total)?;
            for rule in &document.rules {
                writeln!(out, "    {} {:3} x {}", rule.code, rule.places.len(), rule.about)?;
                if with_places {
                    for place in &rule.places {
                        writeln!(out, "             {place}")?;
                    }
                }
            }
        }
        Ok(())
    }
}
