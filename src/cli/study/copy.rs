//! `uaic study copy`: a study with all of its trials, in this store or another.

use std::collections::BTreeMap;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::super::{Global, json, printer};
use crate::platform::ProcessIdentity;
use crate::select::{self, STUDY_GRAMMAR};
use crate::store::{
    Change, NewRun, NewStudy, RunEnd, RunKind, RunQuery, RunRecord, Store, StoreAddress, StudyRecord,
    StudyState,
};
use crate::trial::RunState;

/// Arguments of `uaic study copy`.
#[derive(Args, Debug)]
#[command(after_help = format!("\
The copy has the same trials, values, metrics, tags, artifacts and changes under new ids, and goes on
by itself: with the same spec it proposes what the original would. Trials that have not ended are
left out; the copy starts them again, enqueued points with them.

Examples:
  uaic study copy attention --name attention-2
  uaic study copy @ --to ../team/runs

{STUDY_GRAMMAR}

With --json: {{\"schema\": 1, \"study\": the id of the copy, \"runs\": how many were copied}}."))]
pub(super) struct CopyArgs {
    /// The study
    study: String,

    /// The folder of another store
    #[arg(long, value_name = "DIR")]
    to: Option<StoreAddress>,

    /// Another name of the experiment
    #[arg(long, value_name = "NAME")]
    name: Option<String>,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Copies it.
pub(super) fn run(global: &Global, args: &CopyArgs) -> anyhow::Result<ExitCode> {
    let source = global.store.open_read_only()?;
    let study = select::resolve_study(&*source, Some(&args.study))?;
    let target = args.to.as_ref().unwrap_or(&global.store).open()?;
    let name = args.name.clone().unwrap_or_else(|| study.plan.experiment.clone());
    let copy = target.create_study(&NewStudy { experiment: name, ..study.plan.clone() })?;
    let process = ProcessIdentity::current();
    target.acquire_study(copy.id, &process)?;
    let copied = copy_runs(&*source, &study, &*target, &copy, &process);
    let state = if copied.is_ok() { state_of(&study) } else { StudyState::Failed };
    target.release_study(copy.id, &process, state)?;
    let copied = copied?;
    if args.json {
        printer::json(&json!({ "schema": json::SCHEMA, "study": copy.id, "runs": copied }))?;
    } else {
        printer::talk(format!("{copied} runs copied"));
        printer::data(copy.id.short())?;
    }
    Ok(ExitCode::SUCCESS)
}

fn state_of(study: &StudyRecord) -> StudyState {
    match study.state {
        StudyState::Complete => StudyState::Complete,
        _ => StudyState::Interrupted,
    }
}

fn copy_runs(
    source: &dyn Store,
    study: &StudyRecord,
    target: &dyn Store,
    copy: &StudyRecord,
    process: &ProcessIdentity,
) -> anyhow::Result<usize> {
    let query = RunQuery { study: Some(study.id), include_hidden: true, ..RunQuery::default() };
    let mut runs = source.runs(&query)?;
    runs.retain(|run| run.state.is_final());
    runs.sort_by_key(|run| (run.start.kind, run.start.number));
    let changes = source.changes(study.id)?;
    let mut corrected: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
    for change in &changes {
        if let Change::Correct { trial, old, .. } = &change.change {
            corrected.entry(*trial).or_insert_with(|| old.clone());
        }
    }
    for run in &runs {
        let number = run.start.number.unwrap_or(u32::MAX);
        let is_trial = run.start.kind == RunKind::Trial;
        let original = corrected.get(&number).filter(|_| is_trial).cloned();
        copy_run(
            source,
            run,
            &original.unwrap_or_else(|| run.values.clone()),
            target,
            &NewRun { home: copy.id.into(), process: process.clone(), ..run.start.clone() },
        )?;
    }
    // With the numbers that they have: what is promised to a trial stays promised to it.
    for change in &changes {
        target.copy_change(copy.id, change)?;
    }
    Ok(runs.len())
}

fn copy_run(
    source: &dyn Store,
    run: &RunRecord,
    values: &[f64],
    target: &dyn Store,
    new: &NewRun,
) -> anyhow::Result<()> {
    let attempt = target.start_run(new)?;
    for metric in source.latest_metrics(run.id)? {
        target.log_metrics(attempt, &source.metric_history(run.id, &metric.key)?)?;
    }
    for artifact in source.artifacts(run.id)? {
        target.put_artifact(attempt, &artifact.name, &source.read_artifact(run.id, &artifact.name)?)?;
    }
    for (key, value) in source.tags(run.id)? {
        target.set_tag(attempt.run, &key, &value)?;
    }
    let state =
        if values.is_empty() && run.state == RunState::Complete { RunState::Failed } else { run.state };
    let (values, reason) = (values.to_vec(), run.reason.clone());
    target.finish_run(attempt, &RunEnd { state, values, violation: run.violation, reason })?;
    if run.hidden {
        target.set_hidden(attempt.run, true)?;
    }
    Ok(())
}
