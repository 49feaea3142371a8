//! Logged models, read a page at a time.

use std::collections::{BTreeMap, HashMap};

use rusqlite::{Connection, Row};

use super::super::super::Fault;
use super::super::super::codec::id_at;
use super::edit::{row, unknown};
use uaic_study::store::Id;
use uaic_study::store::tracking::{DatasetRef, ExperimentId, LoggedModel, ModelId, ModelMetric, ModelStatus};

/// Points that are told of a model: the last ones of each metric.
const POINTS: u32 = 1000;

pub(super) fn one(connection: &Connection, id: ModelId, deleted: bool) -> Result<LoggedModel, Fault> {
    let row = row(connection, id, deleted)?;
    models(connection, &[row])?.into_iter().next().ok_or_else(|| unknown(id))
}

/// The models of some rows, in their order.
pub(super) fn models(connection: &Connection, rows: &[i64]) -> Result<Vec<LoggedModel>, Fault> {
    let list: Vec<String> = rows.iter().map(i64::to_string).collect();
    let list = format!("[{}]", list.join(","));
    let (mut models, places) = heads(connection, &list)?;
    let mut each = |sql: &str, take: fn(&mut LoggedModel, &Row<'_>) -> Result<(), Fault>| {
        let mut statement = connection.prepare_cached(sql)?;
        let mut rows = statement.query([&list])?;
        while let Some(row) = rows.next()? {
            let place = places.get(&row.get::<_, i64>(0)?);
            if let Some(model) = place.and_then(|place| models.get_mut(*place)) {
                take(model, row)?;
            }
        }
        Ok::<(), Fault>(())
    };
    let params = "SELECT own.model, own.key, own.value FROM json_each(?) AS list
                  CROSS JOIN logged_model_params AS own ON own.model = list.value";
    each(params, |model, row| {
        model.params.insert(row.get(1)?, row.get(2)?);
        Ok(())
    })?;
    let tags = "SELECT own.model, own.key, own.value FROM json_each(?) AS list
                CROSS JOIN logged_model_tags AS own ON own.model = list.value";
    each(tags, |model, row| {
        model.tags.insert(row.get(1)?, row.get(2)?);
        Ok(())
    })?;
    let metrics = format!(
        "SELECT * FROM (SELECT own.model, own.key, own.value, own.time_ms, own.step, runs.uuid AS uuid,
                 own.dataset, own.digest, own.id,
                 row_number() OVER (PARTITION BY own.model, own.key ORDER BY own.time_ms DESC, own.step DESC) AS place
             FROM json_each(?) AS list CROSS JOIN logged_model_metrics AS own ON own.model = list.value
             CROSS JOIN runs ON runs.id = own.run)
         WHERE place <= {POINTS} ORDER BY id"
    );
    each(&metrics, |model, row| {
        model.metrics.push(metric(row)?);
        Ok(())
    })?;
    let registrations = "SELECT own.id, models.name, version FROM json_each(?) AS list
         CROSS JOIN logged_models AS own ON own.id = list.value
         CROSS JOIN model_versions ON logged_model = 'm-' || lower(hex(own.uuid))
         CROSS JOIN models ON models.id = model_versions.model ORDER BY models.name, version";
    each(registrations, |model, row| {
        model.registrations.push((row.get(1)?, row.get(2)?));
        Ok(())
    })?;
    Ok(models)
}

fn metric(row: &Row<'_>) -> Result<ModelMetric, Fault> {
    let dataset: Option<String> = row.get(6)?;
    let digest: Option<String> = row.get(7)?;
    Ok(ModelMetric {
        key: row.get(1)?,
        value: row.get::<_, Option<f64>>(2)?.unwrap_or(f64::NAN),
        time_ms: row.get(3)?,
        step: row.get(4)?,
        run: Id(row.get(5)?),
        dataset: dataset.map(|name| DatasetRef { name, digest: digest.unwrap_or_default() }),
    })
}

type Heads = (Vec<LoggedModel>, HashMap<i64, usize>);

fn heads(connection: &Connection, list: &str) -> Result<Heads, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT own.*, ifnull(experiments.location, 'mlflow-artifacts:/' || experiments.id) AS above
         FROM json_each(?) AS list CROSS JOIN logged_models AS own ON own.id = list.value
         CROSS JOIN experiments ON experiments.id = own.experiment",
    )?;
    let mut rows = statement.query([list])?;
    let (mut models, mut places) = (Vec::new(), HashMap::new());
    while let Some(row) = rows.next()? {
        places.insert(row.get("id")?, models.len());
        let id = ModelId(id_at(row, "uuid")?);
        let status: String = row.get("status")?;
        models.push(LoggedModel {
            id,
            experiment: ExperimentId(row.get("experiment")?),
            name: row.get("name")?,
            kind: row.get("kind")?,
            run: row.get("run")?,
            status: ModelStatus::parse(&status).unwrap_or(ModelStatus::Pending),
            created_ms: row.get("created_ms")?,
            updated_ms: row.get("updated_ms")?,
            location: format!("{}/models/{id}/artifacts", row.get::<_, String>("above")?),
            params: BTreeMap::new(),
            tags: BTreeMap::new(),
            metrics: Vec::new(),
            registrations: Vec::new(),
        });
    }
    Ok((models, places))
}
