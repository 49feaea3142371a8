//! Values as Python writes them.

use uaic_study::trial::ParamValue;

use crate::record::SourceParam;

/// The value of a text that `str()` made: `1e-05`, `True`, `3`; what is neither a number nor a boolean
/// stays a text, and so does what Python would not have written as a number (`007`, `+1`).
pub(crate) fn param(text: &str) -> SourceParam {
    let value = match text {
        "True" | "true" => ParamValue::Bool(true),
        "False" | "false" => ParamValue::Bool(false),
        _ => number(text).unwrap_or_else(|| text.into()),
    };
    SourceParam::written(value, text)
}

/// A finite number; `None` of what is none.
fn number(text: &str) -> Option<ParamValue> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if !digits.starts_with(|letter: char| letter.is_ascii_digit()) {
        return None;
    }
    let is_whole = digits.bytes().all(|letter| letter.is_ascii_digit());
    let has_leading_zero = digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0.");
    if is_whole {
        // What does not fit stays a text, so that no digit is lost.
        return text.parse().ok().filter(|_| !has_leading_zero).map(ParamValue::Int);
    }
    let is_plain =
        digits.bytes().all(|letter| matches!(letter, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'));
    let value: f64 =
        text.parse().ok().filter(|_| is_plain && (!has_leading_zero || digits.starts_with("0e")))?;
    value.is_finite().then_some(ParamValue::Float(value))
}

/// A float in any of the ways that Python, C and JSON programs write one: `nan`, `-inf`, `Infinity`.
pub(crate) fn float(text: &str) -> Option<f64> {
    let text = text.trim();
    // Rust reads `nan`, `inf` and `infinity` in any case.
    text.parse().ok()
}

/// A whole number, also as a float writes it: `3`, `3.0`.
pub(crate) fn whole(text: &str) -> Option<i64> {
    let text = text.trim();
    text.parse().ok().or_else(|| float(text).and_then(whole_of))
}

/// The whole number that a float is.
pub(crate) fn whole_of(value: f64) -> Option<i64> {
    // Within ±2⁵³ floats are exact; beyond, a float is no step that anybody counted.
    let fits = value.abs() <= 9_007_199_254_740_992.0 && value.fract() == 0.0;
    fits.then_some(value as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_python_are_typed_and_keep_their_letters() {
        for (text, value) in [
            ("1e-05", ParamValue::Float(1e-5)),
            ("0.1", ParamValue::Float(0.1)),
            ("1e+20", ParamValue::Float(1e20)),
            ("0e0", ParamValue::Float(0.0)),
            ("-3", ParamValue::Int(-3)),
            ("True", ParamValue::Bool(true)),
            ("None", "None".into()),
            ("[1, 2]", "[1, 2]".into()),
            ("007", "007".into()),
            ("+1", "+1".into()),
            ("1_000", "1_000".into()),
            ("nan", "nan".into()),
            ("1e999", "1e999".into()),
            ("18446744073709551615", "18446744073709551615".into()),
            ("", "".into()),
            ("00.5", "00.5".into()),
        ] {
            let param = param(text);
            assert_eq!(param.value, value, "{text}");
            assert_eq!(param.text(), text);
        }
    }

    #[test]
    fn steps_are_whole_however_they_are_written() {
        assert_eq!(
            [whole("3"), whole("3.0"), whole("-1"), whole("0.5"), whole("")],
            [Some(3), Some(3), Some(-1), None, None]
        );
        assert_eq!(whole("9223372036854775807"), Some(i64::MAX));
        assert_eq!(whole("1e300"), None);
    }
}
