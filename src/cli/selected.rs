//! Runs that are selected by selectors, by a query, or by both.

use crate::select::{self, Hidden, Target};
use crate::store::{Id, RunQuery, RunRecord, Store, StudyRecord};
use crate::trial::RunState;

use super::exit::Failure;
use super::ls::Query;

/// What the selectors select and then what the query finds, each run once.
///
/// # Errors
/// A selector selects nothing, or all together choose nothing.
pub(super) fn runs(
    store: &dyn Store,
    selectors: &[String],
    filter: Option<&Query>,
) -> anyhow::Result<Vec<RunRecord>> {
    let mut runs = select::resolve_many(store, selectors)?;
    if let Some(filter) = filter {
        let known: std::collections::BTreeSet<_> = runs.iter().map(|run| run.id).collect();
        let found = store.runs(&filter.narrow(RunQuery::default()))?;
        runs.extend(found.into_iter().filter(|run| !known.contains(&run.id)));
    }
    if runs.is_empty() { Err(nothing()) } else { Ok(runs) }
}

/// The same where the final run of a study stands for it, or else its best trial.
///
/// # Errors
/// As [`runs`], or a study has no complete run yet.
pub(super) fn standing_for(
    store: &dyn Store,
    selectors: &[String],
    filter: Option<&Query>,
) -> anyhow::Result<Vec<RunRecord>> {
    let mut known = std::collections::BTreeSet::new();
    let mut found = Vec::new();
    for text in selectors {
        let run = match select::resolve_any(store, text)? {
            Target::Run(run) => *run,
            Target::Study(study) => run_of(store, &study)?,
        };
        found.push(run);
    }
    if let Some(filter) = filter {
        found.extend(store.runs(&filter.narrow(RunQuery::default()))?);
    }
    found.retain(|run| known.insert(run.id));
    if found.is_empty() { Err(nothing()) } else { Ok(found) }
}

/// The run that stands for a study.
fn run_of(store: &dyn Store, study: &StudyRecord) -> anyhow::Result<RunRecord> {
    let last = select::model_run(store, study.id, Hidden::LeaveOut)?;
    if let Some(run) = last.filter(|run| run.state == RunState::Complete) {
        return Ok(run);
    }
    select::best_trials(store, study)?.into_iter().next().ok_or_else(|| {
        let id = study.id.short();
        let why = format!("study {id} has no complete run yet; `uaic ls --study {id}` shows what there is");
        Failure::not_found(why).into()
    })
}

/// The same where a study stands for all of its runs; oldest first.
///
/// # Errors
/// As [`runs`].
pub(super) fn with_studies(
    store: &dyn Store,
    selectors: &[String],
    filter: Option<&Query>,
) -> anyhow::Result<Vec<Id>> {
    let mut found: Vec<RunRecord> = Vec::new();
    for text in selectors {
        match select::resolve_any(store, text)? {
            Target::Run(run) => found.push(*run),
            Target::Study(study) => {
                found.extend(store.runs(&RunQuery { study: Some(study.id), ..RunQuery::default() })?);
            }
        }
    }
    if let Some(filter) = filter {
        found.extend(store.runs(&filter.narrow(RunQuery::default()))?);
    }
    if found.is_empty() {
        return Err(nothing());
    }
    let mut order: Vec<(i64, Id)> = found.iter().map(|run| (run.started_ms, run.id)).collect();
    order.sort_unstable();
    order.dedup();
    Ok(order.into_iter().map(|(_, id)| id).collect())
}

fn nothing() -> anyhow::Error {
    Failure::not_found("there is no run of which the query holds; `uaic ls` lists what there is").into()
}
