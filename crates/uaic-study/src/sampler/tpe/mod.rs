//! The tree-structured Parzen estimator: models where good and bad trials lie, and proposes the
//! point that is most likely good.
//!
//! Bergstra et al. 2011 for the idea; multivariate kernels as in BOHB (Falkner et al. 2018); weights
//! by expected improvement as in Watanabe 2023 (arXiv:2304.11127); fronts and hypervolume for several
//! objectives as in MOTPE (Ozaki et al. 2022). How its settings were found is in
//! `docs/design/tpe.md`.

mod branch;
mod model;
mod pareto;
mod parzen;
mod split;
mod start;
mod widths;

use crate::space::Space;
use crate::trial::Params;
use uaic_kernel::rng::{ChaCha8Rng, SeedTree};

use super::axis::{ABSENT, Axis, axes, to_params};
use super::table::{first_admitted, untried};
use super::{Duplicates, Explanation, History, Sampler, Settings};
use model::Model;
use start::Start;

/// Multivariate TPE with a constant liar for pending trials.
///
/// ```
/// use uaic_kernel::rng::SeedTree;
/// use uaic_study::sampler::{Settings, Tpe};
///
/// let sampler = Tpe::new(&Settings::new(SeedTree::new(7))).startup(20).candidates(48);
/// ```
#[derive(Clone, Debug)]
pub struct Tpe {
    start: Start,
    candidates: usize,
    avoid: bool,
    model: Option<Model>,
}

impl Tpe {
    /// TPE with its usual settings: 8 trials to start with, 24 candidates.
    pub fn new(settings: &Settings) -> Self {
        Self {
            start: Start::new(8, settings.seeds.clone()),
            candidates: 24,
            avoid: settings.duplicates == Duplicates::Avoid,
            model: None,
        }
    }

    /// Spreads trials evenly while fewer than this have a result.
    #[must_use]
    pub fn startup(mut self, trials: usize) -> Self {
        self.start.trials = trials;
        self
    }

    /// Draws so many points near good trials, of which the best is taken; at least 1.
    #[must_use]
    pub fn candidates(mut self, candidates: usize) -> Self {
        self.candidates = candidates.max(1);
        self
    }

    /// The model of a history.
    fn model(&mut self, history: &History<'_>, axes: &[Axis<'_>]) -> &Model {
        let mut model = match self.model.take() {
            Some(model) if model.is_begin_of(history) => model,
            _ => Model::new(history.space, axes),
        };
        model.update(history, axes);
        self.model.insert(model)
    }
}

impl Default for Tpe {
    fn default() -> Self {
        Self::new(&Settings::new(SeedTree::new(0)))
    }
}

impl Sampler for Tpe {
    fn name(&self) -> &'static str {
        "tpe"
    }

    fn propose(&mut self, number: u32, history: &History<'_>, rng: &mut ChaCha8Rng) -> Params {
        let axes = axes(history.space);
        let (count, avoid, startup) = (self.candidates, self.avoid, self.start.trials);
        self.model(history, &axes);
        let (Some(model), start) = (&self.model, &mut self.start) else { return Params::new() };
        if model.ranked() < startup {
            let mut first = true;
            return first_admitted(history, model.table(), avoid, rng, |rng| {
                start.draw(number, &axes, std::mem::take(&mut first), rng)
            });
        }
        let ratio = model.ratio(&axes);
        let mut candidates = model.candidates(count, avoid, history.space, &axes, &ratio, rng);
        if candidates.is_empty() {
            candidates = model.led_candidates(count, avoid, history.space, &axes, &ratio, rng);
        }
        if candidates.is_empty() {
            candidates = untried(history, model.table()).unwrap_or_default();
        }
        match ratio.best(&candidates) {
            Some(best) => to_params(history.space, &axes, &mut candidates.swap_remove(best)),
            None => {
                first_admitted(history, model.table(), avoid, rng, |rng| super::axis::draw_evenly(&axes, rng))
            }
        }
    }

    fn explain(&mut self, _number: u32, history: &History<'_>, params: &Params) -> Explanation {
        let axes = axes(history.space);
        let (startup, candidates) = (self.start.trials, self.candidates);
        let model = self.model(history, &axes);
        if model.ranked() < startup {
            let reason = format!(
                "{} of the {startup} results that a model takes: spread evenly over the space",
                model.ranked()
            );
            return Explanation { sampler: "tpe", reason, ..Explanation::default() };
        }
        let point = coordinates(history.space, &axes, params);
        let ratio = model.ratio(&axes);
        let (good, bad) = model.numbers(history);
        let reason = format!(
            "of {candidates} candidates drawn near {} good trials the one that is likeliest good beside {} bad ones{}",
            good.len(),
            bad.len(),
            branch(history.space, params)
        );
        let by_param = history
            .space
            .iter()
            .enumerate()
            .filter(|(axis, _)| !point[*axis].is_nan())
            .map(|(axis, (name, _))| (name.to_owned(), ratio.marginal(&point, axis)))
            .collect();
        Explanation {
            sampler: "tpe",
            reason,
            good,
            bad,
            log_ratio: ratio.at(std::slice::from_ref(&point)).first().copied(),
            by_param,
            facts: vec![("candidates", candidates as f64)],
        }
    }
}

/// A point as coordinates; what has none counts as absent.
fn coordinates(space: &Space, axes: &[Axis<'_>], params: &Params) -> Vec<f64> {
    let coordinate = |((name, _), axis): ((&str, _), &Axis<'_>)| {
        params.get(name).and_then(|value| axis.encode(value)).unwrap_or(ABSENT)
    };
    space.iter().zip(axes).map(coordinate).collect()
}

/// Which branch of a conditional space a point is in, as the end of a sentence.
fn branch(space: &Space, params: &Params) -> String {
    let parents: std::collections::BTreeSet<&String> =
        space.iter().filter_map(|(name, _)| space.condition(name)).flat_map(|when| when.keys()).collect();
    let words: Vec<String> = parents
        .into_iter()
        .filter_map(|name| params.get(name).map(|value| format!("{name} = {value}")))
        .collect();
    if words.is_empty() { String::new() } else { format!("; branch {}", words.join(", ")) }
}
