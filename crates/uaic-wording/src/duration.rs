//! Lengths of time as people write and read them.

use std::time::Duration;

/// Units of time, and their seconds.
const UNITS: [(&str, f64); 9] = [
    ("us", 1e-6),
    ("µs", 1e-6),
    ("ms", 1e-3),
    ("s", 1.0),
    ("sec", 1.0),
    ("m", 60.0),
    ("min", 60.0),
    ("h", 3600.0),
    ("d", 86_400.0),
];

/// Why a text is no length of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TimeError {
    /// A number is missing, or is none.
    Number,
    /// There is no such unit.
    Unit(String),
    /// It is longer than any time.
    Long,
}

/// Reads `90`, `90s`, `1.5m`, `500ms`, `1h30m`: numbers with units, which are added up; without one a
/// number counts seconds.
///
/// ```
/// use std::time::Duration;
/// use uaic_wording::duration::read;
///
/// assert_eq!(read("1h30m"), Ok(Duration::from_secs(5400)));
/// assert_eq!(read("250 us"), Ok(Duration::from_micros(250)));
/// assert!(read("soon").is_err());
/// ```
///
/// # Errors
/// It is not written so, or longer than any time.
pub fn read(text: &str) -> Result<Duration, TimeError> {
    let mut seconds = 0.0;
    let mut rest = text.trim();
    loop {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let number: f64 = rest[..digits].parse().map_err(|_| TimeError::Number)?;
        rest = rest[digits..].trim_start();
        let letters = rest.find(|c: char| !c.is_alphabetic()).unwrap_or(rest.len());
        seconds += number
            * match &rest[..letters] {
                "" if rest.is_empty() || rest.starts_with(|c: char| c.is_ascii_digit() || c == '.') => 1.0,
                unit => factor(unit).ok_or_else(|| TimeError::Unit(rest.to_owned()))?,
            };
        rest = rest[letters..].trim_start();
        if rest.is_empty() {
            return Duration::try_from_secs_f64(seconds).map_err(|_| TimeError::Long);
        }
    }
}

fn factor(unit: &str) -> Option<f64> {
    UNITS.iter().find(|(name, _)| *name == unit).map(|(_, seconds)| *seconds)
}

/// As [`read`], where it does not matter why a text is no time. A blank one is none at all: zero.
pub fn parse_time(text: &str) -> Option<Duration> {
    if text.trim().is_empty() { Some(Duration::ZERO) } else { read(text).ok() }
}

/// A time that has passed: `0.42 s`, `12.3 s`, `3 min 05 s`, `2 h 07 min`.
pub fn passed(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    match whole {
        _ if seconds < 9.995 => format!("{:.2} s", seconds.max(0.0)),
        _ if seconds < 59.95 => format!("{seconds:.1} s"),
        0..3600 => format!("{} min {:02} s", whole / 60, whole % 60),
        3600..86_400 => format!("{} h {:02} min", whole / 3600, whole / 60 % 60),
        _ => format!("{} d {:02} h", whole / 86_400, whole / 3600 % 24),
    }
}

/// How long ago something was: `now`, `3 min ago`, `2 days ago`.
pub fn age(then_ms: i64, now_ms: i64) -> String {
    let seconds = (now_ms - then_ms).max(0) / 1000;
    let (count, unit) = match seconds {
        0..5 => return "now".to_owned(),
        5..60 => (seconds, "s"),
        60..3600 => (seconds / 60, "min"),
        3600..86_400 => (seconds / 3600, "h"),
        86_400..172_800 => (1, "day"),
        _ => (seconds / 86_400, "days"),
    };
    format!("{count} {unit} ago")
}

/// A limit as it was probably written: `90 s`, `10 min`, `2.5 h`.
pub fn limit(time: Duration) -> String {
    match time.as_secs_f64() {
        seconds if seconds < 120.0 => format!("{seconds} s"),
        seconds if seconds < 7200.0 => format!("{} min", (seconds / 6.0).round() / 10.0),
        seconds => format!("{} h", (seconds / 360.0).round() / 10.0),
    }
}

/// A latency to three digits, in the unit that suits it: `87.3 µs`, `1.25 ms`, `203 ms`, `1.20 s`.
pub fn latency(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    let (number, unit) = match seconds {
        _ if seconds < 0.999_5e-3 => (seconds * 1e6, "µs"),
        _ if seconds < 0.999_5 => (seconds * 1e3, "ms"),
        _ => (seconds, "s"),
    };
    let digits = match number {
        _ if number < 9.995 => 2,
        _ if number < 99.95 => 1,
        _ => 0,
    };
    format!("{number:.digits$} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_any_unit_and_added_up() {
        let seconds = |text| read(text).map(|time| time.as_secs_f64());
        for (text, expected) in [
            ("90", 90.0),
            ("90s", 90.0),
            (" 1.5 m ", 90.0),
            ("90 sec", 90.0),
            ("1h30m", 5400.0),
            ("1 h 30 min", 5400.0),
            ("2d", 172_800.0),
            ("1m30", 90.0),
            ("500ms", 0.5),
            ("1s500ms", 1.5),
            ("250us", 250e-6),
            ("3µs", 3e-6),
            ("0s", 0.0),
            (".5s", 0.5),
        ] {
            assert_eq!(seconds(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused_and_why() {
        for text in ["", " ", "s", "-1s", "1.2.3s", "1h-", "inf", "NaN"] {
            assert_eq!(read(text), Err(TimeError::Number), "{text}");
        }
        for (text, unit) in
            [("5 days", "days"), ("1e3s", "e3s"), ("1:30", ":30"), ("1h30x", "x"), ("3 M", "M")]
        {
            assert_eq!(read(text), Err(TimeError::Unit(unit.to_owned())), "{text}");
        }
        assert_eq!(read("99999999999999999999d"), Err(TimeError::Long));
        assert_eq!([parse_time(" "), parse_time("x")], [Some(Duration::ZERO), None]);
    }

    #[test]
    fn times_are_short_and_round_up_to_the_next_unit() {
        let shown = [0.0, 0.421, 9.999, 12.34, 59.97, 185.0, 3599.6, 7620.0, 100_000.0].map(passed);
        assert_eq!(
            shown,
            [
                "0.00 s",
                "0.42 s",
                "10.0 s",
                "12.3 s",
                "1 min 00 s",
                "3 min 05 s",
                "1 h 00 min",
                "2 h 07 min",
                "1 d 03 h"
            ]
        );
        let ages = [-5, 0, 7, 200, 7_500, 90_000, 800_000].map(|seconds| age(0, seconds * 1000));
        assert_eq!(ages, ["now", "now", "7 s ago", "3 min ago", "2 h ago", "1 day ago", "9 days ago"]);
    }

    #[test]
    fn limits_are_said_in_the_unit_that_suits() {
        let said = [500, 90_000, 600_000, 5_400_000, 9_000_000].map(|ms| limit(Duration::from_millis(ms)));
        assert_eq!(said, ["0.5 s", "90 s", "10 min", "90 min", "2.5 h"]);
    }

    #[test]
    fn latencies_have_three_telling_digits() {
        let shown = [87.34e-6, 999.4e-6, 999.6e-6, 1.254e-3, 0.2031, 0.9996, 1.2, 12.34];
        assert_eq!(
            shown.map(|seconds| latency(Duration::from_secs_f64(seconds))),
            ["87.3 µs", "999 µs", "1.00 ms", "1.25 ms", "203 ms", "1.00 s", "1.20 s", "12.3 s"]
        );
    }
}
