//! The part of `cargo xtask canary` in these tests. If the variable `CANARY` names a folder, every secret that is sent
//! and every log line are written there. Without the variable nothing is written.

use std::collections::HashSet;
use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::sync::{LazyLock, Mutex, Once};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::util::SubscriberInitExt;

use crate::support::Seen;

/// Writes down everything that is logged from now on.
pub(crate) fn watch() {
    static WATCH: Once = Once::new();
    let Some(folder) = &*FOLDER else { return };
    WATCH.call_once(|| {
        tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_span_events(FmtSpan::FULL)
            .with_ansi(false)
            .with_writer(Mutex::new(File::create(folder.join("layer.log")).unwrap()))
            .finish()
            .init();
    });
}

/// Writes down the secrets in a request.
pub(crate) fn note(seen: &Seen) {
    static NOTED: LazyLock<Mutex<(HashSet<String>, File)>> = LazyLock::new(|| {
        let folder = FOLDER.as_ref().expect("somebody asked for it");
        Mutex::new((HashSet::new(), File::create(folder.join("layer.secrets")).unwrap()))
    });
    if FOLDER.is_none() {
        return;
    }
    let mut noted = NOTED.lock().unwrap();
    for secret in secrets(seen) {
        if noted.0.insert(secret.clone()) {
            writeln!(noted.1, "{secret}").unwrap();
        }
    }
}

fn secrets(seen: &Seen) -> Vec<String> {
    let mut secrets = Vec::new();
    for value in seen.headers.get_all("authorization").iter().filter_map(|value| value.to_str().ok()) {
        if let Some(token) = value.strip_prefix("Bearer ") {
            secrets.push(token.to_owned());
        } else if let Some(pair) = value.strip_prefix("Basic ") {
            secrets.push(pair.to_owned());
            let pair = STANDARD.decode(pair).unwrap_or_default();
            let pair = String::from_utf8(pair).unwrap_or_default();
            secrets.extend(pair.split_once(':').map(|(_, secret)| secret.to_owned()));
        }
    }
    let form = SECRET.into_iter().filter_map(|name| seen.form(name));
    secrets.extend(form);
    let json: serde_json::Value = serde_json::from_slice(&seen.body).unwrap_or_default();
    for name in SECRET.into_iter().chain(["api_access_secret"]) {
        if let serde_json::Value::String(secret) = &json[name] {
            secrets.push(secret.clone());
        }
    }
    secrets
}

/// The parameters whose values are secret.
const SECRET: [&str; 9] = [
    "client_secret",
    "refresh_token",
    "device_code",
    "assertion",
    "subject_token",
    "actor_token",
    "api_key",
    "pat",
    "token",
];

static FOLDER: LazyLock<Option<PathBuf>> = LazyLock::new(|| std::env::var_os("CANARY").map(PathBuf::from));
