//! What is searched of experiments.

use super::super::wire::Problem;
use super::parse::{Demand, Name, filter, orders};
use super::typed::{More, number, text, unknown};
use uaic_study::store::tracking::{Clause, ExperimentField, SortKey};

const ATTRIBUTES: [&str; 4] = ["name", "experiment_id", "creation_time", "last_update_time"];

/// The clauses of a filter of experiments.
///
/// # Errors
/// It cannot be read, or names what experiments do not have.
pub(in crate::mlflow) fn experiment_clauses(written: &str) -> Result<Vec<Clause<ExperimentField>>, Problem> {
    filter(written)?.into_iter().map(|clause| typed(&clause.name, clause.demand)).collect()
}

fn typed(name: &Name, demand: Demand) -> Result<Clause<ExperimentField>, Problem> {
    let field = field(name)?;
    let test = match &field {
        ExperimentField::Name => text(name, demand, More::NONE)?,
        ExperimentField::Id => text(name, demand, More::LISTS)?,
        ExperimentField::Created | ExperimentField::Updated => number(name, &demand)?,
        ExperimentField::Tag(_) => text(name, demand, More::ABSENCE)?,
    };
    Ok(Clause { field, test })
}

fn field(name: &Name) -> Result<ExperimentField, Problem> {
    Ok(match name.entity.as_deref() {
        Some("tags" | "tag") => ExperimentField::Tag(name.key.clone()),
        None | Some("attributes" | "attribute" | "attr" | "experiment") => match name.key.as_str() {
            "name" => ExperimentField::Name,
            "experiment_id" => ExperimentField::Id,
            "creation_time" => ExperimentField::Created,
            "last_update_time" => ExperimentField::Updated,
            _ => return Err(unknown(name, "attribute key", &ATTRIBUTES)),
        },
        Some(_) => return Err(unknown(name, "entity type", &["attributes", "tags"])),
    })
}

/// The order of experiments.
///
/// # Errors
/// It cannot be read, or names what experiments do not have.
pub(in crate::mlflow) fn experiment_order(
    written: &[&str],
) -> Result<Vec<SortKey<ExperimentField>>, Problem> {
    let key = |(name, descending): (Name, bool)| Ok(SortKey { field: field(&name)?, descending });
    orders(written)?.into_iter().map(key).collect()
}
