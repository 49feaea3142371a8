//! Logged models by search.

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::super::super::Fault;
use super::super::super::sql::Sql;
use super::super::clause::{keyed, metric, number, text};
use uaic_study::store::tracking::{Clause, DatasetRef, ModelField, ModelSearch, Test};

const ID: &str = "('m-' || lower(hex(logged_models.uuid)))";
const PARAM: &str =
    "(SELECT value FROM logged_model_params AS own WHERE own.model = logged_models.id AND own.key = ?)";
const TAG: &str =
    "(SELECT value FROM logged_model_tags AS own WHERE own.model = logged_models.id AND own.key = ?)";

/// The rows of the models that are searched, in order.
pub(super) fn rows(connection: &Connection, search: &ModelSearch) -> Result<Vec<i64>, Fault> {
    if search.experiments.is_empty() || search.limit == 0 {
        return Ok(Vec::new());
    }
    let experiments: Vec<String> = search.experiments.iter().map(ToString::to_string).collect();
    let mut filter = Sql::new(
        format!("logged_models.experiment IN ({}) AND logged_models.deleted = 0", experiments.join(", ")),
        Vec::new(),
    );
    let mut add = |clause: Sql| {
        filter.text.push_str(" AND ");
        filter.text.push_str(&clause.text);
        filter.values.extend(clause.values);
    };
    let datasets = on_datasets(&search.datasets);
    let mut has_metric = false;
    for clause in &search.clauses {
        has_metric |= matches!(clause.field, ModelField::Metric { .. });
        add(condition(clause, &datasets));
    }
    if !search.datasets.is_empty() && !has_metric {
        add(Sql {
            text: format!(
                "EXISTS (SELECT 1 FROM logged_model_metrics AS own WHERE own.model = logged_models.id AND {})",
                datasets.text
            ),
            ..datasets
        });
    }
    let order = order(search);
    let sql = format!(
        "SELECT logged_models.id FROM logged_models WHERE {} ORDER BY {} LIMIT {} OFFSET {}",
        filter.text, order.text, search.limit, search.offset
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let values = filter.values.into_iter().chain(order.values);
    let rows = statement.query_map(params_from_iter(values), |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// That the metric `own` is of one of some data sets.
fn on_datasets(datasets: &[DatasetRef]) -> Sql {
    if datasets.is_empty() {
        return Sql::new("TRUE", Vec::new());
    }
    let one = datasets.iter().map(on_dataset);
    let (texts, values): (Vec<String>, Vec<Vec<Value>>) = one.map(|sql| (sql.text, sql.values)).unzip();
    Sql::new(format!("({})", texts.join(" OR ")), values.concat())
}

fn on_dataset(dataset: &DatasetRef) -> Sql {
    let mut own = Sql::new("own.dataset = ?", vec![Value::Text(dataset.name.clone())]);
    if !dataset.digest.is_empty() {
        own.text.push_str(" AND own.digest = ?");
        own.values.push(Value::Text(dataset.digest.clone()));
    }
    Sql { text: format!("({})", own.text), ..own }
}

fn condition(clause: &Clause<ModelField>, datasets: &Sql) -> Sql {
    let test = &clause.test;
    match &clause.field {
        ModelField::Name => text("logged_models.name", test),
        ModelField::Id => text(ID, test),
        ModelField::Kind => text("logged_models.kind", test),
        ModelField::Status => text("logged_models.status", test),
        ModelField::Run => text("logged_models.run", test),
        ModelField::Experiment => text("CAST(logged_models.experiment AS TEXT)", test),
        ModelField::Created => number("logged_models.created_ms", test),
        ModelField::Updated => number("logged_models.updated_ms", test),
        ModelField::Param(key) => keyed(PARAM, key, test),
        ModelField::Tag(key) => keyed(TAG, key, test),
        ModelField::Metric { key, .. } => of_metric(key, test, datasets),
    }
}

/// That a metric has a point as it should be, on one of the data sets.
fn of_metric(key: &str, test: &Test, datasets: &Sql) -> Sql {
    let own = metric(test);
    let mut values = vec![Value::Text(key.to_owned())];
    values.extend(datasets.values.iter().cloned());
    values.extend(own.values);
    Sql::new(
        format!(
            "EXISTS (SELECT 1 FROM logged_model_metrics AS own
                 WHERE own.model = logged_models.id AND own.key = ? AND {} AND {})",
            datasets.text, own.text
        ),
        values,
    )
}

fn order(search: &ModelSearch) -> Sql {
    let mut whole = Sql::default();
    for key in &search.order {
        let plain = |column: &str| Sql::new(column, Vec::new());
        let own = match &key.field {
            ModelField::Name => plain("logged_models.name"),
            ModelField::Id => plain("logged_models.uuid"),
            ModelField::Kind => plain("logged_models.kind"),
            ModelField::Status => plain("logged_models.status"),
            ModelField::Run => plain("logged_models.run"),
            ModelField::Experiment => plain("logged_models.experiment"),
            ModelField::Created => plain("logged_models.created_ms"),
            ModelField::Updated => plain("logged_models.updated_ms"),
            ModelField::Param(key) => Sql::new(PARAM, vec![Value::Text(key.clone())]),
            ModelField::Tag(key) => Sql::new(TAG, vec![Value::Text(key.clone())]),
            ModelField::Metric { key, dataset } => latest(key, dataset.as_ref()),
        };
        let direction = if key.descending { "DESC" } else { "ASC" };
        whole.text.extend([own.text.as_str(), " ", direction, " NULLS LAST, "]);
        whole.values.extend(own.values);
    }
    whole.text.push_str("logged_models.created_ms DESC, logged_models.uuid");
    whole
}

/// The latest value of a metric.
fn latest(key: &str, dataset: Option<&DatasetRef>) -> Sql {
    let of = dataset.map_or_else(|| Sql::new("TRUE", Vec::new()), on_dataset);
    let mut values = vec![Value::Text(key.to_owned())];
    values.extend(of.values);
    Sql::new(
        format!(
            "(SELECT own.value FROM logged_model_metrics AS own
              WHERE own.model = logged_models.id AND own.key = ? AND {}
              ORDER BY own.time_ms DESC, own.step DESC LIMIT 1)",
            of.text
        ),
        values,
    )
}
