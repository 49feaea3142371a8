//! Pictures of runs of any kind: those that a query finds.

use std::collections::BTreeMap;

use super::super::exit::Failure;
use super::super::ls::Facts;
use super::PlotArgs;
use crate::number::counted;
use crate::report::figure::Figure;
use crate::report::plot::{self, PlotOptions};
use crate::report::scatter::scatter;
use crate::report::series::{Series, SeriesStyle, Spread, series};
use crate::report::study::{Aim, StudyView};
use crate::store::query::{Attribute, Field, parse_field};
use crate::store::{Bucket, Look, RunQuery, RunRecord, Store};
use crate::trial::{Direction, MetricKey};

/// Points of a series that a picture can show.
const BUCKETS: u32 = 2000;

/// The picture of the runs that `--where` finds.
pub(super) fn figure(store: &dyn Store, args: &PlotArgs) -> anyhow::Result<Option<Figure>> {
    let Some(filter) = &args.filter else { return Ok(None) };
    let runs = store.runs(&filter.narrow(RunQuery::default()))?;
    if runs.is_empty() {
        return Err(
            Failure::not_found("no run is as `--where` says; `uaic ls --where …` tries a query").into()
        );
    }
    let about = counted(runs.len(), "run");
    let figure = match args.kind.as_str() {
        "curves" => curves(store, &runs, args, &about)?,
        "scatter" => {
            let (x, y) = (field(args.x.as_deref(), "--x")?, field(args.y.as_deref(), "--y")?);
            let mut points = Vec::new();
            for run in &runs {
                let facts = Facts::of(store, run)?;
                points.extend(facts.number(&x).zip(facts.number(&y)));
            }
            scatter(&about, (&x.to_string(), &y.to_string()), &points, (args.log_x, args.log_y))
        }
        kind => of_view(store, runs, kind, args, about)?,
    };
    Ok(Some(figure))
}

fn field(text: Option<&str>, flag: &str) -> anyhow::Result<Field> {
    let text = text.ok_or_else(|| {
        Failure::usage(format!(
            "a scatter needs two fields, and `{flag}` is missing: `uaic plot scatter --x params.lr --y metrics.loss --where …`"
        ))
    })?;
    parse_field(text).map_err(|error| Failure::usage(format!("{flag}: {error}")).into())
}

/// A picture of a study, of runs in place of trials.
fn of_view(
    store: &dyn Store,
    runs: Vec<RunRecord>,
    kind: &str,
    args: &PlotArgs,
    title: String,
) -> anyhow::Result<Figure> {
    let by = match &args.metric[..] {
        [] => Field::Attribute(Attribute::Value),
        [name] => Field::Metric(name.clone()),
        _ => return Err(Failure::usage("one `--metric` decides; name a single one").into()),
    };
    let mut valued = Vec::new();
    for run in runs {
        let value = Facts::of(store, &run)?.number(&by);
        valued.push((run, value));
    }
    let metric = match &by {
        Field::Metric(name) => name.clone(),
        other => other.to_string(),
    };
    let direction = args.direction.unwrap_or_else(|| natural(&metric));
    let view = StudyView::of_runs(valued, Aim { title, metric, direction });
    let options = PlotOptions { params: args.params.clone(), ..PlotOptions::default() };
    plot::of_view(kind, &view, &options)?.ok_or_else(|| {
        let of_runs = plot::VIEWS.iter().copied().chain(["curves", "scatter"]).collect::<Vec<_>>().join(", ");
        Failure::usage(format!(
            "there is no picture `{kind}` of runs that a query finds; there are {of_runs}"
        ))
        .into()
    })
}

/// Which end is better, by the name: of losses and errors the small one.
fn natural(metric: &str) -> Direction {
    let name = metric.to_lowercase();
    let is_cost = ["loss", "error", "mae", "mse", "rmse", "perplexity", "wer", "brier", "time", "duration"]
        .iter()
        .any(|cost| name.rsplit(['/', '_', '.', '-']).any(|part| part == *cost));
    if is_cost { Direction::Minimize } else { Direction::Maximize }
}

