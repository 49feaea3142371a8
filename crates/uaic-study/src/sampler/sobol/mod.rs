//! Scrambled Sobol' points: as blind as random draws, but even. Good for a first look at a space, and
//! to compare others with.

mod directions;
mod sequence;

pub(super) use sequence::Sobol;

use crate::space::Space;
use crate::trial::Params;
use uaic_kernel::rng::{ChaCha8Rng, SeedTree};

use super::axis::{Axis, axes, draw_evenly, to_params};
use super::table::{Table, first_admitted};
use super::{Duplicates, Explanation, History, Sampler, Settings};

/// Trial k evaluates point k of the sequence, whatever became of the others; where the space has
/// constraints, point k of those that they allow.
///
/// Every parameter has a dimension of its own, conditional ones too. A point that was tried before, as
/// happens where there are few values, is replaced by one drawn evenly.
#[derive(Debug)]
pub struct SobolSampler {
    seeds: SeedTree,
    avoid: bool,
    table: Table,
    /// The sequence, for as many dimensions as the last space had.
    sequence: Sobol,
    allowed: Allowed,
}

/// Which points of the sequence the constraints of a space allow.
#[derive(Debug, Default)]
struct Allowed {
    space: Space,
    indices: Vec<u32>,
    /// How many points of the sequence have been looked at.
    seen: u32,
}

/// Where fewer than one in so many points is allowed, the sequence is given up, and after so many points
/// without any.
const FEWEST: u32 = 1000;
const PATIENCE: u32 = 16;

impl SobolSampler {
    /// A sampler whose scrambling depends on the seeds.
    pub fn new(settings: &Settings) -> Self {
        let seeds = settings.seeds.child("sobol", 0);
        Self {
            sequence: Sobol::new(&seeds, 0),
            seeds,
            avoid: settings.duplicates == Duplicates::Avoid,
            table: Table::default(),
            allowed: Allowed::default(),
        }
    }

    /// The coordinates of point `index`.
    fn coordinates(&self, axes: &[Axis<'_>], index: u32) -> Vec<f64> {
        let mut point = vec![0.0; axes.len()];
        self.sequence.point(index, &mut point);
        for (coordinate, axis) in point.iter_mut().zip(axes) {
            *coordinate = axis.at_share(*coordinate);
        }
        point
    }

    /// Where in the sequence the point of trial `number` is; `None` when it would take too long to find.
    fn index(&mut self, space: &Space, axes: &[Axis<'_>], number: u32) -> Option<u32> {
        // Skipping points would leave out branches of which constraints allow little.
        if space.constraints().is_empty() || space.is_conditional() {
            return Some(number);
        }
        if self.allowed.space != *space {
            self.allowed = Allowed { space: space.clone(), ..Allowed::default() };
        }
        while self.allowed.indices.len() <= number as usize {
            let index = self.allowed.seen;
            if index / FEWEST > number.saturating_add(PATIENCE) {
                return None;
            }
            let mut point = self.coordinates(axes, index);
            if space.allows(&to_params(space, axes, &mut point)) {
                self.allowed.indices.push(index);
            }
            self.allowed.seen += 1;
        }
        self.allowed.indices.get(number as usize).copied()
    }
}

impl Sampler for SobolSampler {
    fn name(&self) -> &'static str {
        "sobol"
    }

    fn propose(&mut self, number: u32, history: &History<'_>, rng: &mut ChaCha8Rng) -> Params {
        let axes = axes(history.space);
        if self.avoid {
            self.table.update(history, &axes);
        }
        self.sequence = Sobol::new(&self.seeds, axes.len());
        let index = self.index(history.space, &axes, number);
        let mut first = index.map(|index| self.coordinates(&axes, index));
        first_admitted(history, &self.table, self.avoid, rng, |rng| {
            first.take().unwrap_or_else(|| draw_evenly(&axes, rng))
        })
    }

    fn explain(&mut self, number: u32, history: &History<'_>, params: &Params) -> Explanation {
        let axes = axes(history.space);
        self.sequence = Sobol::new(&self.seeds, axes.len());
        let index = self.index(history.space, &axes, number);
        let is_point = index.is_some_and(|index| {
            let mut point = self.coordinates(&axes, index);
            to_params(history.space, &axes, &mut point) == *params
        });
        let reason = match index.filter(|_| is_point) {
            Some(index) => format!("point {index} of a scrambled Sobol' sequence"),
            None => {
                "drawn instead of a point of the sequence that was tried before, or that constraints forbid"
                    .to_owned()
            }
        };
        let facts = index.filter(|_| is_point).map(|index| ("index", f64::from(index)));
        Explanation { sampler: "sobol", reason, facts: facts.into_iter().collect(), ..Explanation::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::Distribution;
    use crate::trial::{Direction, FinishedTrial, ParamValue};

    fn study(space: &Space, trials: u32, parallel: usize) -> Vec<Params> {
        let mut sampler = SobolSampler::new(&Settings::new(SeedTree::new(3)));
        let mut done: Vec<FinishedTrial> = Vec::new();
        for number in 0..trials {
            let seen = done.len().saturating_sub(parallel - 1);
            let history =
                History { space, directions: &[Direction::Minimize], finished: &done[..seen], pending: &[] };
            let mut rng = SeedTree::new(3).child("trial", number.into()).rng("sampler");
            let params = sampler.propose(number, &history, &mut rng);
            assert!(sampler.explain(number, &history, &params).reason.contains("Sobol'"));
            done.push(FinishedTrial::failed(number, params));
        }
        done.into_iter().map(|trial| trial.params).collect()
    }

    fn reals(count: usize) -> Space {
        let real = Distribution::Uniform { low: 0.0, high: 1.0, step: None };
        Space::new((0..count).map(|i| (format!("x{i}"), real.clone())))
    }

    #[test]
    fn what_others_came_to_moves_no_point() {
        assert_eq!(study(&reals(3), 20, 1), study(&reals(3), 20, 7));
    }

    #[test]
    fn every_choice_and_step_comes_up_equally_often() {
        let space = Space::new([
            ("c".to_owned(), Distribution::Choice((0..4).map(ParamValue::Int).collect())),
            ("n".to_owned(), Distribution::Int { low: 1, high: 8, step: 1 }),
            ("x".to_owned(), Distribution::Uniform { low: 0.0, high: 1.0, step: None }),
        ]);
        let points = study(&space, 64, 1);
        for (name, low, count) in [("c", 0, 4), ("n", 1, 8)] {
            for value in low..low + count {
                let found = points.iter().filter(|point| point[name] == ParamValue::Int(value)).count();
                assert_eq!(found, 64 / count as usize, "{name} = {value}");
            }
        }
    }

    #[test]
    fn what_constraints_allow_is_filled_evenly() {
        let space = reals(2).with_constraint("x0 < x1".parse().unwrap());
        let points = study(&space, 128, 1);
        assert!(points.iter().all(|point| space.contains(point)));
        let low = |point: &&Params| point["x1"].as_f64().unwrap() < 0.5;
        let below = points.iter().filter(low).count();
        assert!((30..=34).contains(&below), "a quarter of the triangle has {below} of 128 points");
    }
}
