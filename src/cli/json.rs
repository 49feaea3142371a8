//! The JSON shapes of records. They change by addition only.
//!
//! Numbers that JSON lacks are the strings `"NaN"`, `"inf"` and `"-inf"`. Times come twice:
//! `…_ms` in milliseconds since 1970 UTC, and beside it in ISO 8601.

use serde_json::{Map, Value, json};

use crate::eval::{Estimate, Measures};
use crate::store::{Id, LatestMetric, MetricPoint, RunRecord, StudyRecord, Tally};
use crate::study::TrialResult;
use crate::trial::RunState;
pub(super) use crate::wording::{json_number as number, json_params as params};

/// The version of all shapes.
pub(super) const SCHEMA: u32 = 1;

/// A time in ISO 8601, to the millisecond; null when it is out of range.
pub(super) fn iso_time(time_ms: i64) -> Value {
    jiff::Timestamp::from_millisecond(time_ms).map_or(Value::Null, |time| format!("{time:.3}").into())
}

/// A run, without what only `show` prints.
pub(super) fn run(run: &RunRecord, now_ms: i64) -> Map<String, Value> {
    let shape = json!({
        "id": run.id,
        "study": run.start.home.study(),
        "experiment": run.experiment,
        "name": run.name,
        "parent": run.parent,
        "kind": run.start.kind,
        "number": run.start.number,
        "state": run.state,
        "value": run.value().map(number),
        "reason": run.reason,
        "started_ms": run.started_ms,
        "started": iso_time(run.started_ms),
        "ended_ms": run.ended_ms,
        "ended": run.ended_ms.map(iso_time),
        "duration_s": seconds(run, now_ms),
        "attempts": run.attempts,
        "hidden": run.hidden,
        "excluded": run.excluded,
        "violation": number(run.violation),
        "params": params(&run.start.params),
    });
    object(shape)
}

/// A trial of a study that has just been executed.
pub(super) fn trial(result: &TrialResult) -> Value {
    json!({
        "number": result.trial.number,
        "run_id": result.run,
        "state": result.trial.state,
        "value": result.trial.value().map(number),
        "values": result.trial.values.iter().copied().map(number).collect::<Vec<_>>(),
        "params": params(&result.trial.params),
        "duration_s": number(result.seconds),
        "violation": number(result.trial.violation),
        "hidden": result.hidden,
        "excluded": result.excluded,
    })
}

/// The best of these trials.
pub(super) fn best_trial(result: &TrialResult) -> Value {
    json!({
        "number": result.trial.number,
        "run_id": result.run,
        "value": result.trial.value().map(number),
        "params": params(&result.trial.params),
        "violation": number(result.trial.violation),
    })
}

/// What the final stage came to.
pub(super) fn final_report(run: Id, figures: &Measures) -> Value {
    let mut shape = Map::from_iter([("run_id".to_owned(), json!(run))]);
    shape.extend(measures(figures));
    shape.into()
}

/// Figures: their values, their estimates, and why some have none.
pub(super) fn measures(figures: &Measures) -> Map<String, Value> {
    let of_each = |shape: &dyn Fn(&Estimate) -> Value| -> Value {
        figures.values.iter().map(|(key, figure)| (key.clone(), shape(figure))).collect::<Map<_, _>>().into()
    };
    let reasons: Map<String, Value> =
        figures.absent.iter().map(|(key, reason)| (key.clone(), reason.to_string().into())).collect();
    object(json!({
        "metrics": of_each(&|estimate| number(estimate.value)),
        "estimates": of_each(&estimate),
        "absent": reasons,
    }))
}

/// A figure with its number of examples and its interval.
pub(super) fn estimate(estimate: &Estimate) -> Value {
    json!({
        "value": number(estimate.value),
        "n": estimate.n,
        "low": number(estimate.low),
        "high": number(estimate.high),
    })
}

/// How long a run took, or has taken so far; unknown when it crashed.
pub(super) fn seconds(run: &RunRecord, now_ms: i64) -> Option<f64> {
    let until = match run.state {
        RunState::Running => Some(now_ms),
        _ => run.ended_ms,
    };
    until.map(|until| (until - run.started_ms) as f64 / 1000.0)
}

/// A study, without what only `show` prints.
pub(super) fn study(study: &StudyRecord, tally: &Tally) -> Map<String, Value> {
    let shape = json!({
        "id": study.id,
        "experiment": study.plan.experiment,
        "state": study.state,
        "seed": study.plan.seed,
        "metric": study.plan.goals.metric(),
        "direction": study.plan.goals.direction(),
        "trials": study.plan.trials,
        "done": tally.done(),
        "complete": tally.complete,
        "pruned": tally.pruned,
        "failed": tally.failed,
        "running": tally.running,
        "interrupted": tally.interrupted,
        "crashed": tally.crashed,
        "hidden": tally.hidden,
        "excluded": tally.excluded,
        "best": tally.best.map(|best| number(best.value())),
        "best_trial": tally.best.map(|best| best.number()),
        "created_ms": study.created_ms,
        "created": iso_time(study.created_ms),
    });
    object(shape)
}

/// The latest value of a metric and its range.
pub(super) fn metric(metric: &LatestMetric) -> Value {
    json!({
        "key": metric.key,
        "step": metric.step,
        "value": number(metric.value),
        "min": metric.min.map(number),
        "max": metric.max.map(number),
        "count": metric.count,
    })
}

/// One point of a series.
pub(super) fn point(point: &MetricPoint) -> Value {
    json!({
        "step": point.step,
        "time_ms": point.time_ms,
        "time": iso_time(point.time_ms),
        "value": number(point.value),
    })
}

/// The members of an object.
pub(super) fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        other => Map::from_iter([("value".to_owned(), other)]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::Undefined;
    use crate::trial::{FinishedTrial, ParamValue, Params};

    #[test]
    fn a_finished_study_has_no_null_for_a_number() {
        let result = TrialResult {
            trial: FinishedTrial {
                number: 3,
                params: Params::from([("train.lr".to_owned(), ParamValue::Float(f64::INFINITY))]),
                state: RunState::Complete,
                values: vec![f64::NEG_INFINITY],
                violation: 0.0,
                intermediate: vec![],
            },
            run: Id([7; 16]),
            reason: None,
            seconds: 1.5,
            excluded: false,
            hidden: false,
        };
        for shape in [trial(&result), best_trial(&result)] {
            assert_eq!((&shape["value"], &shape["params"]), (&json!("-inf"), &json!({ "train.lr": "inf" })));
        }
        let loss = Estimate { value: f64::NAN, n: 5, low: 0.5, high: f64::INFINITY };
        let figures = Measures {
            values: [("test/loss".to_owned(), loss)].into(),
            absent: [("test/mcc".to_owned(), Undefined::OneClass)].into(),
        };
        assert_eq!(
            final_report(Id([7; 16]), &figures),
            json!({
                "run_id": "07".repeat(16),
                "metrics": { "test/loss": "NaN" },
                "estimates": { "test/loss": { "value": "NaN", "n": 5, "low": 0.5, "high": "inf" } },
                "absent": { "test/mcc": "only one class occurs" },
            })
        );
    }

    #[test]
    fn times_are_given_to_the_millisecond() {
        assert_eq!(iso_time(1_700_000_000_120), "2023-11-14T22:13:20.120Z");
        assert_eq!(iso_time(i64::MAX), Value::Null);
    }
}
