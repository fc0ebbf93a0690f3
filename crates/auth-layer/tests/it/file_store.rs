//! Records in files: who may read them, how a damaged one is treated, and that no record is lost.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use auth_layer::store::{Entry, Label, State, StoreError, StoreErrorKind, StoreKey, Version};
use auth_layer::{
    AccessToken, Exchange, FileStore, Grant, Metadata, RefreshToken, SealingKey, TestClock, TokenStore,
};
use tempfile::TempDir;

use crate::support::{FakeTokenEndpoint, example, poll_once};

const REFRESH: &str = "r3fresh-t0ken-of-the-file-store";
const ACCESS: &str = "acc3ss-t0ken-of-the-file-store";

fn key() -> StoreKey {
    StoreKey::of(["an identity"])
}

/// Returns an entry with two tokens that can be told from everything else.
fn entry() -> Entry {
    let mut entry = Entry::new(RefreshToken::new(REFRESH));
    entry.access_token = Some(AccessToken::new(ACCESS).unwrap());
    entry.label = Some(Label::new("example", "my-client", "default"));
    entry
}

/// A store with one record.
struct Files {
    folder: TempDir,
    store: FileStore,
    version: Version,
}

impl Files {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = FileStore::new(folder.path().join("tokens"));
        let version = store.compare_exchange(&key(), None, entry()).await.unwrap().unwrap();
        Self { folder, store, version }
    }

    fn file(&self) -> PathBuf {
        self.store.file(&key())
    }

    /// Returns the content of the record's file.
    fn text(&self) -> String {
        fs::read_to_string(self.file()).unwrap()
    }

    fn write(&self, text: impl AsRef<[u8]>) {
        fs::write(self.file(), text).unwrap();
    }
}

/// Returns the text of an error and of its causes.
fn said(error: &StoreError) -> String {
    let mut said = format!("{error} {error:?}");
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        said += &format!(" {error} {error:?}");
        cause = error.source();
    }
    said
}

/// Checks an error about a record that cannot be used and was not changed.
#[track_caller]
fn assert_tells(error: &StoreError, kind: StoreErrorKind, path: &Path, remedy: &str) {
    let said = said(error);
    assert_eq!(error.kind(), kind, "{said}");
    assert!(error.to_string().contains(path.to_str().unwrap()), "which file? {said}");
    assert!(error.to_string().contains(remedy), "what to do? {said}");
    assert!(!said.contains(REFRESH) && !said.contains(ACCESS), "{said}");
}

/// Checks that reading, writing and listing fail in the same way, and that the file is unchanged.
async fn refuses(store: &FileStore, version: Version, kind: StoreErrorKind, remedy: &str) {
    let path = store.file(&key());
    let before = fs::read(&path).ok();
    assert_tells(&store.load(&key()).await.unwrap_err(), kind, &path, remedy);
    for expected in [None, Some(version)] {
        let written = store.compare_exchange(&key(), expected, entry()).await;
        assert_tells(&written.unwrap_err(), kind, &path, remedy);
    }
    let mut listed = store.list().await.unwrap();
    let at = listed.iter().position(|(listed, _)| *listed == key()).expect("it is listed");
    assert_tells(&listed.remove(at).1.unwrap_err(), kind, &path, remedy);
    assert!(listed.iter().all(|(_, record)| record.is_ok()), "the others can be read");
    assert_eq!(fs::read(&path).ok(), before, "the file is as it was, byte for byte");
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().mode() & 0o7777
}

#[tokio::test]
async fn sc03_the_folder_is_private_and_no_temporary_file_is_left() {
    let files = Files::new().await;
    assert_eq!(mode(files.store.folder()), 0o700);
    let mut names = Vec::new();
    for found in fs::read_dir(files.store.folder()).unwrap() {
        let found = found.unwrap();
        assert_eq!(mode(&found.path()), 0o600, "{found:?}");
        names.push(found.file_name().into_string().unwrap());
    }
    names.sort();
    let digits = key().as_str().to_owned();
    assert_eq!(names, [format!("{digits}.json"), format!("{digits}.lock")]);
}

