//! `Report`: the findings, printed as they are made.

use crate::failure::{Failure, Kind};
use crate::screen::{Colour, Screen};

/// Prints findings, and remembers whether one of them is bad.
pub(super) struct Report<'a> {
    screen: &'a Screen,
    /// The kind of the first bad finding. Later ones may follow from it, so it decides the exit code.
    worst: Option<Kind>,
}

impl<'a> Report<'a> {
    pub(super) const fn new(screen: &'a Screen) -> Self {
        Self { screen, worst: None }
    }

    /// Returns a failure if there was a bad finding.
    pub(super) fn verdict(self) -> Result<(), Failure> {
        match self.worst {
            None => Ok(()),
            Some(kind) => Err(Failure::new(kind, "some checks failed; each says what to do")),
        }
    }

    pub(super) fn fine(&self, area: &str, text: &str) -> Result<(), Failure> {
        self.line("ok", Colour::Green, area, text)
    }

    pub(super) fn note(&self, area: &str, text: &str, remedy: &str) -> Result<(), Failure> {
        self.line("note", Colour::Yellow, area, text)?;
        self.remedy(remedy)
    }

    pub(super) fn bad(&mut self, area: &str, kind: Kind, text: &str, remedy: &str) -> Result<(), Failure> {
        self.worst = self.worst.or(Some(kind));
        self.line("bad", Colour::Red, area, text)?;
        self.remedy(remedy)
    }

    /// Prints a failure with its own advice. Its hint at `doctor` is left out.
    pub(super) fn failure(&mut self, area: &str, failure: &Failure) -> Result<(), Failure> {
        let text = failure.to_string();
        let text = text.strip_prefix(area).and_then(|text| text.strip_prefix(": ")).unwrap_or(&text);
        self.bad(area, failure.kind(), text, failure.advice().unwrap_or_default())
    }

    fn line(&self, mark: &str, colour: Colour, area: &str, text: &str) -> Result<(), Failure> {
        // Padded before it is coloured, because the codes of the colours must not count as letters.
        let mark = self.screen.out(colour, &format!("{mark:4}"));
        self.screen.data(format!("{mark}  {area}: {text}\n"))
    }

    fn remedy(&self, remedy: &str) -> Result<(), Failure> {
        remedy.lines().try_for_each(|line| self.screen.data(format!("      {line}\n")))
    }
}
