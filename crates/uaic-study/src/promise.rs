//! What a user wants a trial to evaluate, held against the space: what cannot be is refused before it
//! is promised, and what it needs is brought along.

use super::sampler::region::Region;
use crate::space::{Constraint, Distribution, Space};
use crate::trial::{ParamValue, Params};
use uaic_kernel::rng::SeedTree;
use uaic_wording::ErrorKind;
use uaic_wording::nearest::suggestion;

/// Why a point cannot be promised.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PromiseError {
    /// Nothing of this name is searched.
    #[error("`{name}` is not searched; {hint}")]
    Unknown {
        /// What was wanted.
        name: String,
        /// The nearest name, or all.
        hint: String,
    },
    /// The parameter never has this value.
    #[error("`{name}` is fixed at {fixed}, so it cannot be {value}")]
    Fixed {
        /// The parameter.
        name: String,
        /// Its only value.
        fixed: ParamValue,
        /// What was wanted.
        value: ParamValue,
    },
    /// The value is none of the distribution.
    #[error("`{name}` is searched over {distribution}, not {value}")]
    Outside {
        /// The parameter.
        name: String,
        /// What it is drawn from.
        distribution: Distribution,
        /// What was wanted.
        value: ParamValue,
    },
    /// Two of its parameters do not exist together.
    #[error("`{name}` exists only when `{parent}` is {}, and it is to be {value}", listed(values))]
    Apart {
        /// The parameter that would not exist.
        name: String,
        /// What it depends on.
        parent: String,
        /// Values of the parent for which it exists.
        values: Vec<ParamValue>,
        /// The value that the parent is to have.
        value: ParamValue,
    },
    /// Parameters that exist under different values of another.
    #[error(
        "`{name}` exists only when `{parent}` is {}, which another of these values rules out",
        listed(values)
    )]
    Contradiction {
        /// The parameter that would not exist.
        name: String,
        /// What it depends on.
        parent: String,
        /// Values of the parent for which it exists.
        values: Vec<ParamValue>,
    },
    /// Constraints forbid every point with these values.
    #[error("no point of 10,000 with these values satisfies {}", quoted(constraints))]
    Forbidden {
        /// The constraints.
        constraints: Vec<Constraint>,
    },
}

impl PromiseError {
    /// What kind of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        ErrorKind::Usage
    }
}

fn listed(values: &[ParamValue]) -> String {
    values.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ")
}

/// Constraints as one writes them in a sentence.
pub(super) fn quoted(constraints: &[Constraint]) -> String {
    constraints.iter().map(|constraint| format!("`{constraint}`")).collect::<Vec<_>>().join(" and ")
}

/// The values with what they need: each as its distribution has it, the values of parameters under which
/// they exist brought along where they are not given, and all constraints satisfiable with them.
///
/// ```
/// use uaic_study::space::{Distribution, Space};
/// use uaic_study::promise;
/// use uaic_study::trial::{ParamValue, Params};
///
/// let optimizer = ["sgd", "adam"].map(ParamValue::from);
/// let space = Space::new([
///     ("optimizer".to_owned(), Distribution::Choice(optimizer.to_vec())),
///     ("momentum".to_owned(), Distribution::Uniform { low: 0.0, high: 0.99, step: None }),
/// ])
/// .when("momentum", "optimizer", ["sgd".into()]);
/// let wanted = Params::from([("momentum".to_owned(), ParamValue::Float(0.9))]);
/// assert_eq!(promise(&space, &wanted).unwrap()["optimizer"], "sgd".into());
/// ```
///
/// # Errors
/// No trial can have these values.
pub fn promise(space: &Space, wanted: &Params) -> Result<Params, PromiseError> {
    let fitted = wanted
        .iter()
        .map(|(name, value)| Ok((name.clone(), fitting(space, name, value)?)))
        .collect::<Result<Params, PromiseError>>()?;
    let whole = with_parents(space, &fitted)?;
    if !space.constraints().is_empty() {
        let mut rng = SeedTree::new(0).rng("promise");
        if Region::new(space, &whole).draw(&mut rng, |_| true).is_none() {
            let constraints = space.constraints().to_vec();
            let culprits: Vec<Constraint> = constraints
                .iter()
                .filter(|constraint| constraint.names().iter().any(|name| whole.contains_key(*name)))
                .cloned()
                .collect();
            let constraints = if culprits.is_empty() { constraints } else { culprits };
            return Err(PromiseError::Forbidden { constraints });
        }
    }
    Ok(whole)
}

fn fitting(space: &Space, name: &str, value: &ParamValue) -> Result<ParamValue, PromiseError> {
    let Some(distribution) = space.get(name) else {
        let names: Vec<&str> = space.iter().map(|(name, _)| name).collect();
        let hint = suggestion(name, names.iter().copied())
            .unwrap_or_else(|| format!("what is searched: {}", names.join(", ")));
        return Err(PromiseError::Unknown { name: name.to_owned(), hint });
    };
    fitted(distribution, value).ok_or_else(|| {
        let (name, value) = (name.to_owned(), value.clone());
        match distribution {
            Distribution::Choice(values) if values.len() == 1 => {
                PromiseError::Fixed { name, fixed: values[0].clone(), value }
            }
            _ => PromiseError::Outside { name, distribution: distribution.clone(), value },
        }
    })
}

/// A value as a distribution has it: 2 is a real number, and 2.0 a whole one.
pub(super) fn fitted(distribution: &Distribution, value: &ParamValue) -> Option<ParamValue> {
    let other = match value {
        ParamValue::Int(whole) => Some(ParamValue::Float(*whole as f64)),
        // In between, every whole number is a float, too.
        ParamValue::Float(real) if real.fract() == 0.0 && real.abs() < 9e15 => {
            Some(ParamValue::Int(*real as i64))
        }
        _ => None,
    };
    [Some(value.clone()), other].into_iter().flatten().find(|value| distribution.contains(value))
}

