//! Records with sealed tokens: with which key, for which record, and what happens if one cannot be opened.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use auth_layer::store::{Entry, Label, StoreErrorKind, StoreKey, Version};
use auth_layer::{AccessToken, FileStore, RefreshToken, SealingKey, TokenStore};
use serde_json::Value;

const REFRESH: &str = "r3fresh-t0ken-of-the-sealed-store";
const ACCESS: &str = "acc3ss-t0ken-of-the-sealed-store";
const ONE: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
const TWO: &str = "0202020202020202020202020202020202020202020202020202020202020202";

fn key() -> StoreKey {
    StoreKey::of(["an identity"])
}

fn entry() -> Entry {
    let mut entry = Entry::new(RefreshToken::new(REFRESH));
    entry.access_token = Some(AccessToken::new(ACCESS).unwrap());
    entry.label = Some(Label::new("example", "my-client", "default"));
    entry.token_url = Some("https://auth.example.com/token".parse().unwrap());
    entry
}

/// Returns a store on `folder` with these keys.
fn store(folder: &Path, keys: &[&str]) -> FileStore {
    let mut builder = FileStore::builder(folder);
    for key in keys {
        builder = builder.sealing_key(SealingKey::from_text(key).unwrap());
    }
    builder.build()
}

async fn write(store: &FileStore, expected: Option<Version>) -> Version {
    store.compare_exchange(&key(), expected, entry()).await.unwrap().expect("nobody else wrote")
}

fn document(store: &FileStore) -> Value {
    serde_json::from_slice(&fs::read(store.file(&key())).unwrap()).unwrap()
}

fn id(text: &str) -> String {
    SealingKey::from_text(text).unwrap().id().to_owned()
}

/// Checks that the record cannot be opened, that the error has the remedy, and that the file is unchanged.
async fn stays_shut(store: &FileStore, version: Version, remedy: &str) {
    let before = fs::read(store.file(&key())).unwrap();
    for error in [
        store.load(&key()).await.unwrap_err(),
        store.compare_exchange(&key(), Some(version), entry()).await.unwrap_err(),
        store.list().await.unwrap().remove(0).1.unwrap_err(),
    ] {
        assert_eq!(error.kind(), StoreErrorKind::Sealed, "{error:?}");
        assert!(error.to_string().contains(store.file(&key()).to_str().unwrap()), "{error}");
        assert!(error.to_string().contains(remedy), "{error}");
    }
    assert_eq!(fs::read(store.file(&key())).unwrap(), before);
}

#[tokio::test]
async fn sc04_a_sealed_record_shows_no_token_and_all_else() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path(), &[ONE]);
    let version = write(&store, None).await;
    let text = fs::read_to_string(store.file(&key())).unwrap();
    for secret in [REFRESH, ACCESS, entry().sign_in.as_str(), "auth.example.com"] {
        assert!(!text.contains(secret), "{text}");
    }
    let found = document(&store);
    assert_eq!((&found["state"], &found["label"]["subject"]), (&"idle".into(), &"default".into()));
    assert_eq!(found["sealed"]["key"], id(ONE));
    assert_eq!(found.get("tokens"), None);
    assert_eq!(store.load(&key()).await.unwrap().unwrap().entry, entry());
    // The same tokens have another ciphertext each time.
    write(&store, Some(version)).await;
    let again = document(&store);
    assert_ne!(again["sealed"]["nonce"], found["sealed"]["nonce"]);
    assert_ne!(again["sealed"]["text"], found["sealed"]["text"]);
}

#[tokio::test]
async fn sc04_a_sealed_record_opens_with_its_own_key_alone() {
    let folder = tempfile::tempdir().unwrap();
    let version = write(&store(folder.path(), &[ONE]), None).await;
    stays_shut(&store(folder.path(), &[]), version, "set the one it was sealed with").await;
    let wrong = store(folder.path(), &[TWO]);
    stays_shut(&wrong, version, &format!("key {}, which is not among the sealing keys", id(ONE))).await;

    // A key with the id of another key does not open it either.
    let text = fs::read_to_string(wrong.file(&key())).unwrap();
    fs::write(wrong.file(&key()), text.replace(&id(ONE), &id(TWO))).unwrap();
    stays_shut(&wrong, version, "was changed").await;
}

