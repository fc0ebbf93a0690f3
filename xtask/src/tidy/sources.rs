//! Lengths and places of files, names of tests, and calls that this workspace does without.

use std::sync::LazyLock;

use anyhow::Result;
use regex::Regex;

use super::finding::Finding;
use super::tree::{File, Tree};

/// Returns every file, name and call that breaks a rule.
pub(super) fn findings(tree: &Tree) -> Result<Vec<Finding>> {
    let mut found: Vec<Finding> = loose(tree).into_iter().collect();
    for file in tree.with_ending(".rs") {
        let lines = file.text.lines().count();
        if !file.is_test() && lines > MOST_LINES {
            let text = format!("the file has {lines} lines; split it by idea ({MOST_LINES} are allowed)");
            found.push(Finding { file: file.path.clone(), line: 0, rule: "long-file", text });
        }
        for (line, text) in (1..).zip(file.text.lines()) {
            found.extend(rule(file, text).map(|(rule, text)| {
                let file = file.path.clone();
                Finding { file, line, rule, text: text.to_owned() }
            }));
        }
    }
    Ok(found)
}

/// Returns the rule that a line breaks, and the part of the line that does.
fn rule<'a>(file: &File, line: &'a str) -> Option<(&'static str, &'a str)> {
    if file.path == ITSELF {
        return None;
    }
    let name = FUNCTION.captures(line).and_then(|names| names.get(1));
    let is_comment = line.trim_start().starts_with("//");
    if name.is_some() && !is_comment && file.path.ends_with("/mod.rs") && !file.is_test() {
        return Some(("module-file", line.trim()));
    }
    if file.path.starts_with(LIBRARY)
        && let Some(name) = PROVIDER.find(line)
    {
        return Some(("provider", name.as_str()));
    }
    if let Some(name) = name
        && name.as_str().len() >= LONG_NAME
    {
        return Some(("long-name", name.as_str()));
    }
    let line = line.trim();
    if line.starts_with("/*") {
        return Some(("block-comment", line));
    }
    let sleeps = SLEEPS.iter().any(|sleep| line.contains(sleep)) || SLEEP_IMPORT.is_match(line);
    if sleeps && (file.is_test() || SLEEPLESS.iter().any(|folder| file.path.starts_with(folder))) {
        return Some(("sleep", line));
    }
    let unchecked = CERTIFICATES.iter().any(|switch| line.contains(switch));
    (unchecked && !file.is_test()).then_some(("certificates", line))
}

/// Returns a finding if too many files of the library lie beside its folders.
fn loose(tree: &Tree) -> Option<Finding> {
    let is_loose = |file: &&File| file.path.strip_prefix(LIBRARY).is_some_and(|rest| !rest.contains('/'));
    let count = tree.with_ending(".rs").filter(is_loose).count();
    let text = format!("{count} files lie beside the folders; move them by idea ({MOST_LOOSE} are allowed)");
    (count > MOST_LOOSE).then(|| Finding { file: LIBRARY.to_owned(), line: 0, rule: "loose", text })
}

/// The names of the providers whose profiles are files. `Slack` and `Square` are words too, but not with a capital.
static PROVIDER: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r"(?i:gotab|\bgoto|gbg|octotable|hubspot|salesforce|quickbooks|intuit|github|shopify|entra\b|xero|strava)|Slack|Square|Zoom|Google|Microsoft";
    Regex::new(pattern).expect("the pattern is a constant")
});

static FUNCTION: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\bfn ([A-Za-z0-9_]+)").expect("the pattern is a constant"));

static SLEEP_IMPORT: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r"^use (tokio::time|std::thread)::.*\b(self|sleep|sleep_until|interval|park_timeout)\b";
    Regex::new(pattern).expect("the pattern is a constant")
});

/// A reader keeps a file of this length in mind; longer ones here held two ideas.
const MOST_LINES: usize = 400;

/// Longer names do not fit beside the name of their crate in a line of a test's output.
const LONG_NAME: usize = 70;

/// Code that runs in tests: time there comes from a `TestClock`, so that no test depends on how busy the machine is.
const SLEEPLESS: [&str; 2] = ["tests/src/", "crates/demo/"];

const SLEEPS: [&str; 5] = ["thread::sleep", "time::sleep", "sleep_until", "time::interval", "park_timeout"];

