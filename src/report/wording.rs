//! Numbers as pages show them.

#[cfg(feature = "serve")]
use std::time::Duration;

use crate::eval::Estimate;
pub(super) use crate::number::shown as number;
use crate::number::significant;
use crate::trial::ParamValue;

/// `12.3 %`.
pub(super) fn share(value: f64) -> String {
    format!("{:.1} %", value * 100.0)
}

/// A figure, and its interval.
pub(super) fn estimate(estimate: &Estimate) -> (String, String) {
    (number(estimate.value), format!("{} – {}", number(estimate.low), number(estimate.high)))
}

/// A parameter: four telling digits of a real number, all of any other value.
pub(super) fn param(value: &ParamValue) -> String {
    match value {
        ParamValue::Float(value) => significant(*value),
        other => other.to_string(),
    }
}

/// A time to the second, in UTC.
pub(super) fn utc(time_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(time_ms).map_or_else(
        |_| "an unknown time".to_owned(),
        |time| time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
    )
}

/// A latency to three digits, in the unit that suits it: `87.3 µs`, `1.25 ms`, `203 ms`, `1.20 s`.
#[cfg(feature = "serve")]
pub(crate) fn latency(time: Duration) -> String {
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

/// A number with a comma between thousands.
#[cfg(feature = "serve")]
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_four_telling_digits() {
        assert_eq!([0.98765, 0.0, 1.5e-5, 12.0].map(number), ["0.9877", "0.0000", "1.500e-5", "12.0000"]);
        assert_eq!(param(&ParamValue::Float(0.001_579_2)), "0.001579");
        assert_eq!(param(&ParamValue::Int(64)), "64");
        assert_eq!(share(0.1234), "12.3 %");
    }

    #[test]
    #[cfg(feature = "serve")]
    fn latencies_have_three_telling_digits() {
        let shown = [87.34e-6, 999.4e-6, 999.6e-6, 1.254e-3, 0.2031, 0.9996, 1.2, 12.34];
        assert_eq!(
            shown.map(|seconds| latency(Duration::from_secs_f64(seconds))),
            ["87.3 µs", "999 µs", "1.00 ms", "1.25 ms", "203 ms", "1.00 s", "1.20 s", "12.3 s"]
        );
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }
}
