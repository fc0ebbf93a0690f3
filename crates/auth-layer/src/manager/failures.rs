//! The failures since the last token, and how long the last one answers for the source. Pure: no I/O, no locks.

use std::time::Duration;

use super::renewal;
use crate::clock::Now;
use crate::error::{Error, ErrorKind};

/// The failures since the last token.
#[derive(Debug, Default)]
pub(super) struct Failures {
    /// Each kind has its own count. A server that gives both in turn is then asked no more often than one that gives
    /// the worse of them.
    transient: u32,
    permanent: u32,
    remembered: Option<Remembered>,
    /// Each exchange that a changed secret starts within the backoff moves this point a minute on, and so does any other
    /// exchange until it has come.
    early_spent_until: Option<Now>,
}

/// A failure that callers get in place of an exchange.
#[derive(Debug)]
struct Remembered {
    error: Error,
    until: Now,
    /// When the source may next be asked whether something has changed; `None` if nothing can.
    next_check: Option<Now>,
}

impl Failures {
    /// Remembers a failure. Returns how many of its kind there were since the last token, and how long it is remembered.
    ///
    /// `source_can_change` says whether the source is to be asked meanwhile if something has changed.
    pub(super) fn remember(
        &mut self,
        error: &Error,
        now: Now,
        source_can_change: bool,
        chance: &mut fastrand::Rng,
    ) -> (u32, Duration) {
        let count = self.count(error.is_transient());
        let backoff = renewal::backoff(error, count, chance);
        // A secret that could not be read may be there a moment later, and looking costs the server nothing.
        let may_change = source_can_change && (!error.is_transient() || error.kind() == ErrorKind::Secret);
        let next_check = may_change.then(|| self.next_check(now));
        self.remembered = Some(Remembered { error: error.clone(), until: now + backoff, next_check });
        (count, backoff)
    }

    /// Counts an early renewal that brought nothing. Callers have a good token, so that there is nothing to remember for
    /// them. Returns how long to leave the source alone.
    pub(super) fn postpone(&mut self, error: &Error, chance: &mut fastrand::Rng) -> Duration {
        let count = self.count(error.is_transient());
        renewal::backoff(error, count, chance)
    }

    /// The failure that callers get at this moment. It says how long the next token request is off.
    pub(super) fn remembered(&self, now: Now) -> Option<Error> {
        let failure = self.remembered.as_ref()?;
        self.remembered_until(now).map(|until| failure.error.clone().with_next_request(now.until(until)))
    }

    /// Until when a failure is remembered, if one is.
    pub(super) fn remembered_until(&self, now: Now) -> Option<Now> {
        self.remembered.as_ref().map(|failure| failure.until).filter(|until| !now.reached(*until))
    }

    /// Whether a failure is remembered, or was until two minutes ago. If these failures were forgotten, a source that always
    /// fails would be asked more often.
    pub(super) fn have_come_lately(&self, now: Now) -> bool {
        self.remembered.as_ref().is_some_and(|failure| !now.reached(failure.until + LATELY))
    }

    /// Whether the source may be asked now if something has changed since the remembered failure.
    pub(super) fn may_check(&self, now: Now) -> bool {
        self.remembered.as_ref().and_then(|failure| failure.next_check).is_some_and(|next| now.reached(next))
    }

    /// From when on a caller's need may have a consequence again.
    pub(super) fn quiet_until(&self) -> Option<Now> {
        let failure = self.remembered.as_ref()?;
        let sooner = |next: &Now| next.monotonic() < failure.until.monotonic();
        Some(failure.next_check.filter(sooner).unwrap_or(failure.until))
    }

    /// Notes that an exchange begins, or a check if a failure is still remembered. Returns which of them: `true` is a
    /// check.
    pub(super) fn begin(&mut self, now: Now) -> bool {
        let is_check = self.remembered_until(now).is_some();
        let next_check = self.next_check(now);
        match &mut self.remembered {
            // From start to start, so that a check that is dropped with its runtime counts as well.
            Some(failure) if is_check => failure.next_check = Some(next_check),
            remembered => {
                *remembered = None;
                self.early_spent_until = self.early_spent(now).map(|spent| spent + EARLY_EVERY);
            }
        }
        is_check
    }

    /// Ends a check. Returns the remembered failure if it stands; `None` starts the exchange.
    pub(super) fn end_check(&mut self, changed: bool, now: Now) -> Option<Error> {
        if let Some(failure) = &self.remembered
            && !now.reached(failure.until)
        {
            if !changed {
                return Some(failure.error.clone());
            }
            self.early_spent_until = Some(self.early_spent(now).unwrap_or(now) + EARLY_EVERY);
        }
        self.remembered = None;
        None
    }

    fn count(&mut self, transient: bool) -> u32 {
        let count = if transient { &mut self.transient } else { &mut self.permanent };
        *count = count.saturating_add(1);
        *count
    }

    fn early_spent(&self, now: Now) -> Option<Now> {
        self.early_spent_until.filter(|until| !now.reached(*until))
    }

