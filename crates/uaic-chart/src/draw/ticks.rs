//! From values to positions on an axis, and which values are written beside it.

use uaic_wording::number::grouped;

use crate::figure::Scale;

/// A value that is written beside an axis.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tick {
    pub(super) value: f64,
    pub(super) label: String,
}

/// The values worth writing, at most about `most` of them.
pub(super) fn ticks(scale: &Scale, most: usize) -> Vec<Tick> {
    let most = most.max(2);
    match scale {
        Scale::Linear { low, high } => linear(*low, *high, most, None),
        Scale::Count { low, high } => linear(*low, *high, most, Some(1.0)),
        Scale::Log { low, high } => logarithmic(*low, *high, most),
        Scale::Categories(names) | Scale::Levels(names) => {
            let every = names.len().div_ceil(most.max(1)).max(1);
            let kept = names.iter().enumerate().step_by(every);
            kept.map(|(place, name)| Tick { value: place as f64, label: name.clone() }).collect()
        }
    }
}

/// Multiples of 1, 2, 2.5 or 5 times a power of ten.
fn linear(low: f64, high: f64, most: usize, smallest: Option<f64>) -> Vec<Tick> {
    // Not the difference divided, which may be too large for a number.
    let step = nice_step(high / most as f64 - low / most as f64, smallest);
    let first = (low / step - 1e-9).ceil();
    let count = ((high / step + 1e-9).floor() - first).max(0.0) as usize + 1;
    let values = (0..count.min(1000)).map(|place| {
        let value = (first + place as f64) * step;
        // No `-0`, and no 0.30000000000000004.
        if value.abs() < step * 1e-6 { 0.0 } else { value }
    });
    let size = low.abs().max(high.abs());
    values.map(|value| Tick { value, label: number(value, step, size) }).collect()
}

fn nice_step(least: f64, smallest: Option<f64>) -> f64 {
    let power = 10_f64.powf(least.log10().floor());
    let choices = if smallest.is_some() { [1.0, 2.0, 5.0, 10.0] } else { [1.0, 2.0, 2.5, 5.0] };
    let step = choices.into_iter().map(|factor| factor * power).find(|step| *step >= least * 0.999);
    step.unwrap_or(10.0 * power).max(smallest.unwrap_or(0.0))
}

/// Powers of ten, or where there are few of them also other digits times these.
fn logarithmic(low: f64, high: f64, most: usize) -> Vec<Tick> {
    const DIGITS: [&[f64]; 4] = [&[1.0, 2.0, 3.0, 4.0, 5.0, 7.0], &[1.0, 2.0, 5.0], &[1.0, 3.0], &[1.0]];
    let first = match high.log10() - low.log10() {
        decades if decades < 1.2 => 0,
        decades if decades < 3.2 => 1,
        _ => 3,
    };
    let choices = DIGITS[first..].iter().map(|digits| powers(low, high, digits));
    let mut found =
        choices.reduce(|kept, next| if kept.len() <= most + 1 { kept } else { next }).unwrap_or_default();
    if found.len() > most + 1 {
        let every = found.len().div_ceil(most);
        found = found.into_iter().step_by(every).collect();
    }
    if found.len() < 2 { linear(low, high, most, None) } else { found }
}

/// The digits times every power of ten that lie between two values.
fn powers(low: f64, high: f64, digits: &[f64]) -> Vec<Tick> {
    let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
    (first..=last)
        .flat_map(|power| digits.iter().map(move |digit| (power, digit * 10_f64.powi(power))))
        .filter(|(_, value)| value.is_finite() && (low * 0.9999..=high * 1.0001).contains(value))
        .map(|(power, value)| Tick { value, label: log_number(value, power) })
        .collect()
}

fn log_number(value: f64, power: i32) -> String {
    match power {
        -3..0 => format!("{value:.*}", power.unsigned_abs() as usize),
        0..4 => format!("{value:.0}"),
        _ => format!("{value:.0e}"),
    }
}

/// A value of an axis whose ticks are `step` apart, and whose largest value is of some size.
fn number(value: f64, step: f64, size: f64) -> String {
    if value == 0.0 && (size >= 1e6 || step < 1e-5) {
        return "0".to_owned();
    }
    if value.abs() >= 1e6 || step < 1e-5 {
        // Digits from the first of the value to the second of the step: neighbours differ.
        let digits = value.abs().log10().floor() - step.log10().floor() + 1.0;
        return short(format!("{value:.*e}", digits.clamp(0.0, 15.0) as usize));
    }
    let digits = (0..6).find(|digits| {
        let scaled = step * 10_f64.powi(*digits);
        (scaled - scaled.round()).abs() < 1e-6 * scaled
    });
    let text = format!("{value:.*}", digits.unwrap_or(6) as usize);
    if value.abs() >= 10_000.0 { grouped(text) } else { text }
}

