//! What was played, and what it tells.

use serde_json::{Value, json};

use crate::cli::json::{self, number};
use crate::cli::listing::{Field, Listing, column};
use crate::study::bench::{Duel, Function, Game, Plan, Quartiles, average_ranks, duel};

use super::against::Other;

/// From which p on a difference is taken for chance.
const LEVEL: f64 = 0.05;

/// All results, those of others included.
pub(super) struct Results {
    trials: u32,
    seeds: u32,
    parallel: u32,
    /// After how many trials the values are.
    pub(super) at: Vec<u32>,
    /// All competitors.
    pub(super) samplers: Vec<String>,
    /// The place of the one that the others are compared with.
    pub(super) baseline: usize,
    /// In the order of the plan.
    pub(super) functions: Vec<FunctionResults>,
}

/// The results on one function.
pub(super) struct FunctionResults {
    pub(super) function: &'static Function,
    /// One per competitor; `None` where it has not played.
    pub(super) lines: Vec<Option<Line>>,
}

/// How one sampler did on one function.
pub(super) struct Line {
    /// Per seed, the smallest value at each checkpoint.
    best: Vec<Vec<f64>>,
    /// At each checkpoint.
    pub(super) quartiles: Vec<Quartiles>,
    /// The mean rank at the last checkpoint.
    pub(super) rank: f64,
    /// How many others it is better than at the last checkpoint, beyond chance.
    pub(super) better: usize,
    /// How many it is worse than.
    pub(super) worse: usize,
    /// How it stands to the baseline, and p; `None` for the baseline itself.
    pub(super) to_baseline: Option<(Duel, f64)>,
    /// Of one proposal, on average.
    pub(super) milliseconds: Option<f64>,
}

/// How one sampler did on all functions.
pub(super) struct Overall {
    pub(super) functions: usize,
    pub(super) rank: f64,
    pub(super) better: usize,
    pub(super) worse: usize,
}

impl Results {
    pub(super) fn new(
        plan: &Plan,
        at: Vec<u32>,
        games: &[Vec<Vec<Game>>],
        others: &[Other],
        baseline: usize,
    ) -> Self {
        let of_function = |(place, function): (usize, &&'static Function)| {
            let own = games[place].iter().map(|games| (best_at(games, &at), milliseconds(games)));
            let foreign = others.iter().map(|other| (other.best[place].clone(), None));
            FunctionResults { function, lines: lines(own.chain(foreign).collect(), baseline) }
        };
        let functions = plan.functions.iter().enumerate().map(of_function).collect();
        let samplers = plan.samplers.iter().cloned().chain(others.iter().map(|other| other.name.clone()));
        Self {
            trials: plan.trials,
            seeds: plan.seeds,
            parallel: plan.parallel,
            samplers: samplers.collect(),
            at,
            baseline,
            functions,
        }
    }

    /// How a competitor did on all functions that it has played; `None` when on none.
    pub(super) fn overall(&self, sampler: usize) -> Option<Overall> {
        let lines: Vec<&Line> =
            self.functions.iter().filter_map(|function| function.lines[sampler].as_ref()).collect();
        let ranks: f64 = lines.iter().map(|line| line.rank).sum();
        (!lines.is_empty()).then(|| Overall {
            functions: lines.len(),
            rank: ranks / lines.len() as f64,
            better: lines.iter().map(|line| line.better).sum(),
            worse: lines.iter().map(|line| line.worse).sum(),
        })
    }

    /// A row for each study and checkpoint.
    pub(super) fn listing(&self) -> Listing {
        let names = ["function", "sampler", "seed", "at", "best"];
        let mut listing = Listing::new(names.map(|name| column("", name)));
        for of in &self.functions {
            for (sampler, line) in self.samplers.iter().zip(&of.lines) {
                let Some(line) = line else { continue };
                for (seed, best) in line.best.iter().enumerate() {
                    for (at, value) in self.at.iter().zip(best) {
                        listing.add([
                            Field::plain(of.function.name),
                            Field::name(sampler),
                            Field::plain(seed),
                            Field::plain(at),
                            Field::number(Some(*value)),
                        ]);
                    }
                }
            }
        }
        listing
    }

    /// The shape that the help promises.
    pub(super) fn json(&self) -> Value {
        let overall = (0..self.samplers.len()).filter_map(|place| {
            let Overall { functions, rank, better, worse } = self.overall(place)?;
            let sampler = &self.samplers[place];
            Some(json!({ "sampler": sampler, "functions": functions, "rank": number(rank), "better": better,
                "worse": worse }))
        });
        json!({
            "schema": json::SCHEMA,
            "trials": self.trials,
            "seeds": self.seeds,
            "parallel": self.parallel,
            "at": self.at,
            "baseline": self.samplers[self.baseline],
            "functions": self.functions.iter().map(|one| one.json(&self.samplers)).collect::<Vec<_>>(),
            "overall": overall.collect::<Vec<_>>(),
        })
    }
}

