//! `cargo xtask canary`: runs the suites with everything logged, and looks for their secrets in all they put out.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::Path;

use aho_corasick::AhoCorasick;
use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use crate::process::{Cargo, step};

/// Runs the tests of `auth-layer`, the journeys and the demo at TRACE. The tests write down the secrets that go over the
/// wire, as they find the variable `CANARY`; then neither what was logged nor what was printed may hold one of them:
/// not as it is, not as a form has it, and not in base64.
///
/// # Errors
///
/// If a suite fails, if a secret shows (its place is told, and nothing of it), or if there was too little to look at.
pub fn run(root: &Path, out: &mut dyn Write) -> Result<()> {
    let folder = root.join("target/canary");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let shown = folder.to_string_lossy().into_owned();
    for (name, arguments) in SUITES {
        step(out, &format!("{name} with everything logged"), |_| {
            let suite =
                Cargo::new(arguments).with_variable("CANARY", &shown).with_variable("RUST_LOG", "trace");
            suite.output(root, &folder.join(format!("{name}.out")))
        })?;
    }
    let secrets = secrets(&folder)?;
    let places = leaks(&folder, &secrets)?;
    for place in &places {
        writeln!(out, "{place}")?;
    }
    ensure!(places.is_empty(), "secrets show in {} places; the files are in target/canary", places.len());
    writeln!(out, "none of {} secrets shows", secrets.len())?;
    Ok(())
}

/// The secrets that the suites wrote down.
fn secrets(folder: &Path) -> Result<BTreeSet<String>> {
    // How every token of the emulator begins, and the demo's with it.
    let mut secrets = BTreeSet::from([EMULATORS.to_owned()]);
    for (name, _) in &SUITES[..2] {
        let file = folder.join(format!("{name}.secrets"));
        let text = fs::read_to_string(&file).with_context(|| format!("{name} wrote no secrets down"))?;
        let before = secrets.len();
        secrets.extend(text.lines().filter(|secret| secret.len() >= SHORTEST).map(str::to_owned));
        ensure!(secrets.len() > before, "{name} has no secret that could be found");
        let log = fs::read_to_string(folder.join(format!("{name}.log")))?;
        ensure!(log.contains("got a token"), "{name} logged nothing of its tokens");
    }
    Ok(secrets)
}

/// Where one of the secrets shows.
fn leaks(folder: &Path, secrets: &BTreeSet<String>) -> Result<Vec<String>> {
    let needles: Vec<String> = secrets.iter().flat_map(|secret| spellings(secret)).collect();
    let finder = AhoCorasick::new(&needles)?;
    let mut places = Vec::new();
    let mut files: Vec<_> = fs::read_dir(folder)?.collect::<Result<_, _>>()?;
    files.sort_by_key(fs::DirEntry::path);
    for file in files.iter().map(fs::DirEntry::path) {
        if file.extension().is_some_and(|extension| extension == "secrets") {
            continue;
        }
        let text = String::from_utf8_lossy(&fs::read(&file)?).into_owned();
        let shown = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for (number, line) in text.lines().enumerate() {
            if finder.is_match(line) {
                places.push(format!("target/canary/{shown}:{}", number + 1));
            }
        }
    }
    Ok(places)
}

/// How a secret may look: as it is, as a form has it, and in base64 wherever it stands in what was encoded.
fn spellings(secret: &str) -> Vec<String> {
    let in_form: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let plain = BTreeSet::from([secret.to_owned(), in_form.replace("%7E", "~"), in_form]);
    let mut all: BTreeSet<String> = plain.clone();
    for text in plain {
        for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            for before in 0..3 {
                let encoded = engine.encode([&[b' '; 3][..before], text.as_bytes()].concat());
                // The characters in which its neighbours have no part.
                let (from, to) = ((before * 8).div_ceil(6), (before + text.len()) * 8 / 6);
                all.insert(encoded[from..to].to_owned());
            }
        }
    }
    all.into_iter().collect()
}

/// What is run, by the names under which it writes.
const SUITES: [(&str, &str); 3] = [
    ("layer", "test --package auth-layer --all-features --test it -- --nocapture"),
    ("journeys", "test --package journeys --all-features --test it -- --nocapture"),
    ("demo", "run --quiet --package demo"),
];

/// A JWT's header, by which all tokens of the emulator begin.
const EMULATORS: &str = "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9";

/// Shorter ones are no secrets, and stand everywhere.
const SHORTEST: usize = 7;

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    #[track_caller]
    fn found(secret: &str, text: &str) -> Vec<String> {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("layer.log"), format!("first\n{text}\n")).unwrap();
        leaks(folder.path(), &BTreeSet::from([secret.to_owned()])).unwrap()
    }

    #[test]
    fn b64_a_secret_is_found_however_it_is_spelled() {
        for secret in ["token-1", "cl13nt/s3cret+word: %\u{e9}~", "sesame-8f1c27"] {
            let in_form: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
            for spelled in [secret, &in_form] {
                for before in ["", "a", "ab", "client:", "c:"] {
                    let around = format!("{before}{spelled} and more");
                    let encoded = [STANDARD_NO_PAD.encode(&around), URL_SAFE_NO_PAD.encode(&around)];
                    for text in encoded.iter().chain([&around]) {
                        assert_eq!(found(secret, text), ["target/canary/layer.log:2"], "{text}");
                    }
                }
            }
            assert!(found(secret, "nothing of it").is_empty());
        }
    }
}
