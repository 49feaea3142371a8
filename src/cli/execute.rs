//! Executing a study, new or resumed: search, final stage, and what is printed of them.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::exit::Failure;
use super::printer;
use super::progress::{Detail, Progress, print_above};
use super::summary::Summary;
use super::work::Work;
use crate::ErrorKind;
use crate::platform::ProcessIdentity;
use crate::store::{Change, Id, Store, StoreAddress, StudyChange, StudyRecord, StudyState};
use crate::study::{self, SamplerKind, StudyOutcome, Surroundings};
use crate::training::{FinalReport, FinalStage, TrainingError};
use crate::trial::RunState;

/// How to execute a study.
#[derive(Clone, Copy, Debug)]
pub(super) struct Execution<'a> {
    /// Trials at once.
    pub(super) jobs: usize,
    /// What is shown meanwhile.
    pub(super) detail: Detail,
    /// Print one JSON object instead of tables.
    pub(super) json: bool,
    /// Whether the final stage runs.
    pub(super) final_stage: bool,
    /// Raise the study's number of trials to this.
    pub(super) trials: Option<u32>,
    /// Where the store is.
    pub(super) store: &'a StoreAddress,
}

/// Executes a study from where it is to its end, or to Ctrl-C.
pub(super) fn execute(
    work: &Work,
    store: &dyn Store,
    study: Id,
    how: Execution<'_>,
) -> anyhow::Result<ExitCode> {
    let process = ProcessIdentity::current();
    let before = store.study(study)?.state;
    store.acquire_study(study, &process)?;
    let executed = acquired(work, store, study, how, &process);
    let state = match &executed {
        // What the store could not take may work next time.
        Ok(
            Executed { interrupted: true, .. } | Executed { final_stage: Err(TrainingError::Store(_)), .. },
        ) => StudyState::Interrupted,
        Ok(Executed { outcome, final_stage: Ok(_), .. }) if any_complete(outcome) => StudyState::Complete,
        Ok(_) => StudyState::Failed,
        // The study itself is none the worse: a complete one stays so, another can go on.
        Err(_) if before == StudyState::Complete => StudyState::Complete,
        Err(_) => StudyState::Interrupted,
    };
    let released = store.release_study(study, &process, state);
    // The first thing that went wrong says more than what it led to.
    let executed = executed?;
    released?;
    conclude(work, &executed, how)
}

/// Whether a trial has come to its end with a value, hidden and excluded ones included.
fn any_complete(outcome: &StudyOutcome) -> bool {
    outcome.finished.iter().any(|result| result.trial.state == RunState::Complete)
}

/// What was done of a study.
struct Executed {
    study: StudyRecord,
    outcome: StudyOutcome,
    /// `None` when there was no final stage, or it was stopped.
    final_stage: Result<Option<FinalReport>, TrainingError>,
    /// Whether it was stopped before its end.
    interrupted: bool,
    /// The last trial that a point was promised to and that is beyond the number of trials.
    waiting: Option<u32>,
}

/// Searches and retrains, as the study's owner.
fn acquired(
    work: &Work,
    store: &dyn Store,
    study: Id,
    how: Execution<'_>,
    process: &ProcessIdentity,
) -> anyhow::Result<Executed> {
    if let Some(trials) = how.trials {
        store.extend_study(study, trials)?;
    }
    let study = store.study(study)?;
    let spec = work.study();
    let setup = work.setup()?;
    let progress = Progress::new(how.detail, spec.goals.metric(), spec.goals.direction());
    let cancel = stop_on_signals().context("cannot listen for Ctrl-C")?;
    let plan = setup.plan(study.plan.trials);
    let surroundings = Surroundings {
        store,
        study: study.id,
        jobs: how.jobs,
        process,
        environment: work.environment(),
        observer: &progress,
        cancel: &cancel,
        deadline: setup.deadline(),
    };
    let outcome = study::run(&plan, work.objective(), &surroundings);
    progress.clear();
    let outcome = outcome?;
    let waiting = waiting(&store.changes(study.id)?, study.plan.trials);
    let experiment = work.training().filter(|experiment| experiment.final_epochs() > 0);
    let wanted = how.final_stage && !outcome.cancelled;
    let (Some(best), Some(experiment)) = (outcome.best().filter(|_| wanted), experiment) else {
        return Ok(Executed {
            study,
            interrupted: outcome.cancelled,
            outcome,
            final_stage: Ok(None),
            waiting,
        });
    };
    let mut watch = progress.final_stage();
    let (study_id, threads) = (study.id, how.jobs);
    let mut stage =
        FinalStage { store, study: study_id, process, threads, watch: &mut watch, cancel: &cancel };
    let final_stage = experiment.retrain(best, &mut stage);
    let interrupted = matches!(final_stage, Ok(None));
    Ok(Executed { study, outcome, final_stage, interrupted, waiting })
}

