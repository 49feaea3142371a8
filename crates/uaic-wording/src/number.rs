//! When numbers differ, and how they are written: short for people, exact for files.

/// What may be left of a difference by rounding alone, as a share of the numbers: a sum of some
/// thousand terms is no more exact.
const ROUNDING: f64 = 1e-12;

/// Whether two numbers differ by more than rounding. NaN differs from all.
pub fn differ(a: f64, b: f64) -> bool {
    let is_rounding = || (a - b).abs() <= ROUNDING * a.abs().max(b.abs());
    let is_same = a.to_bits() == b.to_bits() || (a.is_finite() && b.is_finite() && is_rounding());
    a.is_nan() || b.is_nan() || !is_same
}

/// A number to compare with others: four digits after the point, or after the first digit where
/// that says more. NaN and ±∞ as `NaN`, `inf`, `-inf`.
pub fn shown(value: f64) -> String {
    let size = value.abs();
    if !value.is_finite() || value == 0.0 || (1e-3..1e6).contains(&size) {
        format!("{value:.4}")
    } else {
        format!("{value:.3e}")
    }
}

/// A number with four significant digits, in scientific form where it is large or small.
pub fn significant(value: f64) -> String {
    let size = value.abs();
    if (1e-3..1e4).contains(&size) {
        // Digits before the point: 1 for 1 up to 10, 0 for 0.1 up to 1, -1 for 0.01 up to 0.1.
        let before = size.log10().floor() as i32 + 1;
        format!("{value:.*}", (4 - before).max(0) as usize)
    } else if value.is_finite() && value != 0.0 {
        format!("{value:.3e}")
    } else {
        exact(value)
    }
}

/// A number to its last bit: the shortest text that reads back to it, in scientific form where
/// plain digits would be many.
pub fn exact(value: f64) -> String {
    format!("{value:?}")
}

/// A value in a sentence: with four telling digits, and no more than it has.
pub fn brief(value: f64) -> String {
    in_digits(value, 4)
}

/// Two values in a sentence, with four telling digits, or with as many as it takes to see that they
/// differ.
pub fn apart(a: f64, b: f64) -> (String, String) {
    let pair = |digits| (in_digits(a, digits), in_digits(b, digits));
    (4..17).map(pair).find(|(a, b)| a != b).unwrap_or_else(|| pair(17))
}

fn in_digits(value: f64, digits: i32) -> String {
    let size = value.abs();
    if !value.is_finite() {
        return value.to_string();
    }
    if size == 0.0 {
        return "0".to_owned();
    }
    if !(1e-4..1e7).contains(&size) {
        return format!("{value:.*e}", digits.max(1) as usize - 1);
    }
    let before = size.log10().floor() as i32 + 1;
    let text = format!("{value:.*}", (digits - before).max(0) as usize);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// A number as it is written, with commas between thousands: `-12500.5` as `-12,500.5`.
pub fn grouped(number: impl std::fmt::Display) -> String {
    let text = number.to_string();
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |digits| ("-", digits));
    let mut out = String::with_capacity(text.len() + digits.len() / 3);
    out.push_str(sign);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out + rest
}

/// So many of something, `1 trial`, `2 trials`; the number as it is written.
pub fn counted(number: impl std::fmt::Display, what: &str) -> String {
    let number = number.to_string();
    let plural = if number == "1" { "" } else { "s" };
    format!("{number} {what}{plural}")
}

/// A rate: whole from 100 a second.
pub fn rate(per_second: f64) -> String {
    match per_second {
        rate if rate < 9.995 => format!("{rate:.2}"),
        rate if rate < 99.95 => format!("{rate:.1}"),
        rate => grouped(rate.round() as u64),
    }
}

/// A share with one digit after the point: `12.3 %`.
pub fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// A share that may be small, with as many digits as say something: `0.1 %`, `12 %`.
pub fn percent_of_few(share: f64) -> String {
    match share * 100.0 {
        percent if percent == 0.0 || percent >= 9.95 => format!("{percent:.0} %"),
        percent if percent >= 0.095 => format!("{percent:.1} %"),
        percent => format!("{percent:.4} %"),
    }
}

/// A share in whole percent without their sign: 0 and 100 are none and all, `<1` and `99` nearly so.
pub fn percent_in_cell(share: f64) -> String {
    let percent = share * 100.0;
    match percent {
        _ if percent > 0.0 && percent < 1.0 => "<1".to_owned(),
        _ if percent > 99.0 && percent < 100.0 => "99".to_owned(),
        _ => format!("{percent:.0}"),
    }
}

