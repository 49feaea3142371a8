//! A small training, for the tests of this folder.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use super::{FinalReport, FinalStage, Training};
use crate::platform::ProcessIdentity;
use crate::spec::Spec;
use crate::store::{Id, MemoryStore, Store};
use crate::study::TrialResult;
use crate::trial::{FinishedTrial, Params, RunState};

/// Trains in a moment; `DATA` is a folder.
pub(super) const SPEC: &str = r#"
    experiment.name = "small"
    data.dataset = "DATA"
    model = { embedding_dim = 6, hidden_dim = 5 }
    train = { epochs = 2, batch_size = 8 }
    final.epochs = 2
"#;

/// The small training, its data in a folder.
pub(super) fn small(folder: &Path) -> Training {
    let row = |i: usize| match i % 3 {
        0 => format!("show flight {i} to oslo\tflight\n"),
        1 => format!("fare of flight {i} to rome\tairfare\n"),
        _ => format!("flight {i} and its fare\tflight+airfare\n"),
    };
    std::fs::write(folder.join("train.tsv"), (0..60).map(row).collect::<String>()).unwrap();
    let unseen = "how many flights are there\tquantity\n".to_owned();
    std::fs::write(folder.join("test.tsv"), (50..80).map(row).chain([unseen]).collect::<String>()).unwrap();
    std::fs::write(folder.join("ood_test.tsv"), "bake a cake\t-\nsing a song\t-\n").unwrap();
    let text = SPEC.replace("DATA", &folder.display().to_string());
    Training::open(Spec::parse(&text, Path::new("small.toml"), &[]).unwrap()).unwrap()
}

/// The result of a trial.
pub(super) fn best(number: u32) -> TrialResult {
    let params = Params::new();
    let trial = FinishedTrial {
        number,
        params,
        state: RunState::Complete,
        values: vec![0.5],
        violation: 0.0,
        intermediate: vec![],
    };
    TrialResult { trial, run: Id::random(), reason: None, seconds: 0.0, excluded: false, hidden: false }
}

/// Its final stage on one thread.
pub(super) fn retrain(training: &Training, store: &MemoryStore, study: Id, number: u32) -> FinalReport {
    retrain_with(training, store, study, number, 1)
}

/// Its final stage.
pub(super) fn retrain_with(
    training: &Training,
    store: &MemoryStore,
    study: Id,
    number: u32,
    threads: usize,
) -> FinalReport {
    let process = ProcessIdentity::current();
    let mut stage = FinalStage {
        store,
        study,
        process: &process,
        threads,
        watch: &mut |_| {},
        cancel: &AtomicBool::new(false),
    };
    training.retrain(&best(number), &mut stage).unwrap().unwrap()
}

/// Its study, held by this process.
pub(super) fn study(training: &Training, store: &MemoryStore) -> Id {
    let study = store.create_study(&training.new_study()).unwrap().id;
    store.acquire_study(study, &ProcessIdentity::current()).unwrap();
    study
}

/// The small training with texts of no intent to learn from.
pub(super) fn exposed(folder: &Path, overrides: &[(&str, &str)]) -> Training {
    small(folder);
    let row = |i: usize| format!("{} recipe number {i} please\t-\n", ["Cake", "Soup", "Bread"][i % 3]);
    std::fs::write(folder.join("ood.tsv"), (0..15).map(row).collect::<String>()).unwrap();
    let text = SPEC.replace("DATA", &folder.display().to_string());
    let overrides = overrides.iter().chain(&[("data.oos", "ood")]);
    let overrides: Vec<_> = overrides.map(|(key, value)| (key.to_string(), value.to_string())).collect();
    Training::open(Spec::parse(&text, Path::new("small.toml"), &overrides).unwrap()).unwrap()
}
