//! Bayesian optimisation: a Gaussian process models the values over the space, and the next point is
//! the one at which the largest improvement is expected.
//!
//! Jones et al. 1998 for the idea; the logarithm of expected improvement as in Ament et al. 2023
//! (arXiv:2310.20708); length scales that are expected to grow with the number of parameters as in
//! Hvarfner et al. 2024 (arXiv:2402.02229). Values are warped by a transformation that is fitted together
//! with the process (`warp`), so that values over many orders of magnitude do not hide how the good ones
//! differ. The search mostly looks around the best trial and by turns at the whole space.

mod acquisition;
mod design;
mod domain;
mod fit;
mod inputs;
mod minimise;
mod outcome;
mod process;
mod search;
mod subset;
mod warp;

use crate::trial::{Direction, Params};
use uaic_kernel::rng::{ChaCha8Rng, SeedTree};

use super::axis::{ABSENT, Axis, axes, draw_evenly};
use super::table::{Table, first_admitted};
use super::{Duplicates, Explanation, History, Sampler, Settings};
use domain::Domain;
use inputs::{Encoding, Inputs};
use process::{Hyperparameters, Prediction, Process};
use search::Search;
use subset::subset;
use warp::{Shape, Warp};

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
    losses: Vec<f64>,
    hyper: Hyperparameters,
    shape: Shape,
}

/// A finished trial and what the others tell of it.
#[derive(Clone, Debug)]
pub(in crate::sampler) struct LeftOut {
    /// Its coordinates.
    pub(super) point: Vec<f64>,
    /// How it did.
    pub(super) loss: f64,
    /// A number that is small where it is expected to have done well.
    pub(super) expected: f64,
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
        let (hyper, shape) = self.fit(&encoding, &losses);
        let mut seen = subset(&losses, MOST_ROWS);
        let (warp, values) = values(&losses, &seen, shape);
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
    fn fit(&mut self, encoding: &Encoding, losses: &[f64]) -> (Hyperparameters, Shape) {
        let finished = losses.len();
        let losses = &losses[..finished - finished % (1 + finished / 25)];
        let seen = subset(losses, MOST_FITTED);
        let losses: Vec<f64> = seen.iter().map(|&row| losses[row]).collect();
        let rows: Vec<Vec<f64>> = seen.iter().map(|&row| encoding.row(&self.point(row))).collect();
        if let Some(last) = &self.fitted
            && last.rows == rows
            && last.losses == losses
        {
            return (last.hyper.clone(), last.shape);
        }
        let mut inputs = Inputs::new(encoding.clone());
        for row in &rows {
            inputs.push(row);
        }
        let (hyper, shape) = fit::fit(&inputs, &losses);
        self.fitted = Some(Fitted { rows, losses, hyper: hyper.clone(), shape });
        (hyper, shape)
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
        number: u32,
        history: &History<'_>,
        axes: &[Axis<'_>],
        rng: &mut ChaCha8Rng,
    ) -> Option<Vec<Vec<f64>>> {
        let model = self.model(history, axes, rng)?;
        let domain = Domain::new(history.space, axes);
        let anchors: Vec<Vec<f64>> =
            model.anchors.iter().map(|&row| domain.filled(self.point(row), rng)).collect();
        let bounds = search::within_reach(anchors.first(), number, axes.len());
        let search = Search { domain: &domain, process: &model.process, best: model.best, bounds };
        Some(search.run(&anchors, rng).into_iter().map(|candidate| candidate.point).collect())
    }

    /// What it would have expected of each finished trial if that one alone had not been seen, beside
    /// how the trial did; at most of as many as the hyperparameters are fitted to. None where no trial
    /// has a result, and with several objectives, which have no one order.
    pub(super) fn left_out(&mut self, history: &History<'_>) -> Option<Vec<LeftOut>> {
        if history.directions.len() != 1 {
            return None;
        }
        let axes = axes(history.space);
        self.table.update(history, &axes);
        let encoding = Encoding::new(history.space, &axes);
        let places = &self.table.places()[..self.table.finished_rows()];
        // With one objective nothing is drawn.
        let losses = outcome::losses(history, places, &mut self.seeds.rng("left out"))?;
        let (hyper, shape) = self.fit(&encoding, &losses);
        let seen = subset(&losses, MOST_FITTED);
        let (_, values) = values(&losses, &seen, shape);
        let expected = self.process(&encoding, &seen, &values, hyper)?.left_out();
        let of = |(&row, expected)| LeftOut { point: self.point(row), loss: losses[row], expected };
        Some(seen.iter().zip(expected).map(of).collect())
    }

    /// The coordinates of a row of the table.
    fn point(&self, row: usize) -> Vec<f64> {
        self.table.columns().iter().map(|column| column[row]).collect()
    }
}

/// The warp of some losses, and their values.
fn values(losses: &[f64], rows: &[usize], shape: Shape) -> (Warp, Vec<f64>) {
    let losses: Vec<f64> = rows.iter().map(|&row| losses[row]).collect();
    let warp = Warp::new(&losses, shape);
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
        let found = if (number as usize) < design::SIZE {
            Some(vec![design::point(&axes, number as usize, &self.seeds, rng)])
        } else {
            self.search(number, history, &axes, rng)
        };
        let mut found = found.unwrap_or_default().into_iter();
        first_admitted(history, &self.table, self.avoid, rng, |rng| {
            found.next().unwrap_or_else(|| draw_evenly(&axes, rng))
        })
    }

