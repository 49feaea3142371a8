//! What a run is called, and the metric that its value is of.

use crate::store::{RunKind, RunRecord};

/// The metric whose value final runs carry, where the data have a test split.
pub const FINAL_METRIC: &str = "test/accuracy";

/// `trial 3`, `final run of trial 3`, or the name of a run of no study.
pub fn place(run: &RunRecord) -> String {
    let number = run.start.number.unwrap_or_default();
    match run.start.kind {
        RunKind::Trial => format!("trial {number}"),
        RunKind::Final => format!("final run of trial {number}"),
        RunKind::Imported => "imported model".to_owned(),
        RunKind::Free => run.name.clone().unwrap_or_else(|| "run".to_owned()),
    }
}

/// The metric whose value a run carries.
pub fn metric_of<'a>(run: &RunRecord, study_metric: &'a str) -> &'a str {
    match run.start.kind {
        RunKind::Trial => study_metric,
        RunKind::Final | RunKind::Imported => FINAL_METRIC,
        RunKind::Free => "",
    }
}

/// `9c1e22aa/3`, `9c1e22aa/final` or `9c1e22aa/imported`: a run as its study sees it, and a selector of it.
/// A run of no study is selected by its id.
pub fn path_in_study(run: &RunRecord) -> String {
    let Some(study) = run.start.home.study() else { return run.id.short() };
    let study = study.short();
    match run.start.kind {
        RunKind::Trial => format!("{study}/{}", run.start.number.unwrap_or_default()),
        kind => format!("{study}/{}", kind.name()),
    }
}
