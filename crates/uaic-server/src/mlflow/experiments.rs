//! Experiments.

use serde::Serialize;

use super::app::App;
use super::filter::{experiment_clauses, experiment_order};
use super::limits::{EXPERIMENT_NAME, EXPERIMENT_TAG_VALUE, KEY, LOCATION, check_length};
use super::location;
use super::paging::page;
use super::route::Route;
use super::shape::Experiment;
use super::wire::{Answer, Code, Fields, Problem};
use super::within::Within;
use uaic_study::store::tracking::{
    Clause, ExperimentEdit, ExperimentField, ExperimentId, ExperimentSearch, Lifecycle, NewExperiment, Test,
};
use uaic_study::store::{StoreError, TrackingError};

pub(super) const ROUTES: &[Route] = &[
    Route::write("POST", "/2.0/mlflow/experiments/create", create),
    Route::read("GET", "/2.0/mlflow/experiments/get", get).within(IN_EXPERIMENT),
    Route::read("GET", "/2.0/mlflow/experiments/get-by-name", get_by_name).within(Within::Handler),
    Route::read("POST", "/2.0/mlflow/experiments/search", search).within(Within::Handler),
    Route::read("GET", "/2.0/mlflow/experiments/search", search).within(Within::Handler),
    Route::write("POST", "/2.0/mlflow/experiments/update", update).within(IN_EXPERIMENT),
    Route::write("POST", "/2.0/mlflow/experiments/delete", delete).within(IN_EXPERIMENT),
    Route::write("POST", "/2.0/mlflow/experiments/restore", restore).within(IN_EXPERIMENT),
    Route::write("POST", "/2.0/mlflow/experiments/set-experiment-tag", set_tag).within(IN_EXPERIMENT),
    Route::write("POST", "/2.0/mlflow/experiments/delete-experiment-tag", delete_tag).within(IN_EXPERIMENT),
];

/// A route about one experiment.
pub(super) const IN_EXPERIMENT: Within = Within::By(|app, fields| app.see(experiment_id(fields)?));

/// Most experiments of a page.
const MOST: u32 = 50_000;

#[derive(Serialize)]
struct One<'a> {
    experiment: Experiment<'a>,
}

#[derive(Serialize)]
struct Many<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    experiments: Vec<Experiment<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

#[derive(Serialize)]
struct Made {
    experiment_id: String,
}

/// The experiment of a request.
///
/// # Errors
/// There is no number, or no experiment can have it.
pub(super) fn experiment_id(fields: &Fields<'_>) -> Result<ExperimentId, Problem> {
    let text = fields.needed_text("experiment_id")?;
    ExperimentId::parse(text).ok_or_else(|| Problem::missing(format!("No Experiment with id={text} exists")))
}

/// Which of two lives are asked for, in a field.
///
/// # Errors
/// Neither of them.
pub(super) fn lifecycle(fields: &Fields<'_>, name: &str) -> Result<Lifecycle, Problem> {
    let choices = [
        ("ACTIVE_ONLY", 1, Lifecycle::Active),
        ("DELETED_ONLY", 2, Lifecycle::Deleted),
        ("ALL", 3, Lifecycle::All),
    ];
    Ok(fields.choice(name, &choices)?.unwrap_or_default())
}

fn check_name(name: &str) -> Result<(), Problem> {
    check_length("name", name, EXPERIMENT_NAME)
}

/// The key and the value of a tag of an experiment.
fn tag<'a>(fields: &Fields<'a>) -> Result<(&'a str, &'a str), Problem> {
    let (key, value) = (fields.needed_text("key")?, fields.text_or_empty("value")?);
    check_length("key", key, KEY)?;
    check_length("value", value, EXPERIMENT_TAG_VALUE)?;
    Ok((key, value))
}

fn create(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    let name = fields.needed_text("name")?;
    check_name(name)?;
    let mut new = NewExperiment { name: name.to_owned(), ..NewExperiment::default() };
    if let Some(given) = fields.text("artifact_location")?.filter(|given| !given.is_empty()) {
        check_length("artifact_location", given, LOCATION)?;
        new.location = Some(location::absolute(given)?);
    }
    for own in fields.objects("tags")? {
        let (key, value) = tag(&own)?;
        new.tags.insert(key.to_owned(), value.to_owned());
    }
    let id = app.store.create_experiment(&new)?;
    Answer::of(&Made { experiment_id: id.to_string() })
}

fn get(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    let record = app.store.experiment(experiment_id(fields)?)?;
    Answer::of(&One { experiment: Experiment::of(&record) })
}

fn get_by_name(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    let name = fields.needed_text("experiment_name")?;
    let record = app.store.experiment_named(name)?;
    if !app.sees(record.id) {
        return Err(TrackingError::NoExperimentNamed(name.to_owned()).into());
    }
    Answer::of(&One { experiment: Experiment::of(&record) })
}

fn search(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    let page = page(fields, 1000, MOST)?;
    let mut clauses = experiment_clauses(fields.text_or_empty("filter")?)?;
    if let Some(some) = app.scope.some() {
        let ids = some.iter().map(ToString::to_string).collect();
        clauses.push(Clause { field: ExperimentField::Id, test: Test::Among(ids) });
    }
    let search = ExperimentSearch {
        clauses,
        lifecycle: lifecycle(fields, "view_type")?,
        order: experiment_order(&fields.texts("order_by")?)?,
        limit: page.with_one_more(),
        offset: page.offset,
    };
    let mut found = app.store.search_experiments(&search)?;
    let next_page_token = page.cut(&mut found);
    let experiments = found.iter().map(Experiment::of).collect();
    Answer::of(&Many { experiments, next_page_token })
}

fn edit(app: &App, fields: &Fields<'_>, edit: &ExperimentEdit) -> Result<Answer, Problem> {
    app.store.edit_experiment(experiment_id(fields)?, edit)?;
    Ok(Answer::empty())
}

fn update(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    let id = experiment_id(fields)?;
    let Some(name) = fields.text("new_name")?.filter(|name| !name.is_empty()) else {
        // Nothing to change; the experiment has to be there.
        app.store.experiment(id)?;
        return Ok(Answer::empty());
    };
    check_name(name)?;
    edit(app, fields, &ExperimentEdit::Rename(name.to_owned()))
}

fn delete(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    change_life(app, fields, &ExperimentEdit::Delete)
}

fn restore(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    change_life(app, fields, &ExperimentEdit::Restore)
}

/// Deletes or restores; what is so already is looked for in vain among the others.
fn change_life(app: &App, fields: &Fields<'_>, change: &ExperimentEdit) -> Result<Answer, Problem> {
    let id = experiment_id(fields)?;
    match app.store.edit_experiment(id, change) {
        Ok(()) => Ok(Answer::empty()),
        Err(StoreError::Tracking(
            TrackingError::ExperimentDeleted(_) | TrackingError::ExperimentActive(_),
        )) => {
            let life = if *change == ExperimentEdit::Delete { "active" } else { "deleted" };
            let message = format!("No Experiment with id={id} exists that is {life}");
            Err(Problem::new(Code::ResourceDoesNotExist, message))
        }
        Err(error) => Err(error.into()),
    }
}

fn set_tag(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    let (key, value) = tag(fields)?;
    edit(app, fields, &ExperimentEdit::SetTag { key: key.to_owned(), value: value.to_owned() })
}

fn delete_tag(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    edit(app, fields, &ExperimentEdit::RemoveTag(fields.needed_text("key")?.to_owned()))
}
