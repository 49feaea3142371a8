//! Registered models.

use serde::Serialize;

use super::super::app::App;
use super::super::filter::{registered_clauses, registered_order};
use super::super::paging::page;
use super::super::route::Route;
use super::super::wire::{Answer, Fields, Problem};
use super::names::{name, new_name, tag};
use super::shape::{Model, Version};
use super::versions::stage;
use uaic_study::store::tracking::{
    NewRegistered, RegisteredEdit, RegisteredModel, RegisteredSearch, RegisteredVersion,
};

pub(super) const ROUTES: &[Route] = &[
    Route::write("POST", "/2.0/mlflow/registered-models/create", create),
    Route::write("POST", "/2.0/mlflow/registered-models/rename", rename),
    Route::write("PATCH", "/2.0/mlflow/registered-models/update", update),
    Route::write("DELETE", "/2.0/mlflow/registered-models/delete", delete),
    Route::read("GET", "/2.0/mlflow/registered-models/get", get),
    Route::read("GET", "/2.0/mlflow/registered-models/search", search),
    Route::read("GET", "/2.0/mlflow/registered-models/get-latest-versions", latest),
    Route::read("POST", "/2.0/mlflow/registered-models/get-latest-versions", latest),
    Route::write("POST", "/2.0/mlflow/registered-models/set-tag", set_tag),
    Route::write("DELETE", "/2.0/mlflow/registered-models/delete-tag", delete_tag),
];

/// Models of a page, unless it is asked for another number.
const USUAL: u32 = 100;
/// Most models of a page.
const MOST: u32 = 1000;

#[derive(Serialize)]
struct One<'a> {
    registered_model: Model<'a>,
}

#[derive(Serialize)]
struct Many<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    registered_models: Vec<Model<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

#[derive(Serialize)]
struct Latest<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    model_versions: Vec<Version<'a>>,
}

fn one(model: &RegisteredModel) -> Result<Answer, Problem> {
    Answer::of(&One { registered_model: Model::of(model) })
}

fn create(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    let new = NewRegistered {
        name: new_name(fields, "name")?.to_owned(),
        description: fields.text_or_empty("description")?.to_owned(),
        tags: fields.objects("tags")?.iter().map(tag).collect::<Result<_, _>>()?,
    };
    one(&app.store.create_registered(&new)?)
}

/// Changes a model, and tells what it is then.
fn edit_and_tell(app: &App, name: &str, edit: &RegisteredEdit, after: &str) -> Result<Answer, Problem> {
    app.store.edit_registered(name, edit)?;
    one(&app.store.registered(after)?)
}

fn rename(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    let (name, new) = (name(fields)?, new_name(fields, "new_name")?);
    edit_and_tell(app, name, &RegisteredEdit::Rename(new.to_owned()), new)
}

fn update(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    let name = name(fields)?;
    match fields.text("description")? {
        Some(text) => edit_and_tell(app, name, &RegisteredEdit::Describe(text.to_owned()), name),
        None => one(&app.store.registered(name)?),
    }
}

fn edit(app: &App, fields: &Fields<'_>, edit: &RegisteredEdit) -> Result<Answer, Problem> {
    app.store.edit_registered(name(fields)?, edit)?;
    Ok(Answer::empty())
}

fn delete(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    edit(app, fields, &RegisteredEdit::Delete)
}

fn get(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    one(&app.store.registered(name(fields)?)?)
}

fn search(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    let page = page(fields, USUAL, MOST)?;
    let search = RegisteredSearch {
        clauses: registered_clauses(fields.text_or_empty("filter")?)?,
        order: registered_order(&fields.texts("order_by")?)?,
        limit: page.with_one_more(),
        offset: page.offset,
    };
    let mut found = app.store.search_registered(&search)?;
    let next_page_token = page.cut(&mut found);
    Answer::of(&Many { registered_models: found.iter().map(Model::of).collect(), next_page_token })
}

fn latest(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    let stages = fields.texts("stages")?.into_iter().map(stage).collect::<Result<Vec<_>, _>>()?;
    let model = app.store.registered(name(fields)?)?;
    let is_asked = |version: &&RegisteredVersion| stages.is_empty() || stages.contains(&version.stage);
    Answer::of(&Latest { model_versions: model.latest.iter().filter(is_asked).map(Version::of).collect() })
}

fn set_tag(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    let (key, value) = tag(fields)?;
    edit(app, fields, &RegisteredEdit::SetTag { key, value })
}

fn delete_tag(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    edit(app, fields, &RegisteredEdit::RemoveTag(fields.needed_text("key")?.to_owned()))
}
