//! What a study costs beside its objective: 1,000 trials of a free function of ten mixed parameters,
//! define-by-run, in memory and through the SQLite store. `cargo bench --bench search`

#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::time::Instant;

use uaic::rng::SeedTree;
use uaic::store::{MemoryStore, SqliteStore, Store};
use uaic::study::sampler::{Random, Settings, Tpe};
use uaic::study::{Draw, ObjectiveError, Study};

const TRIALS: u32 = 1000;

fn main() {
    for round in 0..3 {
        println!("round {round}, {TRIALS} trials");
        measure("random, in memory", &MemoryStore::new(), true);
        measure("tpe, in memory", &MemoryStore::new(), false);
        let folder = tempfile::tempdir().unwrap();
        measure("random, SQLite", &SqliteStore::open(folder.path()).unwrap(), true);
        let folder = tempfile::tempdir().unwrap();
        measure("tpe, SQLite", &SqliteStore::open(folder.path()).unwrap(), false);
    }
}

fn measure(name: &str, store: &dyn Store, random: bool) {
    let builder = Study::builder("free").seed(1);
    let builder = if random {
        builder.sampler(Random::new(&Settings::new(SeedTree::new(1))))
    } else {
        builder.sampler(Tpe::default())
    };
    let study = builder.create(store).unwrap();
    let start = Instant::now();
    let outcome = study.optimize(TRIALS, free).unwrap();
    println!(
        "  {name:<20} {:.3} s, best {:.4}",
        start.elapsed().as_secs_f64(),
        outcome.best().unwrap().trial.values[0]
    );
}

fn free(trial: &Draw<'_>) -> Result<f64, ObjectiveError> {
    let mut sum = 0.0;
    for name in ["a", "b", "c", "d"] {
        sum += (trial.uniform(name, -5.0, 5.0)? - 1.0).powi(2);
    }
    for name in ["e", "f"] {
        sum += (trial.log(name, 1e-5, 1e-1)?.log10() + 3.0).powi(2);
    }
    for name in ["g", "h"] {
        sum += (trial.int(name, 1, 16)? - 5).pow(2) as f64;
    }
    for name in ["i", "j"] {
        sum += f64::from(u8::from(trial.choice(name, ["x", "y", "z"])? == "x"));
    }
    Ok(sum)
}
