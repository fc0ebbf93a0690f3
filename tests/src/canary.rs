//! What `cargo xtask canary` asks of the journeys, by the variable `CANARY`, a folder: to write down the secrets of every
//! stage, and every line that is logged.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::sync::{LazyLock, Mutex};

use emulator::Emulator;

/// Where every line that is logged goes, if somebody asked for it.
pub(crate) fn log() -> Option<File> {
    FOLDER.as_ref().map(|folder| File::create(folder.join("journeys.log")).expect("a folder to write to"))
}

/// Writes down the secrets that the emulator's sites accept. The tokens they hand out all begin in the same way, which is
/// known.
pub(crate) fn note(emulator: &Emulator) {
    static NOTED: LazyLock<Mutex<File>> = LazyLock::new(|| {
        let folder = FOLDER.as_ref().expect("the canary check asked for it");
        Mutex::new(File::create(folder.join("journeys.secrets")).expect("a folder to write to"))
    });
    if FOLDER.is_none() {
        return;
    }
    for site in emulator.sites() {
        let credentials = site.credentials();
        let mut file = NOTED.lock().expect("no thread panics with it");
        for secret in [Some(credentials.secret()), credentials.personal_access_token()].into_iter().flatten()
        {
            writeln!(file, "{secret}").expect("a file to write to");
        }
    }
}

static FOLDER: LazyLock<Option<PathBuf>> = LazyLock::new(|| std::env::var_os("CANARY").map(PathBuf::from));
