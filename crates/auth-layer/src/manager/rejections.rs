//! Limits how often rejected tokens are renewed. Pure: no I/O, no locks.

use std::collections::VecDeque;
use std::time::Duration;

use super::renewal;
use crate::clock::Now;
use crate::token::Generation;

/// The renewals that rejected tokens have caused, and the answers to the requests that were sent again.
///
/// - A token that an API has accepted before is renewed at once when it is rejected. It was probably revoked.
/// - A token that no API has accepted is renewed at once only the first time. The next token may be as bad.
/// - After a resend that was rejected, no token is renewed at once, since another token did not help.
///
/// In the last two cases a pause follows each renewal. It starts at half the token's lifetime, doubles, and is 30 s at
/// most.
///
/// There are at most [`PER_MINUTE`] such renewals in a minute, or [`PER_LIFETIME`] in a token's lifetime if that is
/// more. Tokens that live for seconds are renewed that often even without rejections. Some servers cut their lifetime
/// to whole seconds, and so reject them early.
#[derive(Debug, Default)]
pub(super) struct Rejections {
    /// The start times of the renewals in the last minute, oldest first.
    renewals: VecDeque<Now>,
    /// The end of the pause after the last renewal.
    pause_until: Option<Now>,
    /// The renewals since the last resend that was accepted.
    without_success: u32,
    /// The generation that the last renewal brought, and the answer to its resend.
    last: Option<(Generation, Resend)>,
}

/// The latest answer to a request that was sent again with a renewed token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Resend {
    /// No request was sent again, for example because its body was a stream.
    None,
    /// A request is being sent again. If its caller gives up, this value stays, and renewals keep the pause.
    Pending,
    Accepted,
    Rejected,
}

impl Rejections {
    /// Returns whether a rejected token may be renewed now. `was_accepted` says whether an API has accepted it before.
    pub(super) fn may_renew(&mut self, now: Now, lifetime: Duration, was_accepted: bool) -> bool {
        self.forget_old(now);
        let another_token_may_help =
            self.last.is_none_or(|(_, resend)| matches!(resend, Resend::None | Resend::Accepted));
        let has_paused = self.pause_until.is_none_or(|end| now.reached(end));
        self.renewals.len() < most_in_a_minute(lifetime)
            && (was_accepted && another_token_may_help || has_paused)
    }

    /// Returns whether there was a renewal within the last minute.
    pub(super) fn are_recent(&mut self, now: Now) -> bool {
        self.forget_old(now);
        !self.renewals.is_empty()
    }

    fn forget_old(&mut self, now: Now) {
        while self.renewals.front().is_some_and(|renewal| now.reached(*renewal + MINUTE)) {
            self.renewals.pop_front();
        }
    }

    /// Notes that a rejection has started a renewal.
    pub(super) fn started(&mut self, now: Now) {
        self.renewals.push_back(now);
    }

    /// Notes that a renewal after a rejection brought a token.
    pub(super) fn renewed(
        &mut self,
        now: Now,
        generation: Generation,
        lifetime: Duration,
        rng: &mut fastrand::Rng,
    ) {
        self.pause_until = Some(now + renewal::rejection_pause(lifetime, self.without_success, rng));
        self.without_success = self.without_success.saturating_add(1);
        self.last = Some((generation, Resend::None));
    }

    /// Notes that a request is about to be sent again with the token of `generation`.
    pub(super) fn resending(&mut self, generation: Generation) {
        if let Some((last, resend @ Resend::None)) = &mut self.last
            && *last == generation
        {
            *resend = Resend::Pending;
        }
    }

    /// Notes how the API answered a request that was sent again with the token of `generation`.
    pub(super) fn resent(&mut self, generation: Generation, was_accepted: bool) {
        let (last, resend) = self.last.get_or_insert((generation, Resend::None));
        if *last > generation {
            // The manager has a newer token by now. This response says nothing about that one.
            return;
        }
        *last = generation;
        *resend = if was_accepted { Resend::Accepted } else { Resend::Rejected };
        if was_accepted {
            self.without_success = 0;
            self.pause_until = None;
        }
    }

    /// Forgets the pause, so that the next rejection starts a renewal. The limit for each minute stays.
    pub(super) fn forget(&mut self) {
        *self = Self { renewals: std::mem::take(&mut self.renewals), ..Self::default() };
    }
}

/// Returns how many renewals rejections may cause in a minute, for tokens with this lifetime.
fn most_in_a_minute(lifetime: Duration) -> usize {
    let lifetimes = MINUTE.as_millis() / lifetime.as_millis().max(SHORTEST.as_millis());
    usize::try_from(lifetimes).map_or(PER_MINUTE, |lifetimes| PER_MINUTE.max(lifetimes * PER_LIFETIME))
}

const MINUTE: Duration = Duration::from_secs(60);

/// A provider that revokes tokens more often has a fault that renewals would only hide.
const PER_MINUTE: usize = 4;