    /// A second from now, or as late as another early exchange is allowed.
    fn next_check(&self, now: Now) -> Now {
        let spent = self.early_spent_until.map_or(Duration::ZERO, |until| now.until(until));
        now + spent.saturating_sub(EARLY_EVERY * (MOST_EARLY - 1)).max(CHECK_EVERY)
    }
}

/// A changed secret is to be used within a second.
const CHECK_EVERY: Duration = Duration::from_secs(1);

/// However soon after this the failures are forgotten and the backoff begins again at its shortest, ten minutes see 13
/// requests at most: 4 in each 195 s is the most that a source can be asked so.
const LATELY: Duration = Duration::from_secs(120);

/// So many exchanges in a row may be started by a change within the backoff, and one more each minute. A person who
/// mends a configuration needs few. A function that signs a new assertion for each call returns another value every
/// time, and that must not undo the backoff.
const MOST_EARLY: u32 = 4;
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

    fn chance() -> fastrand::Rng {
        fastrand::Rng::with_seed(1)
    }

    #[test]
    fn kinds_that_alternate_shorten_no_wait() {
        let (mut failures, mut chance) = (Failures::default(), chance());
        for doubled in [5, 10, 20, 40, 60, 60] {
            let (_, transient) = failures.remember(&down(), at(0), false, &mut chance);
            let (_, permanent) = failures.remember(&refused(), at(0), false, &mut chance);
            assert!(permanent >= Duration::from_secs(doubled), "{permanent:?}");
            assert!(transient <= permanent, "{transient:?}");
        }
    }

    #[test]
    fn a_source_that_cannot_change_is_never_checked() {
        let mut failures = Failures::default();
        failures.remember(&refused(), at(0), false, &mut chance());
        assert!(failures.remembered(at(4)).is_some() && !failures.may_check(at(4)));
        failures.remember(&down(), at(0), true, &mut chance());
        assert!(!failures.may_check(at(60)), "no secret is to blame for trouble");
        assert!(failures.quiet_until().is_some_and(|until| at(1).reached(until)));
    }

    #[test]
    fn a_change_is_looked_for_once_a_second() {
        let mut failures = Failures::default();
        failures.remember(&refused(), at(0), true, &mut chance());
        for second in 0..4 {
            assert!(!failures.may_check(at(second)));
            assert_eq!(failures.quiet_until(), Some(at(second + 1)));
            assert!(failures.may_check(at(second + 1)) && failures.begin(at(second + 1)));
            assert!(!failures.may_check(at(second + 1)), "one check at a time");
            assert!(failures.end_check(false, at(second + 1)).is_some());
        }
        // The backoff is over, and what is begun now is an exchange.
        assert!(failures.remembered(at(6)).is_none() && !failures.begin(at(6)));
        assert!(failures.quiet_until().is_none());
    }

    #[test]
    fn a_check_that_outlasts_the_backoff_starts_the_exchange() {
        let mut failures = Failures::default();
        failures.remember(&refused(), at(0), true, &mut chance());
        assert!(failures.begin(at(2)));
        assert!(failures.end_check(false, at(30)).is_none());
    }

    #[test]
    fn a_failure_counts_as_recent_until_two_minutes_after_its_backoff() {
        let (mut failures, mut chance) = (Failures::default(), chance());
        assert!(!failures.have_come_lately(at(0)));
        let (_, backoff) = failures.remember(&refused(), at(0), false, &mut chance);
        assert!(failures.have_come_lately(at(0)) && failures.have_come_lately(at(0) + backoff));
        let end = at(0) + backoff + Duration::from_secs(120);
        assert!(failures.have_come_lately(at(0) + backoff + Duration::from_secs(119)));
        assert!(!failures.have_come_lately(end));
    }

    #[test]
    fn failures_that_are_forgotten_at_the_worst_moment_cause_few_requests() {
        // A manager is made again as soon as it may go, or after any number of failures.
        for failures_of_each in 1..=6 {
            let (mut now, mut requests) = (Duration::ZERO, 0);
            while now < Duration::from_secs(600) {
                let (mut failures, mut chance) = (Failures::default(), chance());
                for _ in 0..failures_of_each {
                    requests += usize::from(now < Duration::from_secs(600));
                    let (_, backoff) = failures.remember(&refused(), at(0) + now, false, &mut chance);
                    now += backoff;
                }
                now += LATELY;
                assert!(!failures.have_come_lately(at(0) + now));
            }
            assert!(requests <= 15, "{requests} with {failures_of_each}");
        }
    }

    #[test]
    fn values_that_change_all_the_time_do_not_undo_the_backoff() {
        let (mut failures, mut chance, mut asked) = (Failures::default(), chance(), Vec::new());
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
            failures.remember(&refused(), now, true, &mut chance);
        }
        assert_eq!(asked[..5], [0, 1, 2, 3, 4]);
        assert!(asked.len() <= 15, "{asked:?}");
    }
}
