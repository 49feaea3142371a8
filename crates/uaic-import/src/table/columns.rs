//! What the columns of a table of runs stand for.

use uaic_study::trial::RunState;

/// What a column is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role<'a> {
    Id,
    Name,
    Experiment,
    State,
    Started,
    Ended,
    Note,
    Tag(&'a str),
    Metric(&'a str),
    Param(&'a str),
}

/// Beginnings of names that say what a column is, as MLflow, Optuna, W&B and we write them.
const PREFIXES: [(&str, Part); 17] = [
    ("params.", Part::Param),
    ("param.", Part::Param),
    ("params_", Part::Param),
    ("params/", Part::Param),
    ("config.", Part::Param),
    ("config/", Part::Param),
    ("metrics.", Part::Metric),
    ("metric.", Part::Metric),
    ("metrics_", Part::Metric),
    ("metrics/", Part::Metric),
    ("summary.", Part::Metric),
    ("tags.", Part::Tag),
    ("tag.", Part::Tag),
    ("tags_", Part::Tag),
    ("tags/", Part::Tag),
    ("user_attrs_", Part::Tag),
    ("system_attrs_", Part::Tag),
];

/// What a beginning says.
#[derive(Clone, Copy)]
enum Part {
    Param,
    Metric,
    Tag,
}

/// Words of metrics: a column without a prefix is one if its name has one of them.
const WORDS: [&str; 24] = [
    "loss",
    "acc",
    "accuracy",
    "auc",
    "auroc",
    "f1",
    "score",
    "error",
    "rmse",
    "mae",
    "mse",
    "mape",
    "r2",
    "precision",
    "recall",
    "perplexity",
    "ppl",
    "bleu",
    "rouge",
    "iou",
    "map",
    "wer",
    "value",
    "values",
];

/// Parts of names that hold metrics.
const PARTS: [&str; 7] = ["val", "valid", "validation", "test", "eval", "train", "metric"];

/// What a column is, by its name.
pub(super) fn role(column: &str) -> Role<'_> {
    let lower = column.to_ascii_lowercase().replace([' ', '-'], "_");
    match lower.as_str() {
        "id" | "run_id" | "run" | "number" | "trial" | "trial_id" | "run_uuid" => return Role::Id,
        "name" | "run_name" => return Role::Name,
        "experiment" | "experiment_name" | "project" => return Role::Experiment,
        "state" | "status" => return Role::State,
        "started" | "start_time" | "started_at" | "datetime_start" | "created" | "created_at" => {
            return Role::Started;
        }
        "ended" | "end_time" | "ended_at" | "finished_at" | "datetime_complete" => return Role::Ended,
        "note" | "notes" | "description" => return Role::Note,
        "duration" | "runtime" | "user" | "tags" | "experiment_id" | "artifact_uri" => {
            return Role::Tag(column);
        }
        _ => {}
    }
    for (prefix, part) in PREFIXES {
        let rest = lower.starts_with(prefix).then(|| column.get(prefix.len()..)).flatten();
        match (part, rest.filter(|rest| !rest.is_empty())) {
            (Part::Param, Some(rest)) => return Role::Param(rest),
            (Part::Metric, Some(rest)) => return Role::Metric(rest),
            (Part::Tag, Some(rest)) => return Role::Tag(rest),
            (_, None) => {}
        }
    }
    let mut parts = lower.split(['/', '_', '.', '@', ':']).peekable();
    let is_part_of = parts.peek().is_some_and(|first| PARTS.contains(first) && lower.len() > first.len());
    if is_part_of || parts.any(|part| WORDS.contains(&part)) {
        Role::Metric(column)
    } else {
        Role::Param(column)
    }
}

/// A state by any of its names.
pub(super) fn state(text: &str) -> Option<RunState> {
    Some(match text.to_ascii_uppercase().as_str() {
        "COMPLETE" | "COMPLETED" | "FINISHED" | "SUCCESS" | "SUCCEEDED" | "DONE" => RunState::Complete,
        "RUNNING" | "CRASHED" => RunState::Running,
        "PRUNED" => RunState::Pruned,
        "FAIL" | "FAILED" | "FAILURE" | "ERROR" => RunState::Failed,
        "KILLED" | "INTERRUPTED" | "CANCELED" | "CANCELLED" | "STOPPED" => RunState::Interrupted,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_other_tools_are_told_apart() {
        for (column, expected) in [
            ("params.lr", Role::Param("lr")),
            ("params_lr", Role::Param("lr")),
            ("metrics.val_loss", Role::Metric("val_loss")),
            ("user_attrs_team", Role::Tag("team")),
            ("Name", Role::Name),
            ("Run Name", Role::Name),
            ("number", Role::Id),
            ("datetime_start", Role::Started),
            ("val_loss", Role::Metric("val_loss")),
            ("test/f1", Role::Metric("test/f1")),
            ("value", Role::Metric("value")),
            ("values_1", Role::Metric("values_1")),
            ("map", Role::Metric("map")),
            ("lr", Role::Param("lr")),
            ("bitmap", Role::Param("bitmap")),
            ("val", Role::Param("val")),
            ("params.", Role::Param("params.")),
        ] {
            assert_eq!(role(column), expected, "{column}");
        }
    }
}
