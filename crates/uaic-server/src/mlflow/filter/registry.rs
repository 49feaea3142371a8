//! What is searched of registered models and their versions.

use super::super::wire::Problem;
use super::parse::{Demand, Name, filter, orders};
use super::typed::{More, number, text, unknown};
use uaic_study::store::query::Comparison;
use uaic_study::store::tracking::{Clause, RegisteredField, SortKey, Test, VersionField};

/// The tag of models that are prompts. What does not have it is none.
const IS_PROMPT: &str = "mlflow.prompt.is_prompt";

/// The clauses of a filter of registered models; prompts are hidden unless it speaks of them.
///
/// # Errors
/// It cannot be read, or names what registered models do not have.
pub(in crate::mlflow) fn registered_clauses(written: &str) -> Result<Vec<Clause<RegisteredField>>, Problem> {
    let mut clauses = Vec::new();
    for own in filter(written)? {
        let field = registered_field(&own.name, false)?;
        let more = if field == RegisteredField::Name { More::LISTS } else { More::NONE };
        clauses.push(Clause { field, test: text(&own.name, own.demand, more)? });
    }
    let prompts = RegisteredField::Flag(IS_PROMPT.to_owned());
    if clauses.iter().all(|clause| clause.field != prompts) {
        clauses.push(Clause { field: prompts, test: no_prompt() });
    }
    Ok(clauses)
}

fn no_prompt() -> Test {
    Test::Text(Comparison::NotEqual, "true".to_owned())
}

fn registered_field(name: &Name, sorted: bool) -> Result<RegisteredField, Problem> {
    Ok(match (name.entity.as_deref(), name.key.as_str()) {
        (Some("tags" | "tag"), IS_PROMPT) => RegisteredField::Flag(IS_PROMPT.to_owned()),
        (Some("tags" | "tag"), key) => RegisteredField::Tag(key.to_owned()),
        (None | Some("attributes" | "attribute" | "attr"), "name") => RegisteredField::Name,
        (None, "creation_timestamp") if sorted => RegisteredField::Created,
        (None, "timestamp" | "last_updated_timestamp") if sorted => RegisteredField::Updated,
        (None | Some("attributes" | "attribute" | "attr"), _) if sorted => {
            let valid = ["name", "creation_timestamp", "last_updated_timestamp"];
            return Err(unknown(name, "order_by key", &valid));
        }
        (None | Some("attributes" | "attribute" | "attr"), _) => {
            return Err(unknown(name, "attribute key", &["name"]));
        }
        (Some(_), _) => return Err(unknown(name, "entity type", &["attributes", "tags"])),
    })
}

/// The order of registered models.
///
/// # Errors
/// It cannot be read, or names what they are not sorted by.
pub(in crate::mlflow) fn registered_order(
    written: &[&str],
) -> Result<Vec<SortKey<RegisteredField>>, Problem> {
    let key = |(name, descending)| Ok(SortKey { field: registered_field(&name, true)?, descending });
    distinct(written, orders(written)?.into_iter().map(key).collect::<Result<_, Problem>>()?)
}

/// That nothing is sorted by twice.
fn distinct<F: PartialEq>(written: &[&str], keys: Vec<SortKey<F>>) -> Result<Vec<SortKey<F>>, Problem> {
    for (at, key) in keys.iter().enumerate() {
        if keys.iter().skip(at + 1).any(|later| later.field == key.field) {
            let text = written.get(at).unwrap_or(&"");
            return Err(Problem::invalid(format!("`order_by` contains duplicate fields: '{text}'")));
        }
    }
    Ok(keys)
}

/// The clauses of a filter of versions; those of prompts are hidden unless it speaks of them.
///
/// # Errors
/// It cannot be read, or names what versions do not have.
pub(in crate::mlflow) fn version_clauses(written: &str) -> Result<Vec<Clause<VersionField>>, Problem> {
    let mut clauses = Vec::new();
    for own in filter(written)? {
        let field = version_field(&own.name, false)?;
        clauses.push(version_clause(&own.name, field, own.demand)?);
    }
    let prompts = VersionField::Flag(IS_PROMPT.to_owned());
    if clauses.iter().all(|clause| clause.field != prompts) {
        clauses.push(Clause { field: prompts, test: no_prompt() });
    }
    Ok(clauses)
}

