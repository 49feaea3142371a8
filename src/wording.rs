//! How recorded values are written for people, on terminals and pages alike.

use serde_json::{Map, Value, json};

use crate::number::significant;
use crate::trial::{ParamValue, Params};

/// A parameter: four telling digits of a real number, all of any other value.
pub(crate) fn param(value: &ParamValue) -> String {
    match value {
        ParamValue::Float(value) => significant(*value),
        other => other.to_string(),
    }
}

/// A size: `512 B`, `1.5 KiB`, `20.0 MiB`.
pub(crate) fn bytes(size: u64) -> String {
    let mut rest = size as f64;
    let mut units = ["KiB", "MiB", "GiB", "TiB"].into_iter();
    let mut unit = "B";
    while rest >= 1024.0
        && let Some(larger) = units.next()
    {
        rest /= 1024.0;
        unit = larger;
    }
    if unit == "B" { format!("{size} B") } else { format!("{rest:.1} {unit}") }
}

/// A float in JSON; strings stand in for what JSON lacks.
pub(crate) fn json_number(value: f64) -> Value {
    if value.is_nan() {
        "NaN".into()
    } else if value.is_infinite() {
        if value > 0.0 { "inf".into() } else { "-inf".into() }
    } else {
        value.into()
    }
}

/// Parameters in JSON.
pub(crate) fn json_params(params: &Params) -> Value {
    let value = |value: &ParamValue| match value {
        ParamValue::Float(value) => json_number(*value),
        other => json!(other),
    };
    params.iter().map(|(name, param)| (name.clone(), value(param))).collect::<Map<_, _>>().into()
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
    fn sizes_have_one_unit() {
        assert_eq!(
            [0, 1023, 1536, 20 << 20, 5 << 40].map(bytes),
            ["0 B", "1023 B", "1.5 KiB", "20.0 MiB", "5.0 TiB"]
        );
    }

    #[test]
    fn every_float_has_a_shape_in_json() {
        assert_eq!(json_number(0.5), json!(0.5));
        assert_eq!([f64::NAN, f64::INFINITY, f64::NEG_INFINITY].map(json_number), ["NaN", "inf", "-inf"]);
    }

    #[test]
    fn times_are_shown_to_the_second() {
        assert_eq!(utc(1_700_000_000_999), "2023-11-14 22:13:20 UTC");
        assert_eq!(utc(i64::MAX), "an unknown time");
    }
}