/// The last trial that a point is promised to, where it is beyond the number of trials.
fn waiting(changes: &[StudyChange], trials: u32) -> Option<u32> {
    let enqueued = changes.iter().filter(|change| matches!(change.change, Change::Enqueue { .. }));
    enqueued.map(|change| change.from_trial).filter(|number| *number >= trials).max()
}

/// Prints what a study came to.
fn conclude(work: &Work, executed: &Executed, how: Execution<'_>) -> anyhow::Result<ExitCode> {
    let Executed { study, outcome, final_stage, interrupted, .. } = executed;
    let final_report = final_stage.as_ref().ok().and_then(Option::as_ref);
    let summary = Summary { work, study, outcome, final_report, store: how.store };
    if how.json {
        printer::json(&summary.json())?;
    } else {
        printer::data(summary.text())?;
    }
    let id = study.id.short();
    if outcome.spent.is_some() && how.detail != Detail::Quiet {
        let tried = outcome.finished.len();
        printer::talk(format!(
            "note: study {id} ends after {tried} of {} trials, because every point of its {} has been tried; \
             `duplicates = \"repeat\"` in [study] tries points again",
            study.plan.trials,
            if work.study().sampler == SamplerKind::Grid { "grid" } else { "space" },
        ));
    }
    if let Some(waiting) = executed.waiting.filter(|_| how.detail != Detail::Quiet) {
        printer::talk(format!(
            "note: the enqueued point of trial {waiting} has not had its turn; `uaic resume {id} --trials {}` \
             lets it run",
            waiting + 1
        ));
    }
    if *interrupted {
        printer::talk(format!("stopped; `uaic resume {id}` goes on from here"));
        return Ok(ErrorKind::Interrupted.into());
    }
    if outcome.best().is_none() && any_complete(outcome) {
        printer::talk(format!(
            "every complete trial of study {id} is hidden or excluded; `uaic ls --study {id} --all` lists them"
        ));
        return Ok(ExitCode::SUCCESS);
    }
    if outcome.best().is_none() {
        let reason = outcome.finished.iter().find_map(|result| result.reason.as_deref());
        let reason = reason.unwrap_or("no trial has ended");
        anyhow::bail!("no trial of study {id} completed; the first failed with: {reason}");
    }
    if let Err(error) = final_stage {
        return Err(Failure::of(error.kind(), error.to_string()).into());
    }
    if !how.json && how.detail != Detail::Quiet {
        printer::talk(summary.next_steps());
    }
    Ok(ExitCode::SUCCESS)
}

/// The first Ctrl-C asks the study to stop, the second ends the process at once.
fn stop_on_signals() -> std::io::Result<Arc<AtomicBool>> {
    let cancel = Arc::new(AtomicBool::new(false));
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGTERM])?;
    let asked = Arc::clone(&cancel);
    std::thread::spawn(move || {
        for _ in signals.forever() {
            if asked.swap(true, Ordering::Relaxed) {
                std::process::exit(i32::from(ErrorKind::Interrupted.code()));
            }
            print_above("stopping after the current epochs; Ctrl-C again stops at once");
        }
    });
    Ok(cancel)
}
