//! What a look at the sources shows.

use std::fs;
use std::path::{Path, PathBuf};

/// Lines of Rust, with the place they stand at.
struct Lines(Vec<(String, String)>);

impl Lines {
    /// Reads the `.rs` files of the workspace in whose path one of `parts` stands.
    fn of(parts: &[&str]) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let mut lines = Vec::new();
        for file in ["crates", "tests", "xtask"].iter().flat_map(|folder| sources(&root.join(folder))) {
            let place = file.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
            if parts.iter().any(|part| place.contains(part)) && place != ITSELF {
                let text = fs::read_to_string(&file).unwrap();
                lines.extend(text.lines().map(|line| (place.clone(), line.trim().to_owned())));
            }
        }
        assert!(lines.len() > 500, "there is something to look at");
        Self(lines)
    }

    /// The lines that hold one of `needles`, as `place: line`.
    fn with(&self, needles: &[&str]) -> Vec<String> {
        let found = self.0.iter().filter(|(_, line)| needles.iter().any(|needle| line.contains(needle)));
        found.map(|(place, line)| format!("{place}: {line}")).collect()
    }
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[test]
fn b88_no_test_sleeps() {
    let sleeps = ["thread::sleep", "time::sleep", "sleep_until", "time::interval", "park_timeout"];
    let found = Lines::of(&["/tests/", "tests/src/", "crates/demo/"]).with(&sleeps);
    // What waits for something over loopback looks again after a millisecond or two; a secret source that blocks its
    // thread is shown to block no other. The trials are no tests: they run for minutes on the real clock. Nothing else may.
    let allowed = [
        "crates/auth-layer/tests/it/secret_source.rs: thread::sleep(Duration::from_millis(300));",
        "crates/auth-layer/tests/it/secret_source.rs: tokio::time::sleep(Duration::from_millis(50)).await;",
        "crates/demo/src/stage/actor.rs: tokio::time::sleep(PAUSE).await;",
        "crates/demo/src/stage/wait.rs: tokio::time::sleep(PAUSE).await;",
        "crates/emulator/tests/it/counters.rs: tokio::time::sleep(Duration::from_millis(2)).await;",
        "tests/src/bin/trials/server.rs: tokio::time::sleep(NETWORK_DELAY).await;",
        "tests/src/bin/trials/trial.rs: use tokio::time::{Instant, sleep, sleep_until};",
        "tests/src/bin/trials/trial.rs: sleep_until(start + Duration::from_secs(whole_seconds) + chance).await;",
        "tests/src/patience.rs: tokio::time::sleep(PAUSE).await;",
    ];
    assert_eq!(found, allowed);
    let pauses = Lines::of(&["tests/src/", "crates/demo/src/stage/"]).with(&["const PAUSE"]);
    assert_eq!(pauses.len(), 2, "{pauses:?}");
    assert!(pauses.iter().all(|pause| pause.ends_with("const PAUSE: Duration = Duration::from_millis(1);")));
}

#[test]
fn sc01_nothing_turns_the_checks_of_certificates_off() {
    let switches =
        ["danger", "ServerCertVerifier", "SNI(", "add_root_certificate", "tls_built_in_root_certs"];
    assert_eq!(Lines::of(&["/src/"]).with(&switches), [""; 0]);
}

const ITSELF: &str = "xtask/tests/it/tidy.rs";
