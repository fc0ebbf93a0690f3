//! What was done to a client's documents, for people.

use std::io::{self, Write};
use std::time::Duration;

/// The places a rule touched, as JSON pointers.
pub(super) type Places = Vec<String>;

/// What one client's generation did.
pub(super) struct Report {
    pub(super) name: String,
    pub(super) documents: Vec<DocumentReport>,
    /// Crates that the output names.
    pub(super) needs: Vec<&'static str>,
    pub(super) lines: usize,
    pub(super) time: Duration,
}

/// What was done to one document.
pub(super) struct DocumentReport {
    pub(super) path: String,
    /// Operations in the output, and in the document with its variants.
    pub(super) covered: usize,
    pub(super) total: usize,
    pub(super) rules: Vec<Applied>,
}

/// A rule that changed something.
pub(super) struct Applied {
    pub(super) code: &'static str,
    pub(super) about: &'static str,
    pub(super) places: Places,
}

impl Report {
    pub(super) fn write(&self, with_places: bool, out: &mut dyn Write) -> io::Result<()> {
        let Self { name, needs, lines, time, .. } = self;
        writeln!(out, "{name}: {lines} lines in {} ms, names {}", time.as_millis(), needs.join(", "))?;
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
