//! Reads the rate limit headers of a response. No I/O, no locks.

use std::time::Duration;

use http::{HeaderMap, HeaderName, StatusCode};

use crate::clock::Now;
use crate::response::RetryAfter;

/// Returns how long the provider asks for no further calls, if the head of a response received at `now` says so.
pub(super) fn pause(
    status: StatusCode,
    headers: &HeaderMap,
    own: &[(HeaderName, HeaderName)],
    now: Now,
) -> Option<Duration> {
    // `Retry-After` of a 503 is not about a rate limit. The retry layer handles it.
    if status == StatusCode::TOO_MANY_REQUESTS
        && let Some(asked) = RetryAfter::of(headers, now)
    {
        return Some(asked.wait());
    }
    let names = own.iter().chain(&DRAFT);
    let (_, reset) = names.into_iter().find(|(remaining, _)| number(headers, remaining) == Some(0))?;
    let reset = Duration::from_secs(number(headers, reset)?);
    Some(if reset >= FIRST_MOMENT { reset.saturating_sub(now.wall()) } else { reset })
}

fn number(headers: &HeaderMap, name: &HeaderName) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

/// The headers for the number of remaining calls and for the time of the reset, in
/// draft-ietf-httpapi-ratelimit-headers-06.
static DRAFT: [(HeaderName, HeaderName); 1] =
    [(HeaderName::from_static("ratelimit-remaining"), HeaderName::from_static("ratelimit-reset"))];

/// A reset from this value on is a Unix time in seconds, as some APIs send it. A smaller one is a wait in seconds, as
/// in the draft. 1,000,000,000 is in 2001 as a Unix time, and 31 years as a wait, so the two cannot be confused.
const FIRST_MOMENT: Duration = Duration::from_secs(1_000_000_000);

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_767_225_600;

    /// The headers of an API that has names of its own.
    fn own() -> [(HeaderName, HeaderName); 1] {
        [(HeaderName::from_static("x-ratelimit-remaining"), HeaderName::from_static("x-ratelimit-reset"))]
    }

    #[track_caller]
    fn paused(status: u16, headers: &[(&'static str, &str)], seconds: Option<u64>) {
        let map =
            headers.iter().map(|(name, value)| ((*name).parse().unwrap(), value.parse().unwrap())).collect();
        let status = StatusCode::from_u16(status).unwrap();
        assert_eq!(
            pause(status, &map, &own(), Now::new(Duration::ZERO, Duration::from_secs(NOW))),
            seconds.map(Duration::from_secs),
            "{headers:?}"
        );
    }

    #[test]
    fn retry_after_is_read_only_from_a_429() {
        paused(429, &[("retry-after", "15")], Some(15));
        paused(503, &[("retry-after", "15")], None);
        paused(429, &[], None);
        paused(429, &[("retry-after", "soon")], None);
    }

    #[test]
    fn no_remaining_calls_is_a_pause_until_the_reset() {
        let in_20 = (NOW + 20).to_string();
        paused(200, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", &in_20)], Some(20));
        paused(429, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", &in_20)], Some(20));
        paused(200, &[("x-ratelimit-remaining", "1"), ("x-ratelimit-reset", &in_20)], None);
        paused(200, &[("x-ratelimit-remaining", "0")], None);
        paused(200, &[("x-ratelimit-remaining", "none"), ("x-ratelimit-reset", &in_20)], None);
        // The reset is in the past.
        paused(
            200,
            &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", &(NOW - 5).to_string())],
            Some(0),
        );
    }

    #[test]
    fn the_reset_of_the_draft_is_in_seconds_from_now() {
        paused(200, &[("ratelimit-remaining", "0"), ("ratelimit-reset", "7")], Some(7));
        paused(200, &[("ratelimit-remaining", "3"), ("ratelimit-reset", "7")], None);
    }

    #[test]
    fn retry_after_of_a_429_has_precedence_over_the_reset() {
        let reset = (NOW + 20).to_string();
        let all = [("retry-after", "3"), ("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", &reset)];
        paused(429, &all, Some(3));
    }
}
