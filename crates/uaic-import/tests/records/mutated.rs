//! Bytes that are not what a tool wrote: no panic, no run without an end.

use std::fs;
use std::path::{Path, PathBuf};

use uaic_import::ReadOptions;

use crate::collected::Collected;
use crate::golden::golden;

/// Numbers that look random and are the same each time.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }
}

fn files_below(path: &Path) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.to_owned()];
    }
    let mut files = vec![];
    for entry in fs::read_dir(path).unwrap() {
        files.extend(files_below(&entry.unwrap().path()));
    }
    files.sort();
    files
}

/// Changes bytes; how many.
fn mutate(bytes: &mut Vec<u8>, numbers: &mut Numbers) -> usize {
    let interesting = [0u8, 1, 127, 128, 255, b'"', b'\n', b',', b'{', b'[', b'-', b'9', b'e', b':'];
    let changes = 1 + numbers.below(32);
    let mut changed = 0;
    for _ in 0..changes {
        let at = numbers.below(bytes.len());
        match numbers.below(20) {
            _ if bytes.is_empty() => bytes.push(numbers.next() as u8),
            0 => bytes.insert(at, numbers.next() as u8),
            1 => drop(bytes.remove(at)),
            2 => {
                let end = (at + numbers.below(64)).min(bytes.len());
                let part = bytes[at..end].to_vec();
                changed += part.len();
                let to = numbers.below(bytes.len());
                bytes.splice(to..to, part);
            }
            3 if numbers.below(8) == 0 => bytes.truncate(at),
            4..=11 => bytes[at] = interesting[numbers.below(interesting.len())],
            12..=15 => bytes[at] ^= 1 << numbers.below(8),
            _ => bytes[at] = numbers.next() as u8,
        }
        changed += 1;
    }
    changed
}

/// Reads mutated records of a format until so many bytes have been changed.
fn try_bytes(format: &str, bytes: usize, seed: u64) {
    let folder = golden();
    let path = folder.path().join(format);
    let files = files_below(&path);
    let originals: Vec<_> = files.iter().map(|file| fs::read(file).unwrap()).collect();
    let mut numbers = Numbers(seed | 1);
    let (mut changed, mut cases, mut read) = (0, 0, 0);
    while changed < bytes {
        let which = numbers.below(files.len());
        let mut mutated = originals[which].clone();
        changed += mutate(&mut mutated, &mut numbers);
        fs::write(&files[which], &mutated).unwrap();
        // Whether a run has an end is asserted there.
        let result = Collected::read(&path, &ReadOptions::default());
        read += usize::from(result.is_ok());
        cases += 1;
        fs::write(&files[which], &originals[which]).unwrap();
    }
    assert!(read * 20 > cases, "of {format} most should be read in part: {read} of {cases}");
}

/// Two tests for each format: of some bytes, and of a million.
macro_rules! formats {
    ($($name:ident = $path:literal,)*) => {
        mod some_mutated_bytes {
            $(#[test]
            fn $name() {
                super::try_bytes($path, 4_000, 0x9e37_79b9);
            })*
        }

        mod a_million_mutated_bytes {
            $(#[test]
            #[ignore = "takes minutes"]
            fn $name() {
                super::try_bytes($path, 1_000_000, 0xdead_beef);
            })*
        }
    };
}

formats! {
    mlflow_db = "mlflow.db",
    mlruns = "mlruns",
    optuna4_sqlite3 = "optuna4.sqlite3",
    optuna5_sqlite3 = "optuna5.sqlite3",
    journal4_log = "journal4.log",
    journal5_log = "journal5.log",
    events = "events",
    events_torch = "events-torch",
    events_tf = "events-tf",
    wandb = "wandb",
    lightning_logs = "lightning_logs",
    checkpoint_20 = "checkpoint-20",
    dvclive = "dvclive",
    sacred = "sacred",
    runs_csv = "runs.csv",
    runs_jsonl = "runs.jsonl",
    history_csv = "history.csv",
    history_jsonl = "history.jsonl",
}
