//! The cost of a call whose token is in memory, compared with tower-http's static bearer layer, for short and long
//! tokens.
//!
//! Both stacks do the same work: build a request (absolute URI, four static headers), send it through the layer, and
//! through an inner service that is ready and allocates nothing.

#[path = "common/report.rs"]
mod report;
#[path = "common/stack.rs"]
mod stack;
#[path = "common/turns.rs"]
mod turns;

use auth_layer::TryClone;
use bytes::Bytes;
use http_body_util::{Empty, Full};
use report::{figure, rounds};
use stack::{Idle, TOKEN, ours, theirs};
use turns::{block, in_turn};

fn main() {
    beside_the_static_layer("an empty GET", "at most 1.1", Empty::<Bytes>::new);
    let in_memory = || Full::new(Bytes::from_static(b"{\"name\":\"value\"}"));
    beside_the_static_layer("a POST that can be sent again", "-", in_memory);
    long_beside_short();
}

/// Measures both layers and a bare service.
fn beside_the_static_layer<B>(what: &str, wanted: &str, body: impl Fn() -> B)
where
    B: TryClone + Send + 'static,
{
    let (mut ours, mut theirs, mut bare) = (ours(Idle, TOKEN), theirs(Idle, TOKEN), Idle);
    let [ours, theirs, bare] = in_turn(
        rounds(2_000),
        [&mut || block(&mut ours, &body), &mut || block(&mut theirs, &body), &mut || block(&mut bare, &body)],
    );
    figure(format_args!("{what}: time beside the static layer"), ours.beside(&theirs), "x", wanted);
    figure(format_args!("{what}: time"), ours.each(), "ns", "-");
    figure(format_args!("{what}: time with the static layer"), theirs.each(), "ns", "-");
    figure(format_args!("{what}: time without a layer"), bare.each(), "ns", "-");
}

/// Measures tokens of different lengths. A header value is shared, so its length should not matter.
fn long_beside_short() {
    let (mut short, mut long) = (ours(Idle, SHORT), ours(Idle, LONG));
    let body = Empty::<Bytes>::new;
    let [short, long] =
        in_turn(rounds(2_000), [&mut || block(&mut short, &body), &mut || block(&mut long, &body)]);
    figure("a token of 8 KiB: time beside one of 64 B", long.beside(&short), "x", "at most 1.1");
}

/// The length of a usual opaque token, in bytes.
const SHORT: usize = 64;
/// A length that most servers do not accept, in bytes.
const LONG: usize = 8 * 1024;
