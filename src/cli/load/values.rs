//! Durations, rates and shares as they are typed, and how they are shown.

use std::time::Duration;

pub(super) use uaic_wording::duration::latency;
use uaic_wording::duration::{TimeError, read};
pub(super) use uaic_wording::number::{grouped, percent_of_few as percent, rate};

/// Longest time that can be asked for.
const LONGEST: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// Reads `10s`, `500ms`, `1.5m`, `1h30m`. A number needs its unit here, where milliseconds are as likely.
pub(in crate::cli) fn parse_duration(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    match read(text) {
        Err(TimeError::Number) => Err(format!("`{text}` is no time; write 10s, 500ms or 2m")),
        Err(TimeError::Unit(unit)) => {
            Err(format!("`{unit}` is no unit of time; there are us, ms, s, m, h and d"))
        }
        _ if text.ends_with(|c: char| c.is_ascii_digit() || c == '.') => {
            Err(format!("`{text}` has no unit; write {text}s or {text}ms"))
        }
        Ok(time) if time <= LONGEST => Ok(time),
        _ => Err(format!("`{text}` is longer than 10 years")),
    }
}

/// As [`parse_duration`], but not 0.
pub(in crate::cli) fn parse_some_duration(text: &str) -> Result<Duration, String> {
    match parse_duration(text)? {
        Duration::ZERO => Err("it has to be longer than nothing".to_owned()),
        duration => Ok(duration),
    }
}

/// Reads a number of requests a second.
pub(super) fn parse_rate(text: &str) -> Result<f64, String> {
    let number = text.trim().strip_suffix("/s").unwrap_or(text).trim();
    let rate = number.parse().ok().filter(|rate| (1e-3..=1e7).contains(rate));
    rate.ok_or_else(|| {
        format!("`{text}` is no rate; write requests a second, from 0.001 to 10000000, such as 1000")
    })
}

/// Reads `0.1%` or `0.001`.
pub(super) fn parse_share(text: &str) -> Result<f64, String> {
    let (number, whole) = match text.trim().strip_suffix('%') {
        Some(number) => (number.trim(), 100.0),
        None => (text.trim(), 1.0),
    };
    let share = number.parse::<f64>().ok().map(|number| number / whole);
    let share = share.filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| format!("`{text}` is no share; write 0.1% or 0.001"))
}

/// Milliseconds, to the nanosecond.
pub(super) fn milliseconds(time: Duration) -> f64 {
    time.as_nanos() as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_a_unit() {
        let millis = |text| parse_duration(text).map(|time| time.as_micros() as f64 / 1e3);
        let found = ["10s", "500ms", "2m", "1.5 s", "250us", "3µs", "1h", "0s", "2min", "1m30s"].map(millis);
        let expected = [1e4, 500.0, 1.2e5, 1500.0, 0.25, 0.003, 3.6e6, 0.0, 1.2e5, 9e4];
        assert_eq!(found, expected.map(Ok));
    }

    #[test]
    fn what_is_no_time_is_told_with_what_to_write() {
        for (text, told) in [
            ("10", "10s or 10ms"),
            ("", "10s, 500ms or 2m"),
            ("s", "10s, 500ms or 2m"),
            ("-1s", "10s, 500ms or 2m"),
            ("1.2.3s", "10s, 500ms or 2m"),
            ("5 days", "us, ms, s, m, h and d"),
            ("1e3s", "us, ms, s, m, h and d"),
            ("99999h", "10 years"),
        ] {
            let error = parse_duration(text).unwrap_err();
            assert!(error.contains(told), "{text}: {error}");
        }
        assert!(parse_some_duration("0ms").is_err());
    }

    #[test]
    fn rates_and_shares_are_bounded() {
        assert_eq!(parse_rate("1000/s"), Ok(1000.0));
        assert_eq!(parse_share("0.1%"), Ok(0.001));
        assert_eq!(parse_share("0.25"), Ok(0.25));
        for text in ["0", "-1", "inf", "NaN", "1e9", "fast"] {
            assert!(parse_rate(text).is_err(), "{text}");
        }
        for text in ["101%", "-1%", "NaN", "5", "%"] {
            assert!(parse_share(text).is_err(), "{text}");
        }
    }
}
