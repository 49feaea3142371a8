//! Runs: made, read, changed, searched.

use serde::Serialize;

use super::app::App;
use super::experiments::{IN_EXPERIMENT, experiment_id, lifecycle};
use super::filter::{run_clauses, run_order};
use super::limits::{check_key, check_length, tag_value};
use super::naming;
use super::paging::page;
use super::route::Route;
use super::shape::{Run, RunInfo};
use super::wire::{Answer, Fields, Problem};
use super::within::Within;
use uaic_study::store::Id;
use uaic_study::store::tracking::{
    ExperimentId, NAME_TAG, NewTracked, RunSearch, RunStatus, TrackedRun, TrackedUpdate,
};

pub(super) const ROUTES: &[Route] = &[
    Route::write("POST", "/2.0/mlflow/runs/create", create).within(IN_EXPERIMENT),
    Route::read("GET", "/2.0/mlflow/runs/get", get).within(IN_RUN),
    Route::write("POST", "/2.0/mlflow/runs/update", update).within(IN_RUN),
    Route::write("POST", "/2.0/mlflow/runs/delete", delete).within(IN_RUN),
    Route::write("POST", "/2.0/mlflow/runs/restore", restore).within(IN_RUN),
    Route::read("POST", "/2.0/mlflow/runs/search", search).within(Within::Handler),
];

/// A route about one run.
pub(super) const IN_RUN: Within = Within::By(|app, fields| app.see_run(run_id(fields)?));

/// Most runs of a page.
const MOST: u32 = 50_000;
/// Experiments of a search.
const EXPERIMENTS: usize = 50_000;
/// Letters of the name of a run, and of who runs it.
const NAME: usize = 8000;

#[derive(Serialize)]
struct One<'a> {
    run: Run<'a>,
}

#[derive(Serialize)]
struct Info<'a> {
    run_info: RunInfo<'a>,
}

#[derive(Serialize)]
struct Many<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    runs: Vec<Run<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

/// The run of a request, in either of its names.
///
/// # Errors
/// There is none, or no run can have this id.
pub(super) fn run_id(fields: &Fields<'_>) -> Result<Id, Problem> {
    let text = match fields.text("run_id")?.filter(|text| !text.is_empty()) {
        Some(text) => text,
        None => fields
            .text("run_uuid")?
            .filter(|text| !text.is_empty())
            .ok_or_else(|| fields.missing("run_id"))?,
    };
    parse_id(text).ok_or_else(|| Problem::missing(format!("Run with id={text} not found")))
}

/// An id as runs have it.
pub(super) fn parse_id(text: &str) -> Option<Id> {
    Id::parse(text).filter(|id| id.to_string() == text)
}

/// Tags of a run in a list of objects.
///
/// # Errors
/// One of them is none.
pub(super) fn tags(fields: &Fields<'_>) -> Result<Vec<(String, String)>, Problem> {
    fields.objects("tags")?.iter().map(tag).collect()
}

/// A tag of a run.
///
/// # Errors
/// It is none.
pub(super) fn tag(fields: &Fields<'_>) -> Result<(String, String), Problem> {
    let (key, value) = (fields.needed_text("key")?, fields.text_or_empty("value")?);
    check_key("tag", key)?;
    Ok((key.to_owned(), tag_value(value)))
}

fn create(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    let experiment = experiment_id(fields)?;
    let tags = tags(fields)?;
    let given = fields.text("run_name")?.filter(|name| !name.is_empty());
    let tagged = tags.iter().rfind(|(key, _)| key == NAME_TAG).map(|(_, name)| name.as_str());
    let id = Id::random();
    let is_named = given.is_some() || tagged.is_some();
    let name = match (given, tagged.filter(|name| !name.is_empty())) {
        (Some(given), Some(tagged)) if given != tagged => {
            return Err(Problem::invalid(format!(
                "Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values \
                 (run_name='{given}', mlflow.runName='{tagged}')."
            )));
        }
        (Some(name), _) | (None, Some(name)) => name.to_owned(),
        (None, None) => naming::name(id),
    };
    check_length("run_name", &name, NAME)?;
    let user = fields.text_or_empty("user_id")?;
    check_length("user_id", user, NAME)?;
    let started_ms = fields.integer("start_time")?.unwrap_or(0);
    let user = user.to_owned();
    let run =
        app.store.create_tracked(&NewTracked { id, experiment, name, is_named, user, started_ms, tags })?;
    answer_one(&run)
}

fn answer_one(run: &TrackedRun) -> Result<Answer, Problem> {
    Answer::of(&One { run: Run::of(run) })
}

fn get(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    answer_one(&app.store.tracked(run_id(fields)?)?)
}

fn update(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    let choices: Vec<(&str, i64, RunStatus)> =
        RunStatus::ALL.iter().zip(1..).map(|(status, number)| (status.name(), number, *status)).collect();
    let update = TrackedUpdate {
        status: fields.choice("status", &choices)?,
        ended_ms: fields.integer("end_time")?,
        name: fields.text("run_name")?.map(str::to_owned),
    };
    check_length("run_name", update.name.as_deref().unwrap_or_default(), NAME)?;
    let run = app.store.update_tracked(run_id(fields)?, &update)?;
    Answer::of(&Info { run_info: RunInfo::of(&run) })
}

fn delete(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    app.store.set_deleted(run_id(fields)?, true)?;
    Ok(Answer::empty())
}

fn restore(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    app.store.set_deleted(run_id(fields)?, false)?;
    Ok(Answer::empty())
}

fn search(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    let page = page(fields, 1000, MOST)?;
    // What can be no number of an experiment has no runs.
    let mut experiments: Vec<ExperimentId> =
        fields.texts("experiment_ids")?.into_iter().filter_map(ExperimentId::parse).collect();
    experiments.retain(|experiment| app.sees(*experiment));
    experiments.sort_unstable();
    experiments.dedup();
    if experiments.len() > EXPERIMENTS {
        return Err(Problem::invalid(format!("'experiment_ids' can have at most {EXPERIMENTS} experiments")));
    }
    let search = RunSearch {
        experiments,
        clauses: run_clauses(fields.text_or_empty("filter")?)?,
        lifecycle: lifecycle(fields, "run_view_type")?,
        order: run_order(&fields.texts("order_by")?)?,
        limit: page.with_one_more(),
        offset: page.offset,
    };
    let mut found = app.store.search_tracked(&search)?;
    let next_page_token = page.cut(&mut found);
    Answer::of(&Many { runs: found.iter().map(Run::of).collect(), next_page_token })
}
