//! Secrets that change. Each exchange reads them again, from a file or from a function that may block.

use std::error::Error as _;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use auth_layer::clock::SystemClock;
use auth_layer::source::ExchangeBuilder;
use auth_layer::{
    ClientAuth, Credential, Error, ErrorKind, Exchange, Grant, Profile, RefreshToken, ReplayRule, Secret,
    TestClock, TokenManager,
};
use tempfile::TempDir;

use crate::support::{FakeTokenEndpoint, Rig, example, json_response, settle, token_answer, until};

/// A folder with a secret in it.
struct Mounted {
    _folder: TempDir,
    path: PathBuf,
}

impl Mounted {
    fn new(content: impl AsRef<[u8]>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mounted = Self { path: folder.path().join("mounted.txt"), _folder: folder };
        mounted.write(content);
        mounted
    }

    fn write(&self, content: impl AsRef<[u8]>) {
        fs::write(&self.path, content).unwrap();
    }

    fn credential(&self) -> Credential {
        Credential::from_file("client", &self.path)
    }
}

fn in_body() -> Profile {
    example().with_client_auth(ClientAuth::body())
}

/// Returns an exchange on a test's clock, with a deadline of one second.
fn exchange(
    endpoint: &FakeTokenEndpoint,
    clock: &TestClock,
    profile: Profile,
    credential: Credential,
    grant: Grant,
) -> ExchangeBuilder {
    Exchange::builder(profile, credential, grant)
        .transport(endpoint.transport())
        .clock(Arc::new(clock.clone()))
        .timeout(Duration::from_secs(1))
}

fn rig(endpoint: FakeTokenEndpoint, profile: Profile, credential: Credential) -> Rig {
    let clock = TestClock::new();
    let exchange = exchange(&endpoint, &clock, profile.clone(), credential, Grant::ClientCredentials);
    Rig::with_exchange(endpoint, clock, profile, exchange.build().unwrap())
}

/// Returns the secrets that arrived, each from a form body.
fn secrets(rig: &Rig) -> Vec<String> {
    rig.endpoint.seen().iter().map(|seen| seen.form("client_secret").unwrap()).collect()
}

/// Returns every text that an error can show.
fn shown(error: &Error) -> String {
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    let causes: Vec<String> = causes.map(|cause| format!("{cause} {cause:?}")).collect();
    format!("{error} {error:?} {}", causes.join(" "))
}

#[tokio::test]
async fn b32_a_secret_that_was_rotated_on_disk_serves_the_next_exchange() {
    let mounted = Mounted::new("first-secret\n");
    let rig = rig(FakeTokenEndpoint::issuing(3600), in_body(), mounted.credential());
    rig.manager.token().await.unwrap();
    mounted.write("second-secret\r\n");
    // The existing token stays in use.
    rig.manager.token().await.unwrap();
    assert_eq!(secrets(&rig), ["first-secret"]);

    rig.advance(3600);
    rig.manager.token().await.unwrap();
    assert_eq!(secrets(&rig), ["first-secret", "second-secret"]);
}

#[tokio::test]
async fn b32_a_basic_header_is_made_of_the_secret_of_its_moment() {
    let mounted = Mounted::new("first");
    let rig = rig(FakeTokenEndpoint::issuing(3600), example(), mounted.credential());
    rig.manager.token().await.unwrap();
    mounted.write("second");
    rig.advance(3600);
    rig.manager.token().await.unwrap();
    let seen = rig.endpoint.seen();
    // client:first and client:second.
    assert_eq!(seen[0].headers["authorization"], "Basic Y2xpZW50OmZpcnN0");
    assert_eq!(seen[1].headers["authorization"], "Basic Y2xpZW50OnNlY29uZA==");
    assert!(seen[1].headers["authorization"].is_sensitive());
}

#[tokio::test]
async fn ca07_a_function_is_asked_for_the_secret_of_each_exchange() {
    let asked = Arc::new(AtomicUsize::new(0));
    let credential = Credential::from_fn("client", {
        let asked = asked.clone();
        move || match asked.fetch_add(1, Ordering::Relaxed) + 1 {
            2 => Err("the key store is sealed".into()),
            n => Ok(Secret::new(format!("secret-{n}"))),
        }
    });
    let rig = rig(FakeTokenEndpoint::issuing(3600), in_body(), credential);
    assert_eq!(asked.load(Ordering::Relaxed), 0);
    rig.manager.token().await.unwrap();

    rig.advance(3600);
    let error = rig.manager.token().await.unwrap_err();
    assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Secret, true));
    assert_eq!(error.source().unwrap().to_string(), "the key store is sealed");

    rig.advance(2);
    rig.manager.token().await.unwrap();
    assert_eq!(secrets(&rig), ["secret-1", "secret-3"]);
}