/// An API may accept a token of 3 s for 1 s only, because it cuts times to whole seconds. That takes three renewals.
const PER_LIFETIME: usize = 3;

/// A shorter lifetime counts as this one. So there are at most 180 renewals in a minute.
const SHORTEST: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn at(seconds: f64) -> Now {
        let passed = Duration::from_secs_f64(seconds);
        Now::new(Duration::from_secs(1_000) + passed, Duration::from_secs(1_700_000_000) + passed)
    }

    fn rng() -> fastrand::Rng {
        fastrand::Rng::with_seed(7)
    }

    /// Returns the times of the renewals in ten minutes, while a token is rejected every tenth of a second.
    fn renewals(lifetime: Duration, was_accepted: bool, resend: Option<bool>) -> Vec<f64> {
        let (mut rejections, mut rng, mut times) = (Rejections::default(), rng(), Vec::new());
        for tick in 0..6_000_u32 {
            let now = at(f64::from(tick) / 10.0);
            if rejections.may_renew(now, lifetime, was_accepted) {
                let generation = Generation(times.len() as u64 + 2);
                rejections.started(now);
                rejections.renewed(now, generation, lifetime, &mut rng);
                rejections.resending(generation);
                if let Some(was_accepted) = resend {
                    rejections.resent(generation, was_accepted);
                }
                times.push(f64::from(tick) / 10.0);
            }
        }
        times
    }

    #[test]
    fn accepted_tokens_are_renewed_at_once_four_times_a_minute() {
        let times = renewals(HOUR, true, Some(true));
        assert_eq!(times.len(), 40, "{times:?}");
        assert!(times[3] < 1.0 && times[4] >= 60.0, "{times:?}");
    }

    #[test]
    fn b36_a_rejected_resend_starts_the_pause_for_everyone() {
        for was_accepted in [true, false] {
            for resend in [Some(false), None] {
                let times = renewals(HOUR, was_accepted, resend);
                assert!((17..=20).contains(&times.len()), "{times:?}");
                assert!(times.windows(2).all(|pair| pair[1] - pair[0] >= 30.0), "{times:?}");
            }
        }
    }

    #[test]
    fn an_accepted_resend_ends_the_pause() {
        let (mut rejections, mut rng) = (Rejections::default(), rng());
        rejections.renewed(at(0.0), Generation(2), HOUR, &mut rng);
        rejections.resent(Generation(2), false);
        assert!(!rejections.may_renew(at(1.0), HOUR, true));
        rejections.resent(Generation(1), true);
        assert!(!rejections.may_renew(at(1.0), HOUR, true), "an older token's response says nothing");
        rejections.resent(Generation(2), true);
        assert!(rejections.may_renew(at(1.0), HOUR, true));
    }

    #[test]
    fn ch16_the_pause_starts_at_half_the_lifetime_and_doubles() {
        let lifetime = Duration::from_secs(3);
        let times = renewals(lifetime, false, Some(false));
        let pauses: Vec<f64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(pauses[0] <= 1.9, "half the lifetime and a fifth at random: {pauses:?}");
        for pair in pauses[..4].windows(2) {
            assert!((1.5..=2.6).contains(&(pair[1] / pair[0])), "{pauses:?}");
        }
        assert!(pauses[5..].iter().all(|pause| (30.0..=36.2).contains(pause)), "{pauses:?}");
    }

    #[test]
    fn accepted_tokens_are_renewed_at_once_if_nothing_is_sent_again() {
        let (mut rejections, mut rng) = (Rejections::default(), rng());
        rejections.renewed(at(0.0), Generation(2), HOUR, &mut rng);
        assert!(rejections.may_renew(at(1.0), HOUR, true) && !rejections.may_renew(at(1.0), HOUR, false));
        rejections.resending(Generation(2));
        assert!(!rejections.may_renew(at(1.0), HOUR, true), "the response has not come yet");
    }

    #[test]
    fn short_lives_may_be_renewed_three_times_each() {
        assert_eq!(most_in_a_minute(Duration::ZERO), 180);
        assert_eq!(most_in_a_minute(Duration::from_secs(3)), 60);
        assert_eq!(most_in_a_minute(Duration::from_secs(45)), 4);
        assert_eq!(most_in_a_minute(Duration::MAX), 4);
    }

    #[test]
    fn forgetting_ends_the_pause_and_keeps_the_limit() {
        let (mut rejections, mut rng) = (Rejections::default(), rng());
        for second in 0..4 {
            rejections.forget();
            assert!(rejections.may_renew(at(f64::from(second)), HOUR, false));
            rejections.started(at(f64::from(second)));
            rejections.renewed(at(f64::from(second)), Generation(2), HOUR, &mut rng);
        }
        rejections.forget();
        assert!(!rejections.may_renew(at(5.0), HOUR, true));
    }
}
