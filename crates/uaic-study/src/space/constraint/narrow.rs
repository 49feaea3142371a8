//! What a constraint leaves of bounds: forwards what each side can be, backwards what its names can be
//! where it holds (HC4, Benhamou et al. 1999).

use std::collections::BTreeMap;

use super::Constraint;
use super::expression::{Comparison, Expression, Function, Operator};
use crate::space::Interval;

/// Bounds of numbers, by name.
type Bounds = BTreeMap<String, Interval>;

impl Constraint {
    /// Takes away from bounds what the constraint forbids, as far as that is easily seen; whether
    /// anything is left. A comparison that speaks of a name without bounds says nothing.
    ///
    /// Never takes away a point at which the constraint holds.
    ///
    /// ```
    /// use std::collections::BTreeMap;
    /// use uaic_study::space::{Constraint, Interval};
    ///
    /// let constraint: Constraint = "a + b == 10".parse().unwrap();
    /// let mut bounds = BTreeMap::from([
    ///     ("a".to_owned(), Interval { low: 0.0, high: 4.0 }),
    ///     ("b".to_owned(), Interval { low: 0.0, high: 7.0 }),
    /// ]);
    /// assert!(constraint.narrow(&mut bounds));
    /// assert!((bounds["a"].low - 3.0).abs() < 1e-9 && (bounds["b"].low - 6.0).abs() < 1e-9);
    /// ```
    pub fn narrow(&self, bounds: &mut BTreeMap<String, Interval>) -> bool {
        let sides: Vec<&Expression> =
            std::iter::once(&self.first).chain(self.rest.iter().map(|(_, side)| side)).collect();
        self.rest.iter().zip(sides.windows(2)).all(|((comparison, _), pair)| {
            !(pair[0].is_bound(bounds) && pair[1].is_bound(bounds))
                || comparison.narrow(pair[0], pair[1], bounds)
        })
    }
}

impl Comparison {
    fn narrow(self, left: &Expression, right: &Expression, bounds: &mut Bounds) -> bool {
        let (l, r) = (left.range(bounds), right.range(bounds));
        if l.is_empty() || r.is_empty() {
            return false;
        }
        let up_to = |high| Interval { low: f64::NEG_INFINITY, high };
        let from = |low| Interval { low, high: f64::INFINITY };
        match self {
            Self::Less | Self::LessOrEqual => {
                !(self == Self::Less && l.low >= r.high)
                    && left.project(up_to(r.high), bounds)
                    && right.project(from(l.low), bounds)
            }
            Self::Greater | Self::GreaterOrEqual => {
                !(self == Self::Greater && l.high <= r.low)
                    && left.project(from(r.low), bounds)
                    && right.project(up_to(l.high), bounds)
            }
            Self::Equal => left.project(l.and(r), bounds) && right.project(l.and(r), bounds),
            Self::Unequal => !(l.is_single() && l == r),
        }
    }
}

impl Expression {
    /// Whether all of its names have bounds.
    fn is_bound(&self, bounds: &Bounds) -> bool {
        let mut names = Vec::new();
        self.collect(&mut names);
        names.into_iter().all(|name| bounds.contains_key(name))
    }

    /// All that it can be.
    fn range(&self, bounds: &Bounds) -> Interval {
        match self {
            Self::Number(number) => Interval::at(*number),
            Self::Name(name) => bounds.get(name).copied().unwrap_or(Interval::WHOLE),
            Self::Negative(inner) => inner.range(bounds).negative(),
            Self::Binary(operator, sides) => {
                let (a, b) = (sides[0].range(bounds), sides[1].range(bounds));
                if a.is_empty() || b.is_empty() {
                    return Interval::EMPTY;
                }
                match operator {
                    Operator::Add => a.plus(b),
                    Operator::Subtract => a.minus(b),
                    Operator::Multiply => a.times(b),
                    Operator::Divide => a.over(b),
                    Operator::Power => a.power(b),
                }
            }
            Self::Call(function, arguments) => {
                let ranges: Vec<Interval> = arguments.iter().map(|argument| argument.range(bounds)).collect();
                if ranges.iter().any(|range| range.is_empty()) {
                    return Interval::EMPTY;
                }
                function.range(&ranges)
            }
        }
    }

