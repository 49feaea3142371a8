//! Runs that are selected by selectors, by a query, or by both.

use crate::select::{self, Target};
use crate::store::{Id, RunQuery, RunRecord, Store};

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
