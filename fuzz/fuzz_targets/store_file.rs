//! For any content of a record's file, the store does not panic. It returns a record or a typed error, and the error
//! shows no token. A record that was read can be written, and is read again unchanged.

#![no_main]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::pin::pin;
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll, Waker};

use auth_layer::store::{State, StoreErrorKind, StoreKey};
use auth_layer::{FileStore, SealingKey, TokenStore};
use auth_layer_fuzz::StandingStill;
use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;

fuzz_target!(|input: &[u8]| {
    let (store, key) = (&STORE.1, StoreKey::of(["an identity"]));
    let path = store.file(&key);
    fs::write(&path, input).expect("the folder is ours");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("the file is ours");
    let record = match at_once(store.load(&key)) {
        Ok(Some(record)) => record,
        // The file says that the record was removed.
        Ok(None) => return,
        Err(error) => {
            let expected = [StoreErrorKind::Corrupt, StoreErrorKind::Newer, StoreErrorKind::Sealed];
            assert!(expected.contains(&error.kind()), "{error:?}");
            let said = format!("{error} {error:?}");
            assert!(said.len() < 4_096 && !said.contains(MARK), "{said}");
            assert_eq!(fs::read(&path).expect("it is still there"), input);
            return;
        }
    };
    match at_once(store.compare_exchange(&key, Some(record.version), record.entry.clone())) {
        Ok(version) => assert!(version > Some(record.version)),
        // There is no version after the highest one.
        Err(error) => {
            assert_eq!((error.kind(), record.version.number()), (StoreErrorKind::Corrupt, u64::MAX));
            return;
        }
    }
    let again = at_once(store.load(&key)).expect("it was written").expect("it is there");
    // The rest of a lease is counted from the time of the write, so it differs.
    if record.entry.state == State::Idle {
        assert_eq!(again.entry, record.entry);
    }
});

/// Runs a future that never waits. Without a runtime, files are read on the caller's own thread.
fn at_once<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("a file is waited for"),
    }
}

/// One folder for all inputs, and a key that opens no sealed token of the inputs.
static STORE: LazyLock<(TempDir, FileStore)> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let key = SealingKey::from_text(&"00".repeat(32)).expect("32 bytes");
    let store = FileStore::builder(folder.path().join("tokens"))
        .sealing_key(key)
        .clock(Arc::new(StandingStill))
        .build();
    fs::create_dir(store.folder()).expect("the folder is ours");
    (folder, store)
});

/// The beginning of the tokens in the seeds. It shows a leak.
const MARK: &str = "s3cr3t-";
