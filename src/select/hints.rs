//! What there is instead of what was not found, and how to see it.

use crate::nearest::nearest;
use crate::store::{RunRecord, Store, StoreError, StudyRecord};

use super::label::place;

/// What to do about a name that no model has.
pub fn models_hint(name: &str, known: &[String]) -> String {
    match nearest(name, known.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => "`uaic model register SEL NAME` registers one".to_owned(),
        None => format!("there are {}", known.join(", ")),
    }
}

/// What to do where all runs are hidden.
pub(super) fn hidden_hint(hidden: u64) -> String {
    let all = if hidden == 1 { "the only one is".to_owned() } else { format!("all {hidden} are") };
    format!("{all} hidden: `uaic ls --all` lists them, and `uaic restore` brings them back")
}

/// Says which experiments there are.
pub(super) fn experiments_hint(store: &dyn Store) -> Result<String, StoreError> {
    let mut names: Vec<String> = store.studies()?.into_iter().map(|study| study.plan.experiment).collect();
    names.sort();
    names.dedup();
    Ok(match names.as_slice() {
        [] => "`uaic run experiments/attention.toml` makes one".to_owned(),
        [only] => format!("the only experiment is `{only}` (`uaic ls --studies` lists its studies)"),
        names if names.len() <= 6 => format!("experiments are `{}`", names.join("`, `")),
        _ => "`uaic ls --studies --limit 0` lists them all".to_owned(),
    })
}

/// A candidate of an ambiguous prefix.
pub(super) fn line_of_run(run: &RunRecord) -> String {
    format!("  {}  {} of {}, {}", run.id, place(run), run.experiment, run.state)
}

/// A candidate of an ambiguous prefix.
pub(super) fn line_of_study(study: &StudyRecord) -> String {
    format!("  {}  study of {}, {}", study.id, study.plan.experiment, study.state)
}
