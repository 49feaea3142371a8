//! Traces by search, and their deletion.

use serde::Serialize;

use super::super::app::App;
use super::super::experiments::experiment_id;
use super::super::filter::{trace_clauses, trace_order};
use super::super::paging::page;
use super::super::wire::{Answer, Fields, Problem};
use super::shape::Info;
use uaic_study::store::tracking::{ExperimentId, TraceDeletion, TraceInfo, TraceSearch};

/// Traces of a page, unless it is asked for another number.
const USUAL: u32 = 100;
/// Most traces of a page.
const MOST: u32 = 500;
/// Traces that are deleted by name.
const NAMED: usize = 10_000;

#[derive(Serialize)]
struct Many<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    traces: Vec<Info<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

#[derive(Serialize)]
struct Deleted {
    traces_deleted: u64,
}

pub(super) fn search(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    let locations = fields.objects("locations")?;
    if locations.is_empty() {
        return Err(fields.missing("locations"));
    }
    let mut experiments = Vec::new();
    for location in &locations {
        if let Some(experiment) = location.object("mlflow_experiment")? {
            // What can be no number of an experiment has no traces.
            experiments.extend(ExperimentId::parse(experiment.needed_text("experiment_id")?));
        }
    }
    let (found, next_page_token) = found(app, fields, experiments)?;
    Answer::of(&Many { traces: found.iter().map(Info::of).collect(), next_page_token })
}

/// A page of the traces of some experiments, and the token of the next one.
pub(super) fn found(
    app: &App,
    fields: &Fields<'_>,
    experiments: Vec<ExperimentId>,
) -> Result<(Vec<TraceInfo>, Option<String>), Problem> {
    let page = page(fields, USUAL, MOST)?;
    let search = TraceSearch {
        experiments,
        clauses: trace_clauses(fields.text_or_empty("filter")?)?,
        order: trace_order(&fields.texts("order_by")?)?,
        limit: page.with_one_more(),
        offset: page.offset,
    };
    let mut found = app.store.search_traces(&search)?;
    let token = page.cut(&mut found);
    Ok((found, token))
}

pub(super) fn delete(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    let experiment = experiment_id(fields)?;
    let until = fields.integer("max_timestamp_millis")?;
    let most = fields.integer("max_traces")?;
    let names = fields.texts("request_ids")?;
    let which = match (until, names.as_slice()) {
        (Some(time_ms), []) => {
            let most = most.map(|most| {
                let most = u32::try_from(most).ok().filter(|most| *most > 0);
                most.ok_or_else(|| fields.refuse("max_traces", "it must be a positive integer"))
            });
            TraceDeletion::Until { time_ms, most: most.transpose()? }
        }
        (None, []) => {
            let message = "Either `max_timestamp_millis` or `trace_ids` must be specified.";
            return Err(Problem::invalid(message));
        }
        (None, names) if most.is_none() && names.len() <= NAMED => {
            TraceDeletion::Named(names.iter().map(|&name| name.to_owned()).collect())
        }
        (None, names) if most.is_none() => {
            let count = names.len();
            return Err(Problem::invalid(format!(
                "'request_ids' can have at most {NAMED} traces, and has {count}"
            )));
        }
        (None, _) => {
            return Err(Problem::invalid("`max_traces` can't be specified if `trace_ids` is specified."));
        }
        (Some(_), _) => {
            let message = "Only one of `max_timestamp_millis` and `trace_ids` can be specified.";
            return Err(Problem::invalid(message));
        }
    };
    Answer::of(&Deleted { traces_deleted: app.store.delete_traces(experiment, &which)? })
}
