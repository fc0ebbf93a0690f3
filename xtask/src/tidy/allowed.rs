//! `xtask/tidy.toml`: the findings that are allowed, each with its reason.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use super::finding::Finding;
use super::imports::Imports;

/// The findings that are allowed.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Allowed {
    #[serde(default, rename = "exception")]
    exceptions: Vec<Exception>,
    /// Imports against the order, as `file -> file`.
    #[serde(default)]
    upward: Vec<String>,
    /// Circles of files.
    #[serde(default)]
    circles: Vec<Vec<String>>,
}

/// Findings of one rule in one file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Exception {
    rule: String,
    file: String,
    /// A part of the text that is allowed; all of the file's if left out.
    #[serde(default)]
    text: String,
    reason: String,
}

impl Allowed {
    /// Reads the file.
    pub(super) fn read(root: &Path) -> Result<Self> {
        let text = fs::read_to_string(root.join(FILE)).with_context(|| format!("{FILE} cannot be read"))?;
        let allowed: Self = toml::from_str(&text).with_context(|| format!("{FILE} is not valid"))?;
        let count = allowed.exceptions.len();
        ensure!(count <= MOST, "{FILE} has {count} exceptions; {MOST} are allowed");
        let reasons = allowed.exceptions.iter().all(|exception| !exception.reason.trim().is_empty());
        ensure!(reasons, "{FILE}: each exception needs a reason");
        Ok(allowed)
    }

    /// Removes the findings that are allowed, and adds one for each exception that is not needed.
    pub(super) fn without_exceptions(&self, findings: Vec<Finding>) -> Vec<Finding> {
        let mut used = vec![false; self.exceptions.len()];
        let mut left = Vec::new();
        for finding in findings {
            match self.exceptions.iter().position(|exception| exception.covers(&finding)) {
                Some(index) => used[index] = true,
                None => left.push(finding),
            }
        }
        let unused = self.exceptions.iter().zip(used).filter(|(_, used)| !used);
        left.extend(unused.map(|(exception, _)| {
            stale(format!("the exception from `{}` in {} is not needed", exception.rule, exception.file))
        }));
        left
    }

    /// Compares the imports with the two lists.
    pub(super) fn compare_imports(&self, imports: &Imports) -> Vec<Finding> {
        let circle = |files: &Vec<String>| files.join(", ");
        let mut found = difference("upward", &self.upward, &imports.upward);
        let allowed: Vec<String> = self.circles.iter().map(circle).collect();
        let circles: Vec<String> = imports.circles.iter().map(circle).collect();
        found.extend(difference("circles", &allowed, &circles));
        found
    }
}

impl Exception {
    fn covers(&self, finding: &Finding) -> bool {
        self.rule == finding.rule && self.file == finding.file && finding.text.contains(&self.text)
    }
}

/// Returns the entries that are missing from a list, and those that are no longer true.
fn difference(list: &'static str, allowed: &[String], found: &[String]) -> Vec<Finding> {
    let new = found.iter().filter(|entry| !allowed.contains(entry)).map(|entry| {
        let file = entry.split([' ', ',']).next().unwrap_or_default().to_owned();
        Finding { file, line: 0, rule: list, text: entry.clone() }
    });
    let old = allowed.iter().filter(|entry| !found.contains(entry));
    new.chain(old.map(|entry| stale(format!("`{entry}` in `{list}` is no longer true")))).collect()
}

fn stale(text: String) -> Finding {
    Finding { file: FILE.to_owned(), line: 0, rule: "stale", text }
}

const FILE: &str = "xtask/tidy.toml";

/// More exceptions than this would make another rule of them.
const MOST: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(rule: &'static str, text: &str) -> Finding {
        Finding { file: "a.rs".into(), line: 3, rule, text: text.into() }
    }

    #[test]
    fn an_exception_covers_its_finding_and_is_stale_without_one() {
        let file = "[[exception]]\nrule = \"sleep\"\nfile = \"a.rs\"\ntext = \"PAUSE\"\nreason = \"r\"\n";
        let allowed: Allowed = toml::from_str(file).unwrap();
        let findings = vec![finding("sleep", "sleep(PAUSE)"), finding("sleep", "sleep(1)")];
        assert_eq!(allowed.without_exceptions(findings), [finding("sleep", "sleep(1)")]);
        let other = allowed.without_exceptions(vec![finding("words", "PAUSE")]);
        assert_eq!(other[0], finding("words", "PAUSE"));
        let left = allowed.without_exceptions(Vec::new());
        assert!(left.len() == 1 && left[0].rule == "stale", "{left:?}");
    }

    #[test]
    fn lists_of_imports_are_compared_both_ways() {
        let allowed: Allowed = toml::from_str("upward = [\"a -> b\"]\ncircles = [[\"a\", \"b\"]]\n").unwrap();
        let imports = Imports { upward: vec!["c -> d".into()], circles: vec![vec!["a".into(), "b".into()]] };
        let rules: Vec<_> = allowed.compare_imports(&imports).into_iter().map(|found| found.rule).collect();
        assert_eq!(rules, ["upward", "stale"]);
    }
}
