//! Reads `Retry-After` (RFC 9110 section 10.2.3): the one reader, for token endpoints and for APIs.

use std::time::{Duration, SystemTime};

use http::HeaderMap;
use http::header::{DATE, HeaderName, RETRY_AFTER};

use crate::clock::Now;

/// How long a server asks to be left alone, counted from when its response came.
///
/// The retry layer puts it into the extensions of a response that it gives back instead of waiting, so that a caller
/// may wait itself, or schedule the call for later.
///
/// ```
/// use auth_layer::RetryAfter;
///
/// # let response = http::Response::new(());
/// if let Some(after) = response.extensions().get::<RetryAfter>() {
///     println!("busy; ask again in {:?}", after.wait());
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RetryAfter(Duration);

impl RetryAfter {
    /// The wait; zero if the moment that the server named is over.
    pub const fn wait(self) -> Duration {
        self.0
    }

    /// Reads it from a response that came `now`: seconds, or a date in any of its three forms (RFC 9110 section
    /// 5.6.7). A date is measured against the response's own `Date`, so that two clocks that differ do no harm; without
    /// one, against ours. What stands there twice, or is neither, is no `Retry-After`.
    pub(crate) fn of(headers: &HeaderMap, now: Now) -> Option<Self> {
        let text = only(headers, &RETRY_AFTER)?;
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            // More digits than fit are a very long wait all the same.
            return Some(Self(Duration::from_secs(text.parse().unwrap_or(u64::MAX))));
        }
        let until = since_epoch(text)?;
        let from = only(headers, &DATE).and_then(since_epoch).unwrap_or_else(|| now.wall());
        Some(Self(until.saturating_sub(from)))
    }
}

/// The value of a header that stands there once.
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
    fn rt01_a_date_that_is_over_is_no_wait() {
        assert_eq!(read(&[("retry-after", "Sun, 06 Nov 1994 08:49:00 GMT")]), Some(0));
        assert_eq!(read(&[("retry-after", "Thu, 01 Jan 1970 00:00:00 GMT")]), Some(0));
    }

    #[test]
    fn rt01_nonsense_is_ignored() {
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
    fn rt02_a_date_is_measured_by_the_date_of_its_own_response() {
        let asked = ("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT");
        // The server's clock is ten minutes ahead of ours.
        assert_eq!(read(&[asked, ("date", "Sun, 06 Nov 1994 08:49:30 GMT")]), Some(7));
        assert_eq!(read(&[asked, ("date", "Sunday, 06-Nov-94 08:49:31 GMT")]), Some(6));
        assert_eq!(read(&[asked, ("date", "Sun, 06 Nov 1994 08:50:00 GMT")]), Some(0));
        // Seconds need no date, and a date that cannot be read is none.
        assert_eq!(read(&[("retry-after", "9"), ("date", "Sun, 06 Nov 1994 08:49:30 GMT")]), Some(9));
        assert_eq!(read(&[asked, ("date", "now")]), Some(37));
    }
}