#[tokio::test]
async fn sc03_a_record_is_replaced_by_another_file_and_its_lock_is_not() {
    let files = Files::new().await;
    let inode = |path: &Path| fs::metadata(path).unwrap().ino();
    let lock = files.file().with_extension("lock");
    let old = fs::File::open(files.file()).unwrap();
    let before = (inode(&files.file()), inode(&lock));
    files.store.compare_exchange(&key(), Some(files.version), entry()).await.unwrap().unwrap();
    assert_ne!(inode(&files.file()), before.0);
    files.store.remove(&key()).await.unwrap();
    assert_eq!(inode(&lock), before.1);
    // A reader that had the old file open reads it to its end.
    let text = std::io::read_to_string(old).unwrap();
    assert!(text.contains(REFRESH) && text.ends_with('}'));
    // After the removal no token is left in the file.
    assert!(!files.text().contains(REFRESH) && !files.text().contains(ACCESS));
}

#[tokio::test]
async fn sc03_the_files_of_a_killed_writer_block_no_other() {
    let files = Files::new().await;
    let temporary = files.file().with_extension("tmp");
    let elsewhere = files.folder.path().join("elsewhere");
    fs::write(&elsewhere, "not ours").unwrap();
    let mut version = files.version;
    for left in ["half a rec", "link"] {
        if left == "link" {
            symlink(&elsewhere, &temporary).unwrap();
        } else {
            fs::write(&temporary, left).unwrap();
            fs::set_permissions(&temporary, Permissions::from_mode(0o644)).unwrap();
        }
        assert!(files.store.load(&key()).await.unwrap().is_some());
        version = files.store.compare_exchange(&key(), Some(version), entry()).await.unwrap().unwrap();
        assert_eq!(mode(&files.file()), 0o600);
        assert!(!temporary.exists());
    }
    assert_eq!(fs::read_to_string(elsewhere).unwrap(), "not ours");
}

#[tokio::test]
async fn rv03_a_removal_also_removes_the_files_of_a_killed_writer() {
    let files = Files::new().await;
    let temporary = files.file().with_extension("tmp");
    let killed = || fs::write(&temporary, REFRESH).unwrap();
    killed();
    files.store.remove(&key()).await.unwrap();
    assert!(!temporary.exists(), "beside a record");
    killed();
    files.store.remove(&key()).await.unwrap();
    assert!(!temporary.exists(), "beside one that was removed");
    killed();
    fs::remove_file(files.file()).unwrap();
    files.store.remove(&key()).await.unwrap();
    assert!(!temporary.exists(), "where the first write was killed");
    assert!(files.store.load(&key()).await.unwrap().is_none() && !files.file().exists());
    killed();
    files.write("half a rec");
    files.store.remove(&key()).await.unwrap_err();
    assert!(!temporary.exists(), "beside a record that cannot be read");
}

#[tokio::test]
async fn the_record_of_an_unsealed_store_is_readable() {
    let files = Files::new().await;
    let found: serde_json::Value = serde_json::from_str(&files.text()).unwrap();
    assert_eq!(found["format"], 1);
    assert_eq!(found["key"], key().as_str());
    assert_eq!(found["state"], "idle");
    assert_eq!(found["label"]["provider"], "example");
    assert_eq!(found["tokens"]["refresh_token"], REFRESH);
}

#[tokio::test]
async fn a_half_written_record_is_an_error_wherever_it_ends() {
    let files = Files::new().await;
    let whole = files.text();
    for end in 0..whole.len() {
        files.write(&whole[..end]);
        let error = files.store.load(&key()).await.unwrap_err();
        assert_tells(&error, StoreErrorKind::Corrupt, &files.file(), "remove it and sign in again");
    }
    files.write(&whole[..whole.len() / 2]);
    refuses(&files.store, files.version, StoreErrorKind::Corrupt, "sign in again").await;
    assert!(files.store.remove(&key()).await.is_err());
    files.write(&whole);
    assert_eq!(files.store.load(&key()).await.unwrap().unwrap().entry, entry());
}

