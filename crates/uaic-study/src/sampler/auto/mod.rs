//! The sampler for those who have not chosen one: which of the others is best depends on the space, on
//! how many trials there have been, and on what their results are like.

mod evidence;

use std::collections::BTreeMap;

use crate::trial::Params;
use uaic_kernel::rng::ChaCha8Rng;

use super::{Explanation, History, Sampler, Settings, by_name};
use evidence::Evidence;

/// Up to so many finished trials a Gaussian process is among the choices. It learns more from each than
/// any other sampler, but its proposals cost more with every trial.
const FEW_TRIALS: usize = 250;
/// With several objectives its hyperparameters must be fitted for every proposal.
const FEW_TRIALS_OF_SEVERAL: usize = 120;
/// In more parameters than this, so many trials tell it little about each.
const FEW_PARAMS: usize = 40;

/// From so many finished trials on they are asked which sampler suits them,
const FIRST_EVIDENCE: usize = 20;
/// and again after so many more.
const EVIDENCE_EVERY: usize = 10;
/// The same where trials are many.
const EVIDENCE_OF_MANY_EVERY: usize = 50;
/// Chooses a sampler for every proposal.
///
/// A Gaussian process proposes while trials are few, and TPE when they are many, unless the finished
/// trials speak for another: every few trials each of them is predicted from the others by what a
/// Gaussian process expects, by the nearest trials (TPE) and by the distance from one middle (CMA-ES).
/// Whose order of the better half is clearly closest to that of the results gets every second trial
/// while they are few, and all when they are many.
pub struct Auto {
    settings: Settings,
    samplers: BTreeMap<&'static str, Box<dyn Sampler>>,
    judged: Option<Judged>,
}

/// What some trials said.
struct Judged {
    /// How many they were, and the number of the last one.
    trials: usize,
    last: u32,
    evidence: Option<Evidence>,
}

/// A sampler's registered name, and why it was chosen.
struct Choice {
    name: &'static str,
    why: String,
    evidence: Option<Evidence>,
}

impl Choice {
    fn of(name: &'static str, why: String) -> Self {
        Self { name, why, evidence: None }
    }
}

impl Auto {
    /// The choosing sampler.
    pub fn new(settings: &Settings) -> Self {
        Self { settings: settings.clone(), samplers: BTreeMap::new(), judged: None }
    }

    /// Whose turn trial `number` is: a function of the number, the space, the objectives and the trials
    /// that have finished, so that a study can be extended at any time.
    fn choice(&mut self, number: u32, history: &History<'_>) -> Choice {
        let several = history.directions.len() > 1;
        let few = if several { FEW_TRIALS_OF_SEVERAL } else { FEW_TRIALS };
        let trials = history.finished.len();
        let is_many = trials >= few;
        if history.space.len() > FEW_PARAMS {
            return Choice::of("tpe", format!("more than {FEW_PARAMS} parameters"));
        }
        let (usual, why) = if is_many {
            ("tpe", format!("{few} trials and more have finished, and its proposals stay cheap"))
        } else {
            ("gp", format!("fewer than {few} trials have finished, and it learns most from few"))
        };
        if several || trials < FIRST_EVIDENCE {
            return Choice::of(usual, why);
        }
        let seen = trials - trials % if is_many { EVIDENCE_OF_MANY_EVERY } else { EVIDENCE_EVERY };
        let Some(evidence) = self.evidence(seen, history) else { return Choice::of(usual, why) };
        let best = evidence.best(usual, is_many);
        let (name, why) = if best == usual {
            (usual, format!("{why}, and no other predicts results clearly better"))
        } else if !is_many && number.is_multiple_of(2) {
            (usual, format!("{why}; every second trial is left to {best}, which predicts results better"))
        } else {
            (best, "it predicts results better than the usual choice".to_owned())
        };
        let why = format!("{why} (rank correlation of the better half of {seen} trials: {evidence})");
        Choice { name, why, evidence: Some(evidence) }
    }

    /// What the first `seen` finished trials say.
    fn evidence(&mut self, seen: usize, history: &History<'_>) -> Option<Evidence> {
        let finished = &history.finished[..seen];
        let last = finished.last()?.number;
        if self.judged.as_ref().is_none_or(|judged| (judged.trials, judged.last) != (seen, last)) {
            let past = History { finished, pending: &[], ..*history };
            let evidence = Evidence::of(&self.settings, &past);
            self.judged = Some(Judged { trials: seen, last, evidence });
        }
        self.judged.as_ref().and_then(|judged| judged.evidence)
    }

    fn sampler(&mut self, name: &'static str) -> Option<&mut Box<dyn Sampler>> {
        if !self.samplers.contains_key(name) {
            self.samplers.insert(name, by_name(name, &self.settings)?);
        }
        self.samplers.get_mut(name)
    }
}

