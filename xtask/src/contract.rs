//! `cargo xtask contract`: which test keeps which numbered promise.
//!
//! `docs/contract.md` holds tables whose rows begin with a number such as `B34` or `RS-06` and a statement. This
//! command writes the third column: the tests that carry the number in their name (`b34_...`, `rs06_...`). If no test
//! does, the column must hold a dash and the reason, which are kept. It also writes the legend of the prefixes.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
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

/// Writes the tests into the rows of `table`, and the legend under its heading.
fn fill(table: &str, mut tests: BTreeMap<Number, Vec<String>>) -> Result<String> {
    let mut lines = Vec::new();
    let mut in_legend = false;
    for line in table.lines() {
        if line.starts_with("## ") {
            in_legend = line == LEGEND;
            lines.push(line.to_owned());
            if in_legend {
                lines.extend(legend());
            }
            continue;
        }
        if in_legend {
            continue;
        }
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let number = match cells[..] {
            ["", number, _, _, ""] => row_number(number),
            _ => None,
        };
        let Some(number) = number else {
            lines.push(line.to_owned());
            continue;
        };
        let begin = format!("| {} | {} | ", cells[1], cells[2]);
        let kept_by = match tests.remove(&number) {
            Some(tests) => names(&tests, LONGEST_ROW.saturating_sub(begin.chars().count())),
            None if cells[3].starts_with('\u{2014}') => cells[3].to_owned(),
            None => bail!("{FILE}: {} has neither a test nor a reason why not", cells[1]),
        };
        let row = format!("{begin}{kept_by} |");
        let length = row.chars().count();
        ensure!(
            length < LONGEST_ROW,
            "{FILE}: the row of {} has {length} characters; shorten its statement",
            cells[1]
        );
        lines.push(row);
    }
    if let Some(((family, number), tests)) = tests.first_key_value() {
        bail!("{FILE} has no row {family}{number}, which {} carries", tests.join(", "));
    }
    Ok(lines.join("\n") + "\n")
}

/// The names that fit into `room` characters, and how many others there are.
fn names(tests: &[String], room: usize) -> String {
    // "`, and 99 more |", and one test in any case.
    let room = room.saturating_sub(16);
    let mut text = String::new();
    for (index, test) in tests.iter().enumerate() {
        let name = format!("{}`{test}`", if index == 0 { "" } else { ", " });
        if index > 0 && text.len() + name.len() > room {
            return format!("{text}, and {} more", tests.len() - index);
        }
        text.push_str(&name);
    }
    text
}

/// The table of the families.
fn legend() -> Vec<String> {
    let mut lines =
        vec![String::new(), "| prefix | statements about |".to_owned(), "| --- | --- |".to_owned()];
    lines.extend(FAMILIES.iter().map(|(family, about)| format!("| {family} | {about} |")));
    lines.push(String::new());
    lines
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
                for name in text.lines().filter_map(function) {
                    for number in numbers(name) {
                        found.entry(number).or_default().push(name.to_owned());
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
    name.split('_').map_while(number).filter(|(family, _)| is_family(family)).collect()
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
    is_family(&number.0).then_some(number)
}

const FILE: &str = "docs/contract.md";

/// The heading under which the legend is written.
const LEGEND: &str = "## Prefixes";

/// A longer row does not fit on a screen.
const LONGEST_ROW: usize = 300;

fn is_family(text: &str) -> bool {
    FAMILIES.iter().any(|(family, _)| *family == text)
}

/// The families of promises, and what their statements are about.
const FAMILIES: [(&str, &str); 17] = [
    ("AC", "authorization codes, PKCE and redirects: RFC 6749 section 4.1, RFC 7636, RFC 8252, RFC 9207"),
    ("B", "what the layer, the stores and the clients do as a whole: our own"),
    ("CA", "responses that no cache keeps: RFC 9111"),
    ("CC", "many callers at one time, expiry and clocks: our own"),
    ("CH", "challenges of an API: RFC 6750 section 3, RFC 9110 section 11"),
    ("DV", "sign-in on a device: RFC 8628"),
    ("MD", "metadata of a server: RFC 8414, OpenID Connect Discovery 1.0"),
    ("RF", "refresh tokens: RFC 6749 section 6, RFC 9700 section 4.14"),
    ("RI", "resources that tokens are for: RFC 8707"),
    ("RS", "answers of a token endpoint: RFC 6749 section 5.1"),
    ("RT", "calls that are sent again: RFC 9110 section 9.2"),
    ("RV", "revocation: RFC 7009"),
    ("SC", "secrets, and the places that a token may go to: RFC 9700"),
    ("TE", "errors of a token endpoint: RFC 6749 section 5.2"),
    ("TR", "token requests: RFC 6749 sections 2.3 and 4"),
    ("TX", "token exchange and assertions: RFC 8693, RFC 7521, RFC 7523"),
    ("US", "tokens in requests: RFC 6750 section 2"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn one(name: &str) -> BTreeMap<Number, Vec<String>> {
        numbers(name).into_iter().map(|number| (number, vec![name.to_owned()])).collect()
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
    fn a_row_stays_short_and_says_how_many_tests_are_left_out() {
        let tests: Vec<String> = (0..9).map(|index| format!("b01_{index}_{}", "x".repeat(60))).collect();
        let all = BTreeMap::from([(("B".to_owned(), 1), tests.clone())]);
        let filled = fill("| B1 | once | |\n", all).unwrap();
        assert!(filled.trim_end().chars().count() < LONGEST_ROW, "{filled}");
        assert!(filled.contains(&tests[2]) && !filled.contains(&tests[3]), "{filled}");
        assert!(filled.ends_with(", and 6 more |\n"), "{filled}");
        let long = format!("| B1 | {} | |\n", "y".repeat(240));
        let all = BTreeMap::from([(("B".to_owned(), 1), tests)]);
        let error = fill(&long, all).unwrap_err().to_string();
        assert!(error.contains("the row of B1 has"), "{error}");
    }

    #[test]
    fn the_legend_names_every_prefix() {
        let filled = fill("## Prefixes\n\nold\n\n## Next\n", BTreeMap::new()).unwrap();
        assert!(filled.starts_with("## Prefixes\n\n| prefix | statements about |\n"), "{filled}");
        assert!(filled.ends_with("|\n\n## Next\n") && !filled.contains("old"), "{filled}");
        for (family, _) in FAMILIES {
            assert!(filled.contains(&format!("\n| {family} |")), "{family}");
        }
    }

    #[test]
    fn a_number_without_a_row_is_an_error() {
        let error = fill("| B1 | once | \u{2014} later |\n", one("b02_twice")).unwrap_err();
        assert!(error.to_string().contains("B2"));
    }
}
