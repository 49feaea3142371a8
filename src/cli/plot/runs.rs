//! Pictures of runs of any kind: those that a query finds.

use super::super::exit::Failure;
use super::super::ls::Facts;
use super::PlotArgs;
use crate::number::counted;
use crate::report::curves::{Over, PARTS, keys_by_use, points};
use crate::report::figure::Figure;
use crate::report::plot::{self, PlotOptions};
use crate::report::scatter::scatter;
use crate::report::series::{Series, SeriesStyle, Spread, series};
use crate::report::study::{Aim, StudyView, direction_by_name};
use crate::store::query::{Attribute, Field, parse_field};
use crate::store::{RunQuery, RunRecord, Store};

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
    let direction = args.direction.unwrap_or_else(|| direction_by_name(&metric));
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

fn curves(store: &dyn Store, runs: &[RunRecord], args: &PlotArgs, about: &str) -> anyhow::Result<Figure> {
    let keys = if args.metric.is_empty() { vec![usual_key(store, runs)?] } else { args.metric.clone() };
    let over = over(args.x.as_deref());
    let mut lines = Vec::new();
    for run in runs {
        let facts = Facts::of(store, run)?;
        let group = args.group_by.as_ref().map(|field| facts.text(field)).unwrap_or_default();
        for key in &keys {
            let points = points(store, run, key, &over, PARTS)?;
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
fn usual_key(store: &dyn Store, runs: &[RunRecord]) -> anyhow::Result<String> {
    let metrics = runs.iter().take(50).map(|run| store.latest_metrics(run.id));
    let metrics = metrics.collect::<Result<Vec<_>, _>>()?;
    let first = keys_by_use(metrics.iter().map(Vec::as_slice)).into_iter().next();
    first.ok_or_else(|| {
        Failure::not_found(
            "none of the runs has a series; `uaic ls --where … --columns metrics.NAME` shows values",
        )
        .into()
    })
}

/// What `--x` says of curves.
fn over(x: Option<&str>) -> Over {
    match x {
        None | Some("step") => Over::Step,
        Some("time") => Over::Time,
        Some(name) => Over::Metric(name.strip_prefix("metrics.").unwrap_or(name).to_owned()),
    }
}
