//! The cost of a pool of many identities: memory per identity, and the time to add, find and evict one.

#[path = "common/report.rs"]
mod report;

use std::hint::black_box;
use std::time::{Duration, Instant};

use allocation_counter::measure;
use auth_layer::{Credential, Exchange, Grant, Identity, Profile, TokenManager, TokenPool};
use report::{figure, rounds};

fn main() {
    for identities in [1_000, 100_000] {
        // `--quick` and `--test` use fewer.
        let identities = rounds(identities).max(100);
        let pool = pool(identities);
        let all: Vec<_> = (0..identities * 2).map(|n| Identity::new(format!("tenant-{n}"))).collect();
        let (first, others) = all.split_at(identities);
        // The first exchange loads the certificates, which the process shares. They must not count for an identity.
        pool.get(&first[0]).expect("a good exchange");

        let mut times = Times::default();
        let grown = measure(|| first[1..].iter().for_each(|identity| times.get(&pool, identity)));
        let each = grown.bytes_current as f64 / (identities - 1) as f64;
        let of = format!("a pool of {identities}");
        figure(format_args!("{of}: memory for each identity"), each, "bytes", "at most 3000");
        times.report(&format!("{of}: one that comes while there is room"));

        let mut times = Times::default();
        first.iter().for_each(|identity| times.get(&pool, identity));
        times.report(&format!("{of}: one that is there"));

        // All identities were just used, so the first evictions find none that is unused.
        let mut times = Times::default();
        others.iter().for_each(|identity| times.get(&pool, identity));
        assert_eq!((pool.len(), pool.stats().evicted), (identities, identities as u64));
        times.report(&format!("{of}: one that comes while it is full"));

        let held: Vec<_> = others.iter().map(|identity| pool.get(identity).expect("it is there")).collect();
        let mut times = Times::default();
        for identity in &first[..rounds(100)] {
            times.take(|| assert!(pool.get(identity).is_err()));
        }
        times.report(&format!("{of}: one that comes while all are in use"));
        drop(held);
    }
}

/// Returns a pool like the one in the documentation of `TokenPool`.
fn pool(limit: usize) -> TokenPool {
    let profile = Profile::new("example", "https://auth.example.com/token").expect("a good URL");
    TokenPool::builder(move |identity: &Identity| {
        let credential = Credential::new(format!("client-of-{}", identity.tenant()), "its secret");
        let exchange = Exchange::builder(profile.clone(), credential, Grant::ClientCredentials);
        Ok(TokenManager::new(exchange.identity(identity).build()?))
    })
    .max_identities(limit)
    .build()
}

/// The times of some calls.
#[derive(Default)]
struct Times {
    calls: u32,
    all: Duration,
    longest: Duration,
}

impl Times {
    fn get(&mut self, pool: &TokenPool, identity: &Identity) {
        self.take(|| drop(black_box(pool.get(identity).expect("there is room, or an identity can go"))));
    }

    fn take(&mut self, call: impl FnOnce()) {
        let start = now();
        call();
        let time = start.elapsed();
        self.calls += 1;
        self.all += time;
        self.longest = self.longest.max(time);
    }

    fn report(&self, what: &str) {
        let mean = self.all.as_secs_f64() / f64::from(self.calls.max(1));
        figure(format_args!("{what}, mean"), mean * 1e6, "\u{b5}s", "-");
        figure(format_args!("{what}, longest"), self.longest.as_secs_f64() * 1e6, "\u{b5}s", "-");
    }
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
fn now() -> Instant {
    Instant::now()
}
