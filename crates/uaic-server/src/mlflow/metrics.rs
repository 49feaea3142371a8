//! Histories of metrics.

use std::collections::BTreeSet;

use serde::Serialize;

use super::app::App;
use super::paging::{offset, token};
use super::route::Route;
use super::runs::parse_id;
use super::shape::Metric;
use super::wire::{Answer, Fields, Problem};
use super::within::Within;
use uaic_study::store::{Id, Point};

pub(super) const ROUTES: &[Route] = &[
    Route::read("GET", "/2.0/mlflow/metrics/get-history", history).within(Within::Handler),
    Route::read("GET", "/2.0/mlflow/metrics/get-history-bulk", bulk).within(Within::Handler),
    Route::read("GET", "/2.0/mlflow/metrics/get-history-bulk-interval", interval).within(Within::Handler),
];

/// Runs of one request.
const RUNS: usize = 100;
/// Points of several runs in one answer.
const BULK: usize = 25_000;
/// Points of a run when evenly spaced ones will do.
const SPACED: usize = 2500;

#[derive(Serialize)]
struct History<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    metrics: Vec<Metric<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

fn history(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    let key = fields.needed_text("metric_key")?;
    let run = match fields.text("run_id")?.filter(|text| !text.is_empty()) {
        Some(text) => text,
        None => fields
            .text("run_uuid")?
            .filter(|text| !text.is_empty())
            .ok_or_else(|| fields.missing("run_id"))?,
    };
    let limit = limit(fields, usize::MAX)?;
    let from = usize::try_from(offset(fields)?).unwrap_or(usize::MAX);
    let ids = seen(app, parse_id(run))?;
    let mut histories = app.store.histories(&ids, key)?;
    let points = histories.pop_first().map(|(_, points)| points).unwrap_or_default();
    let page = points.get(from..).unwrap_or_default();
    let cut = page.get(..limit).unwrap_or(page);
    Answer::of(&History {
        metrics: cut.iter().map(|point| Metric::of(key, point, None)).collect(),
        next_page_token: (cut.len() < page.len()).then(|| token((from + cut.len()) as u64)),
    })
}

/// Those of some runs that are seen.
fn seen(app: &App, runs: impl IntoIterator<Item = Id>) -> Result<Vec<Id>, Problem> {
    let mut ids = Vec::new();
    for run in runs {
        if app.sees_run(run)? {
            ids.push(run);
        }
    }
    Ok(ids)
}

/// How many points are asked for.
fn limit(fields: &Fields<'_>, most: usize) -> Result<usize, Problem> {
    match fields.integer("max_results")? {
        None => Ok(most),
        Some(asked) => match usize::try_from(asked) {
            Ok(limit) if limit > 0 => Ok(limit.min(most)),
            _ => Err(fields.refuse("max_results", "it must be at least 1")),
        },
    }
}

/// That not too many runs are asked for at once.
fn check_runs(runs: &[&str], message: String) -> Result<(), Problem> {
    if runs.len() <= RUNS { Ok(()) } else { Err(Problem::invalid(message)) }
}

/// The points of several runs, each cut by `choose`, as one list.
fn several(
    app: &App,
    runs: &[&str],
    key: &str,
    mut choose: impl FnMut(Vec<Point>) -> Vec<Point>,
) -> Result<Answer, Problem> {
    let mut different = BTreeSet::new();
    let ids = runs.iter().filter_map(|text| parse_id(text)).filter(|id| different.insert(*id));
    let ids = seen(app, ids)?;
    let mut histories = app.store.histories(&ids, key)?;
    let chosen: Vec<(String, Vec<Point>)> = ids
        .iter()
        .filter_map(|id| histories.remove(id).map(|points| (id.to_string(), choose(points))))
        .collect();
    let metrics = chosen
        .iter()
        .flat_map(|(run, points)| points.iter().map(move |point| Metric::of(key, point, Some(run))));
    Answer::of(&History { metrics: metrics.collect(), next_page_token: None })
}

fn bulk(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    let invalid = |what: &str| Problem::invalid(format!("GetMetricHistoryBulk request {what}"));
    let runs = fields.texts("run_id")?;
    if runs.is_empty() {
        return Err(invalid("must specify at least one run_id."));
    }
    let many = format!("cannot specify more than {RUNS} run_ids. Received {} run_ids.", runs.len());
    check_runs(&runs, format!("GetMetricHistoryBulk request {many}"))?;
    let key = fields.text("metric_key")?.filter(|key| !key.is_empty());
    let key = key.ok_or_else(|| invalid("must specify a metric_key."))?;
    let mut left = limit(fields, BULK)?;
    several(app, &runs, key, |mut points| {
        points.truncate(left);
        left -= points.len();
        points
    })
}

fn interval(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    let runs = fields.texts("run_ids")?;
    if runs.is_empty() {
        return Err(fields.missing("run_ids"));
    }
    check_runs(&runs, format!("GetMetricHistoryBulkInterval request must specify at most {RUNS} run_ids."))?;
    let key = fields.needed_text("metric_key")?;
    let most = fields.integer("max_results")?.unwrap_or(SPACED as i64);
    let most = usize::try_from(most).ok().filter(|most| (1..=SPACED).contains(most));
    let most = most.ok_or_else(|| {
        fields.refuse("max_results", &format!("max_results must be between 1 and {SPACED}"))
    })?;
    let (start, end) = (fields.integer("start_step")?, fields.integer("end_step")?);
    let invalid = |message: String| Err(Problem::invalid(message));
    let steps = match (start, end) {
        (None, None) => i64::MIN..=i64::MAX,
        (Some(start), Some(end)) if start <= end => start..=end,
        (Some(start), Some(end)) => {
            let found = format!("Found start_step={start} and end_step={end}.");
            return invalid(format!("end_step must be greater than start_step. {found}"));
        }
        _ => {
            return invalid(
                "If either start step or end step are specified, both must be specified.".to_owned(),
            );
        }
    };
    several(app, &runs, key, |mut points| {
        points.retain(|point| steps.contains(&point.step));
        points.sort_by_key(|point| (point.step, point.time_ms));
        spaced(&points, most)
    })
}

/// At most so many of some points, evenly spaced, the first and the last among them.
fn spaced(points: &[Point], most: usize) -> Vec<Point> {
    if points.len() <= most {
        return points.to_vec();
    }
    let gaps = most.saturating_sub(1).max(1);
    let last = points.len() - 1;
    // Of one point alone, the last is wanted.
    let places = (0..most).map(|at| if most == 1 { last } else { (2 * at * last + gaps) / (2 * gaps) });
    places.filter_map(|place| points.get(place).copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evenly_spaced_points_have_both_ends() {
        let points: Vec<Point> =
            (0..1000).map(|step| Point { step, time_ms: step, value: step as f64 }).collect();
        for most in [2, 3, 7, 999, 1000, 2500] {
            let chosen = spaced(&points, most);
            assert_eq!(chosen.len(), most.min(1000));
            assert_eq!((chosen[0].step, chosen[chosen.len() - 1].step), (0, 999));
            assert!(chosen.windows(2).all(|pair| pair[0].step < pair[1].step));
        }
        assert_eq!(spaced(&points, 1)[0].step, 999);
    }
}
