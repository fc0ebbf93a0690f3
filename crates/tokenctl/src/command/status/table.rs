//! The table that people read.

use std::time::Duration;

use super::sign_in::Row;
use crate::command::standing::Standing;
use crate::screen::{Colour, Screen, printable};
use crate::span;

pub(super) fn table(rows: &[Row], now: Duration, screen: &Screen) -> String {
    let heads = ["PROVIDER", "ACCOUNT", "SIGNED IN AS", "SCOPE", "ACCESS TOKEN", "REFRESH TOKEN"];
    let lines: Vec<[String; 6]> = rows.iter().map(|row| row.cells(now)).collect();
    let mut widths = heads.map(str::len);
    for line in &lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: &[String], last: &str| {
        let cells = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        format!("{}  {last}\n", cells.collect::<Vec<_>>().join("  "))
    };
    let mut text = line(&heads.map(str::to_owned), "STATE");
    for (row, cells) in rows.iter().zip(&lines) {
        let (words, colour) = row.standing.words();
        let why = row.reason.as_deref().map_or_else(String::new, |why| format!(": {}", printable(why)));
        // The state is last, because a column that is coloured could not be padded.
        text += &line(cells, &format!("{}{why}", screen.out(colour, words)));
    }
    text
}

impl Standing {
    pub(super) const fn needs_a_person(self) -> bool {
        matches!(self, Self::SignInAgain | Self::NotSignedIn)
    }

    const fn words(self) -> (&'static str, Colour) {
        match self {
            Self::SignedIn => ("signed in", Colour::Green),
            Self::Renewing => ("renewing", Colour::Green),
            Self::SignInAgain => ("sign in again", Colour::Red),
            Self::NotSignedIn => ("not signed in", Colour::Yellow),
            Self::NoSignInNeeded => ("needs no sign-in", Colour::Green),
            Self::AnotherTokenUrl => ("from another token URL", Colour::Red),
            Self::Unreadable => ("unreadable", Colour::Red),
            Self::Unknown => ("unknown", Colour::Yellow),
        }
    }
}

impl Row {
    fn cells(&self, now: Duration) -> [String; 6] {
        let scope = self.scope.as_deref().map_or_else(dash, short);
        [
            printable(&self.provider),
            printable(&self.account),
            self.signed_in_as.as_deref().map_or_else(dash, printable),
            scope,
            self.access_token_expires_at.map_or_else(dash, |ends| match ends.checked_sub(now) {
                Some(left) if !left.is_zero() => format!("in {}", span::roughly(left)),
                _ => "expired".to_owned(),
            }),
            self.age(now),
        ]
    }

    fn age(&self, now: Duration) -> String {
        let Some(obtained) = self.refresh_token_obtained_at else { return dash() };
        // A record from a machine whose clock is ahead would be younger than nothing.
        let age = format!("{} old", span::roughly(now.saturating_sub(obtained)));
        match self.refresh_token_due_at.map(|due| due.saturating_sub(now)) {
            Some(left) if left.is_zero() => format!("{age}, expired"),
            Some(left) => format!("{age}, due in {}", span::roughly(left)),
            None => age,
        }
    }
}

/// Returns as many scopes as fit into the column, and how many more there are. `--json` has all of them.
fn short(scope: &[String]) -> String {
    let fits = |shown: &usize| scope[..*shown].join(" ").chars().count() <= SCOPE_WIDTH;
    let shown = (1..=scope.len()).take_while(fits).last().unwrap_or(1).min(scope.len());
    let more = match scope.len() - shown {
        0 => String::new(),
        more => format!(" +{more}"),
    };
    format!("{}{more}", printable(&scope[..shown].join(" ")))
}

// Two or three scopes. The other columns have to fit into the same line of a terminal.
const SCOPE_WIDTH: usize = 32;

fn dash() -> String {
    "-".to_owned()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::sign_in::tests::{NOW, judged};
    use super::short;

    #[test]
    fn a_time_that_is_impossible_causes_no_panic() {
        let row = judged(|entry| {
            entry.obtained = Some(Duration::MAX);
            entry.hard = Some(Duration::MAX);
        });
        assert_eq!(row.refresh_token_due_at, Some(Duration::MAX));
        row.cells(NOW);
    }

    #[test]
    fn times_are_shown_relative_to_now() {
        let cells = judged(|_| {}).cells(NOW);
        assert_eq!(cells[4..], ["in 10 min", "1 d old, due in 29 d"]);
        let cells = judged(|entry| entry.hard = Some(NOW)).cells(NOW);
        assert_eq!(cells[4], "expired");
    }

    #[test]
    fn as_many_scopes_are_shown_as_fit() {
        let shown =
            |scopes: &[&str]| short(&scopes.iter().map(|&scope| scope.to_owned()).collect::<Vec<_>>());
        assert_eq!(shown(&[]), "");
        assert_eq!(shown(&["collab:", "identity:"]), "collab: identity:");
        assert_eq!(shown(&["collab:", "identity:", "messaging.v1.read", "x"]), "collab: identity: +2");
        assert_eq!(shown(&["a-scope-that-is-longer-than-there-is-room-for", "x"]).matches("+1").count(), 1);
    }
}
