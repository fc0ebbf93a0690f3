//! Waits for a condition without a guess about its time.

use std::time::Duration;

/// Waits until `condition` is true: first a few turns of the scheduler, then a millisecond at a time.
///
/// # Panics
///
/// Panics after half a minute, with a message that names `what`.
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

/// Runs a whole test, so that a test that does not end fails.
///
/// # Panics
///
/// Panics after two minutes.
pub async fn in_time<T>(test: impl Future<Output = T>) -> T {
    let result = tokio::time::timeout(WHOLE, Box::pin(test)).await;
    result.expect("the test did not end")
}

const TURNS: u32 = 200;
const PAUSE: Duration = Duration::from_millis(1);
const PATIENCE: Duration = Duration::from_secs(30);
const WHOLE: Duration = Duration::from_secs(120);
