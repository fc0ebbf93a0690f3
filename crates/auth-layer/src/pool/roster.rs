//! Which identities are kept, and which may go. No I/O, no locks of its own.
//!
//! The entries stand in a ring, and a hand goes round it (the CLOCK algorithm). An entry that was asked for since the hand
//! passed it last is spared once. So the work for each identity that comes in is bounded, however many are kept.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use crate::clock::Now;
use crate::error::{Error, ErrorKind};
use crate::identity::Identity;
use crate::manager::{TokenManager, Usage};

/// The identities that are kept, up to a bound.
#[derive(Debug)]
pub(super) struct Roster {
    /// Where in the ring an identity stands.
    places: HashMap<Identity, usize>,
    /// In no order. The last entry takes the place of one that goes.
    ring: Vec<Entry>,
    limit: usize,
    idle: Duration,
    /// The place that is looked at next when room is needed.
    hand: usize,
    /// The place that is looked at next for one that has been idle for too long.
    sweep: usize,
    /// How often something was taken out on purpose: what was made before that may be out of date.
    pub(super) removals: u64,
}

#[derive(Debug)]
struct Entry {
    identity: Identity,
    manager: TokenManager,
    /// When it was last asked for: the monotonic time in nanoseconds.
    used: AtomicU64,
    /// Whether it was asked for since the hand passed it last.
    asked_for: AtomicBool,
}

impl Roster {
    pub(super) fn new(limit: usize, idle: Duration) -> Self {
        Self { places: HashMap::new(), ring: Vec::new(), limit, idle, hand: 0, sweep: 0, removals: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.ring.len()
    }

    /// Finds the manager of an identity, and notes that it is in use.
    pub(super) fn find(&self, identity: &Identity, now: Now) -> Option<TokenManager> {
        let entry = &self.ring[*self.places.get(identity)?];
        // Relaxed: these only guide a choice that is made under the write lock, which orders them.
        entry.used.store(nanos(now.monotonic()), Ordering::Relaxed);
        entry.asked_for.store(true, Ordering::Relaxed);
        Some(entry.manager.clone())
    }

    /// Takes in a manager, and puts those who had to make room for it into `gone`: the caller drops them, since that
    /// may run code of the application.
    pub(super) fn admit(
        &mut self,
        identity: &Identity,
        manager: TokenManager,
        now: Now,
        gone: &mut Vec<TokenManager>,
    ) -> Result<(), Error> {
        self.drop_idle(now, gone);
        if self.ring.len() >= self.limit {
            let place = self.dispensable().ok_or_else(full)?;
            gone.push(self.take_place(place));
        }
        let used = AtomicU64::new(nanos(now.monotonic()));
        self.places.insert(identity.clone(), self.ring.len());
        self.ring.push(Entry { identity: identity.clone(), manager, used, asked_for: AtomicBool::new(true) });
        Ok(())
    }

    /// Takes out those of the next few entries that have not been asked for in a while.
    fn drop_idle(&mut self, now: Now, gone: &mut Vec<TokenManager>) {
        let Some(since) = now.monotonic().checked_sub(self.idle).map(nanos) else { return };
        for _ in 0..SWEPT.min(self.ring.len()) {
            if self.sweep >= self.ring.len() {
                self.sweep = 0;
            }
            let Some(entry) = self.ring.get_mut(self.sweep) else { return };
            if *entry.used.get_mut() <= since && entry.manager.usage() == Usage::Evictable {
                // The last entry stands there now, and is looked at next.
                gone.push(self.take_place(self.sweep));
            } else {
                self.sweep += 1;
            }
        }
    }

    /// The entry that can be done without best, of the next few.
    ///
    /// Best is one that was not asked for since the hand passed it last. Next comes the one of [`SPARED`] entries that was
    /// asked for longest ago. One that has failed lately goes only if all others are in use, for its failure would be
    /// forgotten with it, and the token endpoint asked too soon. `None` if [`LOOKED_AT`] entries in a row are in use.
    fn dispensable(&mut self) -> Option<usize> {
        let (mut oldest, mut failing): (Option<Candidate>, Option<Candidate>) = (None, None);
        for step in 0..self.ring.len().min(LOOKED_AT) {
            if step >= SPARED && oldest.is_some() {
                break;
            }
            if self.hand >= self.ring.len() {
                self.hand = 0;
            }
            let place = self.hand;
            self.hand += 1;
            let entry = self.ring.get_mut(place)?;
            let candidate = (*entry.used.get_mut(), place);
            let was_asked_for = std::mem::replace(entry.asked_for.get_mut(), false);
            match entry.manager.usage() {
                Usage::InUse => {}
                Usage::Evictable if !was_asked_for => return Some(place),
                Usage::Evictable => oldest = earlier(oldest, candidate),
                Usage::FailedRecently => failing = earlier(failing, candidate),
            }
        }
        oldest.or(failing).map(|(_, place)| place)
    }

    /// Takes out one identity on purpose.
    pub(super) fn take(&mut self, identity: &Identity) -> Option<TokenManager> {
        self.removals += 1;
        let place = *self.places.get(identity)?;
        Some(self.take_place(place))
    }

    /// Takes out all identities of a tenant on purpose. This looks at each entry.
    pub(super) fn take_tenant(&mut self, tenant: &str) -> Vec<TokenManager> {
        self.removals += 1;
        let of_tenant = |place: &usize| self.ring[*place].identity.tenant() == tenant;
        let places: Vec<usize> = (0..self.ring.len()).rev().filter(of_tenant).collect();
        // From the last to the first, so that those still to come keep their places.
        places.into_iter().map(|place| self.take_place(place)).collect()
    }

    /// Takes out the entry at a place, which the last one takes.
    fn take_place(&mut self, place: usize) -> TokenManager {
        let entry = self.ring.swap_remove(place);
        self.places.remove(&entry.identity);
        if let Some(moved) = self.ring.get(place) {
            self.places.insert(moved.identity.clone(), place);
        }
        entry.manager
    }
}

/// When an entry was last asked for, and its place.
type Candidate = (u64, usize);

fn earlier(found: Option<Candidate>, other: Candidate) -> Option<Candidate> {
    Some(found.map_or(other, |found| found.min(other)))
}

fn full() -> Error {
    let message =
        "the pool is full, and its identities are in use; raise `max_identities`, or hold fewer managers";
    Error::new(ErrorKind::PoolFull, message)
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// How many entries are looked at for idle ones whenever another comes in. More than one, so that idle ones go faster than
/// others come.
const SWEPT: usize = 8;

/// How many entries in a row are spared before one of them has to go nevertheless.
const SPARED: usize = 64;

/// How many entries in a row may be in use before the pool counts as full. To look at so many takes about 0.1 ms, in which
/// no other caller gets a manager.
const LOOKED_AT: usize = 1_024;
