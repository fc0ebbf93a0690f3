//! What a token in hand costs, beside tower-http's static bearer layer.
//!
//! Both stacks do the same work in turn, in short blocks of one run, so that a noisy machine disturbs both alike:
//! build a request (absolute URI, four static headers), send it through the layer, and through an inner service
//! that is ready and allocates nothing.

#[path = "common/stack.rs"]
mod stack;

use std::hint::black_box;
use std::time::{Duration, Instant};

use http_body_util::{Empty, Full};
use stack::{Idle, ours, ready, request, theirs};
use tower::Service;

fn main() {
    let quick = std::env::args().any(|argument| argument == "--test");
    let rounds = if quick { 3 } else { 400 };
    report("empty GET", rounds, Empty::<bytes::Bytes>::new);
    report("Full<Bytes> POST", rounds, || Full::new(bytes::Bytes::from_static(b"{\"name\":\"value\"}")));
}

/// Measures both layers and a bare service in turn, and prints a line.
fn report<B>(what: &str, rounds: usize, body: impl Fn() -> B)
where
    B: auth_layer::TryClone + Send + 'static,
{
    let (mut ours, mut theirs, mut bare) = (ours(Idle), theirs(Idle), Idle);
    let mut times: [Vec<Duration>; 3] = Default::default();
    for _ in 0..rounds {
        times[0].push(block(&mut ours, &body));
        times[1].push(block(&mut theirs, &body));
        times[2].push(block(&mut bare, &body));
    }
    let total = |index: usize| -> f64 { times[index].iter().map(Duration::as_secs_f64).sum() };
    let each = |index: usize| {
        let mut sorted = times[index].clone();
        sorted.sort();
        sorted[sorted.len() / 2].as_secs_f64() * 1e9 / f64::from(BLOCK)
    };
    stack::print(format_args!(
        "{what:18} ours {:6.1} ns  static {:6.1} ns  bare {:6.1} ns  ratio of totals {:.3}  added {:+.1} ns",
        each(0),
        each(1),
        each(2),
        total(0) / total(1),
        each(0) - each(1),
    ));
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
fn block<S, B>(service: &mut S, body: &impl Fn() -> B) -> Duration
where
    S: Service<http::Request<B>>,
{
    let start = Instant::now();
    for _ in 0..BLOCK {
        drop(black_box(ready(service.call(black_box(request(body()))))));
    }
    start.elapsed()
}

/// Calls in a block: long against the clock's resolution, short against a scheduler's slice.
const BLOCK: u32 = 2_000;
