//! Runs, the latest first or as a query says.

use std::collections::BTreeMap;

use comfy_table::{Cell, Table};
use serde_json::{Map, Value, json};

use super::super::{json, printer, table};
use super::columns::{self, Facts};
use super::{Fields, LsArgs, tell_rest};
use crate::report::sheet;
use crate::select::{metric_of, path_in_study};
use crate::store::{Id, RunRecord, Store};

/// Lists them.
pub(super) fn list(store: &dyn Store, args: &LsArgs) -> anyhow::Result<()> {
    let query = args.query(store)?;
    let runs = store.runs(&query)?;
    let total = store.count_runs(&query)?;
    let now_ms = jiff::Timestamp::now().as_millisecond();
    if args.json {
        let runs =
            runs.iter().map(|run| shape(store, args, run, now_ms)).collect::<anyhow::Result<Vec<_>>>()?;
        return printer::json(&json!({ "schema": json::SCHEMA, "total": total, "runs": runs }));
    }
    if let Some(Fields(fields)) = &args.columns {
        let listing = columns::listing(store, &runs, fields, now_ms)?;
        if args.csv {
            listing.print_csv()?;
        } else {
            printer::data(listing.text())?;
        }
        tell_rest(runs.len() as u64, total);
        return Ok(());
    }
    if args.csv {
        let studies = store.studies()?.into_iter().map(|study| (study.id, study)).collect();
        printer::write_content(&sheet::of_runs(&runs, &studies).csv())?;
        tell_rest(runs.len() as u64, total);
        return Ok(());
    }
    if runs.is_empty() {
        printer::talk("no runs; leave a filter out, or `uaic ls --all` to see hidden ones");
        return Ok(());
    }
    let metrics = Metrics::of(store)?;
    let mut titles = vec!["ID", "RUN", "EXPERIMENT", "STATE", ">VALUE", "METRIC", "STARTED", ">TOOK"];
    if runs.iter().any(|run| note(run).is_some()) {
        titles.push("REASON…");
    }
    let mut listing = table::table(&titles);
    for run in &runs {
        add_run(&mut listing, run, &metrics, now_ms);
    }
    printer::data(table::render(&listing))?;
    tell_rest(runs.len() as u64, total);
    Ok(())
}

fn shape(
    store: &dyn Store,
    args: &LsArgs,
    run: &RunRecord,
    now_ms: i64,
) -> anyhow::Result<Map<String, Value>> {
    let mut shape = json::run(run, now_ms);
    if let Some(Fields(fields)) = &args.columns {
        let facts = Facts::of(store, run)?;
        let values = fields.iter().map(|field| (field.to_string(), facts.json(field)));
        shape.insert("columns".to_owned(), Value::Object(values.collect()));
    }
    Ok(shape)
}

/// The metric whose value a run carries, by study.
struct Metrics(BTreeMap<Id, String>);

impl Metrics {
    fn of(store: &dyn Store) -> anyhow::Result<Self> {
        Ok(Self(
            store.studies()?.into_iter().map(|study| (study.id, study.goals().metric().to_owned())).collect(),
        ))
    }

    fn name(&self, run: &RunRecord) -> &str {
        match (run.value(), run.start.home.study().and_then(|study| self.0.get(&study))) {
            (Some(_), Some(metric)) => metric_of(run, metric),
            _ => "",
        }
    }
}

fn add_run(listing: &mut Table, run: &RunRecord, metrics: &Metrics, now_ms: i64) {
    let mut row = vec![
        Cell::new(run.id.short()),
        Cell::new(called(run)),
        Cell::new(table::shortened(&run.experiment, 24)),
        table::run_state(run.state),
        Cell::new(run.value().map(table::number).unwrap_or_default()),
        Cell::new(table::one_line(metrics.name(run))),
        Cell::new(table::age(run.started_ms, now_ms)),
        Cell::new(json::seconds(run, now_ms).map(table::duration).unwrap_or_default()),
    ];
    row.extend(note(run).map(Cell::new));
    listing.add_row(row);
}

/// Its name, or else its place in its study.
fn called(run: &RunRecord) -> String {
    match &run.name {
        Some(name) => table::shortened(name, 40),
        None if run.start.home.study().is_none() => String::new(),
        None => path_in_study(run),
    }
}

/// Why a run ended as it did, and why it is not among the best.
fn note(run: &RunRecord) -> Option<String> {
    let reason = run.reason.as_deref().map(|reason| table::shortened(reason, 160));
    let hidden = run.hidden.then(|| "hidden".to_owned());
    let excluded = run.excluded.then(|| "excluded".to_owned());
    let missed = (run.violation > 0.0).then(|| "misses constraints".to_owned());
    let parts: Vec<String> = hidden.into_iter().chain(excluded).chain(missed).chain(reason).collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}