/// A share as it was written: 0.1 as `10 %`, 0.125 as `12.5 %`, without the noise of binary fractions.
pub fn percent_as_written(share: f64) -> String {
    format!("{} %", (share * 1e6).round() / 1e4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_four_telling_digits() {
        let values = [0.941_23, 0.0, 1e-4, 1e-5, 123_456.0, 1e7, 1e200, f64::NAN, f64::NEG_INFINITY];
        let expected = [
            "0.9412",
            "0.0000",
            "1.000e-4",
            "1.000e-5",
            "123456.0000",
            "1.000e7",
            "1.000e200",
            "NaN",
            "-inf",
        ];
        assert_eq!(values.map(shown), expected);
    }

    #[test]
    fn rounding_is_no_difference() {
        let unequal = [(0.5, 0.5 + 1e-9), (1e-200, 2e-200), (1.7e308, -1.7e308), (f64::INFINITY, 1e308)];
        assert!(unequal.into_iter().all(|(a, b)| differ(a, b) && differ(b, a)));
        let third = 1.0 / 3.0;
        let equal =
            [(third, 1.0 - 2.0 * third), (0.1 + 0.2, 0.3), (0.0, -0.0), (f64::INFINITY, f64::INFINITY)];
        assert!(equal.into_iter().all(|(a, b)| !differ(a, b) && !differ(b, a)));
        assert!(differ(f64::NAN, f64::NAN) && differ(f64::INFINITY, f64::NEG_INFINITY));
    }

    #[test]
    fn four_significant_digits_wherever_the_point_is() {
        let values = [0.0, -0.134_44, 0.001_579_2, 3e-6, 17.0, 9999.96, 12_345.6, f64::NAN, f64::INFINITY];
        let expected = ["0.0", "-0.1344", "0.001579", "3.000e-6", "17.00", "10000", "1.235e4", "NaN", "inf"];
        assert_eq!(values.map(significant), expected);
    }

    #[test]
    fn exact_numbers_read_back_and_are_never_long() {
        for value in [0.1, 1.0, 1e200, -1.7e308, 5e-324, 1e-5, f64::INFINITY] {
            let text = exact(value);
            assert!(text.len() < 25, "{text}");
            assert_eq!(text.parse::<f64>().unwrap().to_bits(), value.to_bits());
        }
        assert_eq!(exact(f64::NAN), "NaN");
    }

    #[test]
    fn numbers_in_sentences_have_four_digits_or_as_many_as_differ() {
        let shown =
            [0.71, 1234.56, 0.0, -0.0, 1.0, 1e-9, f64::INFINITY, 123_456.0, -0.083_333_333].map(brief);
        assert_eq!(shown, ["0.71", "1235", "0", "0", "1", "1.000e-9", "inf", "123456", "-0.08333"]);
        assert_eq!(apart(0.8, 0.9), ("0.8".to_owned(), "0.9".to_owned()));
        assert_eq!(apart(0.812_341, 0.812_342), ("0.812341".to_owned(), "0.812342".to_owned()));
        let (a, b) = apart(1.0, 1.0 + f64::EPSILON);
        assert_ne!(a, b);
    }

    #[test]
    fn thousands_are_told_apart_and_things_counted() {
        let texts = ["0", "999", "1000", "1234567", "-12500.25", "-100"].map(grouped);
        assert_eq!(texts, ["0", "999", "1,000", "1,234,567", "-12,500.25", "-100"]);
        assert_eq!([0, 1, 2].map(|n| counted(n, "trial")), ["0 trials", "1 trial", "2 trials"]);
        assert_eq!([1.5, 99.94, 41_234.5].map(rate), ["1.50", "99.9", "41,235"]);
    }

    #[test]
    fn shares_say_what_matters() {
        assert_eq!([0.0, 0.001, 0.5, 0.000_01].map(percent_of_few), ["0 %", "0.1 %", "50 %", "0.0010 %"]);
        assert_eq!([0.004, 0.01, 0.5, 0.999, 1.0].map(percent_in_cell), ["<1", "1", "50", "99", "100"]);
        assert_eq!([0.1, 0.125, 0.07].map(percent_as_written), ["10 %", "12.5 %", "7 %"]);
        assert_eq!(percent(0.1234), "12.3 %");
    }
}
