//! Counts the calls that wait while a token is renewed: 1000 requests per second in real time, during a renewal of 2 s.

#[path = "common/report.rs"]
mod report;

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use auth_layer::source::{IssuedToken, TokenRequest};
use auth_layer::{AccessToken, AuthLayer, Clock, Error, Profile, TestClock, TokenManager, TokenSource};
use http::{Request, Response};
use report::{figure, rounds};
use tower::{Layer, Service};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let renewal = Duration::from_millis(20 * rounds(100) as u64);
    let clock = TestClock::new();
    let source = Slow { clock: clock.clone(), renewal, asked: Arc::default() };
    let asked = source.asked.clone();
    let manager = TokenManager::builder(source).clock(Arc::new(clock.clone())).build();
    manager.token().await.expect("the first token comes at once");
    let profile = Profile::new("bench", "https://auth.example.com/token")
        .and_then(|profile| profile.with_origin("https://api.example.com"))
        .expect("good URLs");
    let inner = tower::service_fn(|_: Request<String>| async {
        Ok::<_, std::convert::Infallible>(Response::new(String::new()))
    });
    let mut service = AuthLayer::new(&profile, manager.clone()).layer(inner);

    // The test clock makes the token old at once. Only its renewal takes real time.
    clock.advance(LIFE - Duration::from_secs(1));
    let mut ticks = tokio::time::interval(Duration::from_millis(1));
    let (mut calls, mut pending, mut slowest) = (0_u32, 0_u32, Duration::ZERO);
    let first = now();
    while manager.stats().exchanges < 2 || first.elapsed() < renewal {
        ticks.tick().await;
        let request = Request::get("https://api.example.com/me").body(String::new()).expect("a good request");
        let start = now();
        // Polled once: a call that does not wait is ready at the first poll.
        let response = pin!(service.call(request)).poll(&mut Context::from_waker(Waker::noop()));
        slowest = slowest.max(start.elapsed());
        calls += 1;
        pending += u32::from(matches!(response, Poll::Pending));
    }
    assert_eq!(asked.load(Ordering::Relaxed), 2, "the token was renewed, once");
    let seconds = first.elapsed().as_secs_f64();
    let what = format!("a renewal of {} s at 1000 requests/s", renewal.as_secs_f64());
    figure(format_args!("{what}: calls that waited in the layer"), f64::from(pending), "calls", "at most 0");
    figure(format_args!("{what}: requests"), f64::from(calls) / seconds, "per second", "-");
    figure(format_args!("{what}: slowest call"), slowest.as_secs_f64() * 1e6, "\u{b5}s", "-");
}

/// A source that returns its first token at once, and further ones after `renewal`.
#[derive(Debug)]
struct Slow {
    clock: TestClock,
    renewal: Duration,
    asked: Arc<AtomicU32>,
}

#[async_trait]
impl TokenSource for Slow {
    async fn token(&self, _: &TokenRequest) -> Result<IssuedToken, Error> {
        if self.asked.fetch_add(1, Ordering::Relaxed) > 0 {
            tokio::time::sleep(self.renewal).await;
        }
        Ok(IssuedToken::new(AccessToken::new("abc")?, self.clock.now(), LIFE))
    }
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
fn now() -> Instant {
    Instant::now()
}

/// The lifetime of a token: one hour, as with many servers.
const LIFE: Duration = Duration::from_secs(3600);
