//! Time per proposal of `auto` and `tpe` on a mixed space of 10 parameters, in a study that grows by one
//! trial per proposal. `cargo bench --bench sampler`

#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::time::Instant;

use uaic::rng::SeedTree;
use uaic::spec::{Distribution, Space};
use uaic::study::sampler::{History, Sampler, Settings, by_name};
use uaic::trial::{Direction, FinishedTrial, ParamValue, Params};

/// Proposals measured after each number of trials.
const PROPOSALS: u32 = 101;

fn main() {
    // Beyond 250 trials `auto` is `tpe` on this space.
    measure("auto", &[25, 50, 100, 200]);
    measure("tpe", &[100, 1000, 5000, 10_000]);
}

fn measure(name: &str, counts: &[u32]) {
    let space = space();
    println!("{name}, 10 mixed parameters, a study that grows by one trial per proposal");
    for &trials in counts {
        let mut sampler = sampler(name);
        let mut study = random_trials(&space, trials);
        // The first one reads all trials, as after a resume.
        let first = proposal(&mut *sampler, &space, &mut study);
        let proposals = if name == "tpe" { PROPOSALS } else { PROPOSALS.min(trials / 2) };
        let mut times: Vec<f64> =
            (0..proposals).map(|_| proposal(&mut *sampler, &space, &mut study)).collect();
        times.sort_by(f64::total_cmp);
        let (median, fastest) = (times[times.len() / 2], times[0]);
        println!(
            "{trials:>6} finished trials: median {median:.3} ms, fastest {fastest:.3} ms, first {first:.3} ms"
        );
    }
}

fn sampler(name: &str) -> Box<dyn Sampler> {
    by_name(name, &Settings::new(SeedTree::new(1))).unwrap()
}

/// Milliseconds that a proposal takes; its trial joins the study.
fn proposal(sampler: &mut dyn Sampler, space: &Space, study: &mut Vec<FinishedTrial>) -> f64 {
    let number = study.len() as u32;
    let history = History { space, directions: &[Direction::Minimize], finished: study, pending: &[] };
    let mut rng = SeedTree::new(1).child("trial", number.into()).rng("sampler");
    let start = Instant::now();
    let params = std::hint::black_box(sampler.propose(number, &history, &mut rng));
    let time = start.elapsed().as_secs_f64() * 1e3;
    study.push(trial(number, params));
    time
}

/// Four continuous, one stepped, three whole-number and two categorical parameters.
fn space() -> Space {
    let names =
        |count: i64| Distribution::Choice((0..count).map(|i| ParamValue::Text(format!("c{i}"))).collect());
    let distributions = [
        Distribution::Uniform { low: 0.0, high: 1.0, step: None },
        Distribution::Uniform { low: -5.0, high: 5.0, step: None },
        Distribution::Log { low: 1e-5, high: 1e-1 },
        Distribution::Log { low: 1e-6, high: 1e-2 },
        Distribution::Uniform { low: 0.0, high: 0.9, step: Some(0.05) },
        Distribution::Int { low: 1, high: 8, step: 1 },
        Distribution::Int { low: 16, high: 1024, step: 16 },
        Distribution::IntLog { low: 1, high: 100_000 },
        names(3),
        names(6),
    ];
    Space::new(distributions.into_iter().enumerate().map(|(i, d)| (format!("parameter.{i}"), d)))
}

fn random_trials(space: &Space, count: u32) -> Vec<FinishedTrial> {
    let mut random = sampler("random");
    let history = History { space, directions: &[Direction::Minimize], finished: &[], pending: &[] };
    (0..count)
        .map(|number| {
            let mut rng = SeedTree::new(1).child("trial", number.into()).rng("sampler");
            trial(number, random.propose(number, &history, &mut rng))
        })
        .collect()
}

fn trial(number: u32, params: Params) -> FinishedTrial {
    let value = params.values().filter_map(ParamValue::as_f64).map(|x| (x - 0.3).abs().ln_1p()).sum();
    FinishedTrial::complete(number, params, value)
}
