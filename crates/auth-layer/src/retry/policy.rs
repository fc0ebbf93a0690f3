//! `RetryPolicy`: the number of attempts, the waits and the deadline.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, Request};

use super::backoff::Backoff;
use crate::clock::{Clock, SystemClock};
use crate::operation::OperationMeta;

/// The configuration of a [`RetryLayer`](crate::RetryLayer): the number of attempts, the waits and the deadline.
///
/// ```
/// use auth_layer::{RetryLayer, RetryPolicy};
/// use std::time::Duration;
///
/// // The defaults: 4 attempts, 200 ms doubling to 10 s, `Retry-After` up to 60 s, 2 minutes in all.
/// let layer = RetryLayer::new(RetryPolicy::new());
///
/// // For a caller in a hurry.
/// let layer = RetryLayer::new(RetryPolicy::new().with_attempts(2).with_deadline(Duration::from_secs(5)));
/// ```
#[derive(Clone, Debug)]
pub struct RetryPolicy {
    pub(super) attempts: u32,
    pub(super) backoff: Backoff,
    pub(super) longest_wait: Duration,
    deadline: Deadline,
    pub(super) key: HeaderName,
    pub(super) makes_keys: bool,
    pub(super) clock: Arc<dyn Clock>,
    /// A seed and not a generator: layers with clones of one policy must not create the same idempotency keys.
    pub(super) seed: Option<u64>,
}

impl RetryPolicy {
    /// Creates a policy with the defaults.
    pub fn new() -> Self {
        Self {
            attempts: ATTEMPTS,
            backoff: Backoff::default(),
            longest_wait: LONGEST_WAIT,
            deadline: Deadline::Default,
            key: HeaderName::from_static("idempotency-key"),
            makes_keys: false,
            clock: Arc::new(SystemClock::new()),
            seed: None,
        }
    }

    /// Sets how often a request is sent at most, including the first time: 4 by default. With 1 or 0 it is never sent
    /// again.
    #[must_use]
    pub const fn with_attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    /// Sets the range of the first wait and the longest range: 200 ms and 10 s by default. The range doubles with each
    /// attempt. A wait is drawn from the whole range, from zero on.
    #[must_use]
    pub const fn with_backoff(mut self, first: Duration, longest: Duration) -> Self {
        self.backoff = Backoff { first, longest };
        self
    }

    /// Sets the longest `Retry-After` that the layer waits for: 60 s by default. The caller gets a response that asks
    /// for more at once, with the wait in its extensions ([`RetryAfter`](crate::response::RetryAfter)).
    ///
    /// A random time is added to the wait: up to a tenth of it, or up to the backoff's range if that is longer.
    #[must_use]
    pub const fn with_longest_wait(mut self, wait: Duration) -> Self {
        self.longest_wait = wait;
        self
    }

    /// Sets how long a call may take, all attempts and waits together, until the head of its response.
    ///
    /// The default is 2 minutes plus the operation's own timeout
    /// ([`OperationMeta::timeout`](crate::OperationMeta::timeout)). A deadline that is set here applies to every
    /// operation.
    ///
    /// - A wait that would end after the deadline is not started. The caller gets the last outcome at once.
    /// - A request that is in progress at the deadline is dropped ([`DeadlinePassed`](crate::retry::DeadlinePassed)),
    ///   even the first one. A slow upload needs a longer deadline, or none.
    #[must_use]
    pub const fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Deadline::Fixed(deadline);
        self
    }

    /// Removes the deadline.
    #[must_use]
    pub const fn without_deadline(mut self) -> Self {
        self.deadline = Deadline::Unlimited;
        self
    }

    /// Sets the header that marks a request as idempotent: `idempotency-key` by default.
    #[must_use]
    pub fn with_idempotency_header(mut self, name: HeaderName) -> Self {
        self.key = name;
        self
    }

    /// Adds a random key to each request that is not idempotent. All attempts of a call have the same key. Use it only
    /// for APIs that support such keys: another API may act twice.
    #[must_use]
    pub const fn with_idempotency_keys(mut self) -> Self {
        self.makes_keys = true;
        self
    }

    /// Sets the clock.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Seeds the random generator of waits and keys, for reproducible tests.
    #[must_use]
    pub const fn with_jitter_seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }
}

impl RetryPolicy {
    /// Returns how often a request is sent again at most.
    pub(crate) const fn retries(&self) -> u32 {
        self.attempts.saturating_sub(1)
    }

    /// Returns the deadline without an operation's own timeout.
    pub(crate) const fn deadline(&self) -> Option<Duration> {
        match self.deadline {
            Deadline::Unlimited => None,
            Deadline::Fixed(deadline) => Some(deadline),
            Deadline::Default => Some(DEADLINE),
        }
    }

    /// Returns how long the call of a request may take.
    pub(super) fn deadline_of<B>(&self, request: &Request<B>) -> Option<Duration> {
        match self.deadline {
            Deadline::Unlimited => None,
            Deadline::Fixed(deadline) => Some(deadline),
            Deadline::Default => {
                let operation = request.extensions().get::<&'static OperationMeta>();
                let own = operation.and_then(|operation| operation.timeout()).unwrap_or_default();
                Some(DEADLINE.saturating_add(own))
            }
        }
    }
}

/// The deadline of a call.
#[derive(Clone, Copy, Debug)]
enum Deadline {
    Unlimited,
    /// The user of the policy has set it.
    Fixed(Duration),
    /// [`DEADLINE`] plus the operation's own timeout: earlier attempts must not cut one long send short.
    Default,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self::new()
    }
}

/// 4 attempts are enough for the restart of a server behind a load balancer.
const ATTEMPTS: u32 = 4;

/// A caller should not block for longer than 60 s. A scheduler can make the call later.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// 2 minutes: one longest wait, and the attempts before and after it.
const DEADLINE: Duration = Duration::from_secs(120);
