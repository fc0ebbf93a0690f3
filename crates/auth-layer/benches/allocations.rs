//! How often a call with a token in hand reaches for the heap, beside tower-http's static bearer layer.

#[path = "common/stack.rs"]
mod stack;

use std::hint::black_box;

use allocation_counter::measure;
use http_body_util::{Empty, Full};
use stack::{Idle, ours, ready, request, theirs};
use tower::Service;

fn main() {
    report("empty GET", Empty::<bytes::Bytes>::new);
    report("Full<Bytes> POST", || Full::new(bytes::Bytes::from(vec![b'x'; 64])));
}

fn report<B>(what: &str, body: impl Fn() -> B)
where
    B: auth_layer::TryClone + Send + 'static,
{
    let (ours, theirs) = (count(ours(Idle), &body), count(theirs(Idle), &body));
    stack::print(format_args!(
        "{what:18} allocations per call: ours {ours:.3}  static {theirs:.3}  beyond it {:+.3}",
        ours - theirs
    ));
}

fn count<S, B>(mut service: S, body: &impl Fn() -> B) -> f64
where
    S: Service<http::Request<B>>,
{
    let mut call = || black_box(ready(service.call(request(body()))));
    drop(call());
    let counted = measure(|| {
        for _ in 0..CALLS {
            drop(call());
        }
    });
    counted.count_total as f64 / f64::from(CALLS)
}

const CALLS: u32 = 10_000;
