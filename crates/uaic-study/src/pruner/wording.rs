//! Numbers and words of verdicts.

use crate::trial::Direction;

/// Two values with four telling digits, or with as many as it takes to see that they differ.
pub(super) fn apart(a: f64, b: f64) -> (String, String) {
    let pair = |digits| (number(a, digits), number(b, digits));
    (4..17).map(pair).find(|(a, b)| a != b).unwrap_or_else(|| pair(17))
}

/// A value with four telling digits.
pub(super) fn short(value: f64) -> String {
    number(value, 4)
}

fn number(value: f64, digits: i32) -> String {
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

/// Where a worse value lies.
pub(super) fn worse_than(direction: Direction) -> &'static str {
    match direction {
        Direction::Maximize => "below",
        Direction::Minimize => "above",
    }
}

/// `0.71 at step 2 is below`; of a value that is no number, `NaN at step 2 is worse than`.
pub(super) fn is_worse(value: &str, step: u64, direction: Direction) -> String {
    let relation = if value == "NaN" { "worse than" } else { worse_than(direction) };
    format!("{value} at step {step} is {relation}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_four_digits_or_as_many_as_differ() {
        let shown =
            [0.71, 1234.56, 0.0, -0.0, 1.0, 1e-9, f64::INFINITY, 123_456.0, -0.083_333_333].map(short);
        assert_eq!(shown, ["0.71", "1235", "0", "0", "1", "1.000e-9", "inf", "123456", "-0.08333"]);
        assert_eq!(apart(0.8, 0.9), ("0.8".to_owned(), "0.9".to_owned()));
        assert_eq!(apart(0.812_341, 0.812_342), ("0.812341".to_owned(), "0.812342".to_owned()));
        let (a, b) = apart(1.0, 1.0 + f64::EPSILON);
        assert_ne!(a, b);
    }
}
