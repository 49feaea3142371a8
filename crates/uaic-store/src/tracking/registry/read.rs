//! Registered models and versions, read a page at a time.

use std::collections::{BTreeMap, HashMap};

use rusqlite::{Connection, Row, params};

use super::super::super::Fault;
use super::super::super::codec::from_json;
use super::super::clause::LOCATION;
use super::super::experiment::refused;
use super::edit::no_version;
use uaic_study::store::TrackingError;
use uaic_study::store::tracking::{RegisteredModel, RegisteredVersion, Stage};

/// The id of a version's run.
pub(super) const RUN: &str = "ifnull(nullif(lower(hex(runs.uuid)), ''), own.run_elsewhere)";

/// Where a version came from.
pub(super) fn source() -> String {
    format!("ifnull(own.source, {LOCATION})")
}

/// What is read of versions: of `own`, `models` and `runs`.
pub(super) fn columns() -> String {
    let source = source();
    format!(
        "models.name, own.version, own.created_ms, own.updated_ms, own.stage, own.note, {source},
         ifnull(own.location, {source}), {RUN}, own.run_link, own.logged_model,
         (SELECT json_group_object(key, value) FROM version_tags
          WHERE version_tags.model = own.model AND version_tags.version = own.version),
         (SELECT json_group_array(alias ORDER BY alias) FROM model_aliases
          WHERE model_aliases.model = own.model AND model_aliases.version = own.version), own.model AS model"
    )
}

/// Where that is read from.
pub(super) const FROM: &str =
    "model_versions AS own JOIN models ON models.id = own.model LEFT JOIN runs ON runs.id = own.run";

/// The version of a row that has [`columns`].
pub(super) fn version_at(row: &Row<'_>) -> Result<RegisteredVersion, Fault> {
    Ok(RegisteredVersion {
        name: row.get(0)?,
        version: row.get(1)?,
        created_ms: row.get(2)?,
        updated_ms: row.get(3)?,
        stage: Stage::parse(&row.get::<_, String>(4)?).unwrap_or_default(),
        description: row.get(5)?,
        source: row.get(6)?,
        location: row.get(7)?,
        run: row.get(8)?,
        run_link: row.get(9)?,
        model: row.get(10)?,
        tags: from_json("tags of a version", &row.get::<_, String>(11)?)?,
        aliases: from_json("list of aliases", &row.get::<_, String>(12)?)?,
    })
}

pub(super) fn version(connection: &Connection, name: &str, version: u32) -> Result<RegisteredVersion, Fault> {
    let sql = format!("SELECT {} FROM {FROM} WHERE models.name = ? AND own.version = ?", columns());
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params![name, version])?;
    rows.next()?.map(version_at).transpose()?.ok_or_else(|| no_version(name, version))
}

pub(super) fn one(connection: &Connection, model: i64, name: &str) -> Result<RegisteredModel, Fault> {
    let found = models(connection, &[model])?.into_iter().next();
    found.ok_or_else(|| refused(TrackingError::NoModel(name.to_owned())))
}

/// The registered models of some rows, in their order.
pub(super) fn models(connection: &Connection, rows: &[i64]) -> Result<Vec<RegisteredModel>, Fault> {
    let list: Vec<String> = rows.iter().map(i64::to_string).collect();
    let list = format!("[{}]", list.join(","));
    let (mut models, places) = heads(connection, &list)?;
    let mut each = |sql: &str, take: fn(&mut RegisteredModel, &Row<'_>) -> Result<(), Fault>| {
        let mut statement = connection.prepare_cached(sql)?;
        let mut rows = statement.query([&list])?;
        while let Some(row) = rows.next()? {
            let place = places.get(&row.get::<_, i64>("model")?);
            if let Some(model) = place.and_then(|place| models.get_mut(*place)) {
                take(model, row)?;
            }
        }
        Ok::<(), Fault>(())
    };
    let tags = "SELECT own.key, own.value, own.model AS model
                FROM json_each(?) AS list CROSS JOIN model_tags AS own ON own.model = list.value";
    each(tags, |model, row| {
        model.tags.insert(row.get(0)?, row.get(1)?);
        Ok(())
    })?;
    let aliases = "SELECT own.alias, own.version, own.model AS model
                   FROM json_each(?) AS list CROSS JOIN model_aliases AS own ON own.model = list.value";
    each(aliases, |model, row| {
        model.aliases.insert(row.get(0)?, row.get(1)?);
        Ok(())
    })?;
    let latest = format!(
        "SELECT {} FROM (SELECT one.model AS model, max(one.version) AS version FROM json_each(?) AS list
             CROSS JOIN model_versions AS one ON one.model = list.value GROUP BY one.model, one.stage) AS last
         CROSS JOIN model_versions AS own ON own.model = last.model AND own.version = last.version
         JOIN models ON models.id = own.model LEFT JOIN runs ON runs.id = own.run ORDER BY own.version",
        columns()
    );
    each(&latest, |model, row| {
        model.latest.push(version_at(row)?);
        Ok(())
    })?;
    Ok(models)
}

type Heads = (Vec<RegisteredModel>, HashMap<i64, usize>);

fn heads(connection: &Connection, list: &str) -> Result<Heads, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT models.id, models.name, description, created_ms, updated_ms
         FROM json_each(?) AS list CROSS JOIN models ON models.id = list.value",
    )?;
    let mut rows = statement.query([list])?;
    let (mut models, mut places) = (Vec::new(), HashMap::new());
    while let Some(row) = rows.next()? {
        places.insert(row.get(0)?, models.len());
        models.push(RegisteredModel {
            name: row.get(1)?,
            description: row.get(2)?,
            created_ms: row.get(3)?,
            updated_ms: row.get(4)?,
            tags: BTreeMap::new(),
            aliases: BTreeMap::new(),
            latest: Vec::new(),
        });
    }
    Ok((models, places))
}