#[tokio::test]
async fn garbage_is_an_error_that_repeats_nothing_of_it() {
    let files = Files::new().await;
    let whole = files.text();
    let with = |from: &str, to: &str| {
        assert!(whole.contains(from), "{from}");
        whole.replace(from, to)
    };
    let version = files.version.number();
    let bad = [
        String::new(),
        "\u{0}\u{0}\u{0}".to_owned(),
        "null".to_owned(),
        "[]".to_owned(),
        "{}".to_owned(),
        format!("{whole}{whole}"),
        format!("{whole}\n{REFRESH}"),
        with("\"format\": 1", "\"format\": 0"),
        with("\"format\": 1", &format!("\"format\": \"{REFRESH}\"")),
        with("\"idle\"", "\"removing\""),
        with("\"idle\"", "\"redeeming\""),
        with("\"idle\"", &format!("\"{REFRESH}\"")),
        with(key().as_str(), StoreKey::of(["another"]).as_str()),
        with(&version.to_string(), "-1"),
        with(&version.to_string(), &format!("\"{REFRESH}\"")),
        with("\"tokens\"", "\"tokenz\""),
        with(&format!("\"{REFRESH}\""), "7"),
        with(ACCESS, &format!("{ACCESS}\\r\\n")),
        with(ACCESS, ""),
        with("\"sign_in\": \"", "\"sign_in\": \"x"),
        with("\"sign_in\": \"", "\"token_url\": \"nonsense\", \"sign_in\": \""),
        with("\"sign_in\": \"", "\"token_url\": \"http://example.com\", \"sign_in\": \""),
        with("\"sign_in\": \"", "\"token_url\": 7, \"sign_in\": \""),
        with("\"tokens\": {", &format!("\"tokens\": [\"{REFRESH}\"], \"x\": {{")),
        "[".repeat(100_000),
        " ".repeat(2_000_000),
    ];
    for text in bad {
        files.write(&text);
        refuses(&files.store, files.version, StoreErrorKind::Corrupt, "sign in again").await;
    }
    fs::write(files.file(), [0xff, 0xfe, b'{']).unwrap();
    refuses(&files.store, files.version, StoreErrorKind::Corrupt, "sign in again").await;
}

#[tokio::test]
async fn a_token_url_is_optional_and_of_the_format_that_was() {
    // A program of an earlier version reads the members that it knows, and writes no URL into a file.
    let files = Files::new().await;
    assert!(!files.text().contains("token_url"));
    let mut entry = files.store.load(&key()).await.unwrap().unwrap().entry;
    assert_eq!(entry.token_url, None);
    entry.token_url = Some("https://auth.example.com/token".parse().unwrap());
    files.store.compare_exchange(&key(), Some(files.version), entry.clone()).await.unwrap().unwrap();
    let text = files.text();
    assert!(
        text.contains("\"format\": 1") && text.contains("\"token_url\": \"https://auth.example.com/token\"")
    );
    assert_eq!(files.store.load(&key()).await.unwrap().unwrap().entry, entry);
}

#[tokio::test]
async fn a_version_without_a_next_one_is_an_error() {
    let files = Files::new().await;
    let (version, most) = (files.version.number().to_string(), u64::MAX.to_string());
    files.write(files.text().replace(&version, &most));
    assert!(files.store.load(&key()).await.unwrap().is_some());
    let written = files.store.compare_exchange(&key(), Some(Version::new(u64::MAX)), entry()).await;
    assert_tells(&written.unwrap_err(), StoreErrorKind::Corrupt, &files.file(), "sign in again");
}

#[tokio::test]
async fn a_newer_format_is_an_error_with_any_other_content() {
    let files = Files::new().await;
    for text in [
        files.text().replace("\"format\": 1", "\"format\": 2"),
        r#"{"format": 18446744073709551615, "state": 7, "tokens": {"refresh_token": []}}"#.to_owned(),
    ] {
        files.write(&text);
        refuses(&files.store, files.version, StoreErrorKind::Newer, "update this program").await;
        assert_eq!(files.store.remove(&key()).await.unwrap_err().kind(), StoreErrorKind::Newer);
        assert_eq!(files.text(), text);
    }
}

