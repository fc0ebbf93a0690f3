//! Runs the candidates alternately in short blocks, so that other processes disturb all of them alike.

use std::hint::black_box;
use std::time::{Duration, Instant};

use http::Request;
use tower::Service;

use super::stack::{ready, request};

/// A function that runs one block of a candidate and returns the time that it took.
pub(crate) type Block<'a> = &'a mut dyn FnMut() -> Duration;

/// Runs one block of each candidate in every round. Another candidate is the first in each round.
pub(crate) fn in_turn<const N: usize>(rounds: usize, mut blocks: [Block<'_>; N]) -> [Times; N] {
    // An uncounted block of each, so that no candidate pays for cold caches.
    blocks.iter_mut().for_each(|block| _ = block());
    let mut times: [Times; N] = std::array::from_fn(|_| Times(Vec::with_capacity(rounds)));
    for round in 0..rounds {
        for turn in 0..N {
            let candidate = (round + turn) % N;
            times[candidate].0.push(blocks[candidate]());
        }
    }
    times
}

/// Sends a block of requests through a service that responds at once, and returns the time that it took.
pub(crate) fn block<S, B>(service: &mut S, body: &impl Fn() -> B) -> Duration
where
    S: Service<Request<B>>,
{
    timed(|| drop(black_box(ready(service.call(black_box(request(body())))))))
}

/// Returns the time of a block of calls.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
pub(crate) fn timed(mut call: impl FnMut()) -> Duration {
    let start = Instant::now();
    for _ in 0..BLOCK {
        call();
    }
    start.elapsed()
}

/// The times of one candidate's blocks, by round.
#[derive(Debug)]
pub(crate) struct Times(Vec<Duration>);

impl Times {
    /// Returns the time of all blocks, divided by another candidate's.
    pub(crate) fn beside(&self, other: &Self) -> f64 {
        self.total() / other.total()
    }

    /// Returns the nanoseconds of one call in the median block.
    pub(crate) fn each(&self) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort();
        sorted[sorted.len() / 2].as_secs_f64() * 1e9 / f64::from(BLOCK)
    }

    fn total(&self) -> f64 {
        self.0.iter().map(Duration::as_secs_f64).sum()
    }
}

/// The calls in a block. A block is long compared with the clock's resolution, and short compared with a time slice of
/// the scheduler.
pub(crate) const BLOCK: u32 = 2_000;
