//! A page of runs with all that listings show of them, in a few statements however many they are.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::{Connection, Row};

use super::super::Fault;
use super::super::codec::{from_json, param_value};
use super::super::read::Snapshot;
use uaic_study::store::Id;
use uaic_study::store::tracking::{
    Dataset, DatasetInput, ExperimentId, ModelOutput, NAME_TAG, NOTE_TAG, PARENT_TAG, RunStatus,
    TrackedMetric, TrackedRun, USER_TAG,
};
use uaic_study::trial::RunState;

/// What is read once for a page.
struct Page<'a> {
    connection: &'a Connection,
    /// The rows of the runs, as JSON.
    list: String,
    /// Where each is in the page.
    places: HashMap<i64, usize>,
    names: HashMap<i64, Arc<str>>,
    locations: HashMap<i64, String>,
}

/// The runs of some rows, in their order.
pub(super) fn runs(snapshot: &Snapshot<'_>, rows: &[i64]) -> Result<Vec<TrackedRun>, Fault> {
    let list: Vec<String> = rows.iter().map(i64::to_string).collect();
    let mut page = Page {
        connection: snapshot.connection(),
        list: format!("[{}]", list.join(",")),
        places: HashMap::new(),
        names: HashMap::new(),
        locations: HashMap::new(),
    };
    let mut runs = page.heads(snapshot)?;
    page.add_metrics(&mut runs)?;
    page.add_params(&mut runs)?;
    page.add_tags(&mut runs)?;
    page.add_datasets(&mut runs)?;
    page.add_models(&mut runs)?;
    for run in &mut runs {
        run.metrics.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        run.params.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        run.tags.sort_by(|a, b| a.0.cmp(&b.0));
        let named = |run: &TrackedRun| {
            run.tags.iter().find(|(key, _)| &**key == USER_TAG).map(|(_, user)| user.clone())
        };
        // What was brought in says so in a tag alone.
        if run.user.is_empty() {
            run.user = named(run).unwrap_or_default();
        }
    }
    Ok(runs)
}

