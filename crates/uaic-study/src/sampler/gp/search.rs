//! Where the acquisition function is largest.

use rand::RngExt;

use uaic_kernel::rng::ChaCha8Rng;

use super::super::axis::{Axis, draw_evenly};
use super::acquisition::log_expected_improvement;
use super::domain::Domain;
use super::minimise::minimise;
use super::process::{Prediction, Process};

/// Points drawn evenly from the space.
const EVERYWHERE: usize = 200;
/// Points drawn near good ones.
const NEAR: usize = 200;
/// How many of these are led uphill.
const CLIMBS: usize = 5;
/// Steps along the gradient at a time.
const ITERATIONS: usize = 20;

/// A point and how promising it is.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    /// A coordinate on every axis.
    pub(super) point: Vec<f64>,
    /// ln EI.
    pub(super) score: f64,
}

/// What is maximised.
pub(super) struct Search<'a> {
    /// Where to look.
    pub(super) domain: &'a Domain<'a>,
    /// What is known.
    pub(super) process: &'a Process,
    /// The value to improve on.
    pub(super) best: f64,
    /// Per axis, the part of its range that is searched.
    pub(super) bounds: Vec<(f64, f64)>,
}

/// How far from the best trial proposals may be along a range, by turns: mostly near, because far from
/// all trials a process is uncertain and improvement always seems possible, and in many dimensions
/// almost everything is far; at every fourth turn anywhere. `docs/design/default-sampler.md` has what else was tried.
const REACHES: [f64; 4] = [0.15, 0.3, 0.15, 1.0];

/// The part of each range within reach of `centre` at turn `number`; all of it where there is none.
pub(super) fn within_reach(centre: Option<&Vec<f64>>, number: u32, axes: usize) -> Vec<(f64, f64)> {
    let reach = REACHES[number as usize % REACHES.len()];
    let around = |x: &f64| ((x - reach).max(0.0), (x + reach).min(1.0));
    centre.map_or_else(|| vec![(0.0, 1.0); axes], |centre| centre.iter().map(around).collect())
}

