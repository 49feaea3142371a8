//! Executing a study, new or resumed: search, final stage, and what is printed of them.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::exit;
use super::printer;
use super::progress::{Detail, Progress, print_above};
use super::summary::Summary;
use crate::experiment::{Experiment, FinalReport, FinalStage};
use crate::platform::ProcessIdentity;
use crate::store::{Store, StudyRecord, StudyState};
use crate::study::{self, StudyOutcome, StudyPlan, Surroundings};

/// How to execute a study.
#[derive(Clone, Copy, Debug)]
pub(super) struct Execution {
    /// Trials at once.
    pub(super) jobs: usize,
    /// What is shown meanwhile.
    pub(super) detail: Detail,
    /// Print one JSON object instead of tables.
    pub(super) json: bool,
    /// Whether the final stage runs.
    pub(super) final_stage: bool,
}

/// Executes `study` from where it is to its end, or to Ctrl-C.
pub(super) fn execute(
    experiment: &Experiment,
    store: &dyn Store,
    study: &StudyRecord,
    how: Execution,
) -> anyhow::Result<ExitCode> {
    let process = ProcessIdentity::current();
    store.acquire_study(study.id, &process)?;
    let cancel = stop_on_signals().context("cannot listen for Ctrl-C")?;
    let result = search_and_retrain(experiment, store, study, how, &process, &cancel);
    let state = match &result {
        Ok(Executed { interrupted: true, .. }) => StudyState::Interrupted,
        Ok(Executed { outcome, .. }) if outcome.best().is_some() => StudyState::Complete,
        Ok(_) | Err(_) => StudyState::Failed,
    };
    let released = store.release_study(study.id, &process, state);
    // Of two failures the first is the cause.
    let Executed { outcome, final_report, .. } = result?;
    released?;
    let summary = Summary { experiment, study, outcome: &outcome, final_report: final_report.as_ref() };
    if how.json {
        printer::json(&summary.json())?;
    } else if how.detail != Detail::Quiet || state == StudyState::Complete {
        printer::data(summary.text())?;
    }
    if state == StudyState::Interrupted {
        printer::talk(format!("stopped; `uaic resume {}` goes on from here", study.id.short()));
        return Ok(ExitCode::from(exit::INTERRUPTED));
    }
    if state == StudyState::Failed {
        let reason = outcome
            .finished
            .iter()
            .find_map(|result| result.reason.as_deref())
            .unwrap_or("no trial has ended");
        anyhow::bail!("no trial of study {} completed; the first failed with: {reason}", study.id.short());
    }
    if !how.json && how.detail != Detail::Quiet {
        printer::talk(summary.next_steps());
    }
    Ok(ExitCode::SUCCESS)
}

/// What was done of a study.
struct Executed {
    outcome: StudyOutcome,
    final_report: Option<FinalReport>,
    /// Whether it was stopped before its end.
    interrupted: bool,
}

fn search_and_retrain(
    experiment: &Experiment,
    store: &dyn Store,
    study: &StudyRecord,
    how: Execution,
    process: &ProcessIdentity,
    cancel: &AtomicBool,
) -> anyhow::Result<Executed> {
    let spec = experiment.spec();
    let sampler = study::sampler::by_name(&spec.study.sampler)
        .with_context(|| format!("unknown sampler `{}`", spec.study.sampler))?;
    let progress = Progress::new(how.detail, &spec.study.metric, spec.study.direction);
    let plan = StudyPlan {
        space: &spec.search,
        sampler: sampler.as_ref(),
        direction: spec.study.direction,
        trials: study.new.trials,
        parallel: spec.study.parallel,
        seeds: experiment.seeds(),
    };
    let surroundings = Surroundings {
        store,
        study: study.id,
        jobs: how.jobs,
        process,
        environment: experiment.environment(),
        observer: &progress,
        cancel,
    };
    let outcome = study::run(&plan, experiment, &surroundings);
    progress.clear();
    let outcome = outcome?;
    let wanted = how.final_stage && spec.final_stage.epochs > 0 && !outcome.cancelled;
    let Some(best) = outcome.best().filter(|_| wanted) else {
        return Ok(Executed { interrupted: outcome.cancelled, outcome, final_report: None });
    };
    let mut watch = progress.final_stage();
    let mut stage = FinalStage { store, study: study.id, process, watch: &mut watch, cancel };
    let final_report = experiment.retrain(&best.trial.params, &mut stage)?;
    Ok(Executed { interrupted: final_report.is_none(), outcome, final_report })
}

/// The first Ctrl-C asks the study to stop, the second ends the process at once.
fn stop_on_signals() -> std::io::Result<Arc<AtomicBool>> {
    let cancel = Arc::new(AtomicBool::new(false));
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    let asked = Arc::clone(&cancel);
    std::thread::spawn(move || {
        for _ in signals.forever() {
            if asked.swap(true, Ordering::Relaxed) {
                std::process::exit(i32::from(exit::INTERRUPTED));
            }
            print_above("stopping after the current epochs; Ctrl-C again stops at once");
        }
    });
    Ok(cancel)
}
