//! The sampler for those who have not chosen one: which of the others is best depends on the space
//! and on how many trials there have been.

use crate::rng::ChaCha8Rng;
use crate::spec::Space;
use crate::trial::{Direction, FinishedTrial, Params};

use super::{Explanation, History, Sampler, Settings, by_name};

/// Up to so many finished trials a Gaussian process decides. It learns more from each than any other
/// sampler, but its proposals cost more with every trial.
const FEW_TRIALS: usize = 250;
/// With several objectives its hyperparameters must be fitted for every proposal.
const FEW_TRIALS_OF_SEVERAL: usize = 120;
/// In more parameters than this, so many trials tell it little about each.
const FEW_PARAMS: usize = 40;

/// Chooses a sampler for every proposal, by [`choice`].
pub struct Auto {
    settings: Settings,
    chosen: Option<Box<dyn Sampler>>,
}

impl Auto {
    /// The choosing sampler.
    pub fn new(settings: &Settings) -> Self {
        Self { settings: settings.clone(), chosen: None }
    }

    fn chosen(&mut self, name: &str) -> Option<&mut dyn Sampler> {
        if self.chosen.as_ref().is_none_or(|chosen| chosen.name() != name) {
            self.chosen = by_name(name, &self.settings);
        }
        self.chosen.as_mut().map(|chosen| &mut **chosen as &mut dyn Sampler)
    }
}

/// The registered name of the sampler that suits a study best, and why: of the space, the objectives
/// and the trials that have finished, so that a study can be extended at any time.
pub fn choice(space: &Space, directions: &[Direction], finished: &[FinishedTrial]) -> (&'static str, String) {
    let few = if directions.len() > 1 { FEW_TRIALS_OF_SEVERAL } else { FEW_TRIALS };
    if space.len() > FEW_PARAMS {
        return ("tpe", format!("more than {FEW_PARAMS} parameters"));
    }
    if finished.len() >= few {
        return ("tpe", format!("{few} trials and more have finished, and its proposals stay cheap"));
    }
    ("gp", format!("fewer than {few} trials have finished, and it learns most from few"))
}

impl Sampler for Auto {
    fn name(&self) -> &'static str {
        "auto"
    }

    fn propose(&mut self, number: u32, history: &History<'_>, rng: &mut ChaCha8Rng) -> Params {
        let (name, _) = choice(history.space, history.directions, history.finished);
        self.chosen(name).map(|chosen| chosen.propose(number, history, rng)).unwrap_or_default()
    }

    fn explain(&mut self, number: u32, history: &History<'_>, params: &Params) -> Explanation {
        let (name, why) = choice(history.space, history.directions, history.finished);
        let inner = self.chosen(name).map(|chosen| chosen.explain(number, history, params));
        let inner = inner.unwrap_or_default();
        Explanation { sampler: name, reason: format!("{name}, because {why}; {}", inner.reason), ..inner }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::SeedTree;
    use crate::spec::Distribution;

    fn space(params: usize) -> Space {
        let unit = Distribution::Uniform { low: 0.0, high: 1.0, step: None };
        Space::new((0..params).map(|i| (format!("p{i:02}"), unit.clone())))
    }

    fn finished(count: u32) -> Vec<FinishedTrial> {
        let params = |number: u32| {
            let at = f64::from(number) / 1000.0;
            Params::from([("p00".to_owned(), crate::trial::ParamValue::Float(at))])
        };
        (0..count).map(|number| FinishedTrial::complete(number, params(number), f64::from(number))).collect()
    }

    fn name(params: usize, objectives: usize, trials: u32) -> &'static str {
        choice(&space(params), &vec![Direction::Minimize; objectives], &finished(trials)).0
    }

    #[test]
    fn few_trials_are_for_the_process_and_many_for_tpe() {
        assert_eq!([0, 249, 250, 5000].map(|trials| name(3, 1, trials)), ["gp", "gp", "tpe", "tpe"]);
        assert_eq!([0, 119, 120].map(|trials| name(3, 2, trials)), ["gp", "gp", "tpe"]);
        assert_eq!(name(41, 1, 0), "tpe");
    }

    #[test]
    fn every_choice_is_a_registered_sampler() {
        let settings = Settings::new(SeedTree::new(1));
        for (params, trials) in [(1, 0), (41, 0), (1, 300)] {
            assert!(by_name(name(params, 1, trials), &settings).is_some());
        }
    }

    #[test]
    fn a_proposal_is_that_of_the_chosen_sampler_and_the_explanation_says_so() {
        let (space, directions) = (space(1), [Direction::Minimize]);
        for trials in [3, 20, 300] {
            let finished = finished(trials);
            let history =
                History { space: &space, directions: &directions, finished: &finished, pending: &[] };
            let settings = Settings::new(SeedTree::new(1));
            let (chosen, why) = choice(&space, &directions, &finished);
            let mut auto = Auto::new(&settings);
            let rng = || SeedTree::new(2).rng("sampler");
            let params = auto.propose(trials, &history, &mut rng());
            let expected = by_name(chosen, &settings).unwrap().propose(trials, &history, &mut rng());
            assert_eq!(params, expected);
            let explanation = auto.explain(trials, &history, &params);
            assert_eq!(explanation.sampler, chosen);
            assert!(explanation.reason.contains(&why), "{}", explanation.reason);
        }
    }
}
