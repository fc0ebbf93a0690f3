//! `Screen`: data on standard output, everything for people on standard error.

use std::fmt;
use std::io::{self, IsTerminal, Write};

use crate::config::Commands;
use crate::failure::{Failure, Kind};

/// The two output streams of the program, and whether they are in colour.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Screen {
    out_colour: bool,
    err_colour: bool,
    /// True if standard error is a terminal, where a line can be written over.
    pub(crate) live: bool,
}

/// The colours in use. Each word means the same without its colour.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Colour {
    Green,
    Yellow,
    Red,
    Bold,
}

impl Screen {
    /// Makes the streams of this process. A terminal is in colour unless `NO_COLOR` is set (<https://no-color.org>).
    pub(crate) fn new() -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
            && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        let live = io::stderr().is_terminal();
        Self { out_colour: wanted && io::stdout().is_terminal(), err_colour: wanted && live, live }
    }

    /// Writes the requested data to standard output.
    pub(crate) fn data(&self, text: impl AsRef<[u8]>) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        out.write_all(text.as_ref()).and_then(|()| out.flush()).map_err(|error| {
            let kind = if error.kind() == io::ErrorKind::BrokenPipe { Kind::Unheard } else { Kind::Failed };
            Failure::new(kind, "standard output cannot be written").because(error)
        })
    }

    /// Writes a line to standard error.
    pub(crate) fn say(&self, text: impl fmt::Display) {
        let clear = if self.live { CLEAR_LINE } else { "" };
        // If standard error is closed, there is no place left to report that.
        let _ = writeln!(io::stderr().lock(), "{clear}{text}");
    }

    /// Writes over the last line of a terminal. The next line takes its place.
    pub(crate) fn rewrite(&self, text: impl fmt::Display) {
        let mut err = io::stderr().lock();
        // As above.
        let _ = write!(err, "{CLEAR_LINE}{text}").and_then(|()| err.flush());
    }

    /// Writes why a command failed and what to do about it.
    pub(crate) fn fail(&self, failure: &Failure, commands: &Commands) {
        // `tokenctl ... | head` ends like this. The user knows that.
        if failure.kind() == Kind::Unheard {
            return;
        }
        let head = paint(self.err_colour, Colour::Red, "tokenctl:");
        self.say(format_args!("{head} {failure}"));
        for line in failure.advice().into_iter().flat_map(str::lines) {
            self.say(format_args!("          {line}"));
        }
        if let Some(provider) = failure.doctor() {
            let words: Vec<&str> = ["doctor", provider].into_iter().filter(|word| !word.is_empty()).collect();
            self.say(format_args!("          `{}` looks for the cause", commands.line(&words)));
        }
    }

    /// Returns a word for standard output in its colour.
    pub(crate) fn out(&self, colour: Colour, text: &str) -> String {
        paint(self.out_colour, colour, text)
    }

    /// Returns a word for standard error in its colour.
    pub(crate) fn err(&self, colour: Colour, text: &str) -> String {
        paint(self.err_colour, colour, text)
    }
}

/// Returns a text from a server or a file without control characters, which could steer a terminal. A long text is cut
/// off and ends in `…`.
pub(crate) fn printable(text: &str) -> String {
    let mut shown: String =
        text.chars().map(|c| if c.is_control() { '?' } else { c }).take(LONGEST).collect();
    if text.chars().nth(LONGEST).is_some() {
        shown.pop();
        shown.push('…');
    }
    shown
}

fn paint(wanted: bool, colour: Colour, text: &str) -> String {
    let number = match colour {
        Colour::Green => 32,
        Colour::Yellow => 33,
        Colour::Red => 31,
        Colour::Bold => 1,
    };
    if wanted { format!("\x1b[{number}m{text}\x1b[0m") } else { text.to_owned() }
}

const CLEAR_LINE: &str = "\r\x1b[2K";

// A few lines of a terminal. The longest text of ours, about two token URLs, fits.
const LONGEST: usize = 512;

#[cfg(test)]
mod tests {
    use super::{LONGEST, printable};

    #[test]
    fn only_a_text_that_is_cut_off_ends_in_an_ellipsis() {
        assert_eq!(printable("a\x1b[1mb"), "a?[1mb");
        assert_eq!(printable(&"x".repeat(LONGEST)), "x".repeat(LONGEST));
        assert_eq!(printable(&"x".repeat(LONGEST + 1)), format!("{}…", "x".repeat(LONGEST - 1)));
    }
}
