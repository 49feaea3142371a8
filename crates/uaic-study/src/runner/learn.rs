//! Spaces that are found out on the way: trials say themselves what they need (define by run).

use std::collections::{BTreeMap, BTreeSet};

use crate::objective::DISTRIBUTIONS;
use crate::outcome::TrialResult;
use crate::space::{Distribution, Space};
use crate::store::RunRecord;
use crate::store::StoreError;
use crate::trial::{FinishedTrial, ParamValue, Params};

/// The distributions that one trial has drawn from.
pub type Drawn = BTreeMap<String, Distribution>;

/// What trials have drawn, and the space that follows from it.
#[derive(Default)]
pub(super) struct Learnt {
    /// By number, of trials that have ended.
    drawn: BTreeMap<u32, Drawn>,
    space: Space,
    /// The trials that proposals see, with the parameters of the space alone.
    finished: Vec<FinishedTrial>,
    /// How many of the trials shown have been read.
    read: usize,
}

impl Learnt {
    /// Notes what a trial has drawn.
    pub(super) fn note(&mut self, number: u32, drawn: Drawn) {
        self.drawn.insert(number, drawn);
    }

    /// The space as the trials shown have it, and these trials within it; whether the space is another
    /// than before.
    pub(super) fn update(&mut self, shown: &[FinishedTrial]) -> bool {
        let fits = |trial: &FinishedTrial| {
            self.drawn.get(&trial.number).is_none_or(|drawn| {
                drawn.iter().all(|(name, distribution)| self.space.get(name) == Some(distribution))
                    && self.space.contains(&trial.params)
            })
        };
        if shown.len() >= self.read && shown[self.read..].iter().all(fits) {
            let fresh = shown[self.read..].iter().cloned();
            self.finished.extend(fresh);
            self.read = shown.len();
            return false;
        }
        let space = infer(shown, &self.drawn);
        let changed = space != self.space;
        self.space = space;
        self.finished = shown.iter().map(|trial| restricted(trial, &self.space)).collect();
        self.read = shown.len();
        changed
    }

    pub(super) fn space(&self) -> &Space {
        &self.space
    }

    /// Whether the space has every parameter that the trials shown have drawn.
    pub(super) fn is_whole(&self) -> bool {
        let shown = self.finished.iter().filter_map(|trial| self.drawn.get(&trial.number));
        shown.flat_map(BTreeMap::keys).all(|name| self.space.get(name).is_some())
    }

    pub(super) fn finished(&self) -> &[FinishedTrial] {
        &self.finished
    }
}

fn restricted(trial: &FinishedTrial, space: &Space) -> FinishedTrial {
    let mut trial = trial.clone();
    trial.params.retain(|name, _| space.get(name).is_some());
    trial
}

/// The distributions that a recorded trial has drawn from, as its configuration has them; `None` where it
/// has not said what it needs.
///
/// # Errors
/// [`StoreError::Malformed`].
pub fn drawn_in(run: &RunRecord) -> Result<Option<Drawn>, StoreError> {
    let drawn = run.start.config.get(DISTRIBUTIONS).cloned();
    drawn
        .map(serde_json::from_value)
        .transpose()
        .map_err(|error| StoreError::Malformed { what: "search space", detail: error.to_string() })
}

/// What is known of the space of recorded trials: the space itself, and the latest distribution of every
/// parameter.
pub(crate) fn known_of(runs: &[RunRecord]) -> Result<(Space, Drawn), StoreError> {
    let mut ended: Vec<&RunRecord> = runs.iter().filter(|run| run.state.is_final()).collect();
    ended.sort_by_key(|run| run.start.number);
    let (mut drawn, mut latest) = (BTreeMap::new(), Drawn::new());
    for run in &ended {
        let Some(of_run) = drawn_in(run)? else { continue };
        latest.extend(of_run.clone());
        drawn.insert(run.start.number.unwrap_or_default(), of_run);
    }
    let shown: Vec<FinishedTrial> = ended.iter().map(|run| TrialResult::recorded(run).trial).collect();
    Ok((infer(&shown, &drawn), latest))
}