impl Sampler for Auto {
    fn name(&self) -> &'static str {
        "auto"
    }

    fn propose(&mut self, number: u32, history: &History<'_>, rng: &mut ChaCha8Rng) -> Params {
        let Choice { name, .. } = self.choice(number, history);
        self.sampler(name).map(|chosen| chosen.propose(number, history, rng)).unwrap_or_default()
    }

    fn explain(&mut self, number: u32, history: &History<'_>, params: &Params) -> Explanation {
        let Choice { name, why, evidence } = self.choice(number, history);
        let inner = self.sampler(name).map(|chosen| chosen.explain(number, history, params));
        let mut inner = inner.unwrap_or_default();
        if let Some(evidence) = evidence {
            inner.facts.extend(evidence.facts());
        }
        Explanation { sampler: name, reason: format!("{name}, because {why}; {}", inner.reason), ..inner }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::{Distribution, Space};
    use crate::trial::{Direction, FinishedTrial, ParamValue};
    use uaic_kernel::rng::SeedTree;

    fn space(params: usize) -> Space {
        let unit = Distribution::Uniform { low: 0.0, high: 1.0, step: None };
        Space::new((0..params).map(|i| (format!("p{i:02}"), unit.clone())))
    }

    fn settings() -> Settings {
        Settings::new(SeedTree::new(1))
    }

    /// So many trials of one parameter, whose values `value` decides.
    fn finished(count: u32, value: impl Fn(f64) -> f64) -> Vec<FinishedTrial> {
        let trial = |number: u32| {
            let at = f64::from(number * 37 % 101) / 101.0;
            let params = Params::from([("p00".to_owned(), ParamValue::Float(at))]);
            FinishedTrial::complete(number, params, value(at))
        };
        (0..count).map(trial).collect()
    }

    fn name(params: usize, objectives: usize, trials: u32) -> &'static str {
        let (space, finished) = (space(params), finished(trials, |x| x));
        let directions = vec![Direction::Minimize; objectives];
        let history = History { space: &space, directions: &directions, finished: &finished, pending: &[] };
        Auto::new(&settings()).choice(trials, &history).name
    }

    #[test]
    fn few_trials_are_for_the_process_and_many_for_tpe() {
        assert_eq!([0, 19].map(|trials| name(1, 1, trials)), ["gp", "gp"]);
        assert_eq!([0, 119, 120].map(|trials| name(3, 2, trials)), ["gp", "gp", "tpe"]);
        assert_eq!(name(41, 1, 0), "tpe");
        let many = finished(300, |x| (9.0 * x).sin());
        let space = space(1);
        let history =
            History { space: &space, directions: &[Direction::Minimize], finished: &many, pending: &[] };
        assert_eq!(Auto::new(&settings()).choice(300, &history).name, "tpe");
    }

    #[test]
    fn every_choice_is_a_registered_sampler() {
        for (params, trials) in [(1, 0), (41, 0), (1, 300)] {
            assert!(by_name(name(params, 1, trials), &settings()).is_some());
        }
    }

    #[test]
    fn evidence_gives_another_sampler_every_second_trial_and_is_asked_every_ten() {
        let (space, finished) = (space(1), finished(29, |x| (x - 0.4).abs()));
        let mut auto = Auto::new(&settings());
        let mut names = |seen: usize, evidence: Evidence| {
            let history = History {
                space: &space,
                directions: &[Direction::Minimize],
                finished: &finished[..seen],
                pending: &[],
            };
            auto.judged = Some(Judged { trials: 20, last: 19, evidence: Some(evidence) });
            [28, 29].map(|number| auto.choice(number, &history).name)
        };
        let evidence = |gp: f64, tpe: f64, cma: f64| Evidence { gp, tpe, cma: Some(cma), compared: 10 };
        assert_eq!(names(29, evidence(0.3, 0.1, 0.45)), ["gp", "gp"], "not more than chance");
        assert_eq!(names(29, evidence(0.3, 0.1, 0.6)), ["gp", "cma-es"]);
        assert_eq!(names(20, evidence(-0.2, 0.5, 0.4)), ["gp", "tpe"]);
    }

    #[test]
    fn a_proposal_is_that_of_the_chosen_sampler_and_the_explanation_says_so() {
        let (space, directions) = (space(1), [Direction::Minimize]);
        for trials in [3, 20, 45, 300] {
            let finished = finished(trials, |x| (x - 0.4).powi(2));
            let history =
                History { space: &space, directions: &directions, finished: &finished, pending: &[] };
            let mut auto = Auto::new(&settings());
            let Choice { name, why, evidence } = auto.choice(trials, &history);
            let rng = || SeedTree::new(2).rng("sampler");
            let params = auto.propose(trials, &history, &mut rng());
            let expected = by_name(name, &settings()).unwrap().propose(trials, &history, &mut rng());
            assert_eq!(params, expected);
            let explanation = auto.explain(trials, &history, &params);
            assert_eq!(explanation.sampler, name);
            assert!(explanation.reason.contains(&why), "{}", explanation.reason);
            let shown = explanation.facts.iter().any(|fact| fact.0 == "evidence_gp");
            assert_eq!((shown, evidence.is_some()), (trials >= 20, trials >= 20));
        }
    }
}
