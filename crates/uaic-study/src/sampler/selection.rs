//! Which of some trials did better: one order for one value and for several.

use crate::pareto::{crowding, fronts};
use crate::trial::{Direction, FinishedTrial, RunState};

/// How well a trial did.
#[derive(Clone, Debug, PartialEq)]
enum Merit {
    /// Complete, with numbers as values, as losses.
    Complete { violation: f64, losses: Vec<f64> },
    /// Stopped early at a step, with the last loss that it reported.
    Pruned { step: Option<u64>, loss: f64 },
    /// Failed, or without a number for a value.
    None,
}

/// Whether a trial has told anything about how good its point is.
pub(super) fn is_ranked(trial: &FinishedTrial) -> bool {
    match trial.state {
        RunState::Complete => !trial.values.is_empty() && trial.values.iter().all(|value| !value.is_nan()),
        state => state == RunState::Pruned,
    }
}

/// The places of the trials, best first; of equals the earlier one.
///
/// Trials within their constraints come first: front by front, and within a front the least crowded
/// first, which for one value is the order of the value. Then those that miss constraints, by how
/// much; then pruned ones, the longest-lived first; then all others.
pub(super) fn best_first(trials: &[&FinishedTrial], directions: &[Direction]) -> Vec<usize> {
    let merits: Vec<Merit> = trials.iter().map(|trial| Merit::of(trial, directions)).collect();
    let mut order: Vec<usize> = (0..trials.len()).collect();
    order.sort_by(|&a, &b| merits[a].compare(&merits[b]));
    if directions.len() > 1 {
        let feasible = order.iter().take_while(|&&place| merits[place].is_feasible()).count();
        let spread = by_front(&merits, &order[..feasible]);
        order[..feasible].copy_from_slice(&spread);
    }
    order
}

/// Feasible trials front by front, each front from the least crowded on.
fn by_front(merits: &[Merit], places: &[usize]) -> Vec<usize> {
    let mut places = places.to_vec();
    places.sort_unstable();
    let losses: Vec<Vec<f64>> = places.iter().map(|&place| merits[place].losses().to_vec()).collect();
    let mut order = Vec::with_capacity(places.len());
    for front in fronts(&losses) {
        let distances = crowding(&losses, &front);
        let mut members: Vec<usize> = (0..front.len()).collect();
        members.sort_by(|&a, &b| distances[b].total_cmp(&distances[a]));
        order.extend(members.into_iter().map(|member| places[front[member]]));
    }
    order
}

impl Merit {
    fn of(trial: &FinishedTrial, directions: &[Direction]) -> Self {
        let loss = |value: f64, direction: Direction| match direction {
            Direction::Minimize => value,
            Direction::Maximize => -value,
        };
        match trial.state {
            _ if !is_ranked(trial) => Self::None,
            RunState::Complete => Self::Complete {
                violation: trial.violation,
                losses: trial.values.iter().zip(directions).map(|(v, d)| loss(*v, *d)).collect(),
            },
            _ => {
                let last = trial.intermediate.iter().max_by_key(|(step, _)| *step);
                Self::Pruned {
                    step: last.map(|(step, _)| *step),
                    loss: last.map_or(f64::NAN, |(_, value)| loss(*value, directions[0])),
                }
            }
        }
    }

    fn compare(&self, other: &Self) -> std::cmp::Ordering {
        let compare = |a: f64, b: f64| Direction::Minimize.compare(a, b);
        match (self, other) {
            (Self::Complete { violation: a, losses: x }, Self::Complete { violation: b, losses: y }) => {
                compare(*a, *b).then_with(|| match (x.first(), y.first()) {
                    (Some(x), Some(y)) => compare(*x, *y),
                    _ => std::cmp::Ordering::Equal,
                })
            }
            (Self::Pruned { step: s, loss: a }, Self::Pruned { step: t, loss: b }) => {
                t.cmp(s).then(compare(*a, *b))
            }
            _ => self.class().cmp(&other.class()),
        }
    }

    fn class(&self) -> u8 {
        match self {
            Self::Complete { .. } => 0,
            Self::Pruned { .. } => 1,
            Self::None => 2,
        }
    }

    fn is_feasible(&self) -> bool {
        matches!(self, Self::Complete { violation, .. } if *violation <= 0.0)
    }

    fn losses(&self) -> &[f64] {
        match self {
            Self::Complete { losses, .. } => losses,
            _ => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trial::Params;

    fn order(trials: &[FinishedTrial], directions: &[Direction]) -> Vec<usize> {
        best_first(&trials.iter().collect::<Vec<_>>(), directions)
    }

    fn complete(values: &[f64], violation: f64) -> FinishedTrial {
        FinishedTrial { values: values.to_vec(), violation, ..FinishedTrial::complete(0, Params::new(), 0.0) }
    }

    #[test]
    fn feasible_then_infeasible_then_pruned_then_failed() {
        let pruned = |reports: &[(u64, f64)]| FinishedTrial::pruned(0, Params::new(), reports.to_vec());
        let trials = [
            FinishedTrial::failed(0, Params::new()),
            pruned(&[(1, 0.0)]),
            complete(&[f64::NAN], 0.0),
            pruned(&[(1, 9.0), (2, 5.0)]),
            complete(&[1.0], 2.0),
            complete(&[9.0], 1.0),
            complete(&[5.0], 0.0),
            complete(&[3.0], 0.0),
            complete(&[3.0], 0.0),
        ];
        assert_eq!(order(&trials, &[Direction::Minimize]), [7, 8, 6, 5, 4, 3, 1, 0, 2]);
        assert_eq!(order(&trials, &[Direction::Maximize])[..3], [6, 7, 8]);
    }

    #[test]
    fn of_several_values_the_first_front_is_best_and_its_ends_lead() {
        let trials =
            [[3.0, 3.0], [1.0, 2.0], [0.0, 4.0], [1.5, 1.5], [4.0, 0.0]].map(|values| complete(&values, 0.0));
        assert_eq!(order(&trials, &[Direction::Minimize; 2]), [2, 4, 3, 1, 0]);
    }
}
