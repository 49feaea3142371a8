//! A comparison for other programs.

use serde_json::{Value as Json, json};

use crate::comparison::{Comparison, Delta, Row, Value};

use super::super::json;
use super::super::listing::{Field, Listing, column};
use super::gates::Gate;

/// The shape that the help promises.
pub(super) fn json(comparison: &Comparison, gates: &[Gate]) -> Json {
    let column = |column: &crate::comparison::Column| {
        json!({
            "name": column.name,
            "experiment": column.experiment,
            "what": column.what,
            "runs": column.runs,
        })
    };
    let param = |row: &Row| json!({ "key": row.key, "differs": row.differs(), "values": row.values });
    let fact = |row: &Row| json!({ "key": row.key, "area": row.area(), "differs": row.differs(), "values": row.values });
    let metric = |metric: &crate::comparison::Metric| {
        json!({
            "key": metric.key,
            "direction": metric.direction,
            "values": metric.values.iter().map(|value| value.as_ref().map(measured)).collect::<Vec<_>>(),
            "deltas": metric.deltas.iter().map(|delta| delta.as_ref().map(difference)).collect::<Vec<_>>(),
        })
    };
    let gate = |gate: &Gate| json!({ "rule": gate.rule, "column": gate.column, "broken": gate.broken, "why": gate.why });
    json!({
        "schema": json::SCHEMA,
        "baseline": comparison.baseline,
        "decisive": comparison.decisive,
        "columns": comparison.columns.iter().map(column).collect::<Vec<_>>(),
        "params": comparison.params.iter().map(param).collect::<Vec<_>>(),
        "facts": comparison.facts.iter().map(fact).collect::<Vec<_>>(),
        "metrics": comparison.metrics.iter().map(metric).collect::<Vec<_>>(),
        "gates": gates.iter().map(gate).collect::<Vec<_>>(),
    })
}

fn measured(value: &Value) -> Json {
    json!({
        "value": json::number(value.value),
        "n": value.n,
        "low": value.ends.map(|ends| json::number(ends.0)),
        "high": value.ends.map(|ends| json::number(ends.1)),
        "deviation": value.deviation.map(json::number),
    })
}

fn difference(delta: &Delta) -> Json {
    let tested = delta.tested.as_ref().ok();
    json!({
        "delta": json::number(delta.value),
        "method": tested.map(|tested| tested.method.name()),
        "n": tested.map(|tested| tested.n),
        "low": tested.map(|tested| json::number(tested.low)),
        "high": tested.map(|tested| json::number(tested.high)),
        "p": tested.map(|tested| json::number(tested.p)),
        "p_holm": tested.map(|tested| json::number(tested.adjusted)),
        "reason": delta.tested.as_ref().err(),
    })
}

/// A row for each metric and column.
pub(super) fn csv(comparison: &Comparison) -> Listing {
    const HEAD: [&str; 14] = [
        "metric",
        "run",
        "value",
        "n",
        "low",
        "high",
        "deviation",
        "delta",
        "delta_low",
        "delta_high",
        "method",
        "p",
        "p_holm",
        "reason",
    ];
    let mut listing = Listing::new(HEAD.map(|name| column("", name)));
    for metric in &comparison.metrics {
        let columns = comparison.columns.iter().zip(&metric.values).zip(&metric.deltas);
        for ((column, value), delta) in columns {
            let Some(value) = value else { continue };
            let tested = delta.as_ref().and_then(|delta| delta.tested.as_ref().ok());
            let reason = delta.as_ref().and_then(|delta| delta.tested.as_ref().err());
            listing.add([
                Field::name(&metric.key),
                Field::name(&column.name),
                Field::number(Some(value.value)),
                Field::plain(value.n.map(|n| n.to_string()).unwrap_or_default()),
                Field::number(value.ends.map(|ends| ends.0)),
                Field::number(value.ends.map(|ends| ends.1)),
                Field::number(value.deviation),
                Field::number(delta.as_ref().map(|delta| delta.value)),
                Field::number(tested.map(|tested| tested.low)),
                Field::number(tested.map(|tested| tested.high)),
                Field::plain(tested.map(|tested| tested.method.name()).unwrap_or_default()),
                Field::number(tested.map(|tested| tested.p)),
                Field::number(tested.map(|tested| tested.adjusted)),
                Field::name(reason.map_or("", String::as_str)),
            ]);
        }
    }
    listing
}
