//! The failures since the last token, and how long callers get the last one. Pure: no I/O, no locks.

use std::time::Duration;

use super::renewal;
use crate::clock::Now;
use crate::error::{Error, ErrorKind};

/// The failures since the last token.
#[derive(Debug, Default)]
pub(super) struct Failures {
    /// The two kinds are counted apart. So a server whose failures alternate is asked no more often than one that
    /// always fails in the worse way.
    transient: u32,
    permanent: u32,
    remembered: Option<Remembered>,
    /// The moment when the allowance for early exchanges is complete again. An early exchange is one that a changed
    /// secret starts within the backoff. Each of them moves this moment a minute later. So does any other exchange
    /// before this moment.
    allowance_full_at: Option<Now>,
}

/// A failure that callers get instead of an exchange.
#[derive(Debug)]
struct Remembered {
    error: Error,
    until: Now,
    /// The source is not asked before this moment whether something has changed. `None` if nothing can change.
    next_check: Option<Now>,
}

impl Failures {
    /// Remembers a failure. Returns the number of failures of its kind since the last token, and how long this one is
    /// remembered.
    ///
    /// `source_can_change` says whether the source can tell that it would send something else by now.
    pub(super) fn remember(
        &mut self,
        error: &Error,
        now: Now,
        source_can_change: bool,
        rng: &mut fastrand::Rng,
    ) -> (u32, Duration) {
        let count = self.count(error.is_transient());
        let backoff = renewal::backoff(error, count, rng);
        // A check is for failures that waiting does not cure. A secret that could not be read may be there a moment
        // later, and a look at it does not reach the server.
        let may_change = source_can_change && (!error.is_transient() || error.kind() == ErrorKind::Secret);
        let next_check = may_change.then(|| self.next_check(now));
        self.remembered = Some(Remembered { error: error.clone(), until: now + backoff, next_check });
        (count, backoff)
    }

    /// Counts an early renewal that brought no usable token. Nothing is remembered, since callers still have a good
    /// token. Returns the pause before the next renewal.
    pub(super) fn postpone(&mut self, error: &Error, rng: &mut fastrand::Rng) -> Duration {
        let count = self.count(error.is_transient());
        renewal::backoff(error, count, rng)
    }

    /// Returns the failure that callers get now. It says how long it is until the next token request.
    pub(super) fn remembered(&self, now: Now) -> Option<Error> {
        let failure = self.remembered.as_ref()?;
        self.remembered_until(now).map(|until| failure.error.clone().with_next_request(now.until(until)))
    }

    /// Returns until when a failure is remembered. `None` if none is.
    pub(super) fn remembered_until(&self, now: Now) -> Option<Now> {
        self.remembered.as_ref().map(|failure| failure.until).filter(|until| !now.reached(*until))
    }

    /// Returns whether a failure is remembered, or was until two minutes ago. A manager that forgot such failures would
    /// ask a failing source more often.
    pub(super) fn are_recent(&self, now: Now) -> bool {
        self.remembered.as_ref().is_some_and(|failure| !now.reached(failure.until + RECENT))
    }

    /// Returns whether the source may be asked now if something has changed since the remembered failure.
    pub(super) fn may_check(&self, now: Now) -> bool {
        self.remembered.as_ref().and_then(|failure| failure.next_check).is_some_and(|next| now.reached(next))
    }

    /// Returns the moment from which a caller may start a check or an exchange again. `None` if no failure is
    /// remembered.
    pub(super) fn quiet_until(&self) -> Option<Now> {
        let failure = self.remembered.as_ref()?;
        let sooner = |next: &Now| next.monotonic() < failure.until.monotonic();
        Some(failure.next_check.filter(sooner).unwrap_or(failure.until))
    }

    /// Notes that an exchange begins, or a check if a failure is still remembered. Returns whether it is a check.
    pub(super) fn begin(&mut self, now: Now) -> bool {
        let is_check = self.remembered_until(now).is_some();
        let next_check = self.next_check(now);
        match &mut self.remembered {
            // Counted from the start, so that a check that is dropped with its runtime counts as well.
            Some(failure) if is_check => failure.next_check = Some(next_check),
            remembered => {
                *remembered = None;
                self.allowance_full_at = self.allowance_full_at(now).map(|full_at| full_at + EARLY_EVERY);
            }
        }
        is_check
    }

    /// Ends a check. Returns the remembered failure if nothing has changed. `None` if the exchange may start.
    pub(super) fn end_check(&mut self, changed: bool, now: Now) -> Option<Error> {
        if let Some(failure) = &self.remembered
            && !now.reached(failure.until)
        {
            if !changed {
                return Some(failure.error.clone());
            }
            self.allowance_full_at = Some(self.allowance_full_at(now).unwrap_or(now) + EARLY_EVERY);
        }
        self.remembered = None;
        None
    }

    /// Adds a failure of a kind. Returns how many there are.
    fn count(&mut self, transient: bool) -> u32 {
        let count = if transient { &mut self.transient } else { &mut self.permanent };
        *count = count.saturating_add(1);
        *count
    }

    /// Returns when the allowance for early exchanges is complete again. `None` if it is complete now.
    fn allowance_full_at(&self, now: Now) -> Option<Now> {
        self.allowance_full_at.filter(|until| !now.reached(*until))
    }

