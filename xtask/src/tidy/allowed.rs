//! `xtask/tidy.toml`: the findings that are allowed, each with its reason.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use super::finding::Finding;

/// The findings that are allowed.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Allowed {
    #[serde(default, rename = "exception")]
    exceptions: Vec<Exception>,
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
}

impl Exception {
    fn covers(&self, finding: &Finding) -> bool {
        self.rule == finding.rule && self.file == finding.file && finding.text.contains(&self.text)
    }
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
}
