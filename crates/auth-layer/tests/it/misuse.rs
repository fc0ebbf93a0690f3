//! Mistakes of an application, and the advice in the errors.

use std::sync::Arc;

use async_trait::async_trait;
use auth_layer::retry::Retry;
use auth_layer::source::{IssuedToken, TokenRequest};
use auth_layer::{
    Credential, Error, ErrorKind, Exchange, Grant, OperationMeta, Profile, RetryLayer, RetryPolicy,
    StackLayer, TestClock, TokenManager, TokenSource,
};
use futures_util::FutureExt;
use http::Method;
use tokio::runtime::{Builder, Runtime};
use tower::{Layer, ServiceExt};

use crate::support::{FakeApi, FakeTokenEndpoint, Rig, get, logged, respond};

/// Returns a manager on the system's clock, over a leaf that needs timers and sockets. No server listens at its token
/// URL.
fn manager() -> TokenManager {
    let profile = Profile::new("example", "http://127.0.0.1:9/token").unwrap();
    let credential = Credential::new("client", "client-secret");
    TokenManager::new(Exchange::builder(profile, credential, Grant::ClientCredentials).build().unwrap())
}

/// Returns the error that a caller on this runtime gets.
fn told(runtime: &Runtime) -> Error {
    runtime.block_on(manager().token()).unwrap_err()
}

#[track_caller]
fn assert_says(error: &Error, cause: &str) {
    assert_eq!(error.kind(), ErrorKind::Runtime);
    let text = error.to_string();
    assert!(text.contains(cause) && text.contains("`enable_all()`"), "{text}");
    assert!(!error.is_transient());
}

#[test]
fn a_runtime_without_timers_is_an_error_that_says_what_to_call() {
    assert_says(&told(&Builder::new_current_thread().build().unwrap()), "has no timers");
    assert_says(&told(&Builder::new_current_thread().enable_io().build().unwrap()), "has no timers");
}

#[test]
fn a_runtime_without_io_is_an_error_that_says_what_to_call() {
    assert_says(&told(&Builder::new_current_thread().enable_time().build().unwrap()), "has no I/O");
}

#[test]
fn a_call_outside_of_a_runtime_is_an_error_that_says_what_to_call() {
    let manager = manager();
    let error = manager.token().now_or_never().expect("it fails at once").unwrap_err();
    assert_says(&error, "outside of a tokio runtime");
    // The error is not remembered: within a runtime, a request is sent to the token endpoint, where no server listens.
    let error = Builder::new_current_thread().enable_all().build().unwrap().block_on(manager.token());
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Transport);
}

/// A source that panics with this message.
#[derive(Debug)]
struct Panicking(&'static str);

#[async_trait]
impl TokenSource for Panicking {
    async fn token(&self, _: &TokenRequest) -> Result<IssuedToken, Error> {
        panic!("{}", self.0);
    }
}

#[tokio::test]
async fn another_panic_of_a_source_is_not_repeated() {
    for message in ["the password is on the note", "", "my timers are disabled"] {
        let error = TokenManager::new(Panicking(message)).token().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Panicked);
        assert!(error.to_string().contains("the token source panicked"), "{error}");
        assert!(!format!("{error} {error:?}").contains("on the note"));
    }
}

fn retry(clock: &TestClock) -> RetryLayer {
    let zero = std::time::Duration::ZERO;
    RetryLayer::new(RetryPolicy::new().with_clock(Arc::new(clock.clone())).with_backoff(zero, zero))
}

fn warnings(log: &str) -> usize {
    log.lines().filter(|line| line.contains("WARN") && line.contains("two retry layers")).count()
}

static LIST: OperationMeta = OperationMeta::new("list", Method::GET, "/things");

#[test]
fn of_two_retry_layers_the_inner_one_does_nothing_and_warns_once() {
    for operation in [None, Some(&LIST)] {
        let api = FakeApi::scripted(|_, _| respond(503, ""));
        let log = logged(|| async {
            let clock = TestClock::new();
            let (outer, inner) = (retry(&clock), retry(&clock));
            for calls in 1..=2 {
                let service: Retry<Retry<FakeApi>> = outer.layer(inner.layer(api.clone()));
                let mut request = get("/things");
                if let Some(operation) = operation {
                    request.extensions_mut().insert(operation);
                }
                assert_eq!(service.oneshot(request).await.unwrap().status(), 503);
                assert_eq!(api.count(), 4 * calls);
            }
            assert_eq!((outer.stats().retries, inner.stats().retries), (6, 0));
        });
        assert_eq!(warnings(&log), 1, "{log}");
    }
}

#[test]
fn two_stacks_on_one_request_send_it_as_often_as_one() {
    let api = FakeApi::scripted(|_, seen| {
        // Each attempt is rejected first, so the stack sends it again, and then it fails.
        let count = seen.bearer().map(|token| token == "token-1");
        respond(if count == Some(true) { 401 } else { 503 }, "")
    });
    let log = logged(|| async {
        let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
        let zero = std::time::Duration::ZERO;
        let stack = StackLayer::new(&rig.profile, rig.manager.clone())
            .with_retry(RetryPolicy::new().with_backoff(zero, zero));
        let service = stack.layer(stack.clone().layer(api.clone()));
        assert_eq!(service.oneshot(get("/me")).await.unwrap().status(), 503);
    });
    // Four attempts. The first one was sent again with the second token.
    assert_eq!(api.bearers(), ["token-1", "token-2", "token-2", "token-2", "token-2"]);
    assert_eq!(warnings(&log), 1, "{log}");
}

#[test]
fn an_inner_layer_that_retries_alone_does_so() {
    let api = FakeApi::scripted(|_, _| respond(503, ""));
    let log = logged(|| async {
        let clock = TestClock::new();
        let once = RetryLayer::new(RetryPolicy::new().with_attempts(1));
        let service = once.layer(retry(&clock).layer(api.clone()));
        service.oneshot(get("/me")).await.unwrap();
        // The layers in the other order.
        retry(&clock).layer(once.layer(api.clone())).oneshot(get("/me")).await.unwrap();
    });
    assert_eq!(api.count(), 8);
    assert_eq!(warnings(&log), 0, "{log}");
}
