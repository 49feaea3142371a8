//! What a reader says, put into a store: each run once, and visible when it is whole.

use std::collections::BTreeMap;
use std::path::Path;

use super::study;
use super::summary::Summary;
use crate::store::{Home, Id, Known, OutsideRun, Point, RunEdit, RunEnd, RunKind, Store, StoreError};
use crate::study::drawn_config;
use crate::trial::{ParamValue, RunState};
use uaic_import::{Sink, SinkError, Skipped, SourcePoint, SourceRun, SourceStudy};

/// Points that are kept back to be written at once.
const BATCH: usize = 65_536;

/// Called with how much of a source has been read, and how much there is.
pub type Watch<'a> = Box<dyn FnMut(u64, u64) + 'a>;

/// A sink into a store. Reading the same source twice adds nothing; one that has grown adds what is new.
pub struct StoreSink<'a> {
    store: &'a dyn Store,
    /// All runs go into this experiment, if it is given.
    experiment: Option<String>,
    watch: Watch<'a>,
    studies: BTreeMap<String, Id>,
    current: Option<Current>,
    /// Runs whose parent had not come yet: run, and origin of the parent.
    orphans: Vec<(Id, String)>,
    summary: Summary,
}

/// The run that is being brought in.
struct Current {
    id: Id,
    known: Known,
    /// What was there before, to see whether anything is new.
    before: Option<OutsideRun>,
    new: OutsideRun,
    /// How many points of each series have been read.
    read: BTreeMap<String, u64>,
    batch: BTreeMap<String, Vec<Point>>,
    batched: usize,
    added: u64,
}

impl<'a> StoreSink<'a> {
    /// A sink into `store`.
    pub fn new(store: &'a dyn Store, experiment: Option<String>, watch: Watch<'a>) -> Self {
        Self {
            store,
            experiment,
            watch,
            studies: BTreeMap::new(),
            current: None,
            orphans: Vec::new(),
            summary: Summary::default(),
        }
    }

