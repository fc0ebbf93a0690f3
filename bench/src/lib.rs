//! The cost of a request with a cached token, with `auth-layer` and with other libraries.
//!
//! All contestants make the same request and call the same inner service, which answers at once and allocates nothing.
//! Each is used as its own documentation shows, with a token that does not expire during the measurement. Besides
//! setting the header they do different work:
//!
//! - `auth-layer` checks the origin of the target, reads the clock, and keeps the request for a second try.
//! - kube-client and google-cloud-auth read the clock.
//! - aliri_tokens and the static layer do neither.

mod contestants;
mod endpoint;
#[path = "../../crates/auth-layer/benches/common/report.rs"]
mod report;
#[path = "../../crates/auth-layer/benches/common/stack.rs"]
mod stack;
#[path = "../../crates/auth-layer/benches/common/turns.rs"]
mod turns;

use contestants::{Setting, contestants};
use report::{figure, rounds};
use turns::{Block, in_turn};

/// Measures the time of a call of each contestant.
pub fn time() {
    let setting = Setting::new();
    let mut contestants = contestants(&setting);
    let blocks = contestants.each_mut().map(|contestant| &mut contestant.block as Block<'_>);
    let times = in_turn(rounds(1_000), blocks);
    let ours = &times[OURS];
    for (contestant, times) in contestants.iter().zip(&times) {
        let name = contestant.name;
        figure(format_args!("{name}: time of a call"), times.each(), "ns", "-");
        if let Some(target) = contestant.target {
            figure(format_args!("auth-layer: time relative to {name}"), ours.beside(times), "x", target);
        }
    }
}

/// Counts the heap allocations of a call of each contestant. `count` runs a closure and returns its allocations.
pub fn allocations(count: impl Fn(&mut dyn FnMut()) -> u64) {
    let setting = Setting::new();
    for contestant in &mut contestants(&setting) {
        let mut block = || _ = (contestant.block)();
        // The first block fills caches. Its allocations are not counted.
        block();
        let each = count(&mut block) as f64 / f64::from(turns::BLOCK);
        figure(format_args!("{}: allocations of a call", contestant.name), each, "per call", "-");
    }
}

/// The index of our layer in the list of contestants.
const OURS: usize = 2;
