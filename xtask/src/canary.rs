//! `cargo xtask canary`: runs the test suites with all logging on, and searches their output for their secrets.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::Path;

use aho_corasick::AhoCorasick;
use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use crate::process::{Cargo, step};

/// Runs the tests of `auth-layer`, the journeys and the demo with log level TRACE.
///
/// The variable `CANARY` names a folder. The tests write their log and every secret that they send into it. The log
/// and the printed output must then contain none of these secrets: not verbatim, not form-encoded and not in base64.
///
/// # Errors
///
/// - A suite fails.
/// - A secret appears. The output shows the file and the line number, and no part of the secret.
/// - A suite wrote no secrets, or logged no token request. The search would then prove nothing.
pub fn run(root: &Path, out: &mut dyn Write) -> Result<()> {
    let folder = root.join("target/canary");
    // Files of an earlier run would hide that a suite wrote nothing.
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let shown = folder.to_string_lossy().into_owned();
    for (name, arguments) in SUITES {
        step(out, &format!("{name} with all logging on"), |_| {
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
    ensure!(
        places.is_empty(),
        "{} lines of output contain a secret; they are listed above, read them in target/canary",
        places.len()
    );
    writeln!(out, "none of the {} secrets appears in the output", secrets.len())?;
    Ok(())
}

/// Returns the secrets that the suites wrote.
fn secrets(folder: &Path) -> Result<BTreeSet<String>> {
    // All tokens of the emulator begin with this text. The demo writes no secrets, and is searched for this text.
    let mut secrets = BTreeSet::from([EMULATORS.to_owned()]);
    for (name, _) in &SUITES[..2] {
        let file = folder.join(format!("{name}.secrets"));
        let text = fs::read_to_string(&file).with_context(|| format!("cannot read the secrets of {name}"))?;
        let before = secrets.len();
        secrets.extend(text.lines().filter(|secret| secret.len() >= SHORTEST).map(str::to_owned));
        ensure!(secrets.len() > before, "{name} wrote no secret of at least {SHORTEST} characters");
        let log = fs::read_to_string(folder.join(format!("{name}.log")))?;
        ensure!(log.contains("got a token"), "{name} logged no token request (\"got a token\")");
    }
    Ok(secrets)
}

/// Returns the lines that contain a secret, as `file:line`.
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
        // Tests may print bytes that are not UTF-8. Replacing them leaves the text around them as it was.
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

/// Returns the spellings of a secret: verbatim, form-encoded, and in base64 at each offset in the encoded text.
fn spellings(secret: &str) -> Vec<String> {
    let in_form: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    // `byte_serialize` encodes `~`. RFC 3986 encoders leave it.
    let plain = BTreeSet::from([secret.to_owned(), in_form.replace("%7E", "~"), in_form]);
    let mut all: BTreeSet<String> = plain.clone();
    for text in plain {
        for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            // Base64 encodes three bytes at a time, so the text before the secret shifts it by 0, 1 or 2 bytes.
            for before in 0..3 {
                let encoded = engine.encode([&[b' '; 3][..before], text.as_bytes()].concat());
                // Only the characters that do not depend on the bytes around the secret.
                let (from, to) = ((before * 8).div_ceil(6), (before + text.len()) * 8 / 6);
                all.insert(encoded[from..to].to_owned());
            }
        }
    }
    all.into_iter().collect()
}

/// The suites: the name of their files, and the arguments of cargo.
const SUITES: [(&str, &str); 3] = [
    ("layer", "test --package auth-layer --all-features --test it -- --nocapture"),
    ("journeys", "test --package journeys --all-features --test it -- --nocapture"),
    ("demo", "run --quiet --package demo"),
];

/// The encoded JWT header that all tokens of the emulator begin with.
const EMULATORS: &str = "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9";

/// The shortest secret that is searched for, in bytes. Shorter test values also appear in ordinary text.
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
            assert!(found(secret, "another text").is_empty());
        }
    }
}
