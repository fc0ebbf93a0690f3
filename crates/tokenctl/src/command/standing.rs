//! `Standing`: the state of a sign-in, judged by its record.

use std::time::Duration;

use auth_layer::store::{Entry, State};
use auth_layer::{Profile, ReplayRule};
use serde::Serialize;

use crate::span;

/// The state of a sign-in. `status --help` describes the values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Standing {
    SignedIn,
    Renewing,
    SignInAgain,
    NotSignedIn,
    NoSignInNeeded,
    AnotherTokenUrl,
    Unreadable,
    Unknown,
}

/// Judges a sign-in by its record, as an exchange would at `now`. Returns its state, and the reason if there is one.
pub(super) fn judge(entry: &Entry, profile: Option<&Profile>, now: Duration) -> (Standing, Option<String>) {
    let overdue = due(entry, profile).is_some_and(|due| due <= now);
    match &entry.state {
        State::Ended => {
            let code = entry.last_error.as_deref().map_or_else(String::new, |code| format!(" ({code})"));
            (Standing::SignInAgain, Some(format!("the provider ended it{code}")))
        }
        State::NoRefreshToken if entry.hard.is_none_or(|hard| hard <= now) => {
            let reason = "the access token has expired, and the provider issued no refresh token";
            (Standing::SignInAgain, Some(reason.to_owned()))
        }
        _ if overdue => (Standing::SignInAgain, Some("the refresh token has expired unused".to_owned())),
        State::Redeeming { lease, .. } => {
            let lost = profile.and_then(|profile| loss(profile, entry.redeemed, now + *lease));
            marked(*lease, lost)
        }
        _ => (Standing::SignedIn, None),
    }
}

/// Judges a mark by what would be true at the end of its lease, if the process that wrote it has died.
fn marked(lease: Duration, lost: Option<String>) -> (Standing, Option<String>) {
    match (lease.is_zero(), lost) {
        (true, Some(lost)) => (Standing::SignInAgain, Some(lost)),
        (true, None) => {
            (Standing::Renewing, Some("a renewal was cut off; the next one will settle it".to_owned()))
        }
        (false, Some(_)) => {
            let reason = format!(
                "if the process that renews it has died, a person has to sign in again; that is known in {}",
                span::roughly(lease)
            );
            (Standing::Renewing, Some(reason))
        }
        (false, None) => (Standing::Renewing, None),
    }
}

/// Returns when the refresh token expires unless it is used before, if the answer or the profile says.
pub(super) fn due(entry: &Entry, profile: Option<&Profile>) -> Option<Duration> {
    let stated = || {
        let lifetime = profile.and_then(Profile::refresh_token_lifetime)?;
        Some(entry.obtained?.saturating_add(lifetime))
    };
    match entry.state {
        State::NoRefreshToken => None,
        _ => entry.refresh_token_expires.or_else(stated),
    }
}

/// Returns why a sign-in is over whose last renewal was cut off after its request was sent at `sent`. `None` if the
/// next renewal may send the refresh token again.
fn loss(profile: &Profile, sent: Option<Duration>, now: Duration) -> Option<String> {
    let (provider, lost) = (profile.name(), "the answer to its last renewal was lost");
    match profile.replay_rule() {
        ReplayRule::KillsFamily => {
            Some(format!("{lost}, and {provider} revokes a refresh token that is used twice"))
        }
        ReplayRule::Grace(grace) if sent.is_none_or(|sent| sent.saturating_add(grace) <= now) => {
            Some(format!("{lost}, and {provider} accepts a refresh token twice within {grace:?} only"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use auth_layer::store::{Entry, State};
    use auth_layer::{Profile, RefreshToken, ReplayRule};

    use super::{Standing, judge, loss};

    const NOW: Duration = Duration::from_secs(100_000_000);
    const DAY: Duration = Duration::from_secs(86_400);

    fn profile(rule: ReplayRule) -> Profile {
        let profile = Profile::new("example", "https://auth.example.com/token").unwrap();
        profile.with_refresh_token_lifetime(DAY * 30).with_replay_rule(rule)
    }

    fn judged_by(rule: ReplayRule, change: impl FnOnce(&mut Entry)) -> (Standing, Option<String>) {
        let mut entry = Entry::new(RefreshToken::new("refresh-secret"));
        entry.hard = Some(NOW + Duration::from_secs(600));
        entry.obtained = Some(NOW - DAY);
        change(&mut entry);
        judge(&entry, Some(&profile(rule)), NOW)
    }

    fn marked(lease: u64) -> State {
        State::Redeeming { holder: "other".into(), lease: Duration::from_secs(lease) }
    }

    #[test]
    fn a_sign_in_is_judged_by_its_state_and_its_age() {
        let standing = |change: fn(&mut Entry)| judged_by(ReplayRule::Unknown, change).0;
        assert_eq!(standing(|_| {}), Standing::SignedIn);
        // An access token that has expired is renewed when it is needed.
        assert_eq!(standing(|entry| entry.hard = Some(NOW - DAY)), Standing::SignedIn);
        assert_eq!(standing(|entry| entry.state = marked(9)), Standing::Renewing);
        assert_eq!(standing(|entry| entry.state = marked(0)), Standing::Renewing);
        assert_eq!(standing(|entry| entry.state = State::Ended), Standing::SignInAgain);
        assert_eq!(standing(|entry| entry.obtained = Some(NOW - DAY * 30)), Standing::SignInAgain);
        assert_eq!(standing(|entry| entry.obtained = Some(NOW - DAY * 29)), Standing::SignedIn);
    }

    #[test]
    fn a_mark_that_was_left_is_judged_by_the_replay_rule() {
        let left = |rule, lease| judged_by(rule, |entry| entry.state = marked(lease));
        assert_eq!(left(ReplayRule::KillsFamily, 0).0, Standing::SignInAgain);
        assert_eq!(left(ReplayRule::Reusable, 0).0, Standing::Renewing);
        // While the lease runs, the process that wrote the mark may still be alive.
        let (standing, reason) = left(ReplayRule::KillsFamily, 59);
        assert_eq!(standing, Standing::Renewing);
        assert!(reason.unwrap().ends_with("a person has to sign in again; that is known in 59 s"));
        assert_eq!(left(ReplayRule::Reusable, 9), (Standing::Renewing, None));
    }

    #[track_caller]
    fn check(rule: ReplayRule, age: Option<u64>, expected: Option<&str>) {
        let sent = age.map(|age| NOW - Duration::from_secs(age));
        let why = loss(&profile(rule), sent, NOW);
        let expected =
            expected.map(|why| format!("the answer to its last renewal was lost, and example {why}"));
        assert_eq!(why, expected, "{rule:?}");
    }

    #[test]
    fn rf06_a_lost_answer_needs_a_person_where_a_replay_revokes() {
        check(ReplayRule::Reusable, Some(99), None);
        check(ReplayRule::Unknown, Some(99), None);
        check(ReplayRule::KillsFamily, Some(1), Some("revokes a refresh token that is used twice"));
        let grace = ReplayRule::Grace(Duration::from_secs(30));
        let over = Some("accepts a refresh token twice within 30s only");
        check(grace, Some(29), None);
        check(grace, Some(30), over);
        check(grace, None, over);
    }
}
