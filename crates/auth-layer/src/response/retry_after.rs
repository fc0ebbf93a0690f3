//! Reads `Retry-After` (RFC 9110 section 10.2.3), for token endpoints and for APIs.

use std::time::{Duration, SystemTime};

use http::HeaderMap;
use http::header::{DATE, HeaderName, RETRY_AFTER};

use crate::clock::Now;

/// The wait that a server asks for, counted from the arrival of its response.
///
/// If the retry layer returns a response without waiting, the response's extensions contain this value. The caller may
/// wait, or schedule the call for later.
///
/// ```
/// use auth_layer::response::RetryAfter;
///
/// # let response = http::Response::new(());
/// if let Some(after) = response.extensions().get::<RetryAfter>() {
///     println!("busy; ask again in {:?}", after.wait());
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RetryAfter(Duration);

impl RetryAfter {
    /// Returns the wait; zero if the server named a time in the past.
    pub const fn wait(self) -> Duration {
        self.0
    }

    /// Reads the header of a response that arrived at `now`: seconds, or a date in any of its three forms (RFC 9110
    /// section 5.6.7). A date is compared with the response's own `Date`, so that a difference between the two clocks
    /// does no harm. Without a `Date`, it is compared with our clock. A header that occurs twice, or has another form,
    /// is ignored.
    pub(crate) fn of(headers: &HeaderMap, now: Now) -> Option<Self> {
        let text = only(headers, &RETRY_AFTER)?;
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            // A number that does not fit is a very long wait.
            return Some(Self(Duration::from_secs(text.parse().unwrap_or(u64::MAX))));
        }
        let until = since_epoch(text)?;
        let from = only(headers, &DATE).and_then(since_epoch).unwrap_or_else(|| now.wall());
        Some(Self(until.saturating_sub(from)))
    }
}

/// Returns the value of a header that occurs exactly once.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    if values.next().is_some() {
        return None;
    }
    value.to_str().ok().map(str::trim)
}

fn since_epoch(date: &str) -> Option<Duration> {
    httpdate::parse_http_date(date).ok()?.duration_since(SystemTime::UNIX_EPOCH).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sun, 06 Nov 1994 08:49:37 GMT.
    const EXAMPLE: u64 = 784_111_777;

    /// Reads header lines as of 37 s before the example's date.
    fn read(lines: &[(&'static str, &str)]) -> Option<u64> {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().expect("a header value"));
        }
        let now = Now::new(Duration::ZERO, Duration::from_secs(EXAMPLE - 37));
        RetryAfter::of(&headers, now).map(|after| after.wait().as_secs())
    }

    #[test]
    fn rt01_seconds_are_read() {
        assert_eq!(read(&[("retry-after", "0")]), Some(0));
        assert_eq!(read(&[("retry-after", " 120 ")]), Some(120));
        assert_eq!(read(&[("retry-after", "18446744073709551615")]), Some(u64::MAX));
        assert_eq!(read(&[("retry-after", "99999999999999999999999")]), Some(u64::MAX));
    }

    #[test]
    fn rt01_a_date_is_read_in_all_three_forms() {
        for date in
            ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"]
        {
            assert_eq!(read(&[("retry-after", date)]), Some(37), "{date}");
        }
    }

    #[test]
    fn rt01_a_date_in_the_past_is_a_wait_of_zero() {
        assert_eq!(read(&[("retry-after", "Sun, 06 Nov 1994 08:49:00 GMT")]), Some(0));
        assert_eq!(read(&[("retry-after", "Thu, 01 Jan 1970 00:00:00 GMT")]), Some(0));
    }

    #[test]
    fn rt01_invalid_values_are_ignored() {
        let nonsense =
            ["", " ", "-1", "+1", "1.5", "1e9", "abc", "10 s", "0x10", "٣", "Sun, 06 Nov", "tomorrow"];
        for value in nonsense {
            assert_eq!(read(&[("retry-after", value)]), None, "{value:?}");
        }
        assert_eq!(read(&[("retry-after", "5"), ("retry-after", "5")]), None);
        assert_eq!(read(&[("retry-after", "5, 5")]), None);
        assert_eq!(read(&[]), None);
    }

    #[test]
    fn rt02_a_date_is_compared_with_the_date_of_its_own_response() {
        let asked = ("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT");
        // The server's clock is ten minutes ahead of ours.
        assert_eq!(read(&[asked, ("date", "Sun, 06 Nov 1994 08:49:30 GMT")]), Some(7));
        assert_eq!(read(&[asked, ("date", "Sunday, 06-Nov-94 08:49:31 GMT")]), Some(6));
        assert_eq!(read(&[asked, ("date", "Sun, 06 Nov 1994 08:50:00 GMT")]), Some(0));
        // Seconds need no `Date`, and an invalid `Date` is ignored.
        assert_eq!(read(&[("retry-after", "9"), ("date", "Sun, 06 Nov 1994 08:49:30 GMT")]), Some(9));
        assert_eq!(read(&[asked, ("date", "now")]), Some(37));
    }
}
