//! The canary check of the journeys. If the variable `CANARY` names a folder, the secrets of every stage and every log
//! line are written there.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::sync::{LazyLock, Mutex};

use emulator::Emulator;

/// Returns the file for log lines, if `CANARY` is set.
pub(crate) fn log() -> Option<File> {
    FOLDER.as_ref().map(|folder| File::create(folder.join("journeys.log")).expect("a folder to write to"))
}

/// Writes down the secrets that the emulator's sites accept. The tokens that they issue need no list, because all begin
/// in the same way.
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
