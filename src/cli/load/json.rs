//! A run as JSON. The shape changes by addition only; `uaic load --help` documents it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::load::{ErrorClass, Latencies, Pace};

use super::super::json::SCHEMA;
use super::Report;
use super::gates::{Gate, per_second, successes_per_second};
use super::listing::{PERCENTILES, busy, cpu_per_request};
use super::values::milliseconds;

pub(super) fn json(report: &Report<'_>) -> Value {
    let (outcome, plan) = (report.outcome, report.plan);
    let tally = &outcome.tally;
    let (name, rate) = match plan.pace {
        Pace::Closed => ("closed", None),
        Pace::Open(rate) => ("open", Some(rate)),
    };
    let statuses: BTreeMap<String, u64> =
        tally.statuses.iter().map(|(status, count)| (status.to_string(), *count)).collect();
    let errors: Map<String, Value> = ErrorClass::ALL
        .into_iter()
        .map(|class| (class.name().to_owned(), tally.errors.get(&class).copied().unwrap_or_default().into()))
        .collect();
    json!({
        "schema": SCHEMA,
        "url": report.url,
        "method": report.args.method.name(),
        "loop": name,
        "rate_per_s": rate,
        "concurrency": plan.concurrency,
        "threads": plan.threads,
        "timeout_s": plan.timeout.as_secs_f64(),
        "warm_up_s": plan.warm_up.as_secs_f64(),
        "interrupted": outcome.interrupted,
        "elapsed_s": outcome.elapsed.as_secs_f64(),
        "requests": tally.answered() + tally.failed(),
        "succeeded": tally.succeeded(),
        "unfinished": tally.unfinished,
        "answers_per_s": per_second(tally.answered(), outcome),
        "successes_per_s": successes_per_second(outcome),
        "received_bytes": tally.bytes_received,
        "sent_bytes": tally.bytes_sent,
        "connections": tally.connections,
        "statuses": statuses,
        "errors": errors,
        "error_share": tally.error_share(),
        "first_refusal": tally.first_refusal.as_ref().map(|(status, body)| json!({ "status": status, "body": body })),
        "response_time": latencies(&tally.response),
        "service_time": latencies(&tally.service),
        "refusal_time": latencies(&tally.refusals),
        "failure_time": latencies(&tally.failures),
        "generator": {
            "cpu_us_per_request": milliseconds(cpu_per_request(outcome)) * 1e3,
            "busy": busy(report),
            "lag": latencies(&tally.lag),
        },
        "gates": report.gates.iter().map(Gate::json).collect::<Vec<_>>(),
    })
}

fn latencies(latencies: &Latencies) -> Value {
    let number = |time: Option<Duration>| json!(time.map(milliseconds));
    let mut shape = Map::new();
    shape.insert("count".into(), latencies.count().into());
    shape.insert("mean_ms".into(), number(latencies.mean()));
    shape.insert("min_ms".into(), number(latencies.smallest()));
    for (name, millionths) in PERCENTILES {
        shape.insert(format!("{name}_ms"), number(latencies.quantile(millionths)));
    }
    shape.insert("max_ms".into(), number(latencies.largest()));
    let buckets = latencies.buckets().map(|bucket| {
        let [low, high] = [bucket.low, bucket.high].map(|end| end as f64 / 1e6);
        json!([low, high, bucket.count])
    });
    shape.insert("buckets_ms".into(), buckets.collect());
    shape.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_hold_every_value_and_quantiles_are_in_milliseconds() {
        let mut some = Latencies::default();
        for time in 1..=1000 {
            some.record(Duration::from_micros(time));
        }
        let shape = latencies(&some);
        let buckets = shape["buckets_ms"].as_array().unwrap();
        let count: u64 = buckets.iter().map(|bucket| bucket[2].as_u64().unwrap()).sum();
        assert_eq!(count, 1000);
        assert!((shape["p50_ms"].as_f64().unwrap() - 0.5).abs() < 0.001, "{shape}");
        assert_eq!(shape["max_ms"], json!(1.0));
        assert_eq!(latencies(&Latencies::default())["p50_ms"], Value::Null);
    }
}
