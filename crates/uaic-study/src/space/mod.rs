//! Search spaces: named distributions, conditions between them, and constraints.

mod constraint;
mod distribution;
mod interval;
mod steps;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use constraint::{Constraint, ConstraintError, parse_constraints};
pub use distribution::Distribution;
pub use interval::Interval;
pub use steps::Steps;

use crate::trial::{ParamValue, Params};

/// When a parameter exists: every one of these parameters exists and has one of these values.
pub type When = BTreeMap<String, Vec<ParamValue>>;

/// A search space: named distributions, in a fixed order, some of them conditional on the values of
/// others, and constraints between numbers.
///
/// ```
/// use uaic_study::space::{Distribution, Space};
/// use uaic_study::trial::{ParamValue, Params};
///
/// let optimizer = ["sgd", "adam"].map(|name| ParamValue::Text(name.into()));
/// let space = Space::new([
///     ("optimizer".to_owned(), Distribution::Choice(optimizer.to_vec())),
///     ("momentum".to_owned(), Distribution::Uniform { low: 0.0, high: 0.99, step: None }),
/// ])
/// .when("momentum", "optimizer", ["sgd".into()]);
/// assert!(space.contains(&Params::from([("optimizer".to_owned(), "adam".into())])));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Space {
    params: BTreeMap<String, Distribution>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    conditions: BTreeMap<String, When>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    constraints: Vec<Constraint>,
}

impl Space {
    /// A space in which every parameter always exists.
    pub fn new(params: impl IntoIterator<Item = (String, Distribution)>) -> Self {
        Self { params: params.into_iter().collect(), ..Self::default() }
    }

    /// Lets a parameter exist only where another one exists and has one of some values. A condition
    /// on the same two replaces an earlier one; several conditions of a parameter must all hold.
    ///
    /// Both must be of the space, and no parameter may depend on itself: a circle has no members.
    #[must_use]
    pub fn when(mut self, name: &str, parent: &str, values: impl IntoIterator<Item = ParamValue>) -> Self {
        let values = values.into_iter().collect();
        self.conditions.entry(name.to_owned()).or_default().insert(parent.to_owned(), values);
        self
    }

    /// Adds a constraint between parameters. One that speaks of a parameter that does not exist at
    /// a point holds there.
    #[must_use]
    pub fn with_constraint(mut self, constraint: Constraint) -> Self {
        self.constraints.push(constraint);
        self
    }