    fn explain(&mut self, number: u32, history: &History<'_>, params: &Params) -> Explanation {
        let axes = axes(history.space);
        let startup = design::SIZE;
        let because = |reason: String| Explanation { sampler: "gp", reason, ..Explanation::default() };
        if (number as usize) < startup {
            return because(format!(
                "one of the first {startup} trials: spread around the middle of the ranges"
            ));
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
        let search = Search { domain: &domain, process: &self.process, best: self.best, bounds: Vec::new() };
        let row = self.process.inputs().encoding().row(&point);
        let log_improvement = search.score_row(&row, &mut prediction);
        let sign = if history.directions.first() == Some(&Direction::Maximize) { -1.0 } else { 1.0 };
        let at = |deviations: f64| sign * self.warp.invert(prediction.mean + deviations * prediction.sd);
        let (median, a, b) = (at(0.0), at(-1.0), at(1.0));
        let (low, high) = (a.min(b), a.max(b));
        // Of the middle of every tenth of the distribution: its tails are the warp's, not the study's.
        let tenths: Vec<f64> = TENTHS.iter().flat_map(|z| [at(*z), at(-*z)]).collect();
        let mean = tenths.iter().sum::<f64>() / tenths.len() as f64;
        let variance = tenths.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / tenths.len() as f64;
        let hyper = self.process.hyperparameters();
        let shape = self.warp.shape();
        let names = history.space.iter().map(|(name, _)| name.to_owned());
        Explanation {
            sampler: "gp",
            reason: format!(
                "the largest expected improvement: about {}, two times in three between {} and {}; {}",
                figure(median),
                figure(low),
                figure(high),
                shape
            ),
            by_param: names
                .zip(hyper.scales.iter().copied())
                .filter(|(name, _)| params.contains_key(name))
                .collect(),
            facts: vec![
                ("median", median),
                ("low", low),
                ("high", high),
                ("mean", mean),
                ("sd", variance.sqrt()),
                ("log_expected_improvement", log_improvement),
                ("noise_to_signal", (hyper.noise / hyper.variance).sqrt()),
                ("warp_upper", shape.upper),
                ("warp_lower", shape.lower),
            ],
            ..Explanation::default()
        }
    }
}

/// Standard normal quantiles at 0.55, 0.65 … 0.95.
const TENTHS: [f64; 5] = [0.125_661, 0.385_320, 0.674_490, 1.036_433, 1.644_854];

/// A number with as many digits as tell something.
fn figure(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && !(1e-4..1e7).contains(&size) { format!("{value:.3e}") } else { format!("{value:.6}") }
}

#[cfg(test)]
mod tests;
