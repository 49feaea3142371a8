//! What runs have used and made.

use rusqlite::{Connection, params};

use super::super::Fault;
use super::super::codec::to_json;
use super::row::active;
use uaic_study::store::Id;
use uaic_study::store::tracking::{Dataset, DatasetInput, DatasetSummary, ExperimentId, ModelOutput};

/// The tag that says what a data set was used for.
const CONTEXT: &str = "mlflow.data.context";

pub(super) fn add_inputs(
    connection: &Connection,
    id: Id,
    datasets: &[DatasetInput],
    models: &[String],
) -> Result<(), Fault> {
    let (run, _) = active(connection, id)?;
    let experiment: i64 = connection
        .prepare_cached("SELECT experiment FROM runs WHERE id = ?")?
        .query_row([run], |row| row.get(0))?;
    for input in datasets {
        let dataset = dataset_row(connection, experiment, &input.dataset)?;
        let context = input.tags.iter().rfind(|(key, _)| key == CONTEXT).map(|(_, value)| value);
        connection
            .prepare_cached("INSERT OR IGNORE INTO inputs (run, dataset, context, tags) VALUES (?, ?, ?, ?)")?
            .execute(params![run, dataset, context, to_json("tags of a data set", &input.tags)?])?;
    }
    for model in models {
        put_model(connection, run, false, model, 0)?;
    }
    Ok(())
}

pub(super) fn add_outputs(connection: &Connection, id: Id, models: &[ModelOutput]) -> Result<(), Fault> {
    let (run, _) = active(connection, id)?;
    models.iter().try_for_each(|output| put_model(connection, run, true, &output.model, output.step))
}

fn put_model(connection: &Connection, run: i64, made: bool, model: &str, step: i64) -> Result<(), Fault> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO run_models (run, made, model, step) VALUES (?, ?, ?, ?)")?
        .execute(params![run, made, model, step])?;
    Ok(())
}

/// The row of a data set, which is what it was first.
fn dataset_row(connection: &Connection, experiment: i64, new: &Dataset) -> Result<i64, Fault> {
    let Dataset { name, digest, source_type, source, schema, profile } = new;
    connection
        .prepare_cached(
            "INSERT OR IGNORE INTO datasets (experiment, name, digest, source_type, source, schema, profile)
             VALUES (?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![experiment, name, digest, source_type, source, schema, profile])?;
    Ok(connection
        .prepare_cached("SELECT id FROM datasets WHERE experiment = ? AND name = ? AND digest = ?")?
        .query_row(params![experiment, name, digest], |row| row.get(0))?)
}

pub(super) fn summaries(
    connection: &Connection,
    experiments: &[ExperimentId],
) -> Result<Vec<DatasetSummary>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT DISTINCT datasets.name, digest, context FROM datasets
         JOIN inputs ON inputs.dataset = datasets.id JOIN runs ON runs.id = inputs.run
         WHERE datasets.experiment = ? AND runs.hidden IN (0, 4) ORDER BY datasets.name, digest, context",
    )?;
    let mut found = Vec::new();
    for &experiment in experiments {
        let mut rows = statement.query([experiment.0])?;
        while let Some(row) = rows.next()? {
            let (name, digest, context) = (row.get(0)?, row.get(1)?, row.get(2)?);
            found.push(DatasetSummary { experiment, name, digest, context });
        }
    }
    Ok(found)
}