impl FunctionResults {
    fn json(&self, samplers: &[String]) -> Value {
        let lines =
            || samplers.iter().zip(&self.lines).filter_map(|(name, line)| Some((name, line.as_ref()?)));
        let duels = lines().enumerate().flat_map(|(place, (a, own))| {
            lines().skip(place + 1).filter_map(move |(b, other)| {
                let (verdict, test) = duel(&own.last(), &other.last(), LEVEL)?;
                let verdict = word(verdict);
                Some(json!({ "a": a, "b": b, "verdict": verdict, "u": number(test.u), "p": number(test.p) }))
            })
        });
        json!({
            "function": self.function.name,
            "about": self.function.about,
            "minimum": self.function.minimum,
            "samplers": lines().map(|(name, line)| line.json(name)).collect::<Vec<_>>(),
            "duels": duels.collect::<Vec<_>>(),
        })
    }
}

impl Line {
    /// The values at the last checkpoint, seed by seed.
    fn last(&self) -> Vec<f64> {
        self.best.iter().filter_map(|values| values.last().copied()).collect()
    }

    fn json(&self, name: &str) -> Value {
        let quartile =
            |of: fn(&Quartiles) -> f64| self.quartiles.iter().map(|q| number(of(q))).collect::<Vec<_>>();
        let to_baseline =
            self.to_baseline.map(|(verdict, p)| json!({ "verdict": word(verdict), "p": number(p) }));
        let best: Vec<Vec<Value>> =
            self.best.iter().map(|values| values.iter().copied().map(number).collect()).collect();
        json!({
            "sampler": name,
            "lower": quartile(|q| q.lower),
            "median": quartile(|q| q.median),
            "upper": quartile(|q| q.upper),
            "rank": number(self.rank),
            "better": self.better,
            "worse": self.worse,
            "baseline": to_baseline,
            "best": best,
            "ms_per_proposal": self.milliseconds,
        })
    }
}

/// The verdict in a word.
pub(super) fn word(verdict: Duel) -> &'static str {
    match verdict {
        Duel::Better => "better",
        Duel::Worse => "worse",
        Duel::Even => "even",
    }
}

fn best_at(games: &[Game], at: &[u32]) -> Vec<Vec<f64>> {
    games
        .iter()
        .map(|game| at.iter().filter_map(|&at| game.best.get(at as usize - 1).copied()).collect())
        .collect()
}

/// Of one proposal, on average.
fn milliseconds(games: &[Game]) -> Option<f64> {
    let proposals: usize = games.iter().map(|game| game.best.len()).sum();
    let seconds: f64 = games.iter().map(|game| game.proposing.as_secs_f64()).sum();
    (proposals > 0).then(|| seconds * 1e3 / proposals as f64)
}

/// A line for each competitor that has values.
fn lines(values: Vec<(Vec<Vec<f64>>, Option<f64>)>, baseline: usize) -> Vec<Option<Line>> {
    let last: Vec<Vec<f64>> =
        values.iter().map(|(seeds, _)| seeds.iter().filter_map(|at| at.last().copied()).collect()).collect();
    let present: Vec<Vec<f64>> = last.iter().filter(|values| !values.is_empty()).cloned().collect();
    let mut ranks = average_ranks(&present).into_iter();
    let verdict = |a: usize, b: usize| duel(&last[a], &last[b], LEVEL);
    let count = |of: usize, wanted: Duel| {
        (0..last.len())
            .filter(|&other| other != of && verdict(of, other).is_some_and(|(d, _)| d == wanted))
            .count()
    };
    let line = |(place, (best, milliseconds)): (usize, (Vec<Vec<f64>>, Option<f64>))| {
        let checkpoints = best.first()?.len();
        let at = |k: usize| Quartiles::of(&best.iter().map(|values| values[k]).collect::<Vec<_>>());
        Some(Line {
            quartiles: (0..checkpoints).filter_map(at).collect(),
            rank: ranks.next().unwrap_or(f64::NAN),
            better: count(place, Duel::Better),
            worse: count(place, Duel::Worse),
            to_baseline: (place != baseline)
                .then(|| verdict(place, baseline))
                .flatten()
                .map(|(verdict, test)| (verdict, test.p)),
            best,
            milliseconds,
        })
    };
    values.into_iter().enumerate().map(line).collect()
}