/// The ways in which the TLS libraries here can be told to accept any certificate.
const CERTIFICATES: [&str; 5] =
    ["danger", "ServerCertVerifier", "SNI(", "add_root_certificate", "tls_built_in_root_certs"];

/// The library that knows no provider.
const LIBRARY: &str = "crates/auth-layer/src/";

/// The root of the library holds what has no folder: the crate itself and a few small ideas.
const MOST_LOOSE: usize = 6;

/// This file names the calls that it looks for.
const ITSELF: &str = "xtask/src/tidy/sources.rs";

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(path: &str, text: &str) -> Vec<&'static str> {
        let found = findings(&Tree::of(&[(path, text)])).unwrap();
        found.into_iter().map(|finding| finding.rule).collect()
    }

    #[test]
    fn b88_a_sleep_in_a_test_is_found() {
        let sleep = "    tokio::time::sleep(PAUSE).await;\n";
        assert_eq!(rules("crates/a/tests/it/b.rs", sleep), ["sleep"]);
        assert_eq!(rules("tests/src/b.rs", sleep), ["sleep"]);
        assert_eq!(rules("crates/a/src/b.rs", sleep), [""; 0]);
        for hidden in [
            "use tokio::time::{self as clock, Instant};\n",
            "use std::thread::{Builder, sleep};\n",
            "fn pause() { std::thread::sleep(PAUSE) }\n",
        ] {
            assert_eq!(rules("crates/a/tests/it/b.rs", hidden), ["sleep"], "{hidden}");
        }
        assert_eq!(rules("crates/a/tests/it/b.rs", "use tokio::time::Instant;\n"), [""; 0]);
    }

    #[test]
    fn a_block_comment_is_found() {
        // No rule about sentences would read it, and a test in it would seem to be there.
        assert_eq!(rules("crates/a/src/b.rs", "    /* fn b01_once() {} */\n"), ["block-comment"]);
    }

    #[test]
    fn sc01_a_switch_for_certificates_is_found() {
        let switch = "let client = client.danger_accept_invalid_certs(true);\n";
        assert_eq!(rules("crates/a/src/b.rs", switch), ["certificates"]);
        assert_eq!(rules("crates/a/tests/it/b.rs", switch), [""; 0]);
    }

    #[test]
    fn long_files_and_names_are_found() {
        let lines = "//\n".repeat(401);
        assert_eq!(rules("crates/a/src/b.rs", &lines), ["long-file"]);
        assert_eq!(rules("crates/a/src/b.rs", &lines[3..]), [""; 0]);
        assert_eq!(rules("crates/a/tests/it/b.rs", &lines), [""; 0]);
        assert_eq!(
            rules("tests/tests/it/b.rs", &format!("async fn {}() {{\n", "a".repeat(70))),
            ["long-name"]
        );
        assert_eq!(rules("tests/tests/it/b.rs", &format!("async fn {}() {{\n", "a".repeat(69))), [""; 0]);
    }

    #[test]
    fn a_function_in_a_module_file_is_found() {
        assert_eq!(rules("crates/a/src/b/mod.rs", "mod c;\npub(crate) fn d() {}\n"), ["module-file"]);
        assert_eq!(rules("crates/a/tests/b/mod.rs", "pub fn d() {}\n"), [""; 0]);
        assert_eq!(rules("crates/a/src/b/c.rs", "pub fn d() {}\n"), [""; 0]);
    }

    #[test]
    fn the_name_of_a_provider_in_the_library_is_found() {
        assert_eq!(rules("crates/auth-layer/src/a/b.rs", "// As Slack does.\n"), ["provider"]);
        assert_eq!(rules("crates/auth-layer/src/a/b.rs", "let slack = GoTab::new();\n"), ["provider"]);
        assert_eq!(rules("crates/auth-layer/src/a/b.rs", "let slack = 1;\n"), [""; 0]);
        assert_eq!(rules("crates/gotab-client/src/lib.rs", "//! GoTab\n"), [""; 0]);
    }

    #[test]
    fn a_seventh_loose_file_is_found() {
        let path = |number| format!("crates/auth-layer/src/file{number}.rs");
        let paths: Vec<String> = (0..7).map(path).collect();
        let files: Vec<(&str, &str)> = paths.iter().map(|path| (path.as_str(), "")).collect();
        assert_eq!(findings(&Tree::of(&files)).unwrap()[0].rule, "loose");
        assert_eq!(findings(&Tree::of(&files[1..])).unwrap(), []);
    }
}