#[tokio::test]
async fn a_file_that_others_may_read_is_refused() {
    let files = Files::new().await;
    for open in [0o640, 0o604, 0o620, 0o666, 0o777] {
        fs::set_permissions(files.file(), Permissions::from_mode(open)).unwrap();
        refuses(&files.store, files.version, StoreErrorKind::Permissions, "chmod 600").await;
        assert_eq!(mode(&files.file()), open);
    }
    fs::set_permissions(files.file(), Permissions::from_mode(0o600)).unwrap();
    assert!(files.store.load(&key()).await.unwrap().is_some());
    // A lock that others may hold is an error, too.
    let lock = files.file().with_extension("lock");
    fs::set_permissions(&lock, Permissions::from_mode(0o666)).unwrap();
    let written = files.store.compare_exchange(&key(), Some(files.version), entry()).await;
    assert_tells(&written.unwrap_err(), StoreErrorKind::Permissions, &lock, "chmod 600");
}

#[tokio::test]
async fn a_folder_that_others_may_write_to_or_that_is_none_is_refused() {
    let files = Files::new().await;
    let folder = files.store.folder();
    for open in [0o722, 0o770, 0o777, 0o1777] {
        fs::set_permissions(folder, Permissions::from_mode(open)).unwrap();
        let error = files.store.load(&key()).await.unwrap_err();
        assert_tells(&error, StoreErrorKind::Permissions, folder, "chmod 700");
        let error = files.store.list().await.unwrap_err();
        assert_tells(&error, StoreErrorKind::Permissions, folder, "chmod 700");
        let error = files.store.compare_exchange(&key(), None, entry()).await.unwrap_err();
        assert_tells(&error, StoreErrorKind::Permissions, folder, "chmod 700");
    }
    // The names of private files are not secret, and the folders of many services look like this.
    fs::set_permissions(folder, Permissions::from_mode(0o755)).unwrap();
    assert!(files.store.load(&key()).await.unwrap().is_some());
    let store = FileStore::new(files.file());
    let error = store.load(&key()).await.unwrap_err();
    assert_tells(&error, StoreErrorKind::Permissions, &files.file(), "name one");
    // Without a folder there is no record, and reading creates no folder.
    let store = FileStore::new(files.folder.path().join("nowhere"));
    assert!(store.load(&key()).await.unwrap().is_none());
    assert!(store.list().await.unwrap().is_empty());
    store.remove(&key()).await.unwrap();
    assert!(!store.folder().exists());
}

#[tokio::test]
async fn a_file_or_folder_of_another_user_is_refused() {
    let files = Files::new().await;
    let user = fs::metadata(files.file()).unwrap().uid();
    // The same from the other side, which needs no rights: all files belong to another user.
    let store = FileStore::builder(files.store.folder()).owner(user + 1).build();
    let error = store.load(&key()).await.unwrap_err();
    assert_tells(&error, StoreErrorKind::Permissions, store.folder(), &format!("belongs to user {user}"));
    // This user may give files away, so the test does it.
    let given = std::os::unix::fs::chown(files.file(), Some(user + 1), None);
    if given.is_ok() {
        refuses(&files.store, files.version, StoreErrorKind::Permissions, "belongs to user").await;
        std::os::unix::fs::chown(store.folder(), Some(user + 1), None).unwrap();
        assert!(store.load(&key()).await.unwrap().is_some(), "all is theirs now");
    }
}

#[tokio::test]
async fn a_link_a_folder_or_a_pipe_in_place_of_a_record_is_refused() {
    let files = Files::new().await;
    let (path, kept) = (files.file(), files.folder.path().join("kept"));
    fs::rename(&path, &kept).unwrap();

    symlink(&kept, &path).unwrap();
    refuses(&files.store, files.version, StoreErrorKind::Permissions, "remove it").await;
    assert!(files.store.remove(&key()).await.is_err());
    assert_eq!(fs::read_link(&path).unwrap(), kept);
    fs::remove_file(&path).unwrap();

    symlink(files.folder.path().join("nothing"), &path).unwrap();
    refuses(&files.store, files.version, StoreErrorKind::Permissions, "remove it").await;
    fs::remove_file(&path).unwrap();

    fs::create_dir(&path).unwrap();
    refuses(&files.store, files.version, StoreErrorKind::Permissions, "remove it").await;
    assert!(path.is_dir());
    fs::remove_dir(&path).unwrap();

    let made = std::process::Command::new("mkfifo").args(["-m", "600"]).arg(&path).status();
    if made.is_ok_and(|made| made.success()) {
        let error = files.store.load(&key()).await.unwrap_err();
        assert_tells(&error, StoreErrorKind::Permissions, &path, "remove it");
        fs::remove_file(&path).unwrap();
    }

    fs::rename(&kept, &path).unwrap();
    assert!(files.store.load(&key()).await.unwrap().is_some());
}

