//! A comparison for other programs.

use serde_json::{Value as Json, json};

use crate::report::comparison::{Comparison, Delta, Row, Value};

use super::super::shape;
use super::gates::Gate;

/// The shape that the help promises.
pub(super) fn json(comparison: &Comparison, gates: &[Gate]) -> Json {
    let column = |column: &crate::report::comparison::Column| {
        json!({
            "name": column.name,
            "experiment": column.experiment,
            "what": column.what,
            "runs": column.runs,
        })
    };
    let param = |row: &Row| json!({ "key": row.key, "differs": row.differs(), "values": row.values });
    let fact = |row: &Row| json!({ "key": row.key, "area": row.area(), "differs": row.differs(), "values": row.values });
    let metric = |metric: &crate::report::comparison::Metric| {
        json!({
            "key": metric.key,
            "direction": metric.direction,
            "values": metric.values.iter().map(|value| value.as_ref().map(measured)).collect::<Vec<_>>(),
            "deltas": metric.deltas.iter().map(|delta| delta.as_ref().map(difference)).collect::<Vec<_>>(),
        })
    };
    let gate = |gate: &Gate| json!({ "rule": gate.rule, "column": gate.column, "broken": gate.broken, "why": gate.why });
    json!({
        "schema": shape::SCHEMA,
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
        "value": shape::number(value.value),
        "n": value.n,
        "low": value.ends.map(|ends| shape::number(ends.0)),
        "high": value.ends.map(|ends| shape::number(ends.1)),
        "deviation": value.deviation.map(shape::number),
    })
}

fn difference(delta: &Delta) -> Json {
    let tested = delta.tested.as_ref().ok();
    json!({
        "delta": shape::number(delta.value),
        "method": tested.map(|tested| tested.method.name()),
        "n": tested.map(|tested| tested.n),
        "low": tested.map(|tested| shape::number(tested.low)),
        "high": tested.map(|tested| shape::number(tested.high)),
        "p": tested.map(|tested| shape::number(tested.p)),
        "p_holm": tested.map(|tested| shape::number(tested.adjusted)),
        "reason": delta.tested.as_ref().err(),
    })
}

/// A line for each metric and column.
///
/// # Errors
/// Never in practice: it is written to memory.
pub(super) fn csv(comparison: &Comparison) -> anyhow::Result<Vec<u8>> {
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
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(HEAD)?;
    for metric in &comparison.metrics {
        let columns = comparison.columns.iter().zip(&metric.values).zip(&metric.deltas);
        for ((column, value), delta) in columns {
            let Some(value) = value else { continue };
            let number = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
            let tested = delta.as_ref().and_then(|delta| delta.tested.as_ref().ok());
            let reason = delta.as_ref().and_then(|delta| delta.tested.as_ref().err());
            writer.write_record([
                metric.key.clone(),
                column.name.clone(),
                number(Some(value.value)),
                value.n.map(|n| n.to_string()).unwrap_or_default(),
                number(value.ends.map(|ends| ends.0)),
                number(value.ends.map(|ends| ends.1)),
                number(value.deviation),
                number(delta.as_ref().map(|delta| delta.value)),
                number(tested.map(|tested| tested.low)),
                number(tested.map(|tested| tested.high)),
                tested.map(|tested| tested.method.name().to_owned()).unwrap_or_default(),
                number(tested.map(|tested| tested.p)),
                number(tested.map(|tested| tested.adjusted)),
                reason.cloned().unwrap_or_default(),
            ])?;
        }
    }
    Ok(writer.into_inner().map_err(csv::IntoInnerError::into_error)?)
}
