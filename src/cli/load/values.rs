//! Durations, rates and shares as they are typed, and latencies as they are shown.

use std::time::Duration;

pub(super) use crate::report::wording::{grouped, latency};

/// Longest time that can be asked for.
const LONGEST: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// Units of time, and their seconds.
const UNITS: [(&str, f64); 8] = [
    ("us", 1e-6),
    ("µs", 1e-6),
    ("ms", 1e-3),
    ("s", 1.0),
    ("m", 60.0),
    ("min", 60.0),
    ("h", 3600.0),
    ("d", 86_400.0),
];

/// Reads `10s`, `500ms`, `1.5m`.
pub(in crate::cli) fn parse_duration(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = (&text[..end], text[end..].trim());
    let number: f64 = number.parse().map_err(|_| format!("`{text}` is no time; write 10s, 500ms or 2m"))?;
    if unit.is_empty() {
        return Err(format!("`{text}` has no unit; write {text}s or {text}ms"));
    }
    let Some((_, seconds)) = UNITS.iter().find(|(name, _)| *name == unit) else {
        return Err(format!("`{unit}` is no unit of time; there are us, ms, s, m, h and d"));
    };
    let duration = Duration::try_from_secs_f64(number * seconds).ok().filter(|time| *time <= LONGEST);
    duration.ok_or_else(|| format!("`{text}` is longer than 10 years"))
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

/// A rate: whole from 100 a second.
pub(super) fn rate(per_second: f64) -> String {
    match per_second {
        rate if rate < 9.995 => format!("{rate:.2}"),
        rate if rate < 99.95 => format!("{rate:.1}"),
        rate => grouped(rate.round() as u64),
    }
}

/// A share: `0.1 %`, `12 %`.
pub(super) fn percent(share: f64) -> String {
    match share * 100.0 {
        percent if percent == 0.0 || percent >= 9.95 => format!("{percent:.0} %"),
        percent if percent >= 0.095 => format!("{percent:.1} %"),
        percent => format!("{percent:.4} %"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_a_unit() {
        let millis = |text| parse_duration(text).map(|time| time.as_micros() as f64 / 1e3);
        let found = ["10s", "500ms", "2m", "1.5 s", "250us", "3µs", "1h", "0s", "2min"].map(millis);
        let expected = [1e4, 500.0, 1.2e5, 1500.0, 0.25, 0.003, 3.6e6, 0.0, 1.2e5];
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

    #[test]
    fn numbers_have_three_telling_digits() {
        assert_eq!([1.5, 99.94, 41_234.5].map(rate), ["1.50", "99.9", "41,235"]);
        assert_eq!([0.0, 0.001, 0.5, 0.000_01].map(percent), ["0 %", "0.1 %", "50 %", "0.0010 %"]);
    }
}