#[tokio::test]
async fn a_list_shows_all_records_and_those_that_cannot_be_read() {
    let files = Files::new().await;
    let keys = ["one", "two", "three"].map(|name| StoreKey::of([name]));
    for key in &keys {
        files.store.compare_exchange(key, None, entry()).await.unwrap();
    }
    files.store.remove(&keys[0]).await.unwrap();
    fs::write(files.store.file(&keys[1]), "garbage").unwrap();
    for other in ["notes.json", "README", &format!("{}.json", "G".repeat(64)), ".json"] {
        fs::write(files.store.folder().join(other), "not ours").unwrap();
    }
    let listed = files.store.list().await.unwrap();
    assert_eq!(listed.len(), 3, "{listed:?}");
    for (listed, record) in listed {
        match record {
            Ok(record) => {
                assert!(listed == key() || listed == keys[2]);
                assert_eq!(record.entry.label, entry().label);
            }
            Err(error) => {
                assert_eq!(listed, keys[1]);
                assert_tells(&error, StoreErrorKind::Corrupt, &files.store.file(&listed), "remove it");
            }
        }
    }
}

#[tokio::test]
async fn a_record_that_was_removed_by_hand_begins_with_a_new_version() {
    let clock = TestClock::new();
    let folder = tempfile::tempdir().unwrap();
    let store = FileStore::with_clock(folder.path(), Arc::new(clock.clone()));
    let mut last = store.compare_exchange(&key(), None, entry()).await.unwrap();
    for _ in 0..10 {
        last = store.compare_exchange(&key(), last, entry()).await.unwrap();
    }
    fs::remove_dir_all(folder.path()).unwrap();
    clock.advance(Duration::from_millis(1));
    let first = store.compare_exchange(&key(), None, entry()).await.unwrap();
    assert!(first > last, "{first:?} after {last:?}");
    assert_eq!(store.compare_exchange(&key(), last, entry()).await.unwrap(), None);
}

#[tokio::test]
async fn another_store_on_the_same_folder_sees_a_change_when_it_looks_again() {
    let files = Files::new().await;
    let clock = TestClock::new();
    let other = FileStore::with_clock(files.store.folder(), Arc::new(clock.clone()));
    let seen = files.version;
    let waiting = tokio::spawn(async move { other.changed(&key(), seen).await });
    for looks in 0..6 {
        crate::support::until(|| clock.sleepers() == 1).await;
        assert!(!waiting.is_finished());
        if looks == 5 {
            files.store.compare_exchange(&key(), Some(seen), entry()).await.unwrap();
        }
        // No pause is longer than half a second, plus or minus a quarter.
        clock.advance(Duration::from_millis(625));
        tokio::task::yield_now().await;
    }
    waiting.await.unwrap().unwrap();
}

#[tokio::test]
async fn an_error_ends_the_wait_for_a_change() {
    let files = Files::new().await;
    let clock = TestClock::new();
    let other = FileStore::with_clock(files.store.folder(), Arc::new(clock.clone()));
    let seen = files.version;
    let waiting = tokio::spawn(async move { other.changed(&key(), seen).await });
    crate::support::until(|| clock.sleepers() == 1).await;
    files.write("garbage");
    clock.advance(Duration::from_secs(1));
    assert_eq!(waiting.await.unwrap().unwrap_err().kind(), StoreErrorKind::Corrupt);
}

