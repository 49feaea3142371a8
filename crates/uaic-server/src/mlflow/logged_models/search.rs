//! Logged models by search.

use serde::Serialize;

use super::super::app::App;
use super::super::filter::{model_clauses, model_field};
use super::super::paging::page;
use super::super::wire::{Answer, Fields, Problem};
use super::shape::Model;
use uaic_study::store::tracking::{DatasetRef, ExperimentId, ModelField, ModelSearch, SortKey};

/// Models of a page, unless it is asked for another number.
const USUAL: u32 = 50;
/// Most models of a page.
const MOST: u32 = 1000;
/// Keys of an order, and data sets of a search.
const FEW: usize = 100;

#[derive(Serialize)]
struct Many<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    models: Vec<Model<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

pub(super) fn search(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    let page = page(fields, USUAL, MOST)?;
    let datasets = few(fields, "datasets")?;
    let needed = |own: &Fields<'_>| {
        own.needed_text("dataset_name")?;
        dataset(own)
    };
    let datasets = datasets.iter().map(needed).collect::<Result<Vec<_>, Problem>>()?;
    let search = ModelSearch {
        experiments: fields
            .texts("experiment_ids")?
            .into_iter()
            .filter_map(ExperimentId::parse)
            .filter(|id| app.sees(*id))
            .collect(),
        clauses: model_clauses(fields.text_or_empty("filter")?)?,
        datasets: datasets.into_iter().flatten().collect(),
        order: few(fields, "order_by")?.iter().map(key).collect::<Result<_, _>>()?,
        limit: page.with_one_more(),
        offset: page.offset,
    };
    let mut found = app.store.search_models(&search)?;
    let next_page_token = page.cut(&mut found);
    Answer::of(&Many { models: found.iter().map(Model::of).collect(), next_page_token })
}

fn few<'s>(fields: &'s Fields<'_>, name: &'s str) -> Result<Vec<Fields<'s>>, Problem> {
    let list = fields.objects(name)?;
    if list.len() > FEW {
        return Err(Problem::invalid(format!(
            "'{name}' can have at most {FEW} entries, and has {}",
            list.len()
        )));
    }
    Ok(list)
}

/// The data set of an object.
fn dataset(fields: &Fields<'_>) -> Result<Option<DatasetRef>, Problem> {
    let digest = fields.text_or_empty("dataset_digest")?.to_owned();
    let name = fields.text("dataset_name")?.filter(|name| !name.is_empty());
    if name.is_none() && !digest.is_empty() {
        return Err(Problem::invalid(
            "`dataset_digest` can only be specified if `dataset_name` is also specified.",
        ));
    }
    Ok(name.map(|name| DatasetRef { name: name.to_owned(), digest }))
}

fn key(fields: &Fields<'_>) -> Result<SortKey<ModelField>, Problem> {
    let name = fields.needed_text("field_name")?;
    let dataset = dataset(fields)?;
    let is_of_dataset = dataset.is_some();
    let field = model_field(name, dataset)?;
    if is_of_dataset && !matches!(field, ModelField::Metric { .. }) {
        return Err(Problem::invalid(format!(
            "`dataset_name` and `dataset_digest` can only be specified for metrics, and '{name}' is none"
        )));
    }
    Ok(SortKey { field, descending: !fields.boolean("ascending")?.unwrap_or(true) })
}
