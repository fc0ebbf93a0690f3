//! The retry budget of an origin: a fifth of its calls, and ten retries per second.
//!
//! Without a budget, an origin that always fails would get every call several times, just when it is overloaded. No
//! lock is taken: a call costs one search of the known origins and one atomic addition.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;
use http::Uri;
use http::uri::Scheme;

use crate::clock::Now;

/// The budgets of all origins.
#[derive(Debug)]
pub(super) struct Budgets {
    known: ArcSwap<Vec<Arc<Budget>>>,
    /// The budget that all origins share for which `known` has no room.
    others: Arc<Budget>,
}

impl Budgets {
    pub(super) fn new() -> Self {
        Self { known: ArcSwap::default(), others: Arc::new(Budget::of(&Uri::default())) }
    }

    /// Returns the budget of a request's origin.
    pub(super) fn of(&self, uri: &Uri, now: Now) -> Arc<Budget> {
        if let Some(budget) = self.find(uri) {
            return budget;
        }
        let new = Arc::new(Budget::of(uri));
        // `rcu` runs the closure again if another thread has changed the list in between.
        self.known.rcu(|known| {
            let mut known = Vec::clone(known);
            if known.len() >= MOST_ORIGINS {
                // An origin without a call in the window has no counts that matter.
                known.retain(|budget| budget.calls.sum(second(now)) > 0);
            }
            if known.len() < MOST_ORIGINS && !known.iter().any(|budget| budget.is_of(uri)) {
                known.push(new.clone());
            }
            known
        });
        self.find(uri).unwrap_or_else(|| self.others.clone())
    }

    fn find(&self, uri: &Uri) -> Option<Arc<Budget>> {
        self.known.load().iter().find(|budget| budget.is_of(uri)).cloned()
    }
}

/// The calls and retries of one origin in the window.
#[derive(Debug)]
pub(super) struct Budget {
    https: bool,
    host: Box<str>,
    port: Option<u16>,
    calls: Window,
    retries: Window,
}

impl Budget {
    fn of(uri: &Uri) -> Self {
        Self {
            https: uri.scheme() == Some(&Scheme::HTTPS),
            host: uri.host().unwrap_or_default().into(),
            port: uri.port_u16(),
            calls: Window::default(),
            retries: Window::default(),
        }
    }

    fn is_of(&self, uri: &Uri) -> bool {
        self.https == (uri.scheme() == Some(&Scheme::HTTPS))
            && self.port == uri.port_u16()
            && self.host.eq_ignore_ascii_case(uri.host().unwrap_or_default())
    }

    /// Counts a call, whatever its outcome will be.
    pub(super) fn call(&self, now: Now) {
        self.calls.add(second(now));
    }

    /// Counts a retry. Returns false, and counts none, if the budget is used up.
    pub(super) fn withdraw(&self, now: Now) -> bool {
        let second = second(now);
        // Counted before the check, so that two callers cannot both get the last retry. At worst both get none.
        self.retries.add(second);
        let left = self.retries.sum(second) <= self.calls.sum(second) / SHARE + RESERVE;
        if !left {
            self.retries.take_back(second);
        }
        left
    }
}

/// One count for each of the last seconds. The upper 32 bits of a slot hold its second, the lower 32 bits the count, so
/// that one atomic operation changes both.
#[derive(Debug, Default)]
struct Window([AtomicU64; SECONDS as usize]);

impl Window {
    fn add(&self, second: u32) {
        self.change(second, |count| {
            // A slot of an older second starts again at 1.
            if count >> 32 == u64::from(second) { count + 1 } else { u64::from(second) << 32 | 1 }
        });
    }

    fn take_back(&self, second: u32) {
        self.change(second, |count| if count >> 32 == u64::from(second) { count - 1 } else { count });
    }