#[test]
fn without_a_runtime_everything_is_done_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = FileStore::new(folder.path());
    let done = poll_once(&mut store.compare_exchange(&key(), None, entry()));
    assert!(matches!(done, std::task::Poll::Ready(Ok(Some(_)))));
    assert!(matches!(poll_once(&mut store.load(&key())), std::task::Poll::Ready(Ok(Some(_)))));
}

#[test]
fn b91_a_held_lock_blocks_no_timer_and_no_other_identity() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let files = Files::new().await;
        let lock = fs::File::options().write(true).open(files.file().with_extension("lock")).unwrap();
        fs4::FileExt::lock(&lock).unwrap();
        let (store, version) = (files.store.clone(), files.version);
        let waiting =
            tokio::spawn(async move { store.compare_exchange(&key(), Some(version), entry()).await });
        // All of this runs on the only thread while the write waits elsewhere. Reading needs no lock.
        for other in ["one", "two", "three"] {
            let other = StoreKey::of([other]);
            files.store.compare_exchange(&other, None, entry()).await.unwrap().unwrap();
            assert!(files.store.load(&key()).await.unwrap().is_some());
        }
        assert!(!waiting.is_finished());
        drop(lock);
        assert!(waiting.await.unwrap().unwrap().is_some());
    });
}

#[test]
fn b83_no_reader_sees_half_a_record_or_a_public_file() {
    let folder = quick_folder();
    let store = FileStore::new(folder.path().join("tokens"));
    let first = poll_once(&mut store.compare_exchange(&key(), None, entry()));
    assert!(matches!(first, std::task::Poll::Ready(Ok(Some(_)))));
    let done = AtomicBool::new(false);
    let looks = std::thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let mut looks = 0_u64;
            while !done.load(Ordering::Relaxed) {
                for found in fs::read_dir(store.folder()).unwrap() {
                    // The file may have been renamed meanwhile.
                    if let Ok(found) = found.unwrap().metadata() {
                        assert_eq!(found.mode() & 0o7777, 0o600);
                        looks += 1;
                    }
                }
            }
            looks
        });
        for _ in 0..500 {
            let now = ready(store.load(&key())).unwrap().unwrap();
            ready(store.compare_exchange(&key(), Some(now.version), entry())).unwrap().unwrap();
        }
        done.store(true, Ordering::Relaxed);
        watcher.join().unwrap()
    });
    assert!(looks > 100, "{looks}");
}

/// Returns the output of a future that is ready on its first poll.
fn ready<F: Future + Unpin>(mut future: F) -> F::Output {
    match poll_once(&mut future) {
        std::task::Poll::Ready(output) => output,
        std::task::Poll::Pending => panic!("it had to wait"),
    }
}

/// Returns a folder in memory if possible, because thousands of synced writes to a disk take long.
pub(crate) fn quick_folder() -> TempDir {
    let shared = Path::new("/dev/shm");
    if shared.is_dir() { tempfile::tempdir_in(shared) } else { tempfile::tempdir() }.unwrap()
}

#[tokio::test]
async fn a_refresh_token_in_a_file_is_redeemed_and_replaced_there() {
    let folder = tempfile::tempdir().unwrap();
    let clock = TestClock::new();
    let endpoint = FakeTokenEndpoint::scripted(|n, _| {
        let body = format!(
            r#"{{"access_token":"a{n}","token_type":"Bearer","expires_in":60,"refresh_token":"r{n}"}}"#
        );
        Ok(crate::support::json_response(200, &body))
    });
    for (n, grant) in [(1, Grant::refresh_token(RefreshToken::new("r0"))), (2, Grant::Stored)] {
        // A new store for each write, as after a restart.
        let store = FileStore::with_clock(folder.path(), Arc::new(clock.clone()));
        let credential = auth_layer::Credential::new("client", "client-secret");
        let exchange = Exchange::builder(example(), credential, grant)
            .transport(endpoint.transport())
            .clock(Arc::new(clock.clone()))
            .store(Arc::new(store.clone()))
            .build()
            .unwrap();
        let key = exchange.store_key().unwrap().clone();
        let manager = auth_layer::TokenManager::builder(exchange).clock(Arc::new(clock.clone())).build();
        assert_eq!(manager.token().await.unwrap().access_token().expose(), format!("a{n}"));
        let kept = store.load(&key).await.unwrap().unwrap().entry;
        assert_eq!((kept.refresh_token.expose(), kept.state), (&*format!("r{n}"), State::Idle));
        clock.advance(Duration::from_secs(61));
    }
    let sent: Vec<_> = endpoint.seen().iter().filter_map(|seen| seen.form("refresh_token")).collect();
    assert_eq!(sent, ["r0", "r1"]);
}