fn curves(store: &dyn Store, runs: &[RunRecord], args: &PlotArgs, about: &str) -> anyhow::Result<Figure> {
    let keys = if args.metric.is_empty() { usual_keys(store, runs)? } else { args.metric.clone() };
    let mut lines = Vec::new();
    for run in runs {
        let facts = Facts::of(store, run)?;
        let group = args.group_by.as_ref().map(|field| facts.text(field)).unwrap_or_default();
        for key in &keys {
            let points = points(store, run, key, args.x.as_deref())?;
            if points.is_empty() {
                continue;
            }
            let own = run.name.clone().unwrap_or_else(|| crate::select::path_in_study(run));
            let several = |name: String| if keys.len() > 1 { format!("{name} {key}") } else { name };
            lines.push(Series { name: several(own), group: several(group.clone()), points });
        }
    }
    let style = SeriesStyle {
        x: args.x.clone().unwrap_or_else(|| "step".to_owned()),
        y: keys.join(", "),
        log_x: args.log_x,
        log_y: args.log_y,
        smoothing: args.smooth,
        groups: args.group_by.is_some().then_some(Spread::Deviation),
    };
    Ok(series("Curves", about, &lines, &style))
}

/// The series that most runs have, where none is named: the first by name of those.
fn usual_keys(store: &dyn Store, runs: &[RunRecord]) -> anyhow::Result<Vec<String>> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for run in runs.iter().take(50) {
        for metric in store.latest_metrics(run.id)? {
            let key = MetricKey::from(metric.key.as_str());
            if metric.count > 1 && key.fold.is_none() && !metric.key.starts_with("system/") {
                *counts.entry(metric.key).or_default() += 1;
            }
        }
    }
    let most = counts.values().copied().max().unwrap_or_default();
    let first = counts.into_iter().find(|(_, count)| *count == most);
    first.map(|(key, _)| vec![key]).ok_or_else(|| {
        Failure::not_found(
            "none of the runs has a series; `uaic ls --where … --columns metrics.NAME` shows values",
        )
        .into()
    })
}

/// A series over steps, time or another metric.
fn points(store: &dyn Store, run: &RunRecord, key: &str, x: Option<&str>) -> anyhow::Result<Vec<(f64, f64)>> {
    let over = match x {
        None | Some("step") => return seen(store, run, key, |point| point.step as f64),
        Some("time") => {
            let start = run.started_ms;
            return seen(store, run, key, move |point| (point.time_ms - start) as f64 / 1000.0);
        }
        Some(name) => name.strip_prefix("metrics.").unwrap_or(name),
    };
    // The last value at each step.
    let places: BTreeMap<i64, f64> =
        store.series(run.id, over)?.into_iter().map(|point| (point.step, point.value)).collect();
    let at = |point: crate::store::Point| Some((*places.get(&point.step)?, point.value));
    Ok(store.series(run.id, key)?.into_iter().filter_map(at).collect())
}

/// A series of which no extreme is lost, as points.
fn seen(
    store: &dyn Store,
    run: &RunRecord,
    key: &str,
    x: impl Fn(&crate::store::Point) -> f64,
) -> anyhow::Result<Vec<(f64, f64)>> {
    let mut points = Vec::new();
    for bucket in store.buckets(run.id, key, &Look::whole(BUCKETS))? {
        let Bucket { first, last, smallest, largest, count } = bucket;
        points.push((x(&first), first.value));
        if count > 2 {
            let middle = f64::midpoint(x(&first), x(&last));
            points.extend([smallest, largest].into_iter().flatten().map(|value| (middle, value)));
        }
        if count > 1 {
            points.push((x(&last), last.value));
        }
    }
    Ok(points)
}
