//! Contestants take turns in short blocks of one run, so that a noisy machine disturbs all of them alike.

use std::hint::black_box;
use std::time::{Duration, Instant};

use http::Request;
use tower::Service;

use super::stack::{ready, request};

/// One block of a contestant; it returns how long it took.
pub(crate) type Block<'a> = &'a mut dyn FnMut() -> Duration;

/// Lets each contestant run a block in every round, a different one first each time.
pub(crate) fn in_turn<const N: usize>(rounds: usize, mut blocks: [Block<'_>; N]) -> [Times; N] {
    // Nobody has to be the one who warms up the caches.
    blocks.iter_mut().for_each(|block| _ = block());
    let mut times: [Times; N] = std::array::from_fn(|_| Times(Vec::with_capacity(rounds)));
    for round in 0..rounds {
        for turn in 0..N {
            let contestant = (round + turn) % N;
            times[contestant].0.push(blocks[contestant]());
        }
    }
    times
}

/// Sends a block of requests through a service that answers at once.
pub(crate) fn block<S, B>(service: &mut S, body: &impl Fn() -> B) -> Duration
where
    S: Service<Request<B>>,
{
    timed(|| drop(black_box(ready(service.call(black_box(request(body())))))))
}

/// How long a block of calls takes.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
pub(crate) fn timed(mut call: impl FnMut()) -> Duration {
    let start = Instant::now();
    for _ in 0..BLOCK {
        call();
    }
    start.elapsed()
}

/// How long one contestant's blocks took, by round.
#[derive(Debug)]
pub(crate) struct Times(Vec<Duration>);

impl Times {
    /// The time of all blocks beside another's.
    pub(crate) fn beside(&self, other: &Self) -> f64 {
        self.total() / other.total()
    }

    /// Nanoseconds for one call, in the middle one of the blocks.
    pub(crate) fn each(&self) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort();
        sorted[sorted.len() / 2].as_secs_f64() * 1e9 / f64::from(BLOCK)
    }

    fn total(&self) -> f64 {
        self.0.iter().map(Duration::as_secs_f64).sum()
    }
}

/// Calls in a block: long against the clock's resolution, short against a scheduler's slice.
pub(crate) const BLOCK: u32 = 2_000;
