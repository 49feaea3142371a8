//! Numbers as pages show them.

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
}
