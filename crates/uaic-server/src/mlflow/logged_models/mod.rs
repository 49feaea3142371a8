//! Logged models.

mod edit;
mod files;
mod search;
mod shape;

use super::app::App;
use super::experiments::{IN_EXPERIMENT, experiment_id};
use super::limits::{KEY, check_length, param_value, tag_value};
use super::route::{Effect, Route};
use super::wire::{Answer, Fields, Problem};
use super::within::Within;
use shape::answer_one;
use uaic_study::store::Id;
use uaic_study::store::tracking::{ModelId, NewModel};

pub(super) const ROUTES: &[Route] = &[
    Route::write("POST", "/2.0/mlflow/logged-models", create).within(IN_EXPERIMENT),
    Route::read("POST", "/2.0/mlflow/logged-models/search", search::search).within(Within::Handler),
    Route::read("GET", "/2.0/mlflow/logged-models/{model_id}", get).within(IN_MODEL),
    Route::write("PATCH", "/2.0/mlflow/logged-models/{model_id}", edit::finalize).within(IN_MODEL),
    Route::write("DELETE", "/2.0/mlflow/logged-models/{model_id}", edit::delete).within(IN_MODEL),
    Route::write("POST", "/2.0/mlflow/logged-models/{model_id}/params", edit::add_params).within(IN_MODEL),
    Route::write("PATCH", "/2.0/mlflow/logged-models/{model_id}/tags", edit::set_tags).within(IN_MODEL),
    Route::write("DELETE", "/2.0/mlflow/logged-models/{model_id}/tags/{tag_key}", edit::delete_tag)
        .within(IN_MODEL),
    Route::read("GET", "/2.0/mlflow/logged-models/{model_id}/artifacts/directories", files::list),
    Route::stream("GET", "/2.0/mlflow/logged-models/{model_id}/artifacts/files", Effect::Read, files::send),
];

/// Routes at the root, without a mirror.
pub(super) const ROOT: &[Route] =
    &[Route::stream("GET", "/model-versions/get-artifact", Effect::Read, files::send_of_version)];

/// Letters of a logged model's name, and of its kind.
const NAME: usize = 500;

/// A route about one model.
const IN_MODEL: Within = Within::By(|app, fields| {
    let id = model_id(fields)?;
    if app.sees_model(id)? { Ok(()) } else { Err(no_model(&id.to_string())) }
});

/// The error of a model that is not there.
pub(super) fn no_model(id: &str) -> Problem {
    Problem::missing(format!("Logged model with ID '{id}' not found."))
}

/// The model of a request.
///
/// # Errors
/// No model can have this id.
fn model_id(fields: &Fields<'_>) -> Result<ModelId, Problem> {
    let text = fields.needed_text("model_id")?;
    ModelId::parse(text).ok_or_else(|| no_model(text))
}

/// Parameters in a list of objects.
fn params(fields: &Fields<'_>) -> Result<Vec<(String, String)>, Problem> {
    let one = |own: &Fields<'_>| {
        let (key, value) = (own.needed_text("key")?, own.text_or_empty("value")?);
        check_length("key", key, KEY)?;
        Ok((key.to_owned(), param_value(value)))
    };
    fields.objects("params")?.iter().map(one).collect()
}

/// Tags in a list of objects.
fn tags(fields: &Fields<'_>) -> Result<Vec<(String, String)>, Problem> {
    let one = |own: &Fields<'_>| {
        let (key, value) = (own.needed_text("key")?, own.text_or_empty("value")?);
        check_length("key", key, KEY)?;
        Ok((key.to_owned(), tag_value(value)))
    };
    fields.objects("tags")?.iter().map(one).collect()
}

fn create(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    let experiment = experiment_id(fields)?;
    let id = Id::random();
    let name = match fields.text("name")?.filter(|name| !name.is_empty()) {
        Some(name) => checked(name)?.to_owned(),
        None => super::naming::name(id),
    };
    let kind = fields.text_or_empty("model_type")?;
    check_length("model_type", kind, NAME)?;
    let run = fields.text("source_run_id")?.filter(|run| !run.is_empty());
    check_length("source_run_id", run.unwrap_or_default(), NAME)?;
    let new = NewModel {
        id: ModelId(id),
        experiment,
        name,
        kind: kind.to_owned(),
        run: run.map(str::to_owned),
        params: params(fields)?,
        tags: tags(fields)?,
    };
    answer_one(&app.store.create_model(&new)?)
}

/// A name that a logged model can have.
fn checked(name: &str) -> Result<&str, Problem> {
    check_length("name", name, NAME)?;
    if name.trim().is_empty() || name.contains(['/', ':', '.', '%', '"', '\'']) {
        return Err(Problem::invalid(format!(
            "Invalid model name ({name}) provided. Model name must be a non-empty string and cannot contain the \
             following characters: ('/', ':', '.', '%', '\"', \"'\")"
        )));
    }
    Ok(name)
}

fn get(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    let deleted = fields.boolean("allow_deleted")?.unwrap_or(false);
    answer_one(&app.store.model(model_id(fields)?, deleted)?)
}