    /// Takes away from bounds what keeps it out of `target`; whether anything is left.
    fn project(&self, target: Interval, bounds: &mut Bounds) -> bool {
        if target.is_empty() {
            return false;
        }
        match self {
            Self::Number(number) => target.contains(*number),
            Self::Name(name) => match bounds.get_mut(name) {
                Some(known) => {
                    *known = known.and(target);
                    !known.is_empty()
                }
                None => true,
            },
            Self::Negative(inner) => inner.project(target.negative(), bounds),
            Self::Binary(operator, sides) => {
                let [a, b] = &**sides;
                a.project(operator.first(target, a.range(bounds), b.range(bounds)), bounds)
                    && b.project(operator.second(target, a.range(bounds), b.range(bounds)), bounds)
            }
            Self::Call(Function::Max, arguments) => project_largest(arguments, target, bounds, false),
            Self::Call(Function::Min, arguments) => project_largest(arguments, target, bounds, true),
            Self::Call(function, arguments) => {
                let wanted = function.argument(target, arguments[0].range(bounds));
                arguments[0].project(wanted, bounds)
            }
        }
    }
}

impl Operator {
    /// What the first side is where the whole is in `target`.
    fn first(self, target: Interval, a: Interval, b: Interval) -> Interval {
        match self {
            Self::Add => target.minus(b),
            Self::Subtract => target.plus(b),
            Self::Multiply if b.contains(0.0) && target.contains(0.0) => Interval::WHOLE,
            Self::Multiply => target.over(b),
            Self::Divide => target.times(b),
            Self::Power if b.is_single() => target.root(b.low, a),
            Self::Power => Interval::WHOLE,
        }
    }

    /// What the second side is.
    fn second(self, target: Interval, a: Interval, b: Interval) -> Interval {
        match self {
            Self::Add => target.minus(a),
            Self::Subtract => a.minus(target),
            Self::Multiply => Self::Multiply.first(target, b, a),
            Self::Divide if a.contains(0.0) && target.contains(0.0) => Interval::WHOLE,
            Self::Divide => a.over(target),
            Self::Power => Interval::WHOLE,
        }
    }
}

impl Function {
    fn range(self, arguments: &[Interval]) -> Interval {
        let first = arguments[0];
        let positive = first.and(Interval::NOT_NEGATIVE);
        match self {
            Self::Abs => first.abs(),
            Self::Exp => first.rising(f64::exp),
            Self::Log => positive.rising(f64::ln),
            Self::Log10 => positive.rising(f64::log10),
            Self::Log2 => positive.rising(f64::log2),
            Self::Sqrt => positive.rising_exactly(f64::sqrt),
            Self::Max => {
                let end =
                    |pick: fn(&Interval) -> f64| arguments.iter().map(pick).fold(f64::NEG_INFINITY, f64::max);
                Interval { low: end(|range| range.low), high: end(|range| range.high) }
            }
            Self::Min => {
                let end =
                    |pick: fn(&Interval) -> f64| arguments.iter().map(pick).fold(f64::INFINITY, f64::min);
                Interval { low: end(|range| range.low), high: end(|range| range.high) }
            }
        }
    }

    /// What the argument of a function of one is where the function is in `target`.
    fn argument(self, target: Interval, around: Interval) -> Interval {
        let positive = target.and(Interval::NOT_NEGATIVE);
        match self {
            Self::Abs => target.unsigned(around),
            Self::Exp => positive.rising(f64::ln),
            Self::Log => target.rising(f64::exp),
            Self::Log10 => target.rising(|x| 10.0_f64.powf(x)),
            Self::Log2 => target.rising(f64::exp2),
            Self::Sqrt => positive.rising_exactly(|x| x * x),
            Self::Max | Self::Min => Interval::WHOLE,
        }
    }
}

