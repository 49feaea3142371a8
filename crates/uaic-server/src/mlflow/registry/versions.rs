//! Versions of registered models.

use serde::Serialize;

use super::super::app::App;
use super::super::filter::{version_clauses, version_order};
use super::super::limits::check_length;
use super::super::paging::page;
use super::super::route::Route;
use super::super::wire::{Answer, Fields, Problem};
use super::names::{name, tag, version};
use super::shape::Version;
use super::source::origin;
use uaic_study::store::tracking::{NewVersion, RegisteredVersion, Stage, VersionEdit, VersionSearch};

pub(super) const ROUTES: &[Route] = &[
    Route::write("POST", "/2.0/mlflow/model-versions/create", create),
    Route::write("POST", "/2.0/mlflow/model-versions/transition-stage", transition),
    Route::write("PATCH", "/2.0/mlflow/model-versions/update", update),
    Route::write("DELETE", "/2.0/mlflow/model-versions/delete", delete),
    Route::read("GET", "/2.0/mlflow/model-versions/get", get),
    Route::read("GET", "/2.0/mlflow/model-versions/search", search),
    Route::read("GET", "/2.0/mlflow/model-versions/get-download-uri", download_uri),
    Route::write("POST", "/2.0/mlflow/model-versions/set-tag", set_tag),
    Route::write("DELETE", "/2.0/mlflow/model-versions/delete-tag", delete_tag),
];

/// Versions of a page, unless it is asked for another number.
const USUAL: u32 = 10_000;
/// Most versions of a page.
const MOST: u32 = 200_000;
/// Letters of an address, and of what says where a run is.
const ADDRESS: usize = 2048;

#[derive(Serialize)]
struct One<'a> {
    model_version: Version<'a>,
}

#[derive(Serialize)]
struct Many<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    model_versions: Vec<Version<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

#[derive(Serialize)]
struct Address<'a> {
    artifact_uri: &'a str,
}

/// Answers with one version.
pub(super) fn one(version: &RegisteredVersion) -> Result<Answer, Problem> {
    Answer::of(&One { model_version: Version::of(version) })
}

/// The stage of a name.
///
/// # Errors
/// There is none.
pub(super) fn stage(name: &str) -> Result<Stage, Problem> {
    Stage::parse(name).ok_or_else(|| {
        let all = Stage::ALL.map(Stage::name).join(", ");
        Problem::invalid(format!("Invalid Model Version stage: {name}. Value must be one of {all}."))
    })
}

fn create(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    let name = name(fields)?;
    let source = fields.needed_text("source")?;
    check_length("source", source, ADDRESS)?;
    let tags = fields.objects("tags")?.iter().map(tag).collect::<Result<_, _>>()?;
    let run_link = fields.text("run_link")?.filter(|link| !link.is_empty());
    check_length("run_link", run_link.unwrap_or_default(), ADDRESS)?;
    let run = fields.text("run_id")?.filter(|run| !run.is_empty());
    let model = fields.text("model_id")?.filter(|model| !model.is_empty());
    for (what, id) in [("run_id", run), ("model_id", model)] {
        check_length(what, id.unwrap_or_default(), ADDRESS)?;
    }
    let origin = origin(app, source, run, model, &tags)?;
    let new = NewVersion {
        name: name.to_owned(),
        source: origin.source,
        location: origin.location,
        run: origin.run,
        run_link: run_link.map(str::to_owned),
        model: origin.model,
        description: fields.text_or_empty("description")?.to_owned(),
        tags,
    };
    one(&app.store.create_version(&new)?)
}

/// Changes a version, and tells what it is then.
fn edit_and_tell(app: &App, fields: &Fields<'_>, edit: &VersionEdit) -> Result<Answer, Problem> {
    let (name, version) = (name(fields)?, version(fields)?);
    app.store.edit_version(name, version, edit)?;
    one(&app.store.version(name, version)?)
}

fn transition(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    let stage = stage(fields.needed_text("stage")?)?;
    let archive_others = fields.boolean("archive_existing_versions")?.unwrap_or(false);
    if archive_others && !matches!(stage, Stage::Staging | Stage::Production) {
        return Err(Problem::invalid(format!(
            "Model version transition cannot archive existing model versions because '{stage}' is not an Active \
             stage. Valid stages are Production, Staging"
        )));
    }
    edit_and_tell(app, fields, &VersionEdit::Stage { stage, archive_others })
}

fn update(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    match fields.text("description")? {
        Some(text) => edit_and_tell(app, fields, &VersionEdit::Describe(text.to_owned())),
        None => get(app, fields),
    }
}

fn edit(app: &App, fields: &Fields<'_>, edit: &VersionEdit) -> Result<Answer, Problem> {
    app.store.edit_version(name(fields)?, version(fields)?, edit)?;
    Ok(Answer::empty())
}

fn delete(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    edit(app, fields, &VersionEdit::Delete)
}

fn get(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    one(&app.store.version(name(fields)?, version(fields)?)?)
}

fn search(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    let page = page(fields, USUAL, MOST)?;
    let search = VersionSearch {
        clauses: version_clauses(fields.text_or_empty("filter")?)?,
        order: version_order(&fields.texts("order_by")?)?,
        limit: page.with_one_more(),
        offset: page.offset,
    };
    let mut found = app.store.search_versions(&search)?;
    let next_page_token = page.cut(&mut found);
    Answer::of(&Many { model_versions: found.iter().map(Version::of).collect(), next_page_token })
}

fn download_uri(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    let version = app.store.version(name(fields)?, version(fields)?)?;
    Answer::of(&Address { artifact_uri: &version.location })
}

fn set_tag(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    let (key, value) = tag(fields)?;
    edit(app, fields, &VersionEdit::SetTag { key, value })
}

fn delete_tag(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    edit(app, fields, &VersionEdit::RemoveTag(fields.needed_text("key")?.to_owned()))
}
