//! Measures how fast records are read into a sink that takes nothing:
//! `cargo run --release -p uaic-import --example speed -- [FOLDER]`, where FOLDER keeps the inputs.

#![allow(clippy::print_stdout)]

use std::error::Error;
use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::time::Instant;

use rusqlite::{Connection, params};
use uaic_import::{ReadOptions, Sink, SinkError, Skipped, SourcePoint, SourceRun, SourceStudy, detect};

/// Counts.
#[derive(Default)]
struct Count {
    runs: u64,
    points: u64,
    skipped: u64,
}

impl Sink for Count {
    fn study(&mut self, _: SourceStudy) -> Result<(), SinkError> {
        Ok(())
    }

    fn run(&mut self, _: SourceRun) -> Result<(), SinkError> {
        self.runs += 1;
        Ok(())
    }

    fn points(&mut self, _: &str, points: &[SourcePoint]) -> Result<(), SinkError> {
        self.points += points.len() as u64;
        Ok(())
    }

    fn artifact(&mut self, _: &str, _: &Path) -> Result<(), SinkError> {
        Ok(())
    }

    fn end_run(&mut self) -> Result<(), SinkError> {
        Ok(())
    }

    fn skipped(&mut self, _: Skipped) -> Result<(), SinkError> {
        self.skipped += 1;
        Ok(())
    }

    fn warning(&mut self, _: &str) -> Result<(), SinkError> {
        Ok(())
    }

    fn progress(&mut self, _: u64, _: u64) -> Result<(), SinkError> {
        Ok(())
    }
}

/// Makes an input.
type Write = fn(&Path) -> Result<(), Box<dyn Error>>;

fn main() -> Result<(), Box<dyn Error>> {
    let temporary = tempfile::tempdir()?;
    let named = std::env::args_os().nth(1);
    let folder = named.as_deref().map_or(temporary.path(), Path::new);
    fs::create_dir_all(folder)?;
    let inputs: [(&str, Write); 5] = [
        ("events.out.tfevents.1", write_events),
        ("mlflow.db", write_mlflow),
        ("journal.log", write_journal),
        ("history.csv", write_csv),
        ("run-x.wandb", write_wandb),
    ];
    for (name, write) in inputs {
        let path = folder.join(name);
        if !path.exists() {
            write(&path)?;
        }
        let bytes = fs::metadata(&path)?.len() as f64 / 1e6;
        for source in detect(&path)? {
            let mut count = Count::default();
            let start = Instant::now();
            source.read(&ReadOptions::default(), &mut count)?;
            let seconds = start.elapsed().as_secs_f64();
            println!(
                "{name}: {bytes:.0} MB, {} runs, {} points, {} skipped in {seconds:.2} s: {:.0} MB/s, {:.2} million points/s",
                count.runs,
                count.points,
                count.skipped,
                bytes / seconds,
                count.points as f64 / seconds / 1e6
            );
        }
    }
    Ok(())
}

fn masked(bytes: &[u8]) -> u32 {
    let mut state = !0u32;
    for byte in bytes {
        state ^= u32::from(*byte);
        for _ in 0..8 {
            state = if state & 1 == 1 { (state >> 1) ^ 0x82f6_3b78 } else { state >> 1 };
        }
    }
    (!state).rotate_right(15).wrapping_add(0xa282_ead8)
}

fn varint(mut value: u64, bytes: &mut Vec<u8>) {
    while value >= 128 {
        bytes.push(value as u8 | 128);
        value >>= 7;
    }
    bytes.push(value as u8);
}

fn field(number: u8, content: &[u8], bytes: &mut Vec<u8>) {
    bytes.push(number << 3 | 2);
    varint(content.len() as u64, bytes);
    bytes.extend_from_slice(content);
}

