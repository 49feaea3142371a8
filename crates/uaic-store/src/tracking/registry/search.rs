//! Registered models and versions by search.

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::super::super::Fault;
use super::super::super::sql::Sql;
use super::super::clause::{keyed, number, text};
use super::read::{FROM, RUN, columns, source, version_at};
use uaic_study::store::tracking::{
    Clause, RegisteredField, RegisteredSearch, RegisteredVersion, SortKey, VersionField, VersionSearch,
};

/// The value of a model's tag.
const MODEL_TAG: &str = "(SELECT value FROM model_tags AS tag WHERE tag.model = models.id AND tag.key = ?)";
/// The same, of a tag that is `false` where there is none.
const MODEL_FLAG: &str =
    "ifnull((SELECT value FROM model_tags AS tag WHERE tag.model = models.id AND tag.key = ?), 'false')";
/// The value of a version's tag.
const VERSION_TAG: &str = "(SELECT value FROM version_tags AS tag
    WHERE tag.model = own.model AND tag.version = own.version AND tag.key = ?)";
/// The same, of a tag that is `false` where there is none.
const VERSION_FLAG: &str = "ifnull((SELECT value FROM version_tags AS tag
    WHERE tag.model = own.model AND tag.version = own.version AND tag.key = ?), 'false')";

/// All conditions, joined.
fn all<F>(clauses: &[Clause<F>], condition: impl Fn(&Clause<F>) -> Sql) -> Sql {
    let mut filter = Sql::new("TRUE", Vec::new());
    for clause in clauses {
        let clause = condition(clause);
        filter.text.push_str(" AND ");
        filter.text.push_str(&clause.text);
        filter.values.extend(clause.values);
    }
    filter
}

/// An order, and what it ends with.
fn order<F>(keys: &[SortKey<F>], column: impl Fn(&F) -> (String, Option<String>), last: &str) -> Sql {
    let mut whole = Sql::default();
    for key in keys {
        let (column, name) = column(&key.field);
        whole.values.extend(name.map(Value::Text));
        let direction = if key.descending { "DESC" } else { "ASC" };
        whole.text.extend([column.as_str(), " ", direction, " NULLS LAST, "]);
    }
    whole.text.push_str(last);
    whole
}

/// The rows of the registered models that are searched, in order.
pub(super) fn models(connection: &Connection, search: &RegisteredSearch) -> Result<Vec<i64>, Fault> {
    let filter = all(&search.clauses, |clause| match &clause.field {
        RegisteredField::Name => text("models.name", &clause.test),
        RegisteredField::Created => number("models.created_ms", &clause.test),
        RegisteredField::Updated => number("models.updated_ms", &clause.test),
        RegisteredField::Tag(key) => keyed(MODEL_TAG, key, &clause.test),
        RegisteredField::Flag(key) => keyed(MODEL_FLAG, key, &clause.test),
    });
    let column = |field: &RegisteredField| match field {
        RegisteredField::Name => ("models.name".to_owned(), None),
        RegisteredField::Created => ("models.created_ms".to_owned(), None),
        RegisteredField::Updated => ("models.updated_ms".to_owned(), None),
        RegisteredField::Tag(key) => (MODEL_TAG.to_owned(), Some(key.clone())),
        RegisteredField::Flag(key) => (MODEL_FLAG.to_owned(), Some(key.clone())),
    };
    let order = order(&search.order, column, "models.name");
    let sql = format!(
        "SELECT models.id FROM models WHERE {} ORDER BY {} LIMIT {} OFFSET {}",
        filter.text, order.text, search.limit, search.offset
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let values = filter.values.into_iter().chain(order.values);
    let rows = statement.query_map(params_from_iter(values), |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn versions(
    connection: &Connection,
    search: &VersionSearch,
) -> Result<Vec<RegisteredVersion>, Fault> {
    let source = source();
    let filter = all(&search.clauses, |clause| match &clause.field {
        VersionField::Name => text("models.name", &clause.test),
        VersionField::Number => number("own.version", &clause.test),
        VersionField::Run => text(RUN, &clause.test),
        VersionField::Source => text(&format!("({source})"), &clause.test),
        VersionField::Created => number("own.created_ms", &clause.test),
        VersionField::Updated => number("own.updated_ms", &clause.test),
        VersionField::Tag(key) => keyed(VERSION_TAG, key, &clause.test),
        VersionField::Flag(key) => keyed(VERSION_FLAG, key, &clause.test),
    });
    let column = |field: &VersionField| match field {
        VersionField::Name => ("models.name".to_owned(), None),
        VersionField::Number => ("own.version".to_owned(), None),
        VersionField::Run => (RUN.to_owned(), None),
        VersionField::Source => (format!("({source})"), None),
        VersionField::Created => ("own.created_ms".to_owned(), None),
        VersionField::Updated => ("own.updated_ms".to_owned(), None),
        VersionField::Tag(key) => (VERSION_TAG.to_owned(), Some(key.clone())),
        VersionField::Flag(key) => (VERSION_FLAG.to_owned(), Some(key.clone())),
    };
    let order = order(&search.order, column, "own.updated_ms DESC, models.name, own.version DESC");
    let sql = format!(
        "SELECT {} FROM {FROM} WHERE {} ORDER BY {} LIMIT {} OFFSET {}",
        columns(),
        filter.text,
        order.text,
        search.limit,
        search.offset
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(filter.values.into_iter().chain(order.values)))?;
    let mut versions = Vec::new();
    while let Some(row) = rows.next()? {
        versions.push(version_at(row)?);
    }
    Ok(versions)
}
