//! What a person sees: data on standard output, all else on standard error.

use std::fmt;
use std::io::{self, IsTerminal, Write};

use crate::failure::{Failure, Kind};

/// The two streams of a program, and whether they are in colour.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Screen {
    out_colour: bool,
    err_colour: bool,
    /// Whether standard error is a terminal, where a line can be written over.
    pub(crate) live: bool,
}

/// The colours used here; each word means the same without them.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Colour {
    Green,
    Yellow,
    Red,
    Bold,
}

impl Screen {
    /// The streams of this process. A terminal is in colour unless `NO_COLOR` is set (<https://no-color.org>).
    pub(crate) fn new() -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
            && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        let live = io::stderr().is_terminal();
        Self { out_colour: wanted && io::stdout().is_terminal(), err_colour: wanted && live, live }
    }

    /// Writes what was asked for, to standard output.
    pub(crate) fn data(&self, text: impl AsRef<[u8]>) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        out.write_all(text.as_ref()).and_then(|()| out.flush()).map_err(|error| {
            let kind = if error.kind() == io::ErrorKind::BrokenPipe { Kind::Unheard } else { Kind::Failed };
            Failure::new(kind, "standard output cannot be written").because(error)
        })
    }

    /// Tells the person something, on a line of its own. If standard error is closed, nobody is left to tell.
    pub(crate) fn say(&self, text: impl fmt::Display) {
        let clear = if self.live { CLEAR_LINE } else { "" };
        let _ = writeln!(io::stderr().lock(), "{clear}{text}");
    }

    /// Writes over the last line of a terminal; what is said next takes its place.
    pub(crate) fn rewrite(&self, text: impl fmt::Display) {
        let mut err = io::stderr().lock();
        let _ = write!(err, "{CLEAR_LINE}{text}").and_then(|()| err.flush());
    }

    /// Tells why a command failed.
    pub(crate) fn fail(&self, failure: &Failure) {
        if failure.kind() == Kind::Unheard {
            return;
        }
        let head = paint(self.err_colour, Colour::Red, "tokenctl:");
        self.say(format_args!("{head} {failure}"));
        if let Some(advice) = failure.advice() {
            self.say(format_args!("          {advice}"));
        }
    }

    /// A word for standard output.
    pub(crate) fn out(&self, colour: Colour, text: &str) -> String {
        paint(self.out_colour, colour, text)
    }

    /// A word for standard error.
    pub(crate) fn err(&self, colour: Colour, text: &str) -> String {
        paint(self.err_colour, colour, text)
    }
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
