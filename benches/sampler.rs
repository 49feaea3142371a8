//! Time per proposal of `tpe` on a mixed space of 10 parameters. `cargo bench --bench sampler`

#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::time::Instant;

use uaic::rng::SeedTree;
use uaic::spec::{Distribution, Space};
use uaic::study::sampler::{History, Settings, by_name};
use uaic::trial::{Direction, FinishedTrial, ParamValue};

fn main() {
    let space = space();
    println!("tpe, 10 mixed parameters");
    for trials in [100, 1000, 5000] {
        let finished = random_trials(&space, trials);
        let history =
            History { space: &space, directions: &[Direction::Minimize], finished: &finished, pending: &[] };
        let mut tpe = by_name("tpe", &Settings::new(SeedTree::new(1))).unwrap();
        let mut times: Vec<f64> = (0..101)
            .map(|repetition| {
                let mut rng = SeedTree::new(repetition).rng("sampler");
                let start = Instant::now();
                std::hint::black_box(tpe.propose(trials, &history, &mut rng));
                start.elapsed().as_secs_f64() * 1e3
            })
            .collect();
        times.sort_by(f64::total_cmp);
        println!(
            "{trials:>6} finished trials: median {:.3} ms, fastest {:.3} ms per proposal",
            times[50], times[0]
        );
    }
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
    let mut random = by_name("random", &Settings::new(SeedTree::new(1))).unwrap();
    let history = History { space, directions: &[Direction::Minimize], finished: &[], pending: &[] };
    (0..count)
        .map(|number| {
            let mut rng = SeedTree::new(1).child("trial", number.into()).rng("sampler");
            let params = random.propose(number, &history, &mut rng);
            let value = params.values().filter_map(ParamValue::as_f64).map(|x| (x - 0.3).abs().ln_1p()).sum();
            FinishedTrial::complete(number, params, value)
        })
        .collect()
}
