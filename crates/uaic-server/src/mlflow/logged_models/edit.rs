//! Changes of logged models.

use super::super::app::App;
use super::super::wire::{Answer, Fields, Problem};
use super::shape::answer_one;
use super::{model_id, params, tags};
use uaic_study::store::tracking::{ModelEdit, ModelStatus};

pub(super) fn finalize(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    let id = model_id(fields)?;
    let choices: Vec<(&str, i64, ModelStatus)> =
        ModelStatus::ALL.iter().zip(1..).map(|(status, number)| (status.name(), number, *status)).collect();
    let status = fields.choice("status", &choices)?.ok_or_else(|| fields.missing("status"))?;
    app.store.edit_model(id, &ModelEdit::Status(status))?;
    answer_one(&app.store.model(id, false)?)
}

fn edit(app: &App, fields: &Fields<'_>, edit: &ModelEdit) -> Result<Answer, Problem> {
    app.store.edit_model(model_id(fields)?, edit)?;
    Ok(Answer::empty())
}

pub(super) fn delete(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    edit(app, fields, &ModelEdit::Delete)
}

pub(super) fn add_params(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    edit(app, fields, &ModelEdit::Params(params(fields)?))
}

pub(super) fn set_tags(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    let id = model_id(fields)?;
    app.store.edit_model(id, &ModelEdit::Tags(tags(fields)?))?;
    answer_one(&app.store.model(id, false)?)
}

pub(super) fn delete_tag(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    edit(app, fields, &ModelEdit::RemoveTag(fields.needed_text("tag_key")?.to_owned()))
}
