//! Files of logged models and of registered versions, as browsers ask for them.

use std::pin::Pin;
use std::sync::Arc;

use axum::extract::Request;
use axum::response::Response;

use super::super::app::App;
use super::super::artifacts::{Places, checked, list_below, of_path, send as send_file};
use super::super::location::served_path;
use super::super::wire::{Answer, Fields, Problem, of_query};
use super::{model_id, no_model};
use uaic_study::store::tracking::ModelId;

type Answering = Pin<Box<dyn Future<Output = Response> + Send>>;

/// Where a path below an address of the server's is.
fn places(app: &App, location: &str, path: &str) -> Result<Places, Problem> {
    let home = served_path(location).ok_or_else(|| {
        Problem::invalid(format!("the artifacts are in {location}, which the client reaches itself"))
    })?;
    let whole = if path.is_empty() { home.to_owned() } else { format!("{home}/{path}") };
    of_path(app, &whole)
}

pub(super) fn list(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    let model = app.store.model(model_id(fields)?, false)?;
    let path = match fields.text_or_empty("artifact_directory_path")?.trim_end_matches('/') {
        "" => String::new(),
        path => checked(path)?,
    };
    list_below(app, &places(app, &model.location, &path)?, model.location.clone(), &path)
}

pub(super) fn send(app: Arc<App>, request: Request) -> Answering {
    Box::pin(async move {
        let address = request.uri().path().to_owned();
        let query = request.uri().query().unwrap_or_default().to_owned();
        send_file(app, move |app| {
            let query = of_query(&query)?;
            let path = checked(query.fields().needed_text("artifact_file_path")?)?;
            let id = address.split('/').find_map(ModelId::parse).ok_or_else(|| no_model(&address))?;
            places(app, &app.store.model(id, false)?.location, &path)
        })
        .await
    })
}

pub(super) fn send_of_version(app: Arc<App>, request: Request) -> Answering {
    Box::pin(async move {
        let query = request.uri().query().unwrap_or_default().to_owned();
        send_file(app, move |app| {
            let query = of_query(&query)?;
            let fields = query.fields();
            let path = checked(fields.needed_text("path")?)?;
            let number = fields.needed_integer("version")?;
            let number = u32::try_from(number).map_err(|_| fields.refuse("version", "there is none"))?;
            let version = app.store.version(fields.needed_text("name")?, number)?;
            places(app, &version.location, &path)
        })
        .await
    })
}