#[test]
fn outside_a_runtime_the_function_is_asked_there_and_then() {
    let asker = Arc::new(Mutex::new(None));
    let credential = Credential::from_fn("client", {
        let asker = asker.clone();
        move || {
            *asker.lock().unwrap() = Some(thread::current().id());
            Ok(Secret::new("here"))
        }
    });
    let rig = rig(FakeTokenEndpoint::issuing(3600), in_body(), credential);
    let token = futures_util::FutureExt::now_or_never(rig.manager.token()).unwrap().unwrap();
    assert_eq!(token.access_token().expose(), "token-1");
    assert_eq!(*asker.lock().unwrap(), Some(thread::current().id()));
}

#[test]
fn b91_a_helper_that_blocks_delays_no_timer() {
    // This test is about a blocked thread, so it runs in real time. On a busy machine one attempt may be late, but a
    // helper that blocked the runtime would make all of them late.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let late = (0..20).all(|_| {
        runtime.block_on(async {
            let credential = Credential::from_fn("client", || {
                thread::sleep(Duration::from_millis(300));
                Ok(Secret::new("slow"))
            });
            let endpoint = FakeTokenEndpoint::issuing(3600);
            let clock = Arc::new(SystemClock::new());
            let exchange =
                exchange(&endpoint, &TestClock::new(), in_body(), credential, Grant::ClientCredentials)
                    .clock(clock.clone());
            let manager = TokenManager::builder(exchange.build().unwrap()).clock(clock).build();
            let start = tokio::time::Instant::now();
            let timer = async {
                tokio::time::sleep(Duration::from_millis(50)).await;
                start.elapsed()
            };
            let (token, elapsed) = tokio::join!(manager.token(), timer);
            token.unwrap();
            elapsed > Duration::from_millis(60)
        })
    });
    assert!(!late, "the timer was late every time");
}

/// Checks that a file with this content fails an exchange, and that the error names the file and shows no content.
#[track_caller]
fn refused(content: &[u8], problem: &str) {
    let mounted = Mounted::new(content);
    let rig = rig(FakeTokenEndpoint::issuing(3600), in_body(), mounted.credential());
    let error = futures_util::FutureExt::now_or_never(rig.manager.token()).unwrap().unwrap_err();
    assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Secret, true));
    assert_eq!(error.to_string(), format!("the client's secret in {} {problem}", mounted.path.display()));
    assert!(!shown(&error).contains("hunter2"), "{}", shown(&error));
    assert_eq!(rig.endpoint.count(), 0);
}

#[test]
fn a_file_that_holds_no_secret_is_refused_and_named_without_its_content() {
    refused(b"", "is empty; set it to the real value");
    refused(b"\n\r\n", "is empty; set it to the real value");
    for blank in [" ", "\t \r\n", "\0\n", "\u{a0}\u{3000}", "\u{feff}\u{200b}\n"] {
        refused(blank.as_bytes(), "has no visible character; set it to the real value");
    }
    refused(b"hunter2\xff", "is not UTF-8 text; write it again as text");
    refused(
        "hunter2".repeat(10_000).as_bytes(),
        "is longer than 64 KiB; name a file that has only the secret",
    );
}

#[tokio::test]
async fn a_file_that_is_not_there_is_a_transient_error_that_names_it() {
    let mounted = Mounted::new("hunter2");
    fs::remove_file(&mounted.path).unwrap();
    let rig = rig(FakeTokenEndpoint::issuing(3600), in_body(), mounted.credential());
    let error = rig.manager.token().await.unwrap_err();
    assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Secret, true));
    assert!(error.to_string().contains(&mounted.path.display().to_string()), "{error}");
    let cause = error.source().unwrap().downcast_ref::<std::io::Error>().unwrap();
    assert_eq!(cause.kind(), std::io::ErrorKind::NotFound);

    // The file appears, and the next exchange uses it.
    mounted.write("hunter2");
    rig.advance(1);
    rig.manager.token().await.unwrap();
}

