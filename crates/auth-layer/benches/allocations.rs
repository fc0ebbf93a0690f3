//! Allocations of a call whose token is in memory, compared with tower-http's static bearer layer.

#[path = "common/report.rs"]
mod report;
#[path = "common/stack.rs"]
mod stack;

use std::hint::black_box;

use allocation_counter::measure;
use http_body_util::{Empty, Full};
use report::{figure, rounds};
use stack::{Idle, TOKEN, ours, ready, request, theirs};
use tower::Service;

fn main() {
    report("an empty GET", "at most 0", Empty::<bytes::Bytes>::new);
    report("a POST that can be sent again", "at most 2", || Full::new(bytes::Bytes::from(vec![b'x'; 64])));
}

fn report<B>(what: &str, wanted: &str, body: impl Fn() -> B)
where
    B: auth_layer::TryClone + Send + 'static,
{
    let (ours, theirs) = (count(ours(Idle, TOKEN), &body), count(theirs(Idle, TOKEN), &body));
    let name = format_args!("{what}: allocations beyond those with the static layer");
    figure(name, ours - theirs, "per call", wanted);
}

fn count<S, B>(mut service: S, body: &impl Fn() -> B) -> f64
where
    S: Service<http::Request<B>>,
{
    let mut call = || drop(black_box(ready(service.call(request(body())))));
    // The first call fills caches, which are not part of the cost of a call.
    call();
    let calls = rounds(10_000);
    let counted = measure(|| (0..calls).for_each(|_| call()));
    counted.count_total as f64 / calls as f64
}
