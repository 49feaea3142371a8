//! Runs a program and records what is seen of it, without a store: `exec [--null | --record FILE] [--pattern P]
//! [--watch DIR] [--artifacts DIR] [--folder DIR] PROGRAM ARGS…`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use uaic_capture::record::{Head, Writer};
use uaic_capture::{Failure, NullRecorder, Plan, Recorder, guard_if_asked, run};

#[allow(clippy::print_stderr)]
fn main() -> ExitCode {
    if let Some(code) = guard_if_asked(std::env::args_os()) {
        return code;
    }
    let id = format!(
        "{:x}-{:x}",
        std::process::id(),
        std::time::UNIX_EPOCH.elapsed().map_or(0, |at| at.as_micros())
    );
    let mut plan = Plan::new(vec![], &id);
    plan.guard = uaic_platform::process::own_program();
    let mut record = None;
    let mut arguments = std::env::args_os().skip(1);
    while let Some(argument) = arguments.next() {
        let mut next = || arguments.next().unwrap_or_default();
        match argument.to_str() {
            Some("--null") => {}
            Some("--record") => record = Some(PathBuf::from(next())),
            Some("--pattern") => plan.pattern = next().into_string().ok(),
            Some("--watch") => plan.watch.push(next().into()),
            Some("--artifacts") => plan.artifacts.push(next().into()),
            Some("--folder") => plan.folder = next().into(),
            Some("--spill") => plan.spill = next().into(),
            Some("--alone") => plan.guard = None,
            _ => {
                plan.program = std::iter::once(argument).chain(arguments).collect::<Vec<OsString>>();
                break;
            }
        }
    }
    let head = Head { id, name: None, experiment: None, parent: None, time_ms: 0 };
    let opening = move || match record {
        None => Ok(Box::new(NullRecorder) as Box<dyn Recorder>),
        Some(path) => match Writer::open(&path, &head) {
            Ok(writer) => Ok(Box::new(writer) as Box<dyn Recorder>),
            Err(error) => Err(Box::new(error) as Failure),
        },
    };
    match run(plan, Box::new(opening)) {
        Ok(outcome) => {
            for trouble in &outcome.troubles {
                eprintln!("warning: {trouble}");
            }
            if let Some(unkept) = &outcome.unkept {
                eprintln!("warning: {} ({:?}, {:?})", unkept.reason, unkept.file, unkept.lost);
            }
            ExitCode::from(outcome.ending.code())
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(127)
        }
    }
}