    /// Ends the import: runs become parts of those that came after them.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn finish(mut self) -> Result<Summary, StoreError> {
        for (run, origin) in std::mem::take(&mut self.orphans) {
            match self.store.edit_run(run, &RunEdit::Parent(Some(id_of(&origin)))) {
                Ok(()) => {}
                Err(StoreError::NotFound { .. } | StoreError::Circle { .. }) => {
                    self.summary.warn(&format!("the parent of run {} is not there", run.short()));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(self.summary)
    }

    fn write_batch(&mut self) -> Result<(), StoreError> {
        let Some(current) = &mut self.current else { return Ok(()) };
        if current.batched > 0 {
            current.batched = 0;
            self.store.add_outside_points(current.id, &std::mem::take(&mut current.batch))?;
        }
        Ok(())
    }

    /// The run as this store keeps it, and whether its parent is still to come.
    fn outside(&self, source: SourceRun) -> Result<(OutsideRun, Option<String>), StoreError> {
        let id = id_of(&source.origin);
        let experiment = self.experiment.clone().unwrap_or(source.experiment);
        let started_ms = source.started_ms.or(source.ended_ms).unwrap_or_default();
        let mut run = OutsideRun::new(id, &experiment, started_ms);
        let params = source.params.into_iter().map(|(name, param)| {
            let exact = param.exact.map(ParamValue::Text);
            (name, exact.unwrap_or(param.value))
        });
        run.params = params.collect();
        run.config = match &source.trial {
            Some(trial) => drawn_config(&run.params, &trial.distributions),
            None => serde_json::json!({ "params": run.params }),
        };
        run.name = Some(source.name).filter(|name| !name.is_empty());
        run.note = source.note;
        run.tags = source.tags;
        run.ended_ms = source.ended_ms;
        run.hidden = source.hidden;
        run.environment.insert("import.origin".to_owned(), source.origin);
        let (mut values, mut violation) = (Vec::new(), 0.0);
        if let Some(trial) = source.trial {
            let study = self
                .studies
                .get(&trial.study)
                .copied()
                .ok_or_else(|| StoreError::NotFound { what: "study", id: trial.study.clone() })?;
            (run.home, run.kind, run.number) = (Home::Study(study), RunKind::Trial, Some(trial.number));
            (values, violation) = (trial.values, trial.violation.unwrap_or_default());
        }
        // Nobody here knows whether it lives.
        let state = if source.state == RunState::Crashed { RunState::Failed } else { source.state };
        run.end = RunEnd { state, values, violation, reason: source.reason };
        let later = match source.parent {
            Some(origin) => match self.store.run(id_of(&origin)) {
                Ok(parent) => {
                    run.parent = Some(parent.id);
                    None
                }
                Err(StoreError::NotFound { .. }) => Some(origin),
                Err(error) => return Err(error),
            },
            None => None,
        };
        Ok((run, later))
    }

    fn begin(&mut self, source: SourceRun) -> Result<(), StoreError> {
        let (mut run, later) = self.outside(source)?;
        let before = match self.store.run(run.id) {
            Ok(record) => {
                // Times of points are kept from the start, which stays what it was.
                run.started_ms = record.started_ms;
                if later.is_some() {
                    run.parent = record.parent;
                }
                // What people did to it here stays.
                run.excluded = record.excluded;
                run.name = record.name.clone().or(run.name);
                run.note = record.note.clone().or(run.note);
                Some(as_outside(&record, self.store.tags(run.id)?))
            }
            Err(StoreError::NotFound { .. }) => None,
            Err(error) => return Err(error),
        };
        let known = self.store.begin_outside_run(&run)?;
        self.orphans.extend(later.map(|origin| (run.id, origin)));
        self.current = Some(Current {
            id: run.id,
            known,
            before,
            new: run,
            read: BTreeMap::new(),
            batch: BTreeMap::new(),
            batched: 0,
            added: 0,
        });
        Ok(())
    }

    fn add(&mut self, key: &str, points: &[SourcePoint]) -> Result<(), StoreError> {
        let Some(current) = &mut self.current else { return Ok(()) };
        let there = current.known.points.get(key).copied().unwrap_or_default();
        let read = match current.read.get_mut(key) {
            Some(read) => read,
            None => current.read.entry(key.to_owned()).or_default(),
        };
        let first = *read;
        *read += points.len() as u64;
        let skip = there.saturating_sub(first).min(points.len() as u64);
        let new = &points[skip as usize..];
        if new.is_empty() {
            return Ok(());
        }
        let started_ms = current.new.started_ms;
        let point = |(at, point): (u64, &SourcePoint)| Point {
            step: point.step.unwrap_or_else(|| i64::try_from(at).unwrap_or(i64::MAX)),
            time_ms: point.time_ms.unwrap_or(started_ms),
            value: point.value,
        };
        let points = (first + skip..).zip(new).map(point);
        match current.batch.get_mut(key) {
            Some(batch) => batch.extend(points),
            None => drop(current.batch.insert(key.to_owned(), points.collect())),
        }
        current.batched += new.len();
        current.added += new.len() as u64;
        self.summary.points += new.len() as u64;
        if current.batched >= BATCH { self.write_batch() } else { Ok(()) }
    }

    fn end(&mut self) -> Result<(), StoreError> {
        self.write_batch()?;
        let Some(current) = self.current.take() else { return Ok(()) };
        self.store.end_outside_run(current.id)?;
        let counter = match &current.before {
            None => &mut self.summary.new,
            Some(before) if current.added > 0 || !is_same(before, &current.new) => &mut self.summary.grown,
            Some(_) => &mut self.summary.same,
        };
        *counter += 1;
        Ok(())
    }
}

/// What a store says of a run, in the shape of what a source says.
fn as_outside(record: &crate::store::RunRecord, tags: BTreeMap<String, String>) -> OutsideRun {
    OutsideRun {
        id: record.id,
        home: record.start.home.clone(),
        kind: record.start.kind,
        number: record.start.number,
        parent: record.parent,
        name: record.name.clone(),
        note: record.note.clone(),
        params: record.start.params.clone(),
        config: record.start.config.clone(),
        environment: record.start.environment.clone(),
        tags,
        end: RunEnd {
            state: record.state,
            values: record.values.clone(),
            violation: record.violation,
            reason: record.reason.clone(),
        },
        excluded: record.excluded,
        attempts: record.attempts,
        started_ms: record.started_ms,
        ended_ms: record.ended_ms,
        hidden: record.hidden,
    }
}

/// Whether a source says nothing new of a run; what people have added here does not count.
fn is_same(before: &OutsideRun, new: &OutsideRun) -> bool {
    let has_tags = new.tags.iter().all(|(key, value)| before.tags.get(key) == Some(value));
    // As text, because NaN is not equal to itself.
    let told = |run: &OutsideRun| {
        let stripped = OutsideRun {
            tags: BTreeMap::new(),
            hidden: false,
            parent: None,
            config: serde_json::Value::Null,
            ..run.clone()
        };
        format!("{stripped:?}")
    };
    has_tags && told(before) == told(new)
}

/// The id of a run of a source: its own where that has 128 bits, else made from its origin.
fn id_of(origin: &str) -> Id {
    let own =
        origin.rsplit_once(':').and_then(|(kind, id)| (kind == "mlflow").then(|| Id::parse(id)).flatten());
    own.unwrap_or_else(|| {
        let hash = blake3::hash(origin.as_bytes());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash.as_bytes()[..16]);
        // Version 8 of RFC 9562: made by a rule of one's own.
        bytes[6] = bytes[6] & 0x0f | 0x80;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        Id(bytes)
    })
}

impl Sink for StoreSink<'_> {
    fn study(&mut self, source: SourceStudy) -> Result<(), SinkError> {
        let experiment = self.experiment.clone().unwrap_or_else(|| source.experiment.clone());
        let (id, is_new, is_readable) =
            study::find_or_create(self.store, &source, &experiment).map_err(SinkError::new)?;
        if !is_readable {
            self.summary.warn(&format!(
                "the search space of study `{}` cannot be written as a spec: `explain` does without it",
                source.name
            ));
        }
        self.summary.studies += u64::from(is_new);
        self.studies.insert(source.origin, id);
        Ok(())
    }

