//! What a study optimises.

use serde::{Deserialize, Serialize};

use super::Direction;

/// A metric that is optimised, and which end of it is better.
///
/// Not an objective: that is what gives a point its values, [`Objective`](crate::Objective).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Goal {
    /// The metric.
    pub metric: String,
    /// Which end of it is better.
    pub direction: Direction,
}

impl Goal {
    /// A metric that is to become small or large.
    pub fn new(metric: impl Into<String>, direction: Direction) -> Self {
        Self { metric: metric.into(), direction }
    }
}

/// What a study optimises: at least one goal. The first decides where one value is needed; with
/// several the result is a Pareto front.
///
/// ```
/// use uaic_study::trial::{Direction, Goal, Goals};
///
/// let goals = Goals::from(Goal::new("val/loss", Direction::Minimize))
///     .and(Goal::new("val/accuracy", Direction::Maximize));
/// assert_eq!(goals.metrics(), ["val/loss", "val/accuracy"]);
/// assert_eq!(goals.direction(), Direction::Minimize);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Goals {
    first: Goal,
    more: Vec<Goal>,
}

impl Goals {
    /// These goals; `None` where there are none.
    pub fn new(goals: impl IntoIterator<Item = Goal>) -> Option<Self> {
        let mut goals = goals.into_iter();
        Some(Self { first: goals.next()?, more: goals.collect() })
    }

    /// With one goal more.
    #[must_use]
    pub fn and(mut self, goal: Goal) -> Self {
        self.more.push(goal);
        self
    }

    /// The goal that decides where one value is needed.
    pub fn first(&self) -> &Goal {
        &self.first
    }

    /// The goals behind the first.
    pub fn more(&self) -> &[Goal] {
        &self.more
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Goal> {
        std::iter::once(&self.first).chain(&self.more)
    }

    /// The first metric.
    pub fn metric(&self) -> &str {
        &self.first.metric
    }

    /// Which end of the first metric is better.
    pub fn direction(&self) -> Direction {
        self.first.direction
    }

    /// The metrics, in order.
    pub fn metrics(&self) -> Vec<&str> {
        self.iter().map(|goal| goal.metric.as_str()).collect()
    }

    /// Which end of each metric is better, in order.
    pub fn directions(&self) -> Vec<Direction> {
        self.iter().map(|goal| goal.direction).collect()
    }
}

impl From<Goal> for Goals {
    fn from(first: Goal) -> Self {
        Self { first, more: vec![] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_at_least_one_and_they_keep_their_order() {
        assert_eq!(Goals::new([]), None);
        let goals = Goals::new([
            Goal::new("loss", Direction::Minimize),
            Goal::new("size", Direction::Minimize),
            Goal::new("recall", Direction::Maximize),
        ])
        .unwrap();
        assert_eq!(goals.metrics(), ["loss", "size", "recall"]);
        assert_eq!((goals.first().metric.as_str(), goals.more().len()), ("loss", 2));
        assert_eq!(goals.directions()[2], Direction::Maximize);
    }
}
