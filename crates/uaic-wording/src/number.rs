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
}