#[tokio::test]
async fn sc04_the_tokens_of_one_identity_do_not_open_for_another() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path(), &[ONE]);
    let other = StoreKey::of(["another identity"]);
    let version = store.compare_exchange(&other, None, entry()).await.unwrap().unwrap();
    let text = fs::read_to_string(store.file(&other)).unwrap();
    fs::remove_file(store.file(&other)).unwrap();
    // A record that was moved unchanged names its own key. With another name in it, it cannot be opened.
    fs::write(store.file(&key()), &text).unwrap();
    fs::set_permissions(store.file(&key()), Permissions::from_mode(0o600)).unwrap();
    assert_eq!(store.load(&key()).await.unwrap_err().kind(), StoreErrorKind::Corrupt);
    fs::write(store.file(&key()), text.replace(other.as_str(), key().as_str())).unwrap();
    stays_shut(&store, version, "belongs to another identity").await;
}

#[tokio::test]
async fn sc04_a_seal_that_was_touched_does_not_open() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path(), &[ONE]);
    let version = write(&store, None).await;
    let good = document(&store);
    for part in ["text", "nonce"] {
        let sealed = good["sealed"][part].as_str().unwrap();
        for at in (0..sealed.len()).step_by(9) {
            let touched = if &sealed[at..=at] == "A" { "B" } else { "A" };
            let mut bad = good.clone();
            bad["sealed"][part] = format!("{}{touched}{}", &sealed[..at], &sealed[at + 1..]).into();
            fs::write(store.file(&key()), bad.to_string()).unwrap();
            assert_eq!(store.load(&key()).await.unwrap_err().kind(), StoreErrorKind::Sealed, "{part} {at}");
        }
        for bad_part in ["", "A", "====", "\u{fffd}", "AAAA"] {
            let mut bad = good.clone();
            bad["sealed"][part] = bad_part.into();
            fs::write(store.file(&key()), bad.to_string()).unwrap();
            stays_shut(&store, version, "remove it and sign in again").await;
        }
    }
    // A record with both or with neither is not valid.
    let mut both = good.clone();
    both["tokens"] = serde_json::json!({"refresh_token": "r", "sign_in": key().as_str()});
    fs::write(store.file(&key()), both.to_string()).unwrap();
    assert_eq!(store.load(&key()).await.unwrap_err().kind(), StoreErrorKind::Corrupt);
}

#[tokio::test]
async fn sc04_keys_change_one_write_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let old = store(folder.path(), &[ONE]);
    let version = write(&old, None).await;
    // The new key seals, and the old one still opens.
    let both = store(folder.path(), &[TWO, ONE]);
    assert_eq!(both.load(&key()).await.unwrap().unwrap().entry, entry());
    assert_eq!(document(&both)["sealed"]["key"], id(ONE), "to read changes nothing");
    let version = write(&both, Some(version)).await;
    assert_eq!(document(&both)["sealed"]["key"], id(TWO));
    assert_eq!(store(folder.path(), &[TWO]).load(&key()).await.unwrap().unwrap().entry, entry());
    stays_shut(&old, version, "not among the sealing keys").await;
}

#[tokio::test]
async fn sc04_a_plain_record_is_read_and_sealed_with_the_next_write() {
    let folder = tempfile::tempdir().unwrap();
    let version = write(&store(folder.path(), &[]), None).await;
    let sealing = store(folder.path(), &[ONE]);
    assert_eq!(document(&sealing)["tokens"]["refresh_token"], REFRESH);
    assert_eq!(sealing.load(&key()).await.unwrap().unwrap().entry, entry());
    write(&sealing, Some(version)).await;
    assert!(!fs::read_to_string(sealing.file(&key())).unwrap().contains(REFRESH));
    assert_eq!(sealing.load(&key()).await.unwrap().unwrap().entry, entry());
}

