//! The table at the end, with one row for each client.

use std::fmt;
use std::time::Duration;

use crate::stage::Account;
use crate::text::seconds;

/// The actions of each client, in rows and columns.
#[derive(Debug, Default)]
pub(crate) struct Table(Vec<Row>);

#[derive(Debug)]
struct Row {
    name: String,
    did: Account,
    took: Duration,
}

impl Table {
    pub(crate) fn add(&mut self, name: impl fmt::Display, did: Account, took: Duration) {
        self.0.push(Row { name: name.to_string(), did, took });
    }

    pub(crate) fn sum(&self, count: impl Fn(&Account) -> u64) -> u64 {
        self.0.iter().map(|row| count(&row.did)).sum()
    }
}

type Count = fn(&Account) -> u64;

/// Renewals are the tokens after the first one.
const COLUMNS: [(&str, Count); 6] = [
    ("calls", |did| did.calls),
    ("token requests", |did| did.token_requests),
    ("renewals", |did| did.tokens().saturating_sub(1)),
    ("resends", |did| did.resends),
    ("failures", |did| did.failures),
    ("lost", |did| did.lost),
];

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = |name: &str, cells: [String; COLUMNS.len()], took: &str| {
            write!(f, "{name:<10}")?;
            for (cell, (head, _)) in cells.iter().zip(COLUMNS) {
                write!(f, "  {cell:>width$}", width = head.len().max(5))?;
            }
            writeln!(f, "  {took:>7}")
        };
        line("client", COLUMNS.map(|(head, _)| head.to_owned()), "time")?;
        for Row { name, did, took } in &self.0 {
            line(name, COLUMNS.map(|(_, count)| count(did).to_string()), &seconds(*took))?;
        }
        let took = self.0.iter().map(|row| row.took).sum();
        line("all", COLUMNS.map(|(_, count)| self.sum(count).to_string()), &seconds(took))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Table;
    use crate::stage::Account;

    #[test]
    fn columns_stand_below_their_heads_and_are_added_up() {
        let mut table = Table::default();
        let did =
            Account { calls: 1204, lost: 1, token_requests: 9, failures: 3, rejections: 0, resends: 100 };
        table.add("GoTab", did, Duration::from_millis(1250));
        table.add("Octotable", Account { calls: 2, failures: 8, ..did }, Duration::from_millis(40));
        let expected = "\
client      calls  token requests  renewals  resends  failures   lost     time
GoTab        1204               9         5      100         3      1   1.25 s
Octotable       2               9         0      100         8      1   0.04 s
all          1206              18         5      200        11      2   1.29 s
";
        assert_eq!(table.to_string(), expected);
    }
}
