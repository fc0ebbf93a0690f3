//! The throughput of two threads with one manager, compared with one thread and with the static layer.
//!
//! Shared memory costs time when several cores write it. The header of the static layer has a shared reference count,
//! and so has ours. The figure shows what the layer adds to that cost.

#[path = "common/report.rs"]
mod report;
#[path = "common/stack.rs"]
mod stack;
#[path = "common/turns.rs"]
mod turns;

use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use http::Request;
use http_body_util::Empty;
use report::{figure, rounds};
use stack::{Idle, TOKEN, ours, theirs};
use tower::Service;
use turns::{Times, block, in_turn};

fn main() {
    if thread::available_parallelism().is_ok_and(|cores| cores.get() < 2) {
        return;
    }
    let (ours, theirs) = (ours(Idle, TOKEN), theirs(Idle, TOKEN));
    let [ours_alone, ours_together, theirs_alone, theirs_together] = in_turn(
        rounds(100),
        [&mut || alone(&ours), &mut || together(&ours), &mut || alone(&theirs), &mut || together(&theirs)],
    );
    // Two threads make twice the calls of one in the same time.
    let scaling = |alone: &Times, together: &Times| 2.0 * alone.each() / together.each();
    let ours = scaling(&ours_alone, &ours_together);
    let theirs = scaling(&theirs_alone, &theirs_together);
    figure("two threads: their gain beside the static layer's", ours / theirs, "x", "at least 0.95");
    figure("two threads: calls beside those of one", ours, "x", "-");
    figure("two threads: calls beside those of one, with the static layer", theirs, "x", "-");
    let beside = ours_together.beside(&theirs_together);
    figure("two threads: time of a call beside the static layer", beside, "x", "-");
}

fn alone<S>(service: &S) -> Duration
where
    S: Service<Request<Body>> + Clone,
{
    blocks(&mut service.clone())
}

/// Returns the mean time of two threads that run at once, each with a clone.
fn together<S>(service: &S) -> Duration
where
    S: Service<Request<Body>> + Clone + Send,
{
    let barrier = Barrier::new(2);
    let run = |mut service: S| {
        // Starting a thread takes time. Both must measure the same period.
        barrier.wait();
        blocks(&mut service)
    };
    let (one, two) = thread::scope(|scope| {
        let service_of_other = service.clone();
        let other = scope.spawn(|| run(service_of_other));
        (run(service.clone()), other.join().expect("a block does not panic"))
    });
    (one + two) / 2
}

/// Returns the mean time of several blocks. There are several, so that the time in which only one thread runs is a
/// small part of the whole.
fn blocks<S>(service: &mut S) -> Duration
where
    S: Service<Request<Body>>,
{
    (0..BLOCKS).map(|_| block(service, &Body::new)).sum::<Duration>() / BLOCKS
}

type Body = Empty<bytes::Bytes>;

/// The number of blocks in one measurement.
const BLOCKS: u32 = 20;
