//! How recorded values are written for people, on terminals and pages alike.

use crate::number::significant;
use crate::trial::ParamValue;

/// A parameter: four telling digits of a real number, all of any other value.
pub(crate) fn param(value: &ParamValue) -> String {
    match value {
        ParamValue::Float(value) => significant(*value),
        other => other.to_string(),
    }
}

/// A time to the second, in UTC.
pub(crate) fn utc(time_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(time_ms).map_or_else(
        |_| "an unknown time".to_owned(),
        |time| time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn real_parameters_have_four_telling_digits() {
        let floats = [0.0, -0.134_44, 0.001_579_2, 3e-6, 17.0, 9999.96, 12_345.6, f64::NAN, f64::INFINITY];
        assert_eq!(
            floats.map(|value| param(&ParamValue::Float(value))),
            ["0.0", "-0.1344", "0.001579", "3.000e-6", "17.00", "10000", "1.235e4", "NaN", "inf"]
        );
        assert_eq!(param(&ParamValue::Int(123_456)), "123456");
    }

    #[test]
    fn times_are_shown_to_the_second() {
        assert_eq!(utc(1_700_000_000_999), "2023-11-14 22:13:20 UTC");
        assert_eq!(utc(i64::MAX), "an unknown time");
    }
}