#[test]
fn the_environment_names_the_store() {
    let store = |variables: &'static [(&'static str, &'static str)]| {
        FileStore::from_env(&move |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    };
    let folder = |variables| store(variables).unwrap().folder().to_str().unwrap().to_owned();
    assert_eq!(folder(&[("AUTH_LAYER_STORE", "/here"), ("HOME", "/home/me")]), "/here");
    assert_eq!(folder(&[("XDG_STATE_HOME", "/state"), ("HOME", "/home/me")]), "/state/auth-layer");
    assert_eq!(folder(&[("HOME", "/home/me")]), "/home/me/.local/state/auth-layer");
    assert_eq!(
        folder(&[("XDG_STATE_HOME", "state"), ("HOME", "/home/me")]),
        "/home/me/.local/state/auth-layer"
    );

    assert_eq!(folder(&[("AUTH_LAYER_STORE", "~/tokens"), ("HOME", "/home/me")]), "/home/me/tokens");
    assert_eq!(folder(&[("AUTH_LAYER_STORE", "~"), ("HOME", "/home/me")]), "/home/me");
    assert_eq!(folder(&[("AUTH_LAYER_STORE", "/srv/tokens\r\n")]), "/srv/tokens");

    let refused = |variables| store(variables).unwrap_err().to_string();
    let of_a_user = refused(&[("AUTH_LAYER_STORE", "~you/tokens"), ("HOME", "/home/me")]);
    assert!(of_a_user.starts_with("environment variable AUTH_LAYER_STORE: begins with ~ and a user's name"));
    assert!(refused(&[("AUTH_LAYER_STORE", "~/tokens")]).contains("HOME is not set"));
    assert!(refused(&[]).starts_with("environment variable AUTH_LAYER_STORE: is not set"));
    assert_eq!(refused(&[("AUTH_LAYER_STORE", "")]), "environment variable AUTH_LAYER_STORE: is empty");
    let here = ("AUTH_LAYER_STORE", "/here");
    let error = store(Box::leak(Box::new([here, ("AUTH_LAYER_STORE_KEY", " ")]))).unwrap_err();
    assert_eq!(error.to_string(), "environment variable AUTH_LAYER_STORE_KEY: is empty");
    let error = store(Box::leak(Box::new([here, ("AUTH_LAYER_STORE_KEY", "t00-sh0rt")]))).unwrap_err();
    assert!(error.to_string().starts_with("environment variable AUTH_LAYER_STORE_KEY: must be 32 bytes"));
    assert!(!format!("{error:?}").contains("t00-sh0rt"));
    let error =
        store(Box::leak(Box::new([here, ("AUTH_LAYER_STORE_KEY_FILE", "/no/such/file")]))).unwrap_err();
    assert!(error.to_string().contains("AUTH_LAYER_STORE_KEY_FILE"), "{error}");
    assert!(error.to_string().contains("/no/such/file"), "{error}");
}

