//! Lengths of time, as people read and write them.

use std::time::Duration;

/// Reads `90s`, `5m`, `1h`, `2d`, or a plain number of seconds.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let factor = match unit {
        "" | "s" => 1,
        "m" => MINUTE,
        "h" => HOUR,
        "d" => DAY,
        _ => return Err("is not a length of time, such as 90s, 5m or 1h".to_owned()),
    };
    let seconds = number.parse::<u64>().ok().and_then(|number| number.checked_mul(factor));
    match seconds {
        Some(seconds) if seconds > 0 => Ok(Duration::from_secs(seconds)),
        _ => Err("is not a length of time, such as 90s, 5m or 1h".to_owned()),
    }
}

/// Reads a length of time of at most a day.
pub(crate) fn parse_up_to_a_day(text: &str) -> Result<Duration, String> {
    let span = parse(text)?;
    if span > Duration::from_secs(DAY) { Err("is longer than a day".to_owned()) } else { Ok(span) }
}

/// Writes the two largest units: `29 d 23 h`, `59 min`, `12 s`.
pub(crate) fn roughly(span: Duration) -> String {
    let seconds = span.as_secs();
    match seconds {
        0..MINUTE => format!("{seconds} s"),
        MINUTE..HOUR => format!("{} min", seconds / MINUTE),
        HOUR..DAY => two(seconds / HOUR, "h", seconds % HOUR / MINUTE, "min"),
        _ => two(seconds / DAY, "d", seconds % DAY / HOUR, "h"),
    }
}

fn two(large: u64, unit: &str, small: u64, small_unit: &str) -> String {
    if small == 0 { format!("{large} {unit}") } else { format!("{large} {unit} {small} {small_unit}") }
}

/// Writes minutes and seconds for a countdown: `4:59`.
pub(crate) fn countdown(span: Duration) -> String {
    // Rounded up, so that a countdown shows 0:01 until its end.
    let seconds = span.as_millis().div_ceil(1000);
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{countdown, parse, parse_up_to_a_day, roughly};

    #[test]
    fn lengths_are_read() {
        for (text, seconds) in [("90s", 90), ("5m", 300), ("1h", 3_600), ("2d", 172_800), ("7", 7)] {
            assert_eq!(parse(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in
            ["", "0s", "m", "5 m", "-1s", "1y", "5mm", "99999999999999999999s", "9999999999999999999d"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_day_is_the_most_there_is() {
        assert_eq!(parse_up_to_a_day("1d"), Ok(Duration::from_secs(86_400)));
        for text in ["86401", "2d", "18446744073709551615", "0s"] {
            assert!(parse_up_to_a_day(text).is_err(), "{text}");
        }
    }

    #[test]
    fn lengths_are_told_in_their_two_largest_units() {
        let told = |seconds| roughly(Duration::from_secs(seconds));
        assert_eq!([told(0), told(59), told(60), told(3_599)], ["0 s", "59 s", "1 min", "59 min"]);
        assert_eq!([told(3_600), told(5_400), told(86_400)], ["1 h", "1 h 30 min", "1 d"]);
        assert_eq!(told(29 * 86_400 + 23 * 3_600 + 3_599), "29 d 23 h");
    }

    #[test]
    fn a_countdown_shows_the_second_that_runs() {
        assert_eq!(countdown(Duration::from_secs(300)), "5:00");
        assert_eq!(countdown(Duration::from_millis(58_001)), "0:59");
        assert_eq!(countdown(Duration::ZERO), "0:00");
    }
}