#[tokio::test]
async fn a_helper_that_never_ends_is_given_up_at_the_deadline() {
    let (release, held) = mpsc::channel::<()>();
    let held = Mutex::new(held);
    let credential = Credential::from_fn("client", move || {
        // The thread ends with the test.
        let _ = held.lock().unwrap().recv();
        Ok(Secret::new("too late"))
    });
    let rig = rig(FakeTokenEndpoint::issuing(3600), in_body(), credential);
    let manager = rig.manager.clone();
    let waiting = tokio::spawn(async move { manager.token().await.map(|_| ()) });
    until(|| rig.clock.sleepers() == 1).await;
    rig.advance(1);
    let error = waiting.await.unwrap().unwrap_err();
    assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Secret, true));
    drop(release);
    settle().await;
    assert_eq!(rig.endpoint.count(), 0);
}

#[tokio::test]
async fn a_helper_that_panics_fails_the_exchange_and_no_more() {
    let asked = AtomicUsize::new(0);
    let credential = Credential::from_fn("client", move || {
        assert!(asked.fetch_add(1, Ordering::Relaxed) > 0, "the helper broke");
        Ok(Secret::new("good"))
    });
    let rig = rig(FakeTokenEndpoint::issuing(3600), in_body(), credential);
    let error = rig.manager.token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Secret);
    assert!(!shown(&error).contains("the helper broke"));
    rig.advance(1);
    rig.manager.token().await.unwrap();
}

#[tokio::test]
async fn a_secret_that_cannot_be_read_costs_no_refresh_token() {
    let mounted = Mounted::new("hunter2");
    let endpoint = FakeTokenEndpoint::issuing(3600);
    let clock = TestClock::new();
    let profile = in_body().with_replay_rule(ReplayRule::KillsFamily);
    let grant = Grant::refresh_token(RefreshToken::new("from-the-sign-in"));
    let exchange = exchange(&endpoint, &clock, profile.clone(), mounted.credential(), grant);
    let rig = Rig::with_exchange(endpoint, clock, profile, exchange.build().unwrap());
    fs::remove_file(&mounted.path).unwrap();
    assert_eq!(rig.manager.token().await.unwrap_err().kind(), ErrorKind::Secret);

    // The secret was not sent before, so it may be sent now.
    mounted.write("hunter2");
    rig.advance(1);
    rig.manager.token().await.unwrap();
    assert_eq!(rig.endpoint.seen()[0].form("refresh_token").unwrap(), "from-the-sign-in");
}

#[tokio::test]
async fn a_secret_that_was_read_is_removed_from_the_servers_text() {
    let mounted = Mounted::new("second-hunter2");
    let endpoint = FakeTokenEndpoint::scripted(|n, seen| match n {
        1 => {
            let secret = seen.form("client_secret").unwrap();
            let body = format!(r#"{{"error":"invalid_client","error_description":"{secret} is wrong"}}"#);
            Ok(json_response(401, &body))
        }
        _ => Ok(token_answer("good", 3600)),
    });
    let rig = rig(endpoint, in_body(), mounted.credential());
    let error = rig.manager.token().await.unwrap_err();
    assert_eq!(error.oauth().unwrap().description(), Some("[redacted] is wrong"));
    assert!(!shown(&error).contains("hunter2"));
}

#[test]
fn the_place_of_a_secret_is_not_in_the_key_and_not_shown() {
    let mounted = Mounted::new("hunter2");
    let asking = Credential::from_fn("client", || Ok(Secret::new("hunter2")));
    let fixed = Credential::new("client", "hunter2");
    let credentials = [fixed.clone(), mounted.credential(), asking.clone()];
    let keys = credentials.clone().map(|credential| {
        let grant = Grant::refresh_token(RefreshToken::new("r"));
        let endpoint = FakeTokenEndpoint::issuing(1);
        let exchange = exchange(&endpoint, &TestClock::new(), in_body(), credential, grant).build().unwrap();
        exchange.store_key().unwrap().clone()
    });
    assert!(keys.iter().all(|key| *key == keys[0]));

    for (index, credential) in credentials.iter().enumerate() {
        assert!(!format!("{credential:?}").contains("hunter2"), "{credential:?}");
        assert_eq!(credential, &credential.clone());
        assert!(credentials.iter().enumerate().all(|(other, that)| (credential == that) == (index == other)));
    }
    assert_ne!(asking, Credential::from_fn("client", || Ok(Secret::new("hunter2"))));
    assert_eq!(fixed.secret().map(Secret::expose), Some("hunter2"));
    assert!(mounted.credential().secret().is_none());
}
