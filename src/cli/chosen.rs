//! Runs that are chosen by selectors, by a query, or by both.

use crate::select;
use crate::store::{RunQuery, RunRecord, Store};

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
    if runs.is_empty() {
        let message = "there is no run of which the query holds; `uaic ls` lists what there is";
        return Err(Failure::not_found(message).into());
    }
    Ok(runs)
}