    fn run(&mut self, run: SourceRun) -> Result<(), SinkError> {
        self.begin(run).map_err(SinkError::new)
    }

    fn points(&mut self, key: &str, points: &[SourcePoint]) -> Result<(), SinkError> {
        self.add(key, points).map_err(SinkError::new)
    }

    fn artifact(&mut self, name: &str, file: &Path) -> Result<(), SinkError> {
        let Some(current) = &self.current else { return Ok(()) };
        match self.store.add_outside_artifact(current.id, name, file) {
            Ok(_) => self.summary.artifacts += 1,
            Err(error @ (StoreError::BadArtifactName { .. } | StoreError::File(_))) => {
                self.summary.skip(Skipped::new(format!("artifact {name}"), error.to_string()));
            }
            Err(error) => return Err(SinkError::new(error)),
        }
        Ok(())
    }

    fn end_run(&mut self) -> Result<(), SinkError> {
        self.end().map_err(SinkError::new)
    }

    fn skipped(&mut self, skipped: Skipped) -> Result<(), SinkError> {
        self.summary.skip(skipped);
        Ok(())
    }

    fn warning(&mut self, text: &str) -> Result<(), SinkError> {
        self.summary.warn(text);
        Ok(())
    }

    fn progress(&mut self, done: u64, total: u64) -> Result<(), SinkError> {
        (self.watch)(done, total);
        Ok(())
    }
}