/// The space of trials: a parameter that only some have exists where another one, a choice, has one
/// of the values that it has in these. One for which no choice decides is left out: it is drawn
/// evenly by whoever needs it. Where a distribution has changed, the latest counts.
fn infer(shown: &[FinishedTrial], drawn: &BTreeMap<u32, Drawn>) -> Space {
    let mut latest = Drawn::new();
    for trial in shown {
        for (name, distribution) in drawn.get(&trial.number).into_iter().flatten() {
            latest.insert(name.clone(), distribution.clone());
        }
    }
    let trials: Vec<&Params> =
        shown.iter().filter(|trial| drawn.contains_key(&trial.number)).map(|trial| &trial.params).collect();
    let mut kept = Drawn::new();
    let mut conditions: Vec<(String, String, Vec<ParamValue>)> = Vec::new();
    // Parents first: those that more trials have come before those that fewer have.
    let count = |name: &str| trials.iter().filter(|params| params.contains_key(name)).count();
    let mut names: Vec<(usize, &String)> = latest.keys().map(|name| (count(name), name)).collect();
    names.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
    for (found, name) in names {
        if found == trials.len() {
            kept.insert(name.clone(), latest[name].clone());
            continue;
        }
        let deciding = kept.iter().find_map(|(parent, distribution)| {
            let Distribution::Choice(_) = distribution else { return None };
            Some((parent.clone(), values_that_decide(&trials, name, parent)?))
        });
        if let Some((parent, values)) = deciding {
            conditions.push((name.clone(), parent, values));
            kept.insert(name.clone(), latest[name].clone());
        }
    }
    let space = Space::new(kept);
    conditions.into_iter().fold(space, |space, (name, parent, values)| space.when(&name, &parent, values))
}

/// The values of `parent` beside which `name` exists, if they alone decide it.
fn values_that_decide(trials: &[&Params], name: &str, parent: &str) -> Option<Vec<ParamValue>> {
    let (mut with, mut without) = (BTreeMap::new(), BTreeSet::new());
    for params in trials {
        match (params.contains_key(name), params.get(parent)) {
            (true, None) => return None,
            (true, Some(value)) => drop(with.insert(value.to_string(), value.clone())),
            (false, Some(value)) => drop(without.insert(value.to_string())),
            (false, None) => {}
        }
    }
    let decides = !with.is_empty() && with.keys().all(|value| !without.contains(value));
    decides.then(|| with.into_values().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn real(high: f64) -> Distribution {
        Distribution::Uniform { low: 0.0, high, step: None }
    }

    fn optimizers() -> Distribution {
        Distribution::Choice(["sgd", "adam"].map(ParamValue::from).to_vec())
    }

    fn trial(
        learnt: &mut Learnt,
        number: u32,
        entries: &[(&str, ParamValue, Distribution)],
    ) -> FinishedTrial {
        let drawn = entries.iter().map(|(name, _, of)| ((*name).to_owned(), of.clone())).collect();
        learnt.note(number, drawn);
        let params = entries.iter().map(|(name, value, _)| ((*name).to_owned(), value.clone())).collect();
        FinishedTrial::complete(number, params, 0.0)
    }

    #[test]
    fn a_parameter_that_a_choice_decides_is_conditional_on_it() {
        let mut learnt = Learnt::default();
        let shown = [
            trial(
                &mut learnt,
                0,
                &[("opt", "sgd".into(), optimizers()), ("momentum", ParamValue::Float(0.5), real(1.0))],
            ),
            trial(&mut learnt, 1, &[("opt", "adam".into(), optimizers())]),
        ];
        assert!(learnt.update(&shown[..1]));
        assert!(!learnt.space().is_conditional(), "so far every trial has had it");
        assert!(learnt.update(&shown));
        assert_eq!(learnt.space().condition("momentum").unwrap()["opt"], ["sgd".into()]);
        assert!(learnt.finished().iter().all(|trial| learnt.space().contains(&trial.params)));
        assert!(!learnt.update(&shown), "nothing new");
    }

    #[test]
    fn what_nothing_decides_is_left_out() {
        let mut learnt = Learnt::default();
        let x = |value| ("x", ParamValue::Float(value), real(1.0));
        let shown = [
            trial(&mut learnt, 0, &[x(0.1), ("sometimes", ParamValue::Float(0.5), real(1.0))]),
            trial(&mut learnt, 1, &[x(0.2)]),
        ];
        learnt.update(&shown);
        assert_eq!(learnt.space().iter().map(|(name, _)| name).collect::<Vec<_>>(), ["x"]);
        assert_eq!(learnt.finished()[0].params.len(), 1);
    }

    #[test]
    fn the_latest_distribution_counts() {
        let mut learnt = Learnt::default();
        let shown = [
            trial(&mut learnt, 0, &[("x", ParamValue::Float(0.1), real(1.0))]),
            trial(&mut learnt, 1, &[("x", ParamValue::Float(1.5), real(2.0))]),
        ];
        learnt.update(&shown);
        assert_eq!(learnt.space().get("x"), Some(&real(2.0)));
    }
}