impl Search<'_> {
    /// The most promising points, the best first: of many drawn evenly and near `anchors`, the best
    /// few, each led uphill.
    pub(super) fn run(&self, anchors: &[Vec<f64>], rng: &mut ChaCha8Rng) -> Vec<Candidate> {
        let mut prediction = Prediction::default();
        let mut found: Vec<Candidate> = self
            .draw(anchors, rng)
            .into_iter()
            .filter_map(|point| {
                let score = self.score(&point, &mut prediction)?;
                Some(Candidate { point, score })
            })
            .collect();
        found.sort_by(|a, b| b.score.total_cmp(&a.score));
        let rest = found.split_off(found.len().min(CLIMBS));
        let mut climbed: Vec<Candidate> =
            found.into_iter().map(|start| self.climb(start, &mut prediction, rng)).collect();
        climbed.extend(rest);
        climbed.sort_by(|a, b| b.score.total_cmp(&a.score));
        climbed
    }

    fn draw(&self, anchors: &[Vec<f64>], rng: &mut ChaCha8Rng) -> Vec<Vec<f64>> {
        let mut points: Vec<Vec<f64>> = (0..EVERYWHERE).map(|_| draw_evenly(self.domain.axes, rng)).collect();
        points.extend(anchors.iter().cycle().take(NEAR).map(|anchor| self.mutate(anchor, rng)));
        for point in &mut points {
            self.bring_within(point);
        }
        let led = |(at, point)| self.domain.led(anchors.get(at % anchors.len().max(1)), point, rng);
        points.into_iter().enumerate().map(led).collect()
    }

    /// Moves what lies beyond the bounds to the same share of the range between them.
    fn bring_within(&self, point: &mut [f64]) {
        for ((x, axis), &(low, high)) in point.iter_mut().zip(self.domain.axes).zip(&self.bounds) {
            if matches!(axis, Axis::Range(_)) && !(low..=high).contains(x) {
                *x = axis.snap(low + (high - low) * *x);
            }
        }
    }

    /// Moves some coordinates, one at least and few on average in half of the cases.
    fn mutate(&self, anchor: &[f64], rng: &mut ChaCha8Rng) -> Vec<f64> {
        let mut point = anchor.to_vec();
        if point.is_empty() {
            return point;
        }
        let share = if rng.random::<bool>() { 0.9 } else { (2.0 / point.len() as f64).min(0.5) };
        let always = rng.random_range(0..point.len() as u64) as usize;
        for (axis, coordinate) in point.iter_mut().enumerate() {
            if axis == always || rng.random::<f64>() < share {
                *coordinate = self.domain.draw_near(axis, *coordinate, rng);
            }
        }
        point
    }

    /// ln EI; `None` where a constraint forbids the point.
    fn score(&self, point: &[f64], prediction: &mut Prediction) -> Option<f64> {
        let visible = self.domain.visible(point)?;
        Some(self.score_row(&self.process.inputs().encoding().row(&visible), prediction))
    }

    /// ln EI at a row of the process.
    pub(super) fn score_row(&self, row: &[f64], prediction: &mut Prediction) -> f64 {
        self.process.predict(row, prediction);
        log_expected_improvement(self.best, prediction.mean, prediction.sd).0
    }

    /// Uphill, by turns along the gradient and from value to value.
    fn climb(&self, start: Candidate, prediction: &mut Prediction, rng: &mut ChaCha8Rng) -> Candidate {
        let mut best = start;
        for _ in 0..3 {
            let before = best.score;
            self.follow_gradient(&mut best, prediction);
            let stepped = self.try_alternatives(&mut best, prediction, rng);
            if !stepped || best.score <= before {
                break;
            }
        }
        best
    }

    /// Uphill over the axes with gradients, all others held.
    fn follow_gradient(&self, best: &mut Candidate, prediction: &mut Prediction) {
        let Some(visible) = self.domain.visible(&best.point) else { return };
        let encoding = self.process.inputs().encoding();
        let smooth: Vec<(usize, usize)> = (0..visible.len())
            .filter(|&axis| self.domain.is_smooth(axis) && !visible[axis].is_nan())
            .filter_map(|axis| Some((axis, encoding.number_column(axis)?)))
            .collect();
        if smooth.is_empty() {
            return;
        }
        let (axes, columns): (Vec<usize>, Vec<usize>) = smooth.into_iter().unzip();
        let start: Vec<f64> = axes.iter().map(|&axis| visible[axis]).collect();
        let mut row = encoding.row(&visible);
        let bounds: Vec<(f64, f64)> = axes.iter().map(|&axis| self.bounds[axis]).collect();
        let (end, _) = minimise(&start, &bounds, ITERATIONS, |x, gradient| {
            columns.iter().zip(x).for_each(|(&column, x)| row[column] = *x);
            self.descend(&row, &columns, prediction, gradient)
        });
        let mut point = best.point.clone();
        for (axis, x) in axes.into_iter().zip(end) {
            point[axis] = self.domain.axes[axis].snap(x);
        }
        self.take_if_better(point, best, prediction);
    }

    /// −ln EI at a row, and its gradient by some columns.
    fn descend(
        &self,
        row: &[f64],
        columns: &[usize],
        prediction: &mut Prediction,
        gradient: &mut [f64],
    ) -> f64 {
        self.process.predict(row, prediction);
        let (value, by_mean, by_sd) = log_expected_improvement(self.best, prediction.mean, prediction.sd);
        let slopes = self.process.gradient(row, prediction, columns);
        for (target, (mean, sd)) in gradient.iter_mut().zip(slopes) {
            *target = -(by_mean * mean + by_sd * sd);
        }
        -value
    }

    /// One round through the axes without gradient. Whether anything changed.
    fn try_alternatives(
        &self,
        best: &mut Candidate,
        prediction: &mut Prediction,
        rng: &mut ChaCha8Rng,
    ) -> bool {
        let mut changed = false;
        for axis in (0..best.point.len()).filter(|&axis| !self.domain.is_smooth(axis)) {
            for value in self.domain.alternatives(axis, best.point[axis], rng) {
                let mut point = best.point.clone();
                point[axis] = value;
                changed |= self.take_if_better(point, best, prediction);
            }
        }
        changed
    }

    fn take_if_better(&self, point: Vec<f64>, best: &mut Candidate, prediction: &mut Prediction) -> bool {
        match self.score(&point, prediction) {
            Some(score) if score > best.score => {
                *best = Candidate { point, score };
                true
            }
            _ => false,
        }
    }
}