#[tokio::test]
async fn sc04_a_sealed_record_can_be_removed_without_its_key() {
    let folder = tempfile::tempdir().unwrap();
    let old = write(&store(folder.path(), &[ONE]), None).await;
    let keyless = store(folder.path(), &[]);
    keyless.remove(&key()).await.unwrap();
    assert!(keyless.load(&key()).await.unwrap().is_none());
    assert!(write(&keyless, None).await > old);
}

#[test]
fn sc04_a_sealing_key_is_read_from_text() {
    let bytes = "Ab".repeat(32);
    let spelled = [
        bytes.clone(),
        bytes.to_lowercase(),
        format!("\n {bytes}\t\r\n"),
        "q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=".to_owned(),
        "q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s".to_owned(),
    ];
    let ids: Vec<_> = spelled.iter().map(|text| id(text)).collect();
    assert!(ids.iter().all(|id| *id == ids[0] && id.len() == 16), "{ids:?}");
    assert_eq!(id("__________________________________________8"), id(&"ff".repeat(32)));

    let bad = ["", "hunter2", &bytes[..62], &"xy".repeat(32), &bytes.repeat(3), "é".repeat(32).as_str()]
        .map(ToOwned::to_owned);
    for text in bad.into_iter().chain([format!("{}é", &bytes[..62]), "A".repeat(44), "A".repeat(42)]) {
        let error = SealingKey::from_text(&text).unwrap_err();
        assert_eq!(error.what(), "sealing key");
        assert!(text.is_empty() || !format!("{error:?}").contains(&text), "{error:?}");
    }
}

#[test]
fn sc04_a_sealing_key_shows_nothing_and_is_new_each_time() {
    let (one, other) = (SealingKey::generate().unwrap(), SealingKey::generate().unwrap());
    assert_ne!(one.id(), other.id());
    assert_eq!(format!("{one:?}"), format!("SealingKey({}, ..)", one.id()));
    let text = one.to_text();
    assert_eq!(SealingKey::from_text(text.expose()).unwrap().id(), one.id());
    assert!(!text.expose().contains(one.id()));
    let folder = tempfile::tempdir().unwrap();
    let store = FileStore::builder(folder.path()).sealing_key(one).build();
    assert!(!format!("{store:?} {store:#?}").contains(text.expose()));
}

#[test]
fn sc04_a_key_file_that_everybody_can_read_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    fs::write(&path, format!("{ONE}\n")).unwrap();
    for (mode, good) in [(0o600, true), (0o400, true), (0o440, true), (0o604, false), (0o644, false)] {
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        match SealingKey::from_file(&path) {
            Ok(key) => assert!(good && key.id() == id(ONE), "{mode:o}"),
            Err(error) => {
                assert!(!good && error.to_string().contains("chmod"), "{error}");
                assert!(error.what().contains(path.to_str().unwrap()), "{error}");
            }
        }
    }
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    for bad in [b"".as_slice(), b"\xff\xfe", b"hunter2", &[b'A'; 100_000]] {
        fs::write(&path, bad).unwrap();
        assert!(SealingKey::from_file(&path).is_err());
    }
    assert!(SealingKey::from_file(folder.path()).is_err());
    assert!(SealingKey::from_file(folder.path().join("none")).is_err());
}

/// The system may have a keyring or not. A key that was never stored there is not found, and a request from a thread of
/// the runtime neither panics nor blocks for ever.
#[cfg(feature = "keyring")]
#[tokio::test]
async fn a_key_that_is_not_in_the_keyring_is_not_found() {
    match SealingKey::from_keyring("of-a-test-that-keeps-nothing") {
        Ok(kept) => assert!(kept.is_none()),
        Err(error) => {
            assert!(error.to_string().contains("of-a-test-that-keeps-nothing in the keyring"), "{error}");
        }
    }
    let lookup = |name: &str| match name {
        "AUTH_LAYER_STORE" => Some("/nowhere".to_owned()),
        "AUTH_LAYER_STORE_KEYRING" => Some("of-a-test-that-keeps-nothing".to_owned()),
        _ => None,
    };
    assert!(
        FileStore::from_env(&lookup).is_err(),
        "a key that was meant to be there would leave the tokens plain"
    );
}
