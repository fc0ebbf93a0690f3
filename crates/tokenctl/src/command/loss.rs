//! Why a sign-in is over whose last renewal was cut off.

use std::time::Duration;

use auth_layer::{Profile, ReplayRule};

/// Why a sign-in is over whose last renewal was cut off after `sent`; `None` if the next one may settle it.
pub(super) fn loss(profile: &Profile, sent: Option<Duration>, now: Duration) -> Option<String> {
    let (provider, lost) = (profile.name(), "the answer to its last renewal was lost");
    match profile.replay_rule() {
        ReplayRule::KillsFamily => {
            Some(format!("{lost}, and {provider} revokes a refresh token that is used twice"))
        }
        ReplayRule::Grace(grace) if sent.is_none_or(|sent| sent.saturating_add(grace) <= now) => {
            Some(format!("{lost}, and {provider} accepts a refresh token twice within {grace:?} only"))
        }
        // Whoever renews next sends it again.
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use auth_layer::{Profile, ReplayRule};

    use super::loss;

    const NOW: Duration = Duration::from_secs(100_000_000);

    #[track_caller]
    fn check(rule: ReplayRule, age: Option<u64>, expected: Option<&str>) {
        let profile = Profile::new("example", "https://auth.example.com/token").unwrap();
        let sent = age.map(|age| NOW - Duration::from_secs(age));
        let why = loss(&profile.with_replay_rule(rule), sent, NOW);
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
