//! What is searched of logged models.

use super::super::wire::Problem;
use super::parse::{Name, filter};
use super::typed::{More, number, text, unknown};
use uaic_study::store::tracking::{Clause, DatasetRef, ModelField};

const ATTRIBUTES: [&str; 8] = [
    "name",
    "model_id",
    "model_type",
    "status",
    "source_run_id",
    "experiment_id",
    "creation_timestamp",
    "last_updated_timestamp",
];

/// The clauses of a filter of logged models.
///
/// # Errors
/// It cannot be read, or names what logged models do not have.
pub(in crate::mlflow) fn model_clauses(written: &str) -> Result<Vec<Clause<ModelField>>, Problem> {
    let mut clauses = Vec::new();
    for own in filter(written)? {
        let field = field(&own.name, None)?;
        let test = match field {
            ModelField::Metric { .. } | ModelField::Created | ModelField::Updated => {
                number(&own.name, &own.demand)?
            }
            ModelField::Param(_) | ModelField::Tag(_) => {
                text(&own.name, own.demand, More { among: true, not_among: true, absence: true })?
            }
            _ => text(&own.name, own.demand, More::LISTS)?,
        };
        clauses.push(Clause { field, test });
    }
    Ok(clauses)
}

/// The field that logged models are sorted by.
///
/// # Errors
/// There is none of this name.
pub(in crate::mlflow) fn model_field(
    written: &str,
    dataset: Option<DatasetRef>,
) -> Result<ModelField, Problem> {
    let (entity, key) = match written.split_once('.') {
        Some((entity, key)) => (Some(entity.to_owned()), key),
        None => (None, written),
    };
    let key = key.trim_matches('`').trim_matches('"').to_owned();
    field(&Name { entity, key }, dataset)
}

fn field(name: &Name, dataset: Option<DatasetRef>) -> Result<ModelField, Problem> {
    let key = || name.key.clone();
    Ok(match name.entity.as_deref() {
        Some("metrics") => ModelField::Metric { key: key(), dataset },
        Some("params") => ModelField::Param(key()),
        Some("tags") => ModelField::Tag(key()),
        None | Some("attributes" | "attribute" | "attr") => match name.key.as_str() {
            "name" => ModelField::Name,
            "model_id" => ModelField::Id,
            "model_type" => ModelField::Kind,
            "status" => ModelField::Status,
            "source_run_id" => ModelField::Run,
            "experiment_id" => ModelField::Experiment,
            "creation_timestamp" | "creation_time" | "creation_timestamp_ms" => ModelField::Created,
            "last_updated_timestamp" | "last_updated_timestamp_ms" => ModelField::Updated,
            _ => return Err(unknown(name, "attribute key", &ATTRIBUTES)),
        },
        Some(_) => {
            return Err(unknown(name, "entity type", &["attributes", "metrics", "params", "tags"]));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_all_kinds_are_known() {
        for text in [
            "name = 'x'",
            "attributes.name != 'x'",
            "metrics.a > 0.5",
            "params.a IN ('1')",
            "tags.`a b` LIKE 'x%'",
            "creation_timestamp >= 5",
            "model_type ILIKE 'x'",
            "status = 'LOGGED_MODEL_READY'",
        ] {
            assert!(model_clauses(text).is_ok(), "{text}");
        }
        for text in ["metric.a > 1", "metrics.a = 'x'", "name = 1", "bogus = 'x'", "creation_time = 'x'"] {
            assert!(model_clauses(text).is_err(), "{text}");
        }
        assert_eq!(
            model_field("metrics.`a`", None).unwrap(),
            ModelField::Metric { key: "a".into(), dataset: None }
        );
        assert_eq!(model_field("creation_time", None).unwrap(), ModelField::Created);
        assert!(model_field("nothing", None).is_err());
    }
}