impl Page<'_> {
    fn heads(&mut self, snapshot: &Snapshot<'_>) -> Result<Vec<TrackedRun>, Fault> {
        let mut statement = self.connection.prepare_cached(
            "SELECT runs.id, uuid, experiment, state, process, reason, name, kind, number, user, started_ms,
                 ended_ms, hidden, note, (SELECT uuid FROM runs AS above WHERE above.id = runs.parent),
                 (SELECT uuid FROM studies WHERE studies.id = runs.study)
             FROM json_each(?) AS list CROSS JOIN runs ON runs.id = list.value",
        )?;
        let mut rows = statement.query([&self.list])?;
        let mut runs = Vec::new();
        while let Some(row) = rows.next()? {
            self.places.insert(row.get(0)?, runs.len());
            runs.push(self.head(snapshot, row)?);
        }
        Ok(runs)
    }

    fn head(&mut self, snapshot: &Snapshot<'_>, row: &Row<'_>) -> Result<TrackedRun, Fault> {
        let id = Id(row.get(1)?);
        let experiment: i64 = row.get(2)?;
        let state = snapshot.state(row.get_ref(3)?.as_str().unwrap_or_default(), row.get(4)?)?;
        let reason: Option<String> = row.get(5)?;
        let name: Option<String> = row.get(6)?;
        let kind: String = row.get(7)?;
        let number: Option<u32> = row.get(8)?;
        let mut run = TrackedRun {
            id,
            experiment: ExperimentId(experiment),
            name: String::new(),
            user: row.get::<_, Option<String>>(9)?.unwrap_or_default(),
            status: RunStatus::of(state, reason.as_deref()),
            started_ms: row.get(10)?,
            ended_ms: row.get(11)?,
            is_deleted: row.get::<_, i64>(12)? & 1 == 1,
            location: format!("{}/{id}/artifacts", self.location(experiment)?),
            metrics: Vec::new(),
            params: Vec::new(),
            tags: Vec::new(),
            datasets: Vec::new(),
            model_inputs: Vec::new(),
            model_outputs: Vec::new(),
        };
        run.name = name.clone().unwrap_or_else(|| called(&kind, number, id));
        let parent: Option<[u8; 16]> = row.get(14)?;
        let study: Option<[u8; 16]> = row.get(15)?;
        let derived = [
            (NAME_TAG, name),
            (NOTE_TAG, row.get(13)?),
            (PARENT_TAG, parent.or(study).map(|parent| Id(parent).to_string())),
            ("uaic.kind", Some(kind).filter(|kind| kind != "free")),
            ("uaic.number", number.map(|number| number.to_string())),
            ("uaic.state", Some("PRUNED".to_owned()).filter(|_| state == RunState::Pruned)),
        ];
        run.tags.extend(derived.into_iter().filter_map(|(key, value)| Some((Arc::from(key), value?))));
        Ok(run)
    }

    /// The address of the artifacts of an experiment's runs.
    fn location(&mut self, experiment: i64) -> Result<&str, Fault> {
        if !self.locations.contains_key(&experiment) {
            let own: Option<String> = self
                .connection
                .prepare_cached("SELECT location FROM experiments WHERE id = ?")?
                .query_row([experiment], |row| row.get(0))?;
            let location = own.unwrap_or_else(|| ExperimentId(experiment).location());
            self.locations.insert(experiment, location);
        }
        Ok(self.locations.get(&experiment).map_or("", String::as_str))
    }

    /// The name of a row of names.
    fn name(&mut self, row: i64) -> Result<Arc<str>, Fault> {
        if let Some(name) = self.names.get(&row) {
            return Ok(Arc::clone(name));
        }
        let name: String = self
            .connection
            .prepare_cached("SELECT name FROM names WHERE id = ?")?
            .query_row([row], |row| row.get(0))?;
        Ok(Arc::clone(self.names.entry(row).or_insert(Arc::from(name))))
    }

    /// Reads the rows of a table that belong to the runs, each with its run.
    fn each(
        &mut self,
        runs: &mut [TrackedRun],
        columns: &str,
        mut take: impl FnMut(&mut Self, &mut TrackedRun, &Row<'_>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let sql = format!("SELECT list.value, {columns}");
        let connection = self.connection;
        let mut statement = connection.prepare_cached(&sql)?;
        let mut rows = statement.query([self.list.clone()])?;
        while let Some(row) = rows.next()? {
            let place = self.places.get(&row.get(0)?).copied();
            if let Some(run) = place.and_then(|place| runs.get_mut(place)) {
                take(self, run, row)?;
            }
        }
        Ok(())
    }

    fn add_metrics(&mut self, runs: &mut [TrackedRun]) -> Result<(), Fault> {
        let columns = "own.name, own.step, own.time_ms, own.value
             FROM json_each(?) AS list CROSS JOIN metrics AS own ON own.run = list.value";
        self.each(runs, columns, |page, run, row| {
            let key = page.name(row.get(1)?)?;
            let time_ms = run.started_ms.wrapping_add(row.get(3)?);
            let value = row.get::<_, Option<f64>>(4)?.unwrap_or(f64::NAN);
            run.metrics.push(TrackedMetric { key, value, time_ms, step: row.get(2)? });
            Ok(())
        })
    }

    fn add_params(&mut self, runs: &mut [TrackedRun]) -> Result<(), Fault> {
        let columns = "own.name, own.value, own.kind, own.text
             FROM json_each(?) AS list CROSS JOIN params AS own ON own.run = list.value";
        self.each(runs, columns, |page, run, row| {
            let value = param_value(row.get(2)?, row.get(3)?, row.get(4)?)?;
            run.params.push((page.name(row.get(1)?)?, value.to_string()));
            Ok(())
        })
    }

    fn add_tags(&mut self, runs: &mut [TrackedRun]) -> Result<(), Fault> {
        let columns = "own.name, own.value
             FROM json_each(?) AS list CROSS JOIN tags AS own ON own.run = list.value";
        self.each(runs, columns, |page, run, row| {
            run.tags.push((page.name(row.get(1)?)?, row.get(2)?));
            Ok(())
        })
    }

    fn add_datasets(&mut self, runs: &mut [TrackedRun]) -> Result<(), Fault> {
        let columns = "own.tags, datasets.name, digest, source_type, source, schema, profile
             FROM json_each(?) AS list CROSS JOIN inputs AS own ON own.run = list.value
             CROSS JOIN datasets ON datasets.id = own.dataset";
        self.each(runs, columns, |_, run, row| {
            let tags = from_json("tags of a data set", &row.get::<_, String>(1)?)?;
            let dataset = Dataset {
                name: row.get(2)?,
                digest: row.get(3)?,
                source_type: row.get(4)?,
                source: row.get(5)?,
                schema: row.get(6)?,
                profile: row.get(7)?,
            };
            run.datasets.push(DatasetInput { dataset, tags });
            Ok(())
        })
    }

    fn add_models(&mut self, runs: &mut [TrackedRun]) -> Result<(), Fault> {
        let columns = "own.made, own.model, own.step
             FROM json_each(?) AS list CROSS JOIN run_models AS own ON own.run = list.value";
        self.each(runs, columns, |_, run, row| {
            let model: String = row.get(2)?;
            if row.get(1)? {
                run.model_outputs.push(ModelOutput { model, step: row.get(3)? });
            } else {
                run.model_inputs.push(model);
            }
            Ok(())
        })
    }
}

/// What a run is called that nobody named.
fn called(kind: &str, number: Option<u32>, id: Id) -> String {
    match number {
        Some(number) => format!("{kind} {number}"),
        None if kind == "free" => id.short(),
        None => format!("{kind} {}", id.short()),
    }
}