#[tokio::test]
async fn a_trial_write_leaves_nothing_behind() {
    let above = tempfile::tempdir().unwrap();
    let store = FileStore::new(above.path().join("made/for/it"));
    store.try_write().await.unwrap();
    assert_eq!(fs::read_dir(above.path()).unwrap().count(), 0, "not even the folder");
    store.compare_exchange(&key(), None, entry()).await.unwrap();
    let before = fs::read_dir(store.folder()).unwrap().count();
    store.try_write().await.unwrap();
    assert_eq!(fs::read_dir(store.folder()).unwrap().count(), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_trial_write_takes_no_folder_from_under_another_write() {
    for round in 0..300 {
        let above = tempfile::tempdir().unwrap();
        let folder = above.path().join("tokens");
        let is_over = Arc::new(AtomicBool::new(false));
        let trials: Vec<_> = (0..2)
            .map(|_| {
                let (trial, is_over) = (FileStore::new(&folder), is_over.clone());
                tokio::spawn(async move {
                    while !is_over.load(Ordering::Relaxed) {
                        trial.try_write().await.unwrap();
                    }
                })
            })
            .collect();
        let written = FileStore::new(&folder).compare_exchange(&key(), None, entry()).await;
        is_over.store(true, Ordering::Relaxed);
        for trial in trials {
            trial.await.unwrap();
        }
        assert!(written.unwrap().is_some(), "round {round}");
    }
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_found_by_a_trial() {
    // Not even root can create a folder there.
    let store = FileStore::new("/proc/tokens-of-a-test");
    assert!(store.load(&key()).await.unwrap().is_none(), "reading finds nothing wrong");
    let error = store.try_write().await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unreachable);
    assert!(error.to_string().starts_with("/proc/tokens-of-a-test: cannot be created"), "{error}");
}

#[tokio::test]
async fn metadata_is_kept_beside_the_records_and_under_their_rules() {
    let issuer = "https://auth.example.com";
    let server = FakeTokenEndpoint::scripted(|_, _| {
        let body = r#"{"issuer":"https://auth.example.com","token_endpoint":"https://auth.example.com/t",
            "authorization_response_iss_parameter_supported":true}"#;
        Ok(crate::support::json_response(200, body))
    });
    let ten_seconds = Duration::from_secs(10);
    let metadata =
        Metadata::fetch(issuer, &server.transport(), &TestClock::new(), ten_seconds).await.unwrap();
    let above = tempfile::tempdir().unwrap();
    let store = FileStore::new(above.path().join("tokens"));
    assert_eq!(store.kept_metadata(issuer).await.unwrap(), None);
    store.keep_metadata(&metadata).await.unwrap();
    assert_eq!(store.kept_metadata(issuer).await.unwrap(), Some(metadata));
    assert_eq!(store.kept_metadata("https://evil.example.com").await.unwrap(), None);
    assert!(store.list().await.unwrap().is_empty(), "it is not a record");
    let files = || fs::read_dir(store.folder()).unwrap().map(|entry| entry.unwrap().path());
    let file = files().find(|path| path.extension().is_some_and(|name| name == "metadata")).unwrap();
    assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o600);
    fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
    let error = store.kept_metadata(issuer).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Permissions);
    fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    fs::write(
        &file,
        r#"{"issuer":"https://evil.example.com","token_endpoint":"https://evil.example.com/t"}"#,
    )
    .unwrap();
    assert_eq!(store.kept_metadata(issuer).await.unwrap_err().kind(), StoreErrorKind::Corrupt);
}

#[tokio::test]
async fn the_environments_keys_seal_and_open() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new, filed) = (text(), text(), text());
    let file = folder.path().join("key");
    fs::write(&file, format!("{filed}\n")).unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    let store = |keys: Option<String>, file: Option<&Path>| {
        let (tokens, file) = (folder.path().join("tokens"), file.map(Path::to_owned));
        FileStore::from_env(&move |name: &str| match name {
            "AUTH_LAYER_STORE" => Some(tokens.to_str().unwrap().to_owned()),
            "AUTH_LAYER_STORE_KEY" => keys.clone(),
            "AUTH_LAYER_STORE_KEY_FILE" => file.as_ref().map(|file| file.to_str().unwrap().to_owned()),
            _ => None,
        })
        .unwrap()
    };
    let mut last = None;
    for store in [
        store(None, Some(&file)),
        store(Some(old.clone()), Some(&file)),
        store(Some(format!("{new}\n{old}")), None),
        store(Some(new), None),
    ] {
        assert_eq!(store.load(&key()).await.unwrap().map(|record| record.version), last);
        last = store.compare_exchange(&key(), last, entry()).await.unwrap();
        assert!(!fs::read_to_string(store.file(&key())).unwrap().contains(REFRESH));
    }
}

/// Returns a new key as text.
fn text() -> String {
    SealingKey::generate().unwrap().to_text().expose().to_owned()
}