    /// Returns the moment of the next check: in a second, or when the allowance has room for another early exchange.
    fn next_check(&self, now: Now) -> Now {
        let spent = self.allowance_full_at.map_or(Duration::ZERO, |until| now.until(until));
        // Each early exchange takes a minute of the allowance. A check may start another one, so a minute must be free.
        now + spent.saturating_sub(EARLY_EVERY * (MOST_EARLY - 1)).max(CHECK_EVERY)
    }
}

/// So that a changed secret is used within a second.
const CHECK_EVERY: Duration = Duration::from_secs(1);

/// A pool may drop a manager this long after its last backoff. The next manager starts with the shortest backoff. Even
/// so, a source that always fails gets at most 4 requests in each 195 s, and 13 in ten minutes.
const RECENT: Duration = Duration::from_secs(120);

/// The number of early exchanges in a row. A person who corrects a configuration needs few. But a function that signs a
/// new assertion for each call returns another value every time, and must not undo the backoff.
const MOST_EARLY: u32 = 4;

/// The time after which one more early exchange is allowed.
const EARLY_EVERY: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Now {
        Now::new(Duration::from_secs(1_000 + seconds), Duration::from_secs(1_700_000_000 + seconds))
    }

    fn refused() -> Error {
        Error::new(ErrorKind::Refused, "refused")
    }

    fn down() -> Error {
        Error::new(ErrorKind::Transport, "down")
    }

    fn rng() -> fastrand::Rng {
        fastrand::Rng::with_seed(1)
    }

    #[test]
    fn kinds_that_alternate_shorten_no_wait() {
        let (mut failures, mut rng) = (Failures::default(), rng());
        for doubled in [5, 10, 20, 40, 60, 60] {
            let (_, transient) = failures.remember(&down(), at(0), false, &mut rng);
            let (_, permanent) = failures.remember(&refused(), at(0), false, &mut rng);
            assert!(permanent >= Duration::from_secs(doubled), "{permanent:?}");
            assert!(transient <= permanent, "{transient:?}");
        }
    }

    #[test]
    fn a_source_that_cannot_change_is_never_checked() {
        let mut failures = Failures::default();
        failures.remember(&refused(), at(0), false, &mut rng());
        assert!(failures.remembered(at(4)).is_some() && !failures.may_check(at(4)));
        failures.remember(&down(), at(0), true, &mut rng());
        assert!(!failures.may_check(at(60)), "no secret is to blame for trouble");
        assert!(failures.quiet_until().is_some_and(|until| at(1).reached(until)));
    }

    #[test]
    fn a_change_is_looked_for_once_a_second() {
        let mut failures = Failures::default();
        failures.remember(&refused(), at(0), true, &mut rng());
        for second in 0..4 {
            assert!(!failures.may_check(at(second)));
            assert_eq!(failures.quiet_until(), Some(at(second + 1)));
            assert!(failures.may_check(at(second + 1)) && failures.begin(at(second + 1)));
            assert!(!failures.may_check(at(second + 1)), "one check at a time");
            assert!(failures.end_check(false, at(second + 1)).is_some());
        }
        // The backoff has ended, so an exchange begins and not a check.
        assert!(failures.remembered(at(6)).is_none() && !failures.begin(at(6)));
        assert!(failures.quiet_until().is_none());
    }

    #[test]
    fn a_check_that_outlasts_the_backoff_starts_the_exchange() {
        let mut failures = Failures::default();
        failures.remember(&refused(), at(0), true, &mut rng());
        assert!(failures.begin(at(2)));
        assert!(failures.end_check(false, at(30)).is_none());
    }

    #[test]
    fn a_failure_counts_as_recent_until_two_minutes_after_its_backoff() {
        let (mut failures, mut rng) = (Failures::default(), rng());
        assert!(!failures.are_recent(at(0)));
        let (_, backoff) = failures.remember(&refused(), at(0), false, &mut rng);
        assert!(failures.are_recent(at(0)) && failures.are_recent(at(0) + backoff));
        let end = at(0) + backoff + Duration::from_secs(120);
        assert!(failures.are_recent(at(0) + backoff + Duration::from_secs(119)));
        assert!(!failures.are_recent(end));
    }

    #[test]
    fn failures_that_are_forgotten_at_the_worst_moment_cause_few_requests() {
        // A manager is dropped and made again at the first moment when that is possible, after any number of failures.
        for failures_of_each in 1..=6 {
            let (mut now, mut requests) = (Duration::ZERO, 0);
            while now < Duration::from_secs(600) {
                let (mut failures, mut rng) = (Failures::default(), rng());
                for _ in 0..failures_of_each {
                    requests += usize::from(now < Duration::from_secs(600));
                    let (_, backoff) = failures.remember(&refused(), at(0) + now, false, &mut rng);
                    now += backoff;
                }
                now += RECENT;
                assert!(!failures.are_recent(at(0) + now));
            }
            assert!(requests <= 15, "{requests} with {failures_of_each}");
        }
    }

    #[test]
    fn values_that_change_all_the_time_do_not_undo_the_backoff() {
        let (mut failures, mut rng, mut asked) = (Failures::default(), rng(), Vec::new());
        for second in 0..600 {
            let now = at(second);
            if failures.remembered(now).is_none() {
                failures.begin(now);
            } else if !failures.may_check(now) {
                continue;
            } else {
                failures.begin(now);
                assert!(failures.end_check(true, now).is_none());
            }
            asked.push(second);
            failures.remember(&refused(), now, true, &mut rng);
        }
        assert_eq!(asked[..5], [0, 1, 2, 3, 4]);
        assert!(asked.len() <= 15, "{asked:?}");
    }
}
