//! `Roster`: the identities that a pool keeps, and the choice of those to evict. No I/O, no locks.
//!
//! The choice is the CLOCK algorithm. The entries form a ring, and a hand moves round it. An entry that was asked for
//! since the hand passed it last is spared once. So the work for each new identity is bounded, however many are kept.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use crate::clock::Now;
use crate::error::{Error, ErrorKind};
use crate::identity::Identity;
use crate::manager::{TokenManager, Usage};

/// The identities that are kept, up to a limit.
#[derive(Debug)]
pub(super) struct Roster {
    /// The index of each identity in the ring.
    places: HashMap<Identity, usize>,
    /// The entries, in no order. When one is removed, the last entry takes its place.
    ring: Vec<Entry>,
    limit: usize,
    idle: Duration,
    /// The index that is looked at next when an identity has to be evicted.
    hand: usize,
    /// The index that is looked at next in the search for idle identities.
    sweep: usize,
    /// Incremented by each removal that the application asks for. A manager that was being made under an older value
    /// may have an old secret.
    pub(super) removals: u64,
}

#[derive(Debug)]
struct Entry {
    identity: Identity,
    manager: TokenManager,
    /// The monotonic time, in nanoseconds, when the identity was last asked for.
    used: AtomicU64,
    /// True if the identity was asked for since the hand passed it last.
    asked_for: AtomicBool,
}

impl Roster {
    pub(super) fn new(limit: usize, idle: Duration) -> Self {
        Self { places: HashMap::new(), ring: Vec::new(), limit, idle, hand: 0, sweep: 0, removals: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.ring.len()
    }

    /// Returns the manager of an identity, and notes the time of use.
    pub(super) fn find(&self, identity: &Identity, now: Now) -> Option<TokenManager> {
        let entry = &self.ring[*self.places.get(identity)?];
        // The caller holds the read lock, so these are atomics. Relaxed: they are read under the write lock alone, and
        // the lock orders them.
        entry.used.store(nanos(now.monotonic()), Ordering::Relaxed);
        entry.asked_for.store(true, Ordering::Relaxed);
        Some(entry.manager.clone())
    }

    /// Adds a manager, and moves the managers that it evicts into `gone`. The caller drops them without the lock, since
    /// their drop may run code of the application.
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

    /// Removes the idle ones among the next [`SWEPT`] entries.
    fn drop_idle(&mut self, now: Now, gone: &mut Vec<TokenManager>) {
        let Some(since) = now.monotonic().checked_sub(self.idle).map(nanos) else { return };
        for _ in 0..SWEPT.min(self.ring.len()) {
            if self.sweep >= self.ring.len() {
                self.sweep = 0;
            }
            let Some(entry) = self.ring.get_mut(self.sweep) else { return };
            if *entry.used.get_mut() <= since && entry.manager.usage() == Usage::Evictable {
                // The last entry takes this place. The index stays, so that it is looked at next.
                gone.push(self.take_place(self.sweep));
            } else {
                self.sweep += 1;
            }
        }
    }

    /// Returns the index of the entry to evict. `None` if [`LOOKED_AT`] entries in a row are in use. In this order:
    ///
    /// 1. The first entry that was not asked for since the hand passed it last.
    /// 2. The one of [`SPARED`] entries that was asked for longest ago.
    /// 3. The one that has failed recently and was asked for longest ago. Its failure is forgotten with it, and the
    ///    token endpoint is asked too soon.
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

    /// Removes one identity because the application asks for it.
    pub(super) fn take(&mut self, identity: &Identity) -> Option<TokenManager> {
        // Counted even if the identity is not here: its manager may be in the making.
        self.removals += 1;
        let place = *self.places.get(identity)?;
        Some(self.take_place(place))
    }

    /// Removes all identities of a tenant because the application asks for it. This looks at each entry.
    pub(super) fn take_tenant(&mut self, tenant: &str) -> Vec<TokenManager> {
        self.removals += 1;
        let of_tenant = |place: &usize| self.ring[*place].identity.tenant() == tenant;
        let places: Vec<usize> = (0..self.ring.len()).rev().filter(of_tenant).collect();
        // From the last to the first, because a removal moves only entries with a higher index.
        places.into_iter().map(|place| self.take_place(place)).collect()
    }

    /// Removes the entry at an index. The last entry takes its place.
    fn take_place(&mut self, place: usize) -> TokenManager {
        let entry = self.ring.swap_remove(place);
        self.places.remove(&entry.identity);
        if let Some(moved) = self.ring.get(place) {
            self.places.insert(moved.identity.clone(), place);
        }
        entry.manager
    }
}

/// The time when an entry was last asked for, and its index.
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

/// The number of entries that are searched for idle ones whenever an identity is added. It is more than one, so that
/// idle entries are removed faster than new ones are added.
const SWEPT: usize = 8;

/// The number of entries in a row that are spared before one of them is evicted nevertheless.
const SPARED: usize = 64;

/// The number of entries in a row that may be in use before the pool counts as full. This search takes about 0.1 ms,
/// and no other caller gets a manager meanwhile.
const LOOKED_AT: usize = 1_024;
