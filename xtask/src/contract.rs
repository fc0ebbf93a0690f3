//! `cargo xtask contract`: which test keeps which numbered promise.
//!
//! `docs/contract.md` holds tables whose rows begin with a number such as `B34` or `RS-06` and a statement. The third
//! column is ours: the tests that carry the number in their name (`b34_...`, `rs06_...`, several in a row). A row
//! without a test keeps what is written there if it begins with a dash and says why.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result, bail};
use similar::TextDiff;

use crate::Outcome;
use crate::generate::artifact::replace;

/// A promise's number: its family and its place in it.
type Number = (String, u32);

/// Fills in the table, or with `check` compares it and shows the difference.
///
/// # Errors
///
/// If a row has neither a test nor a reason, if a test carries a number that no row has, or if a file cannot be read.
pub fn run(root: &Path, check: bool, out: &mut dyn Write) -> Result<Outcome> {
    let path = root.join(FILE);
    let old = fs::read_to_string(&path).with_context(|| format!("{FILE} cannot be read"))?;
    let new = fill(&old, tests(root)?)?;
    if old == new {
        writeln!(out, "{FILE} is up to date")?;
        return Ok(Outcome::Fine);
    }
    if check {
        let diff = TextDiff::from_lines(&old, &new);
        write!(out, "{}", diff.unified_diff().header(FILE, "from the tests"))?;
        return Ok(Outcome::Stale);
    }
    replace(&path, &new).with_context(|| format!("{FILE} cannot be written"))?;
    writeln!(out, "wrote {FILE}")?;
    Ok(Outcome::Fine)
}

/// Writes the tests into the rows of `table`.
fn fill(table: &str, mut tests: BTreeMap<Number, Vec<String>>) -> Result<String> {
    let mut lines = Vec::new();
    for line in table.lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let number = match cells[..] {
            ["", number, _, _, ""] => row_number(number),
            _ => None,
        };
        let Some(number) = number else {
            lines.push(line.to_owned());
            continue;
        };
        let kept_by = match tests.remove(&number) {
            Some(tests) => tests.join("<br>"),
            None if cells[3].starts_with('\u{2014}') => cells[3].to_owned(),
            None => bail!("{FILE}: {} has neither a test nor a reason why not", cells[1]),
        };
        lines.push(format!("| {} | {} | {kept_by} |", cells[1], cells[2]));
    }
    if let Some(((family, number), tests)) = tests.first_key_value() {
        bail!("{FILE} has no row {family}{number}, which {} carries", tests.join(", "));
    }
    Ok(lines.join("\n") + "\n")
}

/// The tests of the workspace by the numbers they carry.
fn tests(root: &Path) -> Result<BTreeMap<Number, Vec<String>>> {
    let mut found: BTreeMap<Number, Vec<String>> = BTreeMap::new();
    let mut pending = vec![root.join("crates"), root.join("tests"), root.join("xtask")];
    while let Some(folder) = pending.pop() {
        let entries =
            fs::read_dir(&folder).with_context(|| format!("{} cannot be read", folder.display()))?;
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                pending.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).with_context(|| format!("{}", path.display()))?;
                let place = path.strip_prefix(root)?.to_string_lossy().replace('\\', "/");
                for name in text.lines().filter_map(function) {
                    for number in numbers(name) {
                        found.entry(number).or_default().push(format!("`{name}` ([{place}](../{place}))"));
                    }
                }
            }
        }
    }
    for tests in found.values_mut() {
        tests.sort();
        tests.dedup();
    }
    Ok(found)
}

/// The name of the function that a line begins.
fn function(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let rest = line.strip_prefix("async fn ").or_else(|| line.strip_prefix("fn "))?;
    rest.split(['(', '<']).next()
}

/// The numbers a test's name begins with: `b01_cc01_many_callers` carries B1 and CC-01.
fn numbers(name: &str) -> Vec<Number> {
    name.split('_').map_while(number).filter(|(family, _)| FAMILIES.contains(&family.as_str())).collect()
}

/// Reads `b34`, `b03b` or `rs06`.
fn number(text: &str) -> Option<Number> {
    let digits = text.find(|c: char| c.is_ascii_digit())?;
    let (family, rest) = text.split_at(digits);
    let rest = rest.trim_end_matches(|c: char| c.is_ascii_lowercase());
    let lettered = !family.is_empty() && family.chars().all(|c| c.is_ascii_lowercase());
    lettered.then_some(())?;
    Some((family.to_ascii_uppercase(), rest.parse().ok()?))
}

/// Reads a row's `B34` or `RS-06`.
fn row_number(text: &str) -> Option<Number> {
    let number = number(&text.replace('-', "").to_ascii_lowercase())?;
    FAMILIES.contains(&number.0.as_str()).then_some(number)
}

const FILE: &str = "docs/contract.md";

/// The families of promises.
const FAMILIES: [&str; 17] =
    ["AC", "B", "CA", "CC", "CH", "DV", "MD", "RF", "RI", "RS", "RT", "RV", "SC", "TE", "TR", "TX", "US"];

#[cfg(test)]
mod tests {
    use super::*;

    fn one(name: &str) -> BTreeMap<Number, Vec<String>> {
        numbers(name).into_iter().map(|number| (number, vec![format!("`{name}`")])).collect()
    }

    #[test]
    fn a_name_carries_several_numbers() {
        let carried = numbers("b01_cc01_many_first_calls_make_2_requests");
        assert_eq!(carried, [("B".to_owned(), 1), ("CC".to_owned(), 1)]);
        assert_eq!(numbers("b03b_a_failed_exchange"), [("B".to_owned(), 3)]);
        assert!(numbers("a_plain_name").is_empty());
    }

    #[test]
    fn the_third_column_is_filled_in() {
        let table = "# Title\n\n| RS-06 | whole numbers | old |\n";
        let filled = fill(table, one("rs06_whole_numbers_come_in_many_forms")).unwrap();
        assert_eq!(
            filled,
            "# Title\n\n| RS-06 | whole numbers | `rs06_whole_numbers_come_in_many_forms` |\n"
        );
    }

    #[test]
    fn a_reason_is_kept_and_silence_is_an_error() {
        let reason = "| B78 | never lost | \u{2014} comes with the file store |\n";
        assert_eq!(fill(reason, BTreeMap::new()).unwrap(), reason);
        let silent = fill("| B78 | never lost | |\n", BTreeMap::new()).unwrap_err();
        assert!(silent.to_string().contains("B78"));
    }

    #[test]
    fn a_number_without_a_row_is_an_error() {
        let error = fill("| B1 | once | \u{2014} later |\n", one("b02_twice")).unwrap_err();
        assert!(error.to_string().contains("B2"));
    }
}
