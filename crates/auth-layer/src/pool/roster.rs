//! Which identities are kept, and which may go. No I/O, no locks of its own.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::clock::Now;
use crate::error::{Error, ErrorKind};
use crate::identity::Identity;
use crate::manager::TokenManager;

/// The identities that are kept, up to a bound.
#[derive(Debug)]
pub(super) struct Roster {
    entries: HashMap<Identity, Entry>,
    limit: usize,
    idle: Duration,
    /// When those who are idle are looked for next.
    sweep: Option<Now>,
    /// How often something was taken out on purpose: what was made before that may be out of date.
    pub(super) removals: u64,
}

#[derive(Debug)]
struct Entry {
    manager: TokenManager,
    /// When it was last asked for: the monotonic time in nanoseconds.
    used: AtomicU64,
}

impl Roster {
    pub(super) fn new(limit: usize, idle: Duration) -> Self {
        Self { entries: HashMap::new(), limit, idle, sweep: None, removals: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Finds the manager of an identity, and notes that it is in use.
    pub(super) fn find(&self, identity: &Identity, now: Now) -> Option<TokenManager> {
        let entry = self.entries.get(identity)?;
        entry.used.store(nanos(now.monotonic()), Ordering::Relaxed);
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
        if self.sweep.is_none_or(|sweep| now.reached(sweep)) {
            self.sweep = Some(now + self.idle / SWEEPS);
            let idle_since = now.monotonic().checked_sub(self.idle).map(nanos);
            let idle = self.entries.extract_if(|_, entry| {
                idle_since.is_some_and(|since| *entry.used.get_mut() <= since) && !entry.manager.is_busy()
            });
            gone.extend(idle.map(|(_, entry)| entry.manager));
        }
        if self.entries.len() >= self.limit {
            let spare = self.entries.iter().filter(|(_, entry)| !entry.manager.is_busy());
            let oldest = spare.min_by_key(|(_, entry)| entry.used.load(Ordering::Relaxed));
            let oldest = oldest.map(|(identity, _)| identity.clone()).ok_or_else(full)?;
            gone.extend(self.entries.remove(&oldest).map(|entry| entry.manager));
        }
        let used = AtomicU64::new(nanos(now.monotonic()));
        self.entries.insert(identity.clone(), Entry { manager, used });
        Ok(())
    }

    /// Takes out one identity on purpose.
    pub(super) fn take(&mut self, identity: &Identity) -> Option<TokenManager> {
        self.removals += 1;
        self.entries.remove(identity).map(|entry| entry.manager)
    }

    /// Takes out all identities of a tenant on purpose.
    pub(super) fn take_tenant(&mut self, tenant: &str) -> Vec<TokenManager> {
        self.removals += 1;
        let taken = self.entries.extract_if(|identity, _| identity.tenant() == tenant);
        taken.map(|(_, entry)| entry.manager).collect()
    }
}

fn full() -> Error {
    Error::new(ErrorKind::PoolFull, "the pool is full, and all of its identities are in use")
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// How often in each idle time the idle ones are looked for: one stays for a quarter of it too long at the most, while
/// others come in.
const SWEEPS: u32 = 4;