/// Brings along what these values need to exist.
pub(super) fn with_parents(space: &Space, wanted: &Params) -> Result<Params, PromiseError> {
    let mut whole = wanted.clone();
    // Each round goes one level up; a circle of conditions has fewer levels than parameters.
    for _ in 0..=space.len() {
        let Some((name, parent)) = missing_parent(space, &whole)? else { return Ok(whole) };
        // What all that depend on it have in common.
        let when = |name: &str| space.condition(name).and_then(|when| when.get(&parent));
        let dependants: Vec<&String> = whole.keys().filter(|name| when(name).is_some()).collect();
        let common = |value: &&ParamValue| {
            dependants.iter().all(|name| when(name).is_some_and(|values| values.contains(value)))
        };
        let values = when(&name).cloned().unwrap_or_default();
        match values.iter().find(common) {
            Some(value) => drop(whole.insert(parent, value.clone())),
            None => return Err(PromiseError::Contradiction { name, parent, values }),
        }
    }
    Ok(whole)
}

/// A parameter with a value that depends on one without; or that one has a value for which it does not
/// exist.
fn missing_parent(space: &Space, whole: &Params) -> Result<Option<(String, String)>, PromiseError> {
    for name in whole.keys() {
        for (parent, values) in space.condition(name).into_iter().flatten() {
            match whole.get(parent) {
                None => return Ok(Some((name.clone(), parent.clone()))),
                Some(value) if values.contains(value) => {}
                Some(value) => {
                    let (name, parent, values) = (name.clone(), parent.clone(), values.clone());
                    return Err(PromiseError::Apart { name, parent, values, value: value.clone() });
                }
            }
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(names: &[&str]) -> Distribution {
        Distribution::Choice(names.iter().map(|name| (*name).into()).collect())
    }

    /// `nesterov` exists under a momentum optimizer, `momentum` under sgd, `beta` under adam or lion.
    fn space() -> Space {
        let unit = Distribution::Uniform { low: 0.0, high: 1.0, step: None };
        Space::new([
            ("opt".to_owned(), choice(&["sgd", "adam", "lion"])),
            ("kind".to_owned(), choice(&["plain", "nesterov"])),
            ("strength".to_owned(), Distribution::Int { low: 2, high: 10, step: 2 }),
            ("beta".to_owned(), unit.clone()),
            ("x".to_owned(), unit),
            ("seed".to_owned(), Distribution::Choice(vec![ParamValue::Int(5)])),
        ])
        .when("kind", "opt", ["sgd".into()])
        .when("strength", "kind", ["nesterov".into()])
        .when("beta", "opt", ["adam".into(), "lion".into()])
        .with_constraint("x + beta <= 1".parse().unwrap())
    }

    fn wanted(of: &[(&str, ParamValue)]) -> Params {
        of.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    }

    #[test]
    fn what_a_value_needs_is_brought_along_through_all_levels() {
        let whole = promise(&space(), &wanted(&[("strength", ParamValue::Int(4))])).unwrap();
        assert_eq!(
            whole,
            wanted(&[("opt", "sgd".into()), ("kind", "nesterov".into()), ("strength", ParamValue::Int(4))])
        );
        let whole = promise(&space(), &wanted(&[("beta", ParamValue::Float(0.5))])).unwrap();
        assert_eq!(whole["opt"], "adam".into(), "the first for which it exists");
    }

    #[test]
    fn what_no_trial_can_have_is_refused() {
        for (of, said) in [
            (vec![("strenght", ParamValue::Int(4))], "did you mean `strength`?"),
            (vec![("strength", ParamValue::Int(3))], "`strength` is searched over"),
            (vec![("strength", ParamValue::Int(12))], "not 12"),
            (vec![("opt", "rmsprop".into())], "not rmsprop"),
            (vec![("x", ParamValue::Float(f64::NAN))], "not NaN"),
            (vec![("seed", ParamValue::Int(6))], "`seed` is fixed at 5, so it cannot be 6"),
            (vec![("opt", "adam".into()), ("kind", "plain".into())], "`kind` exists only when `opt` is sgd"),
            (
                vec![("kind", "plain".into()), ("strength", ParamValue::Int(4))],
                "only when `kind` is nesterov",
            ),
            (
                vec![("opt", "sgd".into()), ("beta", ParamValue::Float(0.1))],
                "`beta` exists only when `opt` is adam or lion, and it is to be sgd",
            ),
            (
                vec![("strength", ParamValue::Int(4)), ("beta", ParamValue::Float(0.5))],
                "exists only when `opt` is",
            ),
            (
                vec![("x", ParamValue::Float(0.9)), ("beta", ParamValue::Float(0.5))],
                "no point of 10,000 with these values satisfies `x + beta <= 1`",
            ),
        ] {
            let error = promise(&space(), &wanted(&of)).unwrap_err().to_string();
            assert!(error.contains(said), "{of:?}: {error}");
        }
    }

    #[test]
    fn whole_and_real_numbers_are_taken_as_the_distribution_has_them() {
        let whole = promise(&space(), &wanted(&[("x", ParamValue::Int(1))])).unwrap();
        assert_eq!(whole["x"], ParamValue::Float(1.0));
        let whole = promise(&space(), &wanted(&[("strength", ParamValue::Float(4.0))])).unwrap();
        assert_eq!(whole["strength"], ParamValue::Int(4));
    }
}
