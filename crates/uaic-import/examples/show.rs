//! Shows what the records at a path say: `cargo run -p uaic-import --example show -- mlruns`.

#![allow(clippy::print_stdout)]

use std::error::Error;
use std::path::Path;

use uaic_import::{ReadOptions, Sink, SinkError, Skipped, SourcePoint, SourceRun, SourceStudy, detect};

struct Show;

impl Sink for Show {
    fn study(&mut self, study: SourceStudy) -> Result<(), SinkError> {
        println!(
            "study {} {:?} of {} trials: {:?} {:?}",
            study.origin, study.goals, study.trials, study.space, study.tags
        );
        Ok(())
    }

    fn run(&mut self, run: SourceRun) -> Result<(), SinkError> {
        println!("run {} `{}` of `{}`, {}", run.origin, run.name, run.experiment, run.state);
        println!(
            "    from {:?} to {:?}, hidden {}, parent {:?}",
            run.started_ms, run.ended_ms, run.hidden, run.parent
        );
        println!("    note {:?}, reason {:?}, tags {:?}", run.note, run.reason, run.tags);
        for (name, param) in &run.params {
            println!("    {name} = {:?} ({})", param.value, param.text());
        }
        if let Some(trial) = run.trial {
            println!("    trial {} {:?} {:?}", trial.number, trial.values, trial.violation);
        }
        Ok(())
    }

    fn points(&mut self, key: &str, points: &[SourcePoint]) -> Result<(), SinkError> {
        println!("    {} points of {key}, the first {:?}", points.len(), points.first());
        Ok(())
    }

    fn artifact(&mut self, name: &str, file: &Path) -> Result<(), SinkError> {
        println!("    artifact {name} at {}", file.display());
        Ok(())
    }

    fn end_run(&mut self) -> Result<(), SinkError> {
        Ok(())
    }

    fn skipped(&mut self, skipped: Skipped) -> Result<(), SinkError> {
        println!("    skipped {}: {}", skipped.what, skipped.why);
        Ok(())
    }

    fn warning(&mut self, text: &str) -> Result<(), SinkError> {
        println!("warning: {text}");
        Ok(())
    }

    fn progress(&mut self, _: u64, _: u64) -> Result<(), SinkError> {
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    for path in std::env::args_os().skip(1) {
        for source in detect(Path::new(&path))? {
            println!("{} at {}", source.format(), source.path().display());
            source.read(&ReadOptions::default(), &mut Show)?;
        }
    }
    Ok(())
}