/// No argument of a maximum exceeds it, and where one alone can reach it, that one does. Turned round, a
/// minimum.
fn project_largest(arguments: &[Expression], target: Interval, bounds: &mut Bounds, is_turned: bool) -> bool {
    let within = if is_turned {
        Interval { high: f64::INFINITY, ..target }
    } else {
        Interval { low: f64::NEG_INFINITY, ..target }
    };
    if !arguments.iter().all(|argument| argument.project(within, bounds)) {
        return false;
    }
    let reaches = |argument: &&Expression| !argument.range(bounds).and(target).is_empty();
    let able: Vec<&Expression> = arguments.iter().filter(reaches).collect();
    match able[..] {
        [] => false,
        [only] => only.project(target, bounds),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bounds(of: &[(&str, f64, f64)]) -> Bounds {
        of.iter().map(|(name, low, high)| ((*name).to_owned(), Interval { low: *low, high: *high })).collect()
    }

    #[test]
    fn bounds_shrink_to_what_a_constraint_leaves() {
        for (text, name, low, high) in [
            ("a + b <= 0.05", "a", 0.0, 0.05),
            ("2 * a >= 1.5", "a", 0.75, 1.0),
            ("a - b > 0.9", "b", 0.0, 0.1),
            ("a / (b + 1) >= 0.8", "b", 0.0, 0.25),
            ("a ^ 2 <= 0.25", "a", 0.0, 0.5),
            ("sqrt(a) >= 0.5", "a", 0.25, 1.0),
            ("abs(a - 0.5) <= 0.1", "a", 0.4, 0.6),
            ("log10(a) <= -3", "a", 0.0, 1e-3),
            ("exp(a) <= 1.5", "a", 0.0, 0.405_465),
            ("max(a, b) <= 0.25", "b", 0.0, 0.25),
            ("min(a, b) >= 0.75", "a", 0.75, 1.0),
            ("max(a, 0.1) >= 0.9", "a", 0.9, 1.0),
            ("0.2 <= a <= 0.3", "a", 0.2, 0.3),
            ("-a >= -0.5", "a", 0.0, 0.5),
            ("a != b", "a", 0.0, 1.0),
        ] {
            let mut bounds = bounds(&[("a", 0.0, 1.0), ("b", 0.0, 1.0)]);
            assert!(text.parse::<Constraint>().unwrap().narrow(&mut bounds), "{text}");
            approx::assert_abs_diff_eq!(bounds[name].low, low, epsilon = 1e-6);
            approx::assert_abs_diff_eq!(bounds[name].high, high, epsilon = 1e-6);
        }
    }

    #[test]
    fn what_cannot_hold_is_seen() {
        for text in [
            "a > 2",
            "a + b == 3",
            "a < 0",
            "a ^ 2 < -1",
            "log(a - 2) < 1",
            "sqrt(a) > 1.5",
            "min(a, b) > 1",
            "1 < 0",
        ] {
            let mut bounds = bounds(&[("a", 0.0, 1.0), ("b", 0.0, 1.0)]);
            assert!(!text.parse::<Constraint>().unwrap().narrow(&mut bounds), "{text}");
        }
    }

    #[test]
    fn what_speaks_of_names_without_bounds_says_nothing() {
        let mut bounds = bounds(&[("a", 0.0, 1.0)]);
        assert!("a > c".parse::<Constraint>().unwrap().narrow(&mut bounds));
        assert!("0.5 <= a < c".parse::<Constraint>().unwrap().narrow(&mut bounds));
        approx::assert_abs_diff_eq!(bounds["a"].low, 0.5, epsilon = 1e-9);
    }

    proptest! {
        #[test]
        fn a_point_at_which_it_holds_is_never_taken_away(
            text in "[ab0-9]([+*/^-][ab1-9]){0,3} ?(<|<=|>|>=|==|!=) ?[ab0-9]([+*/-][ab1-9]){0,3}",
            function in prop::sample::select(vec!["abs", "exp", "log", "log10", "log2", "sqrt", "max", "min"]),
            (a, b) in (-3.0..3.0_f64, -3.0..3.0_f64),
            (below, above) in (0.0..2.0_f64, 0.0..2.0_f64),
        ) {
            let wrapped = format!("{function}(a) - b <= {text}");
            for text in [text.clone(), wrapped] {
                let Ok(constraint) = text.parse::<Constraint>() else { continue };
                let value = |name: &str| Some(if name == "a" { a } else { b });
                if !constraint.holds(value) {
                    continue;
                }
                let mut bounds = bounds(&[("a", a - below, a + above), ("b", b - above, b + below)]);
                prop_assert!(constraint.narrow(&mut bounds), "{text} at {a}, {b}");
                prop_assert!(bounds["a"].contains(a) && bounds["b"].contains(b), "{text} at {a}, {b}: {bounds:?}");
            }
        }
    }
}
