//! What is searched of runs.

use super::super::wire::Problem;
use super::parse::{Demand, Name, filter, orders};
use super::typed::{More, number, text, unknown};
use uaic_study::store::tracking::{Clause, DatasetField, RunField, SortKey};

const ENTITIES: [&str; 5] = ["metrics", "params", "tags", "attributes", "datasets"];
const ATTRIBUTES: [&str; 7] =
    ["run_id", "run_name", "status", "user_id", "artifact_uri", "start_time", "end_time"];

/// The clauses of a filter of runs.
///
/// # Errors
/// It cannot be read, or names what runs do not have.
pub(in crate::mlflow) fn run_clauses(written: &str) -> Result<Vec<Clause<RunField>>, Problem> {
    filter(written)?.into_iter().map(|clause| typed(&clause.name, clause.demand)).collect()
}

fn typed(name: &Name, demand: Demand) -> Result<Clause<RunField>, Problem> {
    let field = field(name)?;
    let test = match &field {
        RunField::Metric(_) | RunField::Started | RunField::Ended => number(name, &demand)?,
        RunField::Param(_) | RunField::Tag(_) => text(name, demand, More::ABSENCE)?,
        RunField::Id => text(name, demand, More { among: true, ..More::NONE })?,
        RunField::Dataset(_) => text(name, demand, More::LISTS)?,
        RunField::Name | RunField::Status | RunField::User | RunField::Location => {
            text(name, demand, More::NONE)?
        }
    };
    Ok(Clause { field, test })
}

fn field(name: &Name) -> Result<RunField, Problem> {
    let key = || name.key.clone();
    Ok(match name.entity.as_deref() {
        Some("metrics" | "metric") => RunField::Metric(key()),
        Some("params" | "param" | "parameters" | "parameter") => RunField::Param(key()),
        Some("tags" | "tag") => RunField::Tag(key()),
        None | Some("attributes" | "attribute" | "attr" | "run") => attribute(name)?,
        Some("datasets" | "dataset") => RunField::Dataset(match name.key.as_str() {
            "name" => DatasetField::Name,
            "digest" => DatasetField::Digest,
            "context" => DatasetField::Context,
            _ => return Err(unknown(name, "dataset attribute key", &["name", "digest", "context"])),
        }),
        Some(_) => return Err(unknown(name, "entity type", &ENTITIES)),
    })
}

fn attribute(name: &Name) -> Result<RunField, Problem> {
    Ok(match name.key.as_str() {
        "run_id" => RunField::Id,
        "run_name" | "run name" | "Run name" | "Run Name" => RunField::Name,
        "status" => RunField::Status,
        "user_id" => RunField::User,
        "artifact_uri" => RunField::Location,
        "start_time" | "created" | "Created" => RunField::Started,
        "end_time" => RunField::Ended,
        _ => return Err(unknown(name, "attribute key", &ATTRIBUTES)),
    })
}

/// The order of runs.
///
/// # Errors
/// It cannot be read, names what runs do not have, or something twice.
pub(in crate::mlflow) fn run_order(written: &[&str]) -> Result<Vec<SortKey<RunField>>, Problem> {
    let mut keys: Vec<SortKey<RunField>> = Vec::new();
    for (name, descending) in orders(written)? {
        let field = field(&name)?;
        if keys.iter().any(|key| key.field == field) {
            let key = &name.key;
            return Err(Problem::invalid(format!("Invalid order_by clause: it orders by '{key}' twice")));
        }
        keys.push(SortKey { field, descending });
    }
    Ok(keys)
}

#[cfg(test)]
mod tests {
    use super::*;
    use uaic_study::store::query::Comparison;
    use uaic_study::store::tracking::Test;

    #[test]
    fn names_of_all_kinds_are_known() {
        let field = |text: &str| run_clauses(text).unwrap().remove(0).field;
        assert_eq!(field("metric.a > 1"), RunField::Metric("a".into()));
        for word in ["params", "param", "parameters", "parameter"] {
            assert_eq!(field(&format!("{word}.a = 'x'")), RunField::Param("a".into()));
        }
        assert_eq!(field("`Run name` = 'x'"), RunField::Name);
        assert_eq!(field("attr.status = 'FINISHED'"), RunField::Status);
        assert_eq!(field("created > 5"), RunField::Started);
        assert_eq!(field("dataset.context = 'train'"), RunField::Dataset(DatasetField::Context));
        let clause = run_clauses("run.run_id IN ('a')").unwrap().remove(0);
        assert_eq!(clause, Clause { field: RunField::Id, test: Test::Among(vec!["a".into()]) });
        let clause = run_clauses("metrics.a <= -3").unwrap().remove(0);
        assert_eq!(clause.test, Test::Number(Comparison::AtMost, -3.0));
    }

    #[test]
    fn what_runs_do_not_have_or_cannot_be_asked_is_refused() {
        for text in [
            "metrics.a = 'x'",
            "metrics.a LIKE 'x'",
            "metrics.a IS NULL",
            "params.a = 1",
            "params.a > 'x'",
            "params.a IN ('x')",
            "tags.a < 'x'",
            "status IN ('FINISHED')",
            "run_id NOT IN ('x')",
            "start_time = '5'",
            "bogus = 'x'",
            "Metrics.a = 1",
            "datasets.size = 'x'",
            "datasets.name = 1",
            "start_time LIKE 'x'",
            "models.a = 'x'",
            "run_name IS NULL",
        ] {
            assert!(run_clauses(text).is_err(), "{text}");
        }
        assert!(run_order(&["metrics.a", "metrics.a DESC"]).is_err());
        assert!(run_order(&["bogus"]).is_err());
        assert_eq!(run_order(&["metrics.a", "params.a DESC", "end_time"]).unwrap().len(), 3);
    }
}