/// As a torch program with four series writes: one value an event.
fn write_events(path: &Path) -> Result<(), Box<dyn Error>> {
    let mut file = BufWriter::new(File::create(path)?);
    for step in 0..1_000_000u32 {
        for tag in ["train/loss", "train/accuracy", "val/loss", "optimizer/lr"] {
            let mut value = vec![];
            field(1, tag.as_bytes(), &mut value);
            value.push(2 << 3 | 5);
            value.extend_from_slice(&(1.0 / (step as f32 + 1.0)).to_le_bytes());
            let mut summary = vec![];
            field(1, &value, &mut summary);
            let mut event = vec![1 << 3 | 1];
            event.extend_from_slice(&(1.7e9 + f64::from(step)).to_le_bytes());
            event.push(2 << 3);
            varint(u64::from(step), &mut event);
            field(5, &summary, &mut event);
            let length = (event.len() as u64).to_le_bytes();
            file.write_all(&length)?;
            file.write_all(&masked(&length).to_le_bytes())?;
            file.write_all(&event)?;
            file.write_all(&masked(&event).to_le_bytes())?;
        }
    }
    Ok(file.flush()?)
}

/// 10,000 runs of 1,000 points (four series), ten parameters and five tags.
fn write_mlflow(path: &Path) -> Result<(), Box<dyn Error>> {
    let mut connection = Connection::open(path)?;
    connection.execute_batch(
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;
         CREATE TABLE experiments (experiment_id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(256), artifact_location VARCHAR(256), lifecycle_stage VARCHAR(32));
         CREATE TABLE runs (run_uuid VARCHAR(32) NOT NULL PRIMARY KEY, name VARCHAR(250), user_id VARCHAR(256), source_name VARCHAR(500), source_version VARCHAR(50), status VARCHAR(9), start_time BIGINT, end_time BIGINT, lifecycle_stage VARCHAR(20), artifact_uri VARCHAR(200), experiment_id INTEGER);
         CREATE TABLE params (key VARCHAR(250) NOT NULL, value VARCHAR(8000) NOT NULL, run_uuid VARCHAR(32) NOT NULL, PRIMARY KEY (key, run_uuid));
         CREATE INDEX index_params_run_uuid ON params (run_uuid);
         CREATE TABLE tags (key VARCHAR(250) NOT NULL, value VARCHAR(8000), run_uuid VARCHAR(32) NOT NULL, PRIMARY KEY (key, run_uuid));
         CREATE INDEX index_tags_run_uuid ON tags (run_uuid);
         CREATE TABLE metrics (key VARCHAR(250) NOT NULL, value FLOAT NOT NULL, timestamp BIGINT NOT NULL, run_uuid VARCHAR(32) NOT NULL, step BIGINT DEFAULT '0' NOT NULL, is_nan BOOLEAN DEFAULT '0' NOT NULL, PRIMARY KEY (key, timestamp, step, run_uuid, value, is_nan));
         CREATE INDEX index_metrics_run_uuid ON metrics (run_uuid);
         CREATE INDEX index_metrics_run_uuid_key_step ON metrics (run_uuid, key, step);
         INSERT INTO experiments VALUES (1, 'speed', NULL, 'active');",
    )?;
    let transaction = connection.transaction()?;
    let id = |run: u64| format!("{:032x}", u128::from(run.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
    {
        let mut runs = transaction.prepare(
            "INSERT INTO runs VALUES (?1, ?2, 'me', 'train.py', NULL, 'FINISHED', ?3, ?3, 'active', NULL, 1)",
        )?;
        let mut pairs = transaction.prepare("INSERT INTO params VALUES (?1, '0.001', ?2)")?;
        let mut tags = transaction.prepare("INSERT INTO tags VALUES (?1, 'value', ?2)")?;
        for run in 0..10_000 {
            runs.execute(params![id(run), format!("run {run}"), 1_700_000_000_000i64 + run as i64])?;
            for param in 0..10 {
                pairs.execute(params![format!("param{param}"), id(run)])?;
            }
            for tag in 0..5 {
                tags.execute(params![format!("tag{tag}"), id(run)])?;
            }
        }
        // Eight runs at a time, as in a sweep, so that their points lie among each other.
        let mut metrics = transaction.prepare("INSERT INTO metrics VALUES (?1, ?2, ?3, ?4, ?5, 0)")?;
        for eight in 0..1250 {
            for step in 0..250i64 {
                for run in eight * 8..eight * 8 + 8 {
                    for key in ["train/loss", "train/accuracy", "val/loss", "val/accuracy"] {
                        let time = 1_700_000_000_000 + run as i64 * 1000 + step;
                        metrics.execute(params![key, 1.0 / (step + 1) as f64, time, id(run), step])?;
                    }
                }
            }
        }
    }
    transaction.commit()?;
    Ok(())
}

fn write_journal(path: &Path) -> Result<(), Box<dyn Error>> {
    let mut file = BufWriter::new(File::create(path)?);
    writeln!(file, r#"{{"op_code":0,"worker_id":"w","study_name":"speed","directions":[1]}}"#)?;
    for trial in 0..20_000 {
        writeln!(
            file,
            r#"{{"op_code":4,"worker_id":"w","study_id":0,"datetime_start":"2026-11-29T20:30:08.829230+00:00"}}"#
        )?;
        for name in ["a", "b", "c", "d", "e"] {
            writeln!(
                file,
                r#"{{"op_code":5,"worker_id":"w","trial_id":{trial},"param_name":"{name}","param_value_internal":0.5,"distribution":"{{\"name\": \"FloatDistribution\", \"attributes\": {{\"step\": null, \"low\": 0.0, \"high\": 1.0, \"log\": false}}}}"}}"#
            )?;
        }
        for step in 0..20 {
            writeln!(
                file,
                r#"{{"op_code":7,"worker_id":"w","trial_id":{trial},"step":{step},"intermediate_value":0.25}}"#
            )?;
        }
        writeln!(
            file,
            r#"{{"op_code":6,"worker_id":"w","trial_id":{trial},"state":1,"values":[0.5],"datetime_complete":"2026-11-29T20:30:08.829230+00:00"}}"#
        )?;
    }
    Ok(file.flush()?)
}

fn write_csv(path: &Path) -> Result<(), Box<dyn Error>> {
    let mut file = BufWriter::new(File::create(path)?);
    writeln!(file, "epoch,step,train_loss,val_loss,lr")?;
    for step in 0..1_000_000 {
        let loss = 1.0 / f64::from(step + 1);
        writeln!(file, "{},{step},{loss},,{}", step / 1000, loss * 0.001)?;
    }
    Ok(file.flush()?)
}

fn write_wandb(path: &Path) -> Result<(), Box<dyn Error>> {
    const BLOCK: usize = 32 << 10;
    let mut bytes = b":W&B\xe1\xbe\x00".to_vec();
    for step in 0..200_000u32 {
        let mut history = vec![];
        let loss = format!("{}", 1.0 / f64::from(step + 1));
        for (key, value) in [
            ("loss", loss.as_str()),
            ("accuracy", "0.5"),
            ("_step", &step.to_string()),
            ("_timestamp", "1.7959842184626055e+09"),
        ] {
            let mut item = vec![];
            field(2, key.as_bytes(), &mut item);
            // Field 16 has a key of two bytes.
            item.extend_from_slice(&[0x82, 0x01]);
            varint(value.len() as u64, &mut item);
            item.extend_from_slice(value.as_bytes());
            field(1, &item, &mut history);
        }
        let mut record = vec![];
        field(2, &history, &mut record);
        let mut rest = record.as_slice();
        let mut is_first = true;
        while !rest.is_empty() || is_first {
            let left = BLOCK - bytes.len() % BLOCK;
            if left < 7 {
                bytes.resize(bytes.len() + left, 0);
                continue;
            }
            let (part, after) = rest.split_at(rest.len().min(left - 7));
            let kind = match (is_first, after.is_empty()) {
                (true, true) => 1u8,
                (true, false) => 2,
                (false, false) => 3,
                (false, true) => 4,
            };
            let mut sum = crc32fast::Hasher::new();
            sum.update(&[kind]);
            sum.update(part);
            bytes.extend_from_slice(&sum.finalize().to_le_bytes());
            bytes.extend_from_slice(&(part.len() as u16).to_le_bytes());
            bytes.push(kind);
            bytes.extend_from_slice(part);
            rest = after;
            is_first = false;
        }
    }
    Ok(fs::write(path, bytes)?)
}
