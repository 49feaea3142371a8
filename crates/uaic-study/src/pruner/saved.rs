//! What pruning has saved.

use std::collections::BTreeSet;

use crate::trial::{FinishedTrial, RunState};

/// The share of a study's steps that pruning has saved, from 0 to 1; `None` as long as no complete
/// trial has reported a step.
///
/// A complete trial does so many steps on average, counted by its reports: without pruning each
/// pruned trial would have done as many. What it lacks of them is saved, and the share is that of
/// the steps which complete and pruned trials would have done together. So steps count as equally
/// long, and failed trials not at all.
///
/// ```
/// use uaic_study::pruner::saved;
/// use uaic_study::trial::{FinishedTrial, Params};
///
/// let reports = |steps: u64| (1..=steps).map(|step| (step, 0.5)).collect::<Vec<_>>();
/// let complete = FinishedTrial {
///     intermediate: reports(10),
///     ..FinishedTrial::complete(0, Params::new(), 0.5)
/// };
/// let pruned = FinishedTrial::pruned(1, Params::new(), reports(4));
/// // Of 20 steps 6 have not been done.
/// assert_eq!(saved(&[complete, pruned]), Some(0.3));
/// ```
pub fn saved(trials: &[FinishedTrial]) -> Option<f64> {
    let done = |state: RunState| {
        trials.iter().filter(move |trial| trial.state == state).map(steps).collect::<Vec<f64>>()
    };
    let reported: Vec<f64> = done(RunState::Complete).into_iter().filter(|steps| *steps > 0.0).collect();
    let full = reported.iter().sum::<f64>() / reported.len() as f64;
    let pruned = done(RunState::Pruned);
    let lacking: f64 = pruned.iter().map(|steps| (full - steps).max(0.0)).sum();
    (!reported.is_empty()).then(|| lacking / (full * (reported.len() + pruned.len()) as f64))
}

/// How many steps a trial has reported.
fn steps(trial: &FinishedTrial) -> f64 {
    trial.intermediate.iter().map(|(step, _)| *step).collect::<BTreeSet<u64>>().len() as f64
}

#[cfg(test)]
mod tests {
    use super::super::conformance::complete;
    use super::*;
    use crate::trial::Params;

    fn pruned(steps: u64) -> FinishedTrial {
        FinishedTrial::pruned(9, Params::new(), (0..steps).map(|step| (step, 0.1)).collect())
    }

    #[test]
    fn the_share_is_of_the_steps_without_pruning() {
        let full = |number| complete(number, &[(1, 0.1), (2, 0.1), (3, 0.1), (4, 0.1)]);
        assert_eq!(saved(&[full(0), full(1)]), Some(0.0));
        assert_eq!(saved(&[full(0), full(1), pruned(1), pruned(3)]), Some(4.0 / 16.0));
        assert_eq!(saved(&[full(0), pruned(9)]), Some(0.0), "longer than usual saves nothing");
        assert_eq!(saved(&[full(0), FinishedTrial::failed(1, Params::new()), pruned(0)]), Some(0.5));
    }

    #[test]
    fn without_a_complete_trial_nothing_can_be_said() {
        assert_eq!(saved(&[]), None);
        assert_eq!(saved(&[pruned(2), complete(0, &[])]), None);
    }

    #[test]
    fn a_step_reported_twice_is_one() {
        let twice = complete(0, &[(1, 0.1), (2, 0.1), (2, 0.2)]);
        assert_eq!(saved(&[twice, pruned(1)]), Some(0.25));
    }
}
