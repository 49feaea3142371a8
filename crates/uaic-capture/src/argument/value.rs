//! A text as a value.

use uaic_study::trial::ParamValue;

/// Longer values are texts.
const LONGEST_NUMBER: usize = 40;

/// What a reader would take a text for: a whole number, a number, yes or no, else a text.
pub fn read(text: &str) -> ParamValue {
    match text {
        "true" | "True" | "TRUE" => return ParamValue::Bool(true),
        "false" | "False" | "FALSE" => return ParamValue::Bool(false),
        _ => {}
    }
    let is_number = text.len() <= LONGEST_NUMBER
        && text.bytes().any(|byte| byte.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE_".contains(&byte));
    if !is_number {
        return ParamValue::Text(text.to_owned());
    }
    // `007` is a name, not seven.
    let digits = text.trim_start_matches(['+', '-']);
    let is_padded =
        digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit());
    if is_padded {
        return ParamValue::Text(text.to_owned());
    }
    let plain = text.replace('_', "");
    let number = plain.parse().ok().map(ParamValue::Int);
    let number = number.or_else(|| plain.parse().ok().filter(|x: &f64| x.is_finite()).map(ParamValue::Float));
    number.unwrap_or_else(|| ParamValue::Text(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_what_a_reader_takes_them_for() {
        let int = ParamValue::Int;
        let float = ParamValue::Float;
        for (text, value) in [
            ("3", int(3)),
            ("-3", int(-3)),
            ("1_000", int(1000)),
            ("3e-4", float(3e-4)),
            (".5", float(0.5)),
            ("1.", float(1.0)),
            ("99999999999999999999", float(1e20)),
            ("True", ParamValue::Bool(true)),
            ("false", ParamValue::Bool(false)),
        ] {
            assert_eq!(read(text), value, "{text}");
        }
        for text in
            ["", "adam", "nan", "inf", "007", "1.2.3", "2026-11-29", "e", "1e999", "--", "0x10", "1,5"]
        {
            assert_eq!(read(text), ParamValue::Text(text.to_owned()), "{text}");
        }
    }
}