fn version_clause(name: &Name, field: VersionField, demand: Demand) -> Result<Clause<VersionField>, Problem> {
    let test = match field {
        VersionField::Number => number(name, &demand)?,
        VersionField::Name | VersionField::Run => text(name, demand, More::LISTS)?,
        _ => text(name, demand, More::NONE)?,
    };
    Ok(Clause { field, test })
}

fn version_field(name: &Name, sorted: bool) -> Result<VersionField, Problem> {
    let attributes = ["name", "run_id", "source_path", "version_number"];
    Ok(match (name.entity.as_deref(), name.key.as_str()) {
        (Some("tags" | "tag"), IS_PROMPT) => VersionField::Flag(IS_PROMPT.to_owned()),
        (Some("tags" | "tag"), key) => VersionField::Tag(key.to_owned()),
        (None | Some("attributes" | "attribute" | "attr"), "name") => VersionField::Name,
        (None | Some("attributes" | "attribute" | "attr"), "version_number") => VersionField::Number,
        (None | Some("attributes" | "attribute" | "attr"), "run_id") if !sorted => VersionField::Run,
        (None | Some("attributes" | "attribute" | "attr"), "source_path") if !sorted => VersionField::Source,
        (None, "creation_timestamp") if sorted => VersionField::Created,
        (None, "last_updated_timestamp") if sorted => VersionField::Updated,
        (None | Some("attributes" | "attribute" | "attr"), _) if sorted => {
            let valid = ["name", "version_number", "creation_timestamp", "last_updated_timestamp"];
            return Err(unknown(name, "order_by key", &valid));
        }
        (None | Some("attributes" | "attribute" | "attr"), _) => {
            return Err(unknown(name, "attribute key", &attributes));
        }
        (Some(_), _) => return Err(unknown(name, "entity type", &["attributes", "tags"])),
    })
}

/// The order of versions.
///
/// # Errors
/// It cannot be read, or names what they are not sorted by.
pub(in crate::mlflow) fn version_order(written: &[&str]) -> Result<Vec<SortKey<VersionField>>, Problem> {
    let key = |(name, descending)| Ok(SortKey { field: version_field(&name, true)?, descending });
    distinct(written, orders(written)?.into_iter().map(key).collect::<Result<_, Problem>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prompts_are_hidden_unless_they_are_asked_for() {
        let hidden = registered_clauses("name = 'x'").unwrap();
        assert_eq!(hidden.len(), 2);
        assert_eq!(hidden[1].test, no_prompt());
        let asked = registered_clauses("tag.`mlflow.prompt.is_prompt` = 'true' AND name LIKE '%x'").unwrap();
        assert_eq!(asked.len(), 2);
        assert_eq!(version_clauses("tags.`mlflow.prompt.is_prompt` = 'true'").unwrap().len(), 1);
    }

    #[test]
    fn what_the_registry_cannot_be_asked_is_refused() {
        for text in
            ["version = 1", "name > 'a'", "name = 1", "run_id = 'x'", "tags.a IN ('x')", "tags.a IS NULL"]
        {
            assert!(registered_clauses(text).is_err(), "{text}");
        }
        for text in
            ["version_number = 'x'", "source_path IN ('x')", "bogus = 'x'", "metrics.a = 1", "name RLIKE 'x'"]
        {
            assert!(version_clauses(text).is_err(), "{text}");
        }
        for text in
            ["name IN ('a', 'b')", "run_id NOT IN ('a')", "version_number >= 2", "source_path LIKE 'x%'"]
        {
            assert!(version_clauses(text).is_ok(), "{text}");
        }
        assert!(registered_order(&["name", "name DESC"]).is_err());
        assert!(registered_order(&["bogus"]).is_err());
        assert_eq!(version_order(&["name", "version_number DESC"]).unwrap().len(), 2);
    }
}
