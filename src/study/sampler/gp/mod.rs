//! Bayesian optimisation: a Gaussian process models the values over the space, and the next point is
//! the one at which the largest improvement is expected.
//!
//! Jones et al. 1998 for the idea; the logarithm of expected improvement as in Ament et al. 2023
//! (arXiv:2310.20708); length scales that are expected to grow with the number of parameters as in
//! Hvarfner et al. 2024 (arXiv:2402.02229). The search looks at the whole space and near the best
//! trials alike; there are no trust regions.

mod acquisition;
mod design;
mod domain;
mod factor;
mod fit;
mod inputs;
mod minimise;
mod outcome;
mod process;
mod search;
mod subset;
mod warp;

use crate::rng::{ChaCha8Rng, SeedTree};
use crate::trial::{Direction, Params};

use super::axis::{ABSENT, Axis, axes, draw_evenly};
use super::table::{Table, first_admitted};
use super::{Duplicates, Explanation, History, Sampler, Settings};
use domain::Domain;
use inputs::{Encoding, Inputs};
use process::{Hyperparameters, Prediction, Process};
use search::Search;
use subset::subset;
use warp::Warp;

/// The process sees at most so many trials,
const MOST_ROWS: usize = 300;
/// and its hyperparameters are fitted to at most so many.
const MOST_FITTED: usize = 120;
/// So many of the best trials have candidates drawn near them.
const ANCHORS: usize = 5;

/// A Gaussian process with a Matérn-5/2 kernel, and the point of largest expected improvement.
///
/// Pending trials count as if they had the value that is expected of them; several objectives are
/// merged with weights that every proposal draws anew (`ParEGO`).
#[derive(Debug)]
pub struct Gp {
    avoid: bool,
    seeds: SeedTree,
    table: Table,
    fitted: Option<Fitted>,
}

/// The last fit, and what it was made from.
#[derive(Debug)]
struct Fitted {
    rows: Vec<Vec<f64>>,
    values: Vec<f64>,
    hyper: Hyperparameters,
}

/// What a history says about the space.
struct Model {
    process: Process,
    warp: Warp,
    /// The smallest value that is expected at a finished trial's point.
    best: f64,
    /// Rows of the best trials.
    anchors: Vec<usize>,
}

impl Gp {
    /// A Gaussian-process sampler.
    pub fn new(settings: &Settings) -> Self {
        Self {
            avoid: settings.duplicates == Duplicates::Avoid,
            seeds: settings.seeds.child("gp", 0),
            table: Table::default(),
            fitted: None,
        }
    }

    /// The model of a history that the table has; `None` while no trial has a result.
    fn model(&mut self, history: &History<'_>, axes: &[Axis<'_>], rng: &mut ChaCha8Rng) -> Option<Model> {
        let encoding = Encoding::new(history.space, axes);
        let finished = self.table.finished_rows();
        let losses = outcome::losses(history, &self.table.places()[..finished], rng)?;
        let hyper = self.fit(&encoding, &losses);
        let mut seen = subset(&losses, MOST_ROWS);
        let (warp, values) = values(&losses, &seen);
        let mut process = self.process(&encoding, &seen, &values, hyper)?;
        let best = process.means().into_iter().fold(f64::INFINITY, f64::min);
        for row in finished..self.table.places().len() {
            process.believe(&encoding.row(&self.point(row)));
        }
        seen.sort_by(|&a, &b| losses[a].total_cmp(&losses[b]));
        seen.truncate(ANCHORS);
        Some(Model { process, warp, best, anchors: seen })
    }

    /// The hyperparameters, fitted again after every trial at first and after every few later.
    fn fit(&mut self, encoding: &Encoding, losses: &[f64]) -> Hyperparameters {
        let finished = losses.len();
        let losses = &losses[..finished - finished % (1 + finished / 25)];
        let seen = subset(losses, MOST_FITTED);
        let (_, values) = values(losses, &seen);
        let rows: Vec<Vec<f64>> = seen.iter().map(|&row| encoding.row(&self.point(row))).collect();
        if let Some(last) = &self.fitted
            && last.rows == rows
            && last.values == values
        {
            return last.hyper.clone();
        }
        let mut inputs = Inputs::new(encoding.clone());
        for row in &rows {
            inputs.push(row);
        }
        let hyper = fit::fit(&inputs, &values);
        self.fitted = Some(Fitted { rows, values, hyper: hyper.clone() });
        hyper
    }

    /// The process that has seen some rows. Where these are too close for the precision of numbers,
    /// more noise keeps them apart.
    fn process(
        &self,
        encoding: &Encoding,
        seen: &[usize],
        values: &[f64],
        mut hyper: Hyperparameters,
    ) -> Option<Process> {
        let mut inputs = Inputs::new(encoding.clone());
        for &row in seen {
            inputs.push(&encoding.row(&self.point(row)));
        }
        for _ in 0..8 {
            if let Some(process) = Process::new(inputs.clone(), values.to_vec(), hyper.clone()) {
                return Some(process);
            }
            hyper.noise *= 10.0;
        }
        None
    }

    /// Points in the order in which they should be tried; none while no trial has a result.
    fn search(
        &mut self,
        history: &History<'_>,
        axes: &[Axis<'_>],
        rng: &mut ChaCha8Rng,
    ) -> Option<Vec<Vec<f64>>> {
        let model = self.model(history, axes, rng)?;
        let domain = Domain::new(history.space, axes);
        let anchors: Vec<Vec<f64>> =
            model.anchors.iter().map(|&row| domain.filled(self.point(row), rng)).collect();
        let search = Search { domain: &domain, process: &model.process, best: model.best };
        Some(search.run(&anchors, rng).into_iter().map(|candidate| candidate.point).collect())
    }

    /// The coordinates of a row of the table.
    fn point(&self, row: usize) -> Vec<f64> {
        self.table.columns().iter().map(|column| column[row]).collect()
    }
}