    fn change(&self, second: u32, change: impl Fn(u64) -> u64) {
        let slot = &self.0[(second % SECONDS) as usize];
        // Relaxed: the counts guard no other memory. The result is never an error, as the closure never returns `None`.
        let _ = slot.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| Some(change(count)));
    }

    fn sum(&self, second: u32) -> u64 {
        // The slots are not read at one instant. A concurrent change shifts the limit by a few retries, which is
        // harmless.
        let counts = self.0.iter().map(|slot| slot.load(Ordering::Relaxed));
        let recent = |count: &u64| second.wrapping_sub((count >> 32) as u32) < SECONDS;
        counts.filter(recent).map(|count| count & u64::from(u32::MAX)).sum()
    }
}

fn second(now: Now) -> u32 {
    now.monotonic().as_secs() as u32
}

/// One retry for every five calls.
const SHARE: u64 = 5;

/// Ten retries per second in a window of ten seconds, so that a client with few calls can retry at all. They may all be
/// used at once.
const RESERVE: u64 = 100;

/// The window in seconds: ten, and the current one.
const SECONDS: u32 = 11;

/// The number of origins that have their own budget. A budget takes about 250 bytes.
const MOST_ORIGINS: usize = 64;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(second: u64) -> Now {
        Now::new(Duration::from_secs(1_000 + second), Duration::ZERO)
    }

    fn uri(origin: usize) -> Uri {
        format!("https://{origin}.example.com/path").parse().unwrap()
    }

    fn withdrawn(budget: &Budget, now: Now) -> usize {
        (0..10_000).take_while(|_| budget.withdraw(now)).count()
    }

    #[test]
    fn rt07_a_fifth_of_the_calls_and_a_reserve_may_be_retried() {
        let budget = Budget::of(&uri(1));
        (0..1_000).for_each(|_| budget.call(at(0)));
        assert_eq!(withdrawn(&budget, at(0)), 300);
        // Nothing is left within the window. After the window the whole reserve is back.
        assert_eq!(withdrawn(&budget, at(10)), 0);
        assert_eq!(withdrawn(&budget, at(11)), 100);
    }

    #[test]
    fn rt07_each_origin_has_its_own_budget() {
        let budgets = Budgets::new();
        assert_eq!(withdrawn(&budgets.of(&uri(1), at(0)), at(0)), 100);
        assert_eq!(withdrawn(&budgets.of(&"https://1.EXAMPLE.com/other".parse().unwrap(), at(0)), at(0)), 0);
        for other in ["https://2.example.com", "http://1.example.com", "https://1.example.com:8443", "/path"]
        {
            assert_eq!(withdrawn(&budgets.of(&other.parse().unwrap(), at(0)), at(0)), 100, "{other}");
        }
    }

    #[test]
    fn rt07_origins_beyond_the_maximum_share_a_budget() {
        let budgets = Budgets::new();
        for origin in 0..1_000 {
            let budget = budgets.of(&uri(origin), at(0));
            budget.call(at(0));
            // The shared budget has one reserve, and a fifth of the calls to all its origins.
            let expected = if origin <= MOST_ORIGINS { 100..=100 } else { 0..=1 };
            let got = withdrawn(&budget, at(0));
            assert!(expected.contains(&got), "{origin}: {got}");
            assert!(budgets.known.load().len() <= MOST_ORIGINS);
        }
        // There is room again once the other origins had no calls for a whole window.
        assert_eq!(withdrawn(&budgets.of(&uri(2_000), at(11)), at(11)), 100);
        assert_eq!(budgets.known.load().len(), 1);
    }

    #[test]
    fn rt07_no_two_callers_get_the_last_retry() {
        let budget = Budget::of(&uri(1));
        let threads = 4;
        let got: usize = std::thread::scope(|scope| {
            let withdrawing = || (0..1_000).filter(|_| budget.withdraw(at(0))).count();
            let threads: Vec<_> = (0..threads).map(|_| scope.spawn(withdrawing)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert!((90..=100).contains(&got), "{got}");
    }
}
