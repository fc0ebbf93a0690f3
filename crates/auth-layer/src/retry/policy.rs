//! `RetryPolicy`: when to send again, how often, and how long to go on.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, Request};

use super::backoff::Backoff;
use crate::clock::{Clock, SystemClock};
use crate::operation::OperationMeta;

/// When a request is sent again, how often, and how long to go on.
///
/// ```
/// use auth_layer::{RetryLayer, RetryPolicy};
/// use std::time::Duration;
///
/// // As it comes: 4 attempts, 200 ms doubling to 10 s, `Retry-After` up to 60 s, 2 minutes in all.
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
    /// A seed and not a generator: layers made of one policy must not draw the same keys.
    pub(super) seed: Option<u64>,
}

impl RetryPolicy {
    /// Starts from the defaults.
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

    /// Sets how often a request is sent, the first time included: 4 unless set. With 1, or 0, it is never sent again.
    #[must_use]
    pub const fn with_attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    /// Sets the range of the first wait, which doubles with each attempt, and where it ends: 200 ms and 10 s unless set.
    /// A wait is drawn from the whole range.
    #[must_use]
    pub const fn with_backoff(mut self, first: Duration, longest: Duration) -> Self {
        self.backoff = Backoff { first, longest };
        self
    }

    /// Sets the longest `Retry-After` that is waited for: 60 s unless set. A response that asks for more is given back at
    /// once, with the wait in its extensions ([`RetryAfter`](crate::RetryAfter)).
    ///
    /// A wait is exceeded by chance, by a tenth of it or by the backoff's range, whichever is longer.
    #[must_use]
    pub const fn with_longest_wait(mut self, wait: Duration) -> Self {
        self.longest_wait = wait;
        self
    }

    /// Sets how long a call may take, all attempts and waits together, up to the head of its response.
    ///
    /// Unless set, it is 2 minutes, and longer by what the operation says of itself
    /// ([`OperationMeta::timeout`](crate::OperationMeta::timeout)). A deadline that is set here holds for every operation.
    /// A wait that would not end before it is not begun: the outcome that there is goes back at once. A request that
    /// is on its way when it passes is dropped ([`DeadlinePassed`](crate::DeadlinePassed)), be it the first one: an
    /// upload that takes its time needs a longer one, or none.
    #[must_use]
    pub const fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Deadline::Fixed(deadline);
        self
    }

    /// Lets a call take as long as it takes.
    #[must_use]
    pub const fn without_deadline(mut self) -> Self {
        self.deadline = Deadline::Unlimited;
        self
    }

    /// Sets the header whose presence says that a request may be sent twice: `idempotency-key` unless set.
    #[must_use]
    pub fn with_idempotency_header(mut self, name: HeaderName) -> Self {
        self.key = name;
        self
    }

    /// Puts a key of its own on each request that may not be sent twice without one: made once for a call, and the same
    /// on each attempt. For APIs that know such keys; one that does not may act twice.
    #[must_use]
    pub const fn with_idempotency_keys(mut self) -> Self {
        self.makes_keys = true;
        self
    }

    /// Sets where the time comes from.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Seeds the chance behind waits and keys, for tests that are to repeat.
    #[must_use]
    pub const fn with_jitter_seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }
}

impl RetryPolicy {
    /// How often a request is sent again at the most.
    pub(crate) const fn retries(&self) -> u32 {
        self.attempts.saturating_sub(1)
    }

    /// How long every call may take at least, whatever its operation says.
    pub(crate) const fn deadline(&self) -> Option<Duration> {
        match self.deadline {
            Deadline::Unlimited => None,
            Deadline::Fixed(deadline) => Some(deadline),
            Deadline::Default => Some(DEADLINE),
        }
    }

    /// How long the call of a request may take.
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

/// When a call must be over.
#[derive(Clone, Copy, Debug)]
enum Deadline {
    Unlimited,
    /// The user of the policy said so.
    Fixed(Duration),
    /// After [`DEADLINE`], with an operation's own time on top: one long send must not be cut by what the others took.
    Default,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self::new()
    }
}

/// Enough for a restart of the server behind a load balancer.
const ATTEMPTS: u32 = 4;

/// Longer ones are for a scheduler, not for a caller that waits.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Room for one longest wait, and for the attempts around it.
const DEADLINE: Duration = Duration::from_secs(120);