/// `1.50e6` as `1.5e6`.
fn short(text: String) -> String {
    match text.split_once('e') {
        Some((digits, power)) if digits.contains('.') => {
            format!("{}e{power}", digits.trim_end_matches('0').trim_end_matches('.'))
        }
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn labels(scale: &Scale, most: usize) -> String {
        ticks(scale, most).into_iter().map(|tick| tick.label).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn linear_axes_have_round_numbers() {
        let linear = |low, high| labels(&Scale::Linear { low, high }, 6);
        assert_eq!(linear(0.0, 1.0), "0.0 0.2 0.4 0.6 0.8 1.0");
        assert_eq!(linear(0.9311, 0.9846), "0.94 0.95 0.96 0.97 0.98");
        assert_eq!(linear(-3.0, 3.0), "-3 -2 -1 0 1 2 3");
        assert_eq!(linear(0.0, 60_000.0), "0 10,000 20,000 30,000 40,000 50,000 60,000");
        assert_eq!(linear(0.0, 3e7), "0 5e6 1e7 1.5e7 2e7 2.5e7 3e7");
        assert_eq!(linear(0.10, 0.11), "0.100 0.102 0.104 0.106 0.108 0.110");
    }

    #[test]
    fn counts_are_whole_and_few() {
        assert_eq!(labels(&Scale::Count { low: -0.1, high: 4.1 }, 10), "0 1 2 3 4");
        assert_eq!(labels(&Scale::Count { low: 0.0, high: 5000.0 }, 6), "0 1000 2000 3000 4000 5000");
    }

    #[test]
    fn log_axes_have_powers_of_ten_or_more_where_they_are_short() {
        let log = |low, high| labels(&Scale::Log { low, high }, 6);
        assert_eq!(log(1e-6, 1e-1), "1e-6 1e-5 1e-4 0.001 0.01 0.1");
        assert_eq!(log(1e-4, 1e-2), "1e-4 2e-4 5e-4 0.001 0.002 0.005 0.010".replace("0.010", "0.01"));
        assert_eq!(log(20.0, 70.0), "20 30 40 50 70");
        assert!(log(0.011, 0.0125).split(' ').count() > 1, "never without numbers");
        assert!(log(1e-30, 1e30).split(' ').count() <= 7);
        let few = |low, high| labels(&Scale::Log { low, high }, 3);
        assert_eq!(few(0.02, 2.9), "0.03 0.1 0.3 1");
        assert_eq!(few(0.0007, 0.8), "0.001 0.01 0.1");
    }

    #[test]
    fn the_ends_of_all_numbers_have_ticks_that_differ() {
        for (low, high) in [
            (-1.7e308, 1.7e308),
            (f64::MIN, f64::MAX),
            (0.0, 1e200),
            (3e-200, 9e-200),
            (1_234_567.1, 1_234_568.3),
            (0.100_000_1, 0.100_000_2),
            (1e15, 1e15 + 8.0),
        ] {
            let found = ticks(&Scale::Linear { low, high }, 6);
            let mut labels: Vec<&str> = found.iter().map(|tick| tick.label.as_str()).collect();
            assert!(labels.len() >= 3 && labels.iter().all(|label| label.len() < 24), "{labels:?}");
            labels.dedup();
            assert_eq!(labels.len(), found.len(), "{labels:?}");
            let scale = Scale::Linear { low, high };
            assert!(found.iter().all(|tick| (-1e-6..=1.0 + 1e-6).contains(&scale.share(tick.value))));
        }
        let whole = Scale::Log { low: f64::MIN_POSITIVE, high: f64::MAX };
        assert!((3..=7).contains(&ticks(&whole, 6).len()), "{:?}", ticks(&whole, 6));
    }

    #[test]
    fn of_many_names_some_are_written() {
        let names = Scale::Categories((0..100).map(|name| name.to_string()).collect());
        assert_eq!(labels(&names, 10).split(' ').collect::<Vec<_>>()[..3], ["0", "10", "20"]);
        assert!((names.share(0.0) - 0.005).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn ticks_lie_on_the_axis_and_are_neither_none_nor_many(low in -1e6..1e6_f64, size in 1e-3..1e6_f64, most in 2_usize..12) {
            let scale = Scale::Linear { low, high: low + size };
            let found = ticks(&scale, most);
            prop_assert!(!found.is_empty() && found.len() <= most + 2, "{found:?}");
            for tick in found {
                let share = scale.share(tick.value);
                prop_assert!((-1e-6..=1.0 + 1e-6).contains(&share));
            }
        }

        #[test]
        fn log_ticks_too(low in 1e-9..1e3_f64, times in 1.01..1e6_f64, most in 2_usize..12) {
            let scale = Scale::Log { low, high: low * times };
            let found = ticks(&scale, most);
            prop_assert!(!found.is_empty() && found.len() <= most + 2, "{found:?}");
        }
    }
}
