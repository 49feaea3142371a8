//! NSGA-II: a population of good points that are crossed and mutated (Deb et al. 2002). For several
//! values at once, and as an evolutionary algorithm for one.

mod breed;

use rand::RngExt;

use crate::trial::Params;
use uaic_kernel::rng::{ChaCha8Rng, SeedTree};

use super::axis::{Axis, axes};
use super::elite::Elite;
use super::sobol::Sobol;
use super::table::{Table, first_admitted, led};
use super::{Duplicates, Explanation, History, Sampler, Settings};
use breed::child;

/// NSGA-II without generations: each trial is a child of the best that have ended by then, so it works
/// with any parallelism. Trials that miss constraints rank behind all that hold them.
#[derive(Debug)]
pub struct Nsga2 {
    avoid: bool,
    seeds: SeedTree,
    table: Table,
    population: Elite,
}

/// The largest population.
const POPULATION: usize = 50;
/// So many trials with a result are points of a Sobol' sequence.
const STARTUP: usize = 10;
/// While there are few trials, one in so many is a parent: a population of all would be random search.
const PARENT_EVERY: usize = 4;

impl Nsga2 {
    /// The rows that may become parents, best first; none while there are too few.
    fn parents(&self) -> &[usize] {
        if self.population.ranked() < STARTUP {
            return &[];
        }
        let size = (self.population.ranked() / PARENT_EVERY).clamp(STARTUP / 2, POPULATION);
        let rows = self.population.rows();
        &rows[..size.min(rows.len())]
    }

    /// NSGA-II with its usual settings.
    pub fn new(settings: &Settings) -> Self {
        Self {
            avoid: settings.duplicates == Duplicates::Avoid,
            seeds: settings.seeds.child("nsga2", 0),
            table: Table::default(),
            population: Elite::new(POPULATION),
        }
    }

    fn first(&self, axes: &[Axis<'_>], number: u32) -> Vec<f64> {
        let mut point = vec![0.0; axes.len()];
        Sobol::new(&self.seeds, axes.len()).point(number, &mut point);
        point.iter_mut().zip(axes).for_each(|(x, axis)| *x = axis.at_share(*x));
        point
    }

    /// The coordinates of a row.
    fn point(&self, row: usize) -> Vec<f64> {
        self.table.columns().iter().map(|column| column[row]).collect()
    }
}

/// The better of two parents drawn evenly: they come best first.
fn tournament(parents: &[usize], rng: &mut ChaCha8Rng) -> usize {
    let mut draw = || rng.random_range(0..parents.len() as u64) as usize;
    parents[draw().min(draw())]
}

impl Sampler for Nsga2 {
    fn name(&self) -> &'static str {
        "nsga2"
    }

    fn propose(&mut self, number: u32, history: &History<'_>, rng: &mut ChaCha8Rng) -> Params {
        let axes = axes(history.space);
        self.table.update(history, &axes);
        self.population.update(history, &self.table);
        let parents = self.parents();
        let mut first = parents.is_empty().then(|| self.first(&axes, number));
        first_admitted(history, &self.table, self.avoid, rng, |rng| {
            if let Some(point) = first.take() {
                return point;
            }
            if parents.is_empty() {
                return super::axis::draw_evenly(&axes, rng);
            }
            let (mother, father) = (tournament(parents, rng), tournament(parents, rng));
            let (mother, father) = (self.point(mother), self.point(father));
            let child = child(&axes, &mother, &father, rng);
            // Where constraints forbid the child, as far from its mother as they allow.
            led(history.space, &axes, &mother, child, rng)
        })
    }

    fn explain(&mut self, _number: u32, history: &History<'_>, _params: &Params) -> Explanation {
        self.table.update(history, &axes(history.space));
        self.population.update(history, &self.table);
        let parents = self.parents();
        let number = |&row: &usize| history.finished[self.table.places()[row]].number;
        let reason = match parents.len() {
            0 => format!("one of the first {STARTUP} trials: a point of a scrambled Sobol' sequence"),
            count => format!("a child of two of the best {count} trials, crossed and mutated"),
        };
        Explanation {
            sampler: "nsga2",
            reason,
            good: parents.iter().map(number).collect(),
            facts: vec![("parents", parents.len() as f64)],
            ..Explanation::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pareto::hypervolume;
    use crate::space::{Distribution, Space};
    use crate::trial::{Direction, FinishedTrial, ParamValue};

    fn space() -> Space {
        let real = Distribution::Uniform { low: 0.0, high: 1.0, step: None };
        Space::new((0..6).map(|i| (format!("x{i}"), real.clone())))
    }

    /// ZDT1 (Zitzler, Deb and Thiele 2000): the front is f2 = 1 − √f1.
    fn zdt1(params: &Params) -> Vec<f64> {
        let x: Vec<f64> = params.values().filter_map(ParamValue::as_f64).collect();
        let g = 1.0 + 9.0 * x[1..].iter().sum::<f64>() / (x.len() - 1) as f64;
        vec![x[0], g * (1.0 - (x[0] / g).sqrt())]
    }

    fn study(name: &str, seed: u64, violation: impl Fn(&Params) -> f64) -> Vec<FinishedTrial> {
        let seeds = SeedTree::new(seed);
        let mut sampler = super::super::by_name(name, &Settings::new(seeds.clone())).unwrap();
        let space = space();
        let mut done: Vec<FinishedTrial> = Vec::new();
        for number in 0..250 {
            let history = History {
                space: &space,
                directions: &[Direction::Minimize; 2],
                finished: &done,
                pending: &[],
            };
            let mut rng = seeds.child("trial", number.into()).rng("sampler");
            let params = sampler.propose(number, &history, &mut rng);
            let (values, violation) = (zdt1(&params), violation(&params));
            done.push(FinishedTrial { values, violation, ..FinishedTrial::complete(number, params, 0.0) });
        }
        done
    }

    #[test]
    fn a_front_is_found_that_random_draws_do_not_come_near() {
        // Of 8.67 that the whole front would have.
        let volume = |name| {
            let losses: Vec<_> = study(name, 1, |_| 0.0).into_iter().map(|trial| trial.values).collect();
            hypervolume(&losses, &[1.0, 9.0])
        };
        let (bred, random) = (volume("nsga2"), volume("random"));
        assert!(bred > random + 0.5, "{bred} and {random}");
    }

    #[test]
    fn points_within_the_constraints_are_preferred() {
        let violation = |params: &Params| (params["x0"].as_f64().unwrap() - 0.2).max(0.0);
        let held = |trials: &[FinishedTrial]| trials.iter().filter(|trial| trial.violation <= 0.0).count();
        let trials = study("nsga2", 2, violation);
        assert!(held(&trials[150..]) > 60, "{} of the last 100", held(&trials[150..]));
    }
}
