//! Time per picture of large studies: `cargo bench --bench report`.

#![allow(clippy::print_stdout, clippy::expect_used)]

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use rand::RngExt;
use uaic::report::draw::{Options, draw};
use uaic::report::figure::Figure;
use uaic::report::study::{
    StudyView, TrialView, contour, contour_matrix, edf, history, importance, parallel, rank, slice, timeline,
};
use uaic::rng::SeedTree;
use uaic::spec::Spec;
use uaic::trial::{Direction, ParamValue, RunState};

const SPEC: &str = r#"
[experiment]
name = "bench"
[data]
dataset = "flights"
[search]
"train.lr" = { log = [1e-4, 1e-2] }
"train.weight_decay" = { log = [1e-6, 1e-3] }
"model.dropout" = { uniform = [0.1, 0.5] }
"model.hidden_dim" = { choice = [32, 64, 128] }
"model.embedding_dim" = { choice = [64, 128, 256] }
"#;

fn main() {
    for trials in [200, 5000] {
        let study = study(trials);
        let lr = study.dimension("lr").expect("searched");
        let dropout = study.dimension("dropout").expect("searched");
        println!("{trials} trials: median of 5, milliseconds");
        let kinds: [(&str, &dyn Fn() -> Figure); 9] = [
            ("history", &|| history(&study)),
            ("parallel", &|| parallel(&study, &[])),
            ("contour of two", &|| contour(&study, &lr, &dropout)),
            ("contour of all pairs", &|| contour_matrix(&study, &[])),
            ("slice", &|| slice(&study, &[])),
            ("rank", &|| rank(&study, &[])),
            ("edf", &|| edf(&[&study])),
            ("timeline", &|| timeline(&study)),
            ("importance", &|| importance(&study, &mut SeedTree::new(1).rng("importance"))),
        ];
        for (name, build) in kinds {
            let mut times: Vec<(f64, f64)> = (0..5)
                .map(|_| {
                    let start = Instant::now();
                    let figure = build();
                    let built = start.elapsed();
                    let png = draw(&figure, &Options::default()).expect("drawable");
                    std::hint::black_box(png);
                    (start.elapsed().as_secs_f64() * 1e3, built.as_secs_f64() * 1e3)
                })
                .collect();
            times.sort_by(|a, b| a.0.total_cmp(&b.0));
            println!("  {name:<22} {:8.1}   of which building {:8.1}", times[2].0, times[2].1);
        }
    }
}

/// A study whose value depends on two of its five parameters.
fn study(trials: u32) -> StudyView {
    let spec = Spec::parse(SPEC, Path::new("bench.toml"), &[]).expect("a valid spec");
    let mut rng = SeedTree::new(1).rng("bench");
    let trials = (0..trials).map(|number| {
        let mut uniform = || rng.random::<f64>();
        let (lr, decay, dropout) = (uniform(), uniform(), uniform());
        let choices = [32, 64, 128];
        let (hidden, embedding) = ((uniform() * 3.0) as usize, (uniform() * 3.0) as usize);
        let value = 0.95 - 0.1 * (lr - 0.7).powi(2) - 0.03 * (dropout - 0.4).powi(2) + 0.004 * uniform();
        TrialView {
            number,
            params: BTreeMap::from([
                ("train.lr".to_owned(), ParamValue::Float(1e-4 * 100_f64.powf(lr))),
                ("train.weight_decay".to_owned(), ParamValue::Float(1e-6 * 1000_f64.powf(decay))),
                ("model.dropout".to_owned(), ParamValue::Float(0.1 + 0.4 * dropout)),
                ("model.hidden_dim".to_owned(), ParamValue::Int(choices[hidden])),
                ("model.embedding_dim".to_owned(), ParamValue::Int(2 * choices[embedding])),
            ]),
            state: RunState::Complete,
            value: Some(value),
            values: vec![value],
            violation: 0.0,
            span_ms: (i64::from(number) * 500, Some(i64::from(number) * 500 + 990)),
        }
    });
    StudyView {
        experiment: "bench".to_owned(),
        id: "00000000".to_owned(),
        metric: "val/accuracy".to_owned(),
        direction: Direction::Maximize,
        more_goals: vec![],
        space: spec.search.clone(),
        is_of_program: false,
        leading: std::sync::OnceLock::new(),
        aside: String::new(),
        trials: trials.collect(),
    }
}