/// The warp of some losses, and their values.
fn values(losses: &[f64], rows: &[usize]) -> (Warp, Vec<f64>) {
    let losses: Vec<f64> = rows.iter().map(|&row| losses[row]).collect();
    let warp = Warp::new(&losses);
    let values = losses.iter().map(|loss| warp.apply(*loss)).collect();
    (warp, values)
}

impl Sampler for Gp {
    fn name(&self) -> &'static str {
        "gp"
    }

    fn propose(&mut self, number: u32, history: &History<'_>, rng: &mut ChaCha8Rng) -> Params {
        let axes = axes(history.space);
        self.table.update(history, &axes);
        let (number, startup) = (number as usize, design::size(&axes));
        let found = if number < startup {
            Some(vec![design::point(&axes, startup, number, &self.seeds, rng)])
        } else {
            self.search(history, &axes, rng)
        };
        let mut found = found.unwrap_or_default().into_iter();
        first_admitted(history, &self.table, self.avoid, rng, |rng| {
            found.next().unwrap_or_else(|| draw_evenly(&axes, rng))
        })
    }

    fn explain(&mut self, number: u32, history: &History<'_>, params: &Params) -> Explanation {
        let axes = axes(history.space);
        let startup = design::size(&axes);
        let because = |reason: String| Explanation { sampler: "gp", reason, ..Explanation::default() };
        if (number as usize) < startup {
            return because(format!("one of the first {startup} trials: a point of a Latin hypercube"));
        }
        if history.directions.len() > 1 {
            return because("the largest expected improvement of the merged objectives".to_owned());
        }
        self.table.update(history, &axes);
        // With one objective the model draws nothing.
        let Some(model) = self.model(history, &axes, &mut self.seeds.rng("explain")) else {
            return because("drawn evenly, because no trial has a result yet".to_owned());
        };
        let good =
            model.anchors.iter().map(|&row| history.finished[self.table.places()[row]].number).collect();
        Explanation { good, ..model.explain(history, &axes, params) }
    }
}

impl Model {
    /// What it expects of a point, in the units of the objective.
    fn explain(&self, history: &History<'_>, axes: &[Axis<'_>], params: &Params) -> Explanation {
        let coordinate = |((name, _), axis): ((&str, _), &Axis<'_>)| {
            params.get(name).and_then(|value| axis.encode(value)).unwrap_or(ABSENT)
        };
        let point: Vec<f64> = history.space.iter().zip(axes).map(coordinate).collect();
        let mut prediction = Prediction::default();
        let domain = Domain::new(history.space, axes);
        let search = Search { domain: &domain, process: &self.process, best: self.best };
        let row = self.process.inputs().encoding().row(&point);
        let log_improvement = search.score_row(&row, &mut prediction);
        let (mean, sd) = (prediction.mean, prediction.sd);
        let sign = if history.directions.first() == Some(&Direction::Maximize) { -1.0 } else { 1.0 };
        let loss = self.warp.invert(mean);
        let spread = 0.5 * (self.warp.invert(mean + sd) - self.warp.invert(mean - sd));
        let hyper = self.process.hyperparameters();
        let names = history.space.iter().map(|(name, _)| name.to_owned());
        Explanation {
            sampler: "gp",
            reason: format!("the largest expected improvement: {:.6} ± {spread:.3} expected", sign * loss),
            by_param: names
                .zip(hyper.scales.iter().copied())
                .filter(|(name, _)| params.contains_key(name))
                .collect(),
            facts: vec![
                ("mean", sign * loss),
                ("sd", spread),
                ("log_expected_improvement", log_improvement),
                ("noise_to_signal", (hyper.noise / hyper.variance).sqrt()),
            ],
            ..Explanation::default()
        }
    }
}

#[cfg(test)]
mod tests;
