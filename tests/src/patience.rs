//! Waiting for something to happen without guessing how long it takes.

use std::time::Duration;

/// Waits until `condition` holds: a few turns of the scheduler, then a millisecond at a time.
///
/// # Panics
///
/// After half a minute, with `what` was waited for.
pub async fn until(what: &str, condition: impl Fn() -> bool) {
    let waiting = async {
        let mut turns = 0;
        while !condition() {
            turns += 1;
            if turns < TURNS {
                tokio::task::yield_now().await;
            } else {
                tokio::time::sleep(PAUSE).await;
            }
        }
    };
    assert!(tokio::time::timeout(PATIENCE, waiting).await.is_ok(), "waited in vain for {what}");
}

/// Runs a whole test, so that one that would wait for ever fails.
///
/// # Panics
///
/// After two minutes.
pub async fn in_time<T>(test: impl Future<Output = T>) -> T {
    let result = tokio::time::timeout(WHOLE, Box::pin(test)).await;
    result.expect("the test did not end")
}

const TURNS: u32 = 200;
const PAUSE: Duration = Duration::from_millis(1);
const PATIENCE: Duration = Duration::from_secs(30);
const WHOLE: Duration = Duration::from_secs(120);
