//! Aliases of versions.

use super::super::app::App;
use super::super::route::Route;
use super::super::wire::{Answer, Fields, Problem};
use super::names::{alias, name, new_alias, version};
use super::versions::one;
use uaic_study::store::tracking::RegisteredEdit;

pub(super) const ROUTES: &[Route] = &[
    Route::write("POST", "/2.0/mlflow/registered-models/alias", set),
    Route::write("DELETE", "/2.0/mlflow/registered-models/alias", remove),
    Route::read("GET", "/2.0/mlflow/registered-models/alias", get),
];

fn set(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    let (name, alias, version) = (name(fields)?, new_alias(fields)?, version(fields)?);
    app.store.edit_registered(name, &RegisteredEdit::SetAlias { alias: alias.to_owned(), version })?;
    Ok(Answer::empty())
}

fn remove(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    let alias = alias(fields)?;
    app.store.edit_registered(name(fields)?, &RegisteredEdit::RemoveAlias(alias.to_owned()))?;
    Ok(Answer::empty())
}

fn get(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    let (name, alias) = (name(fields)?, alias(fields)?);
    let model = app.store.registered(name)?;
    let version = if alias.eq_ignore_ascii_case("latest") {
        let newest = model.latest.iter().map(|version| version.version).max();
        newest.ok_or_else(|| Problem::missing(format!("Latest version not found for model {name}.")))?
    } else {
        let known = model.aliases.get(alias);
        *known.ok_or_else(|| Problem::invalid(format!("Registered model alias {alias} not found.")))?
    };
    one(&app.store.version(name, version)?)
}
