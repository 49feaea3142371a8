//! Studies of known functions, played in memory.

use std::io;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::trial::{Direction, FinishedTrial};
use uaic_kernel::rng::SeedTree;

use super::Function;
use crate::sampler::{Settings, by_name};
use crate::schedule::Schedule;

/// What is played.
#[derive(Clone, Debug)]
pub struct Plan {
    /// On which functions.
    pub functions: Vec<&'static Function>,
    /// Registered samplers.
    pub samplers: Vec<String>,
    /// Trials of a study.
    pub trials: u32,
    /// Studies of each sampler on each function; their seeds are counted from 0.
    pub seeds: u32,
    /// How many trials run at once; as in a spec, 1 lets each see all before it.
    pub parallel: u32,
}

/// How one study went.
#[derive(Clone, Debug, PartialEq)]
pub struct Game {
    /// The smallest value so far, after each trial.
    pub best: Vec<f64>,
    /// How long all proposals together took.
    pub proposing: Duration,
}

/// Plays one study: trial k sees trials ≤ k − `parallel` as finished and the ones between as pending.
/// `None` when no sampler has this name.
pub fn play(function: &Function, sampler: &str, seed: u64, trials: u32, parallel: u32) -> Option<Game> {
    let seeds = SeedTree::new(seed);
    let mut sampler = by_name(sampler, &Settings::new(seeds.clone()))?;
    let space = function.space();
    let mut schedule = Schedule::new(space, trials, parallel, None);
    let mut game = Game { best: Vec::with_capacity(trials as usize), proposing: Duration::ZERO };
    while let Some(number) = schedule.ready() {
        let mut rng = seeds.child("trial", number.into()).rng("sampler");
        let start = Instant::now();
        let params = sampler.propose(number, &schedule.history(&[Direction::Minimize]), &mut rng);
        game.proposing += start.elapsed();
        let value = function.value(&params);
        game.best.push(game.best.last().map_or(value, |best| value.min(*best)));
        schedule.propose(params.clone());
        schedule.finish(FinishedTrial::complete(number, params, value));
    }
    Some(game)
}

/// Plays all studies of a plan on so many threads: by function, sampler and seed. Samplers that do not
/// exist have no games. `noted` hears of every study that has ended.
///
/// # Errors
/// The system gives no more threads.
pub fn play_all(plan: &Plan, threads: usize, noted: &(dyn Fn() + Sync)) -> io::Result<Vec<Vec<Vec<Game>>>> {
    let mut games = vec![vec![vec![None; plan.seeds as usize]; plan.samplers.len()]; plan.functions.len()];
    let each = games.iter_mut().zip(&plan.functions).flat_map(|(of_function, function)| {
        let samplers = of_function.iter_mut().zip(&plan.samplers);
        samplers.flat_map(move |(of_sampler, sampler)| {
            of_sampler.iter_mut().zip(0_u64..).map(move |(game, seed)| (game, *function, sampler, seed))
        })
    });
    let left = Mutex::new(each);
    let work = || {
        // Whoever has time takes the next study; the lock is free again before it is played.
        let next = || left.lock().unwrap_or_else(PoisonError::into_inner).next();
        while let Some((game, function, sampler, seed)) = next() {
            *game = play(function, sampler, seed, plan.trials, plan.parallel);
            noted();
        }
    };
    thread::scope(|scope| {
        let start = |_| thread::Builder::new().spawn_scoped(scope, work).map(drop);
        (0..threads.max(1)).try_for_each(start)
    })?;
    let played = |of_sampler: Vec<Option<Game>>| of_sampler.into_iter().flatten().collect();
    Ok(games.into_iter().map(|of_function| of_function.into_iter().map(played).collect()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_game_is_a_function_of_its_seed() {
        let sphere = Function::by_name("sphere5").unwrap();
        let best = |seed| play(sphere, "tpe", seed, 25, 3).unwrap().best;
        assert_eq!(best(1), best(1));
        assert_ne!(best(1), best(2));
        assert!(best(1).is_sorted_by(|a, b| a >= b) && best(1).len() == 25);
        assert!(play(sphere, "oracle", 1, 5, 1).is_none());
    }

    #[test]
    fn who_sees_less_proposes_something_else() {
        let sphere = Function::by_name("sphere5").unwrap();
        let best = |parallel| play(sphere, "tpe", 1, 40, parallel).unwrap().best;
        assert_eq!(best(1)[..8], best(9)[..8], "the first are drawn blindly");
        assert_ne!(best(1), best(9));
    }

    #[test]
    fn the_default_is_not_beaten_where_values_span_orders_of_magnitude() {
        for name in ["powers5", "rosenbrock8s", "exponential6"] {
            let function = Function::by_name(name).unwrap();
            let median = |sampler| {
                let mut best: Vec<f64> =
                    (0..5).map(|seed| play(function, sampler, seed, 50, 1).unwrap().best[49]).collect();
                best.sort_by(f64::total_cmp);
                best[2]
            };
            let (auto, tpe, cma) = (median("auto"), median("tpe"), median("cma-es"));
            assert!(auto < tpe && auto < cma, "{name}: auto {auto}, tpe {tpe}, cma-es {cma}");
        }
    }

    #[test]
    fn the_number_of_threads_does_not_show() {
        let plan = Plan {
            functions: ["branin", "mixed"].map(|name| Function::by_name(name).unwrap()).into(),
            samplers: vec!["random".to_owned(), "sobol".to_owned()],
            trials: 15,
            seeds: 4,
            parallel: 1,
        };
        let best = |threads| -> Vec<Vec<f64>> {
            let games = play_all(&plan, threads, &|| ()).unwrap();
            games.into_iter().flatten().flatten().map(|game| game.best).collect()
        };
        assert_eq!(best(1), best(3));
        assert_eq!(best(1).len(), 16);
    }
}
