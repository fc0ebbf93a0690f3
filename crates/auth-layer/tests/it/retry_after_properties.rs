//! Properties of `Retry-After` with any value.

use std::task::Poll;
use std::time::Duration;

use http::HeaderValue;
use http::header::RETRY_AFTER;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use crate::support::{FakeTokenEndpoint, Rig, poll_once, respond};

proptest! {
    #![proptest_config(repeatable())]

    #[test]
    fn whole_seconds_are_read_as_they_stand(seconds: u64, blanks in " {0,3}") {
        let read = read(format!("{seconds}{blanks}").as_bytes());
        prop_assert_eq!(read, Some(Duration::from_secs(seconds)));
    }

    #[test]
    fn a_fraction_of_seconds_causes_no_wait(text in r"-[0-9]{1,4}|[0-9]{1,4}\.[0-9]|[0-9]e[0-9]|") {
        prop_assert_eq!(read(text.as_bytes()), None);
    }

    #[test]
    fn no_bytes_make_it_panic_or_wait(value in prop::collection::vec(any::<u8>(), 0..40)) {
        let digits = value.iter().filter(|byte| !byte.is_ascii_whitespace()).all(u8::is_ascii_digit);
        prop_assume!(!digits);
        // Rust accepts a plus sign in a number, but HTTP does not.
        prop_assume!(!value.contains(&b'+'));
        prop_assert_eq!(read(&value), None);
    }
}

/// Returns the wait that is read from the header of a failing token endpoint.
fn read(value: &[u8]) -> Option<Duration> {
    let mut answer = respond(503, "");
    let value = HeaderValue::from_bytes(value).ok()?;
    answer.headers_mut().insert(RETRY_AFTER, value);
    let rig = Rig::new(FakeTokenEndpoint::scripted(move |_, _| Ok(answer.clone())));
    // Nothing here waits, so no runtime is needed.
    match poll_once(&mut Box::pin(rig.manager.token())) {
        // A panic would be an error of another kind.
        Poll::Ready(Err(error)) if error.status().is_some() => error.retry_after(),
        other => panic!("no failure: {other:?}"),
    }
}

/// Uses the same cases each time, as many as run in a second.
fn repeatable() -> ProptestConfig {
    ProptestConfig {
        rng_seed: RngSeed::Fixed(1),
        failure_persistence: None,
        ..ProptestConfig::with_cases(300)
    }
}