    /// Parameter names and their distributions, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Distribution)> {
        self.params.iter().map(|(name, distribution)| (name.as_str(), distribution))
    }

    /// The distribution of a parameter.
    pub fn get(&self, name: &str) -> Option<&Distribution> {
        self.params.get(name)
    }

    /// When a parameter exists; `None` when always.
    pub fn condition(&self, name: &str) -> Option<&When> {
        self.conditions.get(name)
    }

    /// The constraints between parameters.
    pub fn constraints(&self) -> &[Constraint] {
        &self.constraints
    }

    /// Whether some parameters exist at some points only.
    pub fn is_conditional(&self) -> bool {
        !self.conditions.is_empty()
    }

    /// The number of parameters.
    pub fn len(&self) -> usize {
        self.params.len()
    }

    /// Whether nothing is searched.
    pub fn is_empty(&self) -> bool {
        self.params.is_empty()
    }

    /// Whether a parameter exists where others have the values that `value_of` says, whatever it
    /// says of parameters that do not exist.
    pub fn exists<'a>(&self, name: &str, value_of: &impl Fn(&str) -> Option<&'a ParamValue>) -> bool {
        self.exists_within(name, value_of, self.params.len())
    }

    /// `depth` ends the walk round a circle.
    fn exists_within<'a>(
        &self,
        name: &str,
        value_of: &impl Fn(&str) -> Option<&'a ParamValue>,
        depth: usize,
    ) -> bool {
        self.conditions.get(name).is_none_or(|when| {
            when.iter().all(|(parent, values)| {
                depth > 0
                    && value_of(parent).is_some_and(|value| values.contains(value))
                    && self.exists_within(parent, value_of, depth - 1)
            })
        })
    }

    /// Takes the parameters away that do not exist beside the others.
    pub fn prune(&self, params: &mut Params) {
        if self.is_conditional() {
            let all = params.clone();
            params.retain(|name, _| self.exists(name, &|other| all.get(other)));
        }
    }

    /// Whether the constraints between parameters hold at a point.
    pub fn allows(&self, params: &Params) -> bool {
        self.constraints
            .iter()
            .all(|constraint| constraint.holds(|name| params.get(name).and_then(ParamValue::as_f64)))
    }

    /// Whether `params` has exactly the names that exist there, each within its distribution, and
    /// the constraints hold.
    pub fn contains(&self, params: &Params) -> bool {
        let known = params.keys().all(|name| self.params.contains_key(name));
        known
            && self.params.iter().all(|(name, distribution)| {
                match (params.get(name), self.exists(name, &|other| params.get(other))) {
                    (Some(value), true) => distribution.contains(value),
                    (None, false) => true,
                    _ => false,
                }
            })
            && self.allows(params)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_wider_than_i64_contains_its_steps_and_nothing_else() {
        let wide = Distribution::Int { low: i64::MIN, high: i64::MAX, step: 3 };
        assert!(wide.contains(&ParamValue::Int(i64::MIN)));
        assert!(wide.contains(&ParamValue::Int(i64::MAX)), "2^64 − 1 is a multiple of 3");
        assert!(!wide.contains(&ParamValue::Int(i64::MAX - 1)));
    }

    #[test]
    fn fine_steps_far_from_zero_are_contained_in_spite_of_rounding() {
        let (low, step) = (1e9, 1e-3);
        let far = Distribution::Uniform { low, high: low + 1.0, step: Some(step) };
        for cell in 0..=1000 {
            assert!(far.contains(&ParamValue::Float(low + f64::from(cell) * step)), "{cell}");
        }
        assert!(!far.contains(&ParamValue::Float(low + 0.5 * step)));
        let near = Distribution::Uniform { low: 0.1, high: 0.5, step: Some(0.1) };
        assert!(near.contains(&ParamValue::Float(0.1 + 2.0 * 0.1)));
        assert!(!near.contains(&ParamValue::Float(0.300_001)));
    }

    #[test]
    fn a_range_may_be_one_value() {
        for (one, value) in [
            (Distribution::Uniform { low: 0.1, high: 0.1, step: None }, ParamValue::Float(0.1)),
            (Distribution::Uniform { low: 0.1, high: 0.1, step: Some(5.0) }, ParamValue::Float(0.1)),
            (Distribution::Log { low: 0.1, high: 0.1 }, ParamValue::Float(0.1)),
            (Distribution::Int { low: 5, high: 5, step: 2 }, ParamValue::Int(5)),
            (Distribution::IntLog { low: 5, high: 5 }, ParamValue::Int(5)),
            (Distribution::Choice(vec!["a".into()]), "a".into()),
        ] {
            assert_eq!(one.check(), Ok(()), "{one}");
            assert!(one.contains(&value), "{one}");
            assert_eq!(one.only(), Some(value), "{one}");
        }
        assert!(Distribution::Int { low: 6, high: 5, step: 1 }.check().is_err());
        assert_eq!(Distribution::Int { low: 4, high: 5, step: 1 }.only(), None);
    }

    fn names(of: &[&str]) -> Vec<ParamValue> {
        of.iter().map(|name| (*name).into()).collect()
    }

    fn point(entries: &[(&str, ParamValue)]) -> Params {
        entries.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    }

    /// `c` exists under `b = x`, which exists under `a = on`.
    fn nested() -> Space {
        let real = Distribution::Uniform { low: 0.0, high: 1.0, step: None };
        Space::new([
            ("a".to_owned(), Distribution::Choice(names(&["on", "off"]))),
            ("b".to_owned(), Distribution::Choice(names(&["x", "y"]))),
            ("c".to_owned(), real),
        ])
        .when("b", "a", names(&["on"]))
        .when("c", "b", names(&["x"]))
    }

    #[test]
    fn a_parameter_exists_only_where_all_above_it_do() {
        let space = nested();
        let c = ("c", ParamValue::Float(0.5));
        assert!(space.contains(&point(&[("a", "off".into())])));
        assert!(space.contains(&point(&[("a", "on".into()), ("b", "y".into())])));
        assert!(space.contains(&point(&[("a", "on".into()), ("b", "x".into()), c.clone()])));
        assert!(!space.contains(&point(&[("a", "on".into()), ("b", "x".into())])), "c is missing");
        assert!(!space.contains(&point(&[("a", "off".into()), c.clone()])), "c is too much");
        assert!(!space.contains(&point(&[("a", "off".into()), ("d", "x".into())])), "d is unknown");
        let mut full = point(&[("a", "off".into()), ("b", "x".into()), c]);
        space.prune(&mut full);
        assert_eq!(full, point(&[("a", "off".into())]));
    }

    #[test]
    fn a_circle_of_conditions_has_no_members() {
        let space = nested().when("a", "c", [ParamValue::Float(0.5)]);
        let mut full = point(&[("a", "on".into()), ("b", "x".into()), ("c", ParamValue::Float(0.5))]);
        space.prune(&mut full);
        assert!(full.is_empty());
    }

    #[test]
    fn constraints_speak_of_what_exists() {
        let whole = Distribution::Int { low: 0, high: 9, step: 1 };
        let space = Space::new(["a", "b"].map(|name| (name.to_owned(), whole.clone())))
            .with_constraint("a < b".parse().unwrap());
        let at = |a, b| point(&[("a", ParamValue::Int(a)), ("b", ParamValue::Int(b))]);
        assert!(space.contains(&at(1, 2)) && !space.contains(&at(2, 2)));
        assert!(space.allows(&point(&[("a", ParamValue::Int(9))])));
    }

    #[test]
    fn a_space_survives_json() {
        let space = nested().with_constraint("c < 0.5".parse().unwrap());
        let json = serde_json::to_string(&space).unwrap();
        assert_eq!(serde_json::from_str::<Space>(&json).unwrap(), space, "{json}");
    }
}
