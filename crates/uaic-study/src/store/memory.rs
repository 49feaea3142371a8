//! A store that lives as long as its value: for library users, and for tests that want no disk.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::trial::{Params, RunState};
use uaic_platform::process::ProcessIdentity;

use super::artifact_name::check_name;
use super::liveness::{is_alive, not_held, now_ms};
use super::rules;
use super::registry::{alias_detail, check_alias, check_model_name, no_alias, no_model, no_version};
use super::{
    ArtifactRecord, Attempt, Change, EventRecord, Id, LatestMetric, MetricPoint, ModelVersion, NewRun,
    NewStudy, RunEnd, RunKind, RunQuery, RunRecord, Store, StoreError, StudyChange, StudyRecord, StudyState,
};

/// A [`Store`] in memory, with the whole contract but for durability.
#[derive(Debug, Default)]
pub struct MemoryStore {
    content: Mutex<Content>,
}

#[derive(Debug, Default)]
struct Content {
    /// In the order of their creation.
    studies: Vec<Study>,
    runs: Vec<Run>,
    models: BTreeMap<String, RegisteredModel>,
}

/// A name of the registry. Versions are numbered by their place, from 1.
#[derive(Debug, Default)]
struct RegisteredModel {
    versions: Vec<ModelVersion>,
    aliases: BTreeMap<String, u32>,
    events: Vec<EventRecord>,
}

impl RegisteredModel {
    fn seen(&self) -> impl Iterator<Item = ModelVersion> {
        self.versions.iter().map(|version| {
            let own = self.aliases.iter().filter(|(_, number)| **number == version.version);
            ModelVersion { aliases: own.map(|(alias, _)| alias.clone()).collect(), ..version.clone() }
        })
    }

    fn tell(&mut self, kind: &str, detail: String) {
        self.events.push(EventRecord { time_ms: now_ms(), kind: kind.to_owned(), detail });
    }
}

#[derive(Debug)]
struct Study {
    record: StudyRecord,
    /// Who works on it, with the time of their last sign of life.
    workers: Vec<(ProcessIdentity, i64)>,
    changes: Vec<StudyChange>,
}

#[derive(Debug)]
struct Run {
    record: RunRecord,
    metrics: BTreeMap<String, Vec<MetricPoint>>,
    tags: BTreeMap<String, String>,
    artifacts: BTreeMap<String, (ArtifactRecord, Vec<u8>)>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn content(&self) -> MutexGuard<'_, Content> {
        // Every change is made whole before the lock is given back, or not at all.
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Study {
    fn seen(&self) -> StudyRecord {
        let mut record = self.record.clone();
        let now = now_ms();
        let is_worked_on = self.workers.iter().any(|(worker, beat)| is_alive(worker, *beat, now));
        if record.state == StudyState::Running && !is_worked_on {
            record.state = StudyState::Crashed;
        }
        record
    }

    /// Refuses what only a process may do that works on the study.
    fn check_held(&self, process: &ProcessIdentity) -> Result<(), StoreError> {
        if self.workers.iter().any(|(worker, _)| worker == process) {
            Ok(())
        } else {
            Err(not_held(self.record.id, process))
        }
    }

    fn dismiss_dead(&mut self) {
        let now = now_ms();
        self.workers.retain(|(worker, beat)| is_alive(worker, *beat, now));
    }
}

impl Run {
    fn new(record: RunRecord) -> Self {
        Self { record, metrics: BTreeMap::new(), tags: BTreeMap::new(), artifacts: BTreeMap::new() }
    }

    /// The state with the death of the process accounted for. Its start is its last heartbeat.
    fn state(&self) -> RunState {
        let record = &self.record;
        match record.state {
            RunState::Running if !is_alive(&record.new.process, record.started_ms, now_ms()) => {
                RunState::Crashed
            }
            state => state,
        }
    }

    fn seen(&self) -> RunRecord {
        RunRecord { state: self.state(), ..self.record.clone() }
    }

    fn matches(&self, query: &RunQuery) -> bool {
        let RunQuery {
            study,
            experiment,
            kind,
            number,
            state,
            id_prefix,
            include_hidden,
            limit: _,
            offset: _,
        } = query;
        let record = &self.record;
        study.is_none_or(|study| study == record.new.study)
            && experiment.as_ref().is_none_or(|experiment| *experiment == record.experiment)
            && kind.is_none_or(|kind| kind == record.new.kind)
            && number.is_none_or(|number| Some(number) == record.new.number)
            && id_prefix.as_ref().is_none_or(|prefix| record.id.to_string().starts_with(prefix))
            && (*include_hidden || !record.hidden)
            && state.is_none_or(|state| state == self.state())
    }
}

impl Content {
    fn study(&mut self, id: Id) -> Result<&mut Study, StoreError> {
        let study = self.studies.iter_mut().find(|study| study.record.id == id);
        study.ok_or_else(|| StoreError::NotFound { what: "study", id: id.short() })
    }

    fn run(&mut self, id: Id) -> Result<&mut Run, StoreError> {
        let run = self.runs.iter_mut().find(|run| run.record.id == id);
        run.ok_or_else(|| StoreError::NotFound { what: "run", id: id.short() })
    }

    /// The run of an attempt that is still the newest.
    fn attempt(&mut self, attempt: Attempt) -> Result<&mut Run, StoreError> {
        let run = self.run(attempt.run)?;
        if run.record.attempts == attempt.number {
            Ok(run)
        } else {
            Err(StoreError::StaleAttempt { run: attempt.run.short() })
        }
    }

    /// As [`Content::attempt`], for writes that only a running run takes.
    fn running(&mut self, attempt: Attempt) -> Result<&mut Run, StoreError> {
        let run = self.attempt(attempt)?;
        match run.record.state {
            RunState::Running => Ok(run),
            state => Err(StoreError::Ended { run: attempt.run.short(), state }),
        }
    }
}

impl Content {
    fn start_run(&mut self, new: &NewRun, changes: Option<usize>) -> Result<Attempt, StoreError> {
        let study = self.study(new.study)?;
        study.check_held(&new.process)?;
        if changes.is_some_and(|known| known != study.changes.len()) {
            return Err(StoreError::Outdated { study: new.study.short() });
        }
        let experiment = study.record.new.experiment.clone();
        let key = |run: &NewRun| (run.study, run.kind, run.number);
        let earlier = self.runs.iter_mut().find(|run| key(&run.record.new) == key(new));
        let mut record = RunRecord {
            id: Id::random(),
            new: new.clone(),
            experiment,
            attempts: 1,
            state: RunState::Running,
            values: vec![],
            violation: 0.0,
            excluded: false,
            reason: None,
            started_ms: now_ms(),
            ended_ms: None,
            hidden: false,
        };
        let Some(run) = earlier else {
            let attempt = Attempt { run: record.id, number: 1 };
            self.runs.push(Run::new(record));
            return Ok(attempt);
        };
        let state = run.state();
        let RunRecord { id, attempts, hidden, ref new, .. } = run.record;
        if state.is_final() {
            return Err(StoreError::IllegalTransition {
                run: id.short(),
                from: state,
                to: RunState::Running,
            });
        }
        let is_other = new.process != record.new.process || new.process.is_outside();
        if state == RunState::Running && is_other {
            let ProcessIdentity { host, pid, .. } = new.process.clone();
            return Err(StoreError::Taken { run: id.short(), host, pid });
        }
        (record.id, record.attempts, record.hidden) = (id, attempts + 1, hidden);
        *run = Run { tags: std::mem::take(&mut run.tags), ..Run::new(record) };
        Ok(Attempt { run: id, number: attempts + 1 })
    }

    /// Does to a trial what a change of its study says.
    fn apply(&mut self, study: Id, number: u32, change: &Change) -> Result<(), StoreError> {
        let is_meant =
            |new: &NewRun| (new.study, new.kind, new.number) == (study, RunKind::Trial, Some(number));
        let run = self.runs.iter_mut().find(|run| is_meant(&run.record.new));
        let run = run.ok_or_else(|| StoreError::NotFound { what: "trial", id: number.to_string() })?;
        let state = run.state();
        if !state.is_final() {
            return Err(StoreError::NotEnded { number, state });
        }
        match change {
            Change::Exclude { .. } => run.record.excluded = true,
            Change::Include { .. } => run.record.excluded = false,
            Change::Correct { new, .. } => {
                run.record.values.clone_from(new);
                run.record.state = RunState::Complete;
            }
            Change::Enqueue { .. } | Change::Space { .. } => {}
        }
        Ok(())
    }
}

impl Store for MemoryStore {
    fn create_study(&self, new: &NewStudy) -> Result<StudyRecord, StoreError> {
        let record = StudyRecord {
            id: Id::random(),
            new: new.clone(),
            created_ms: now_ms(),
            state: StudyState::Interrupted,
            owner: None,
        };
        let study = Study { record: record.clone(), workers: vec![], changes: vec![] };
        self.content().studies.push(study);
        Ok(record)
    }

    fn study(&self, id: Id) -> Result<StudyRecord, StoreError> {
        Ok(self.content().study(id)?.seen())
    }

    fn studies(&self) -> Result<Vec<StudyRecord>, StoreError> {
        let mut studies: Vec<_> = self.content().studies.iter().rev().map(Study::seen).collect();
        studies.sort_by_key(|study| std::cmp::Reverse(study.created_ms));
        Ok(studies)
    }

    fn acquire_study(&self, id: Id, owner: &ProcessIdentity) -> Result<(), StoreError> {
        let mut content = self.content();
        let study = content.study(id)?;
        study.workers.retain(|(worker, _)| worker != owner);
        study.dismiss_dead();
        study.workers.push((owner.clone(), now_ms()));
        study.record.owner = Some(owner.clone());
        study.record.state = StudyState::Running;
        Ok(())
    }

    fn release_study(&self, id: Id, owner: &ProcessIdentity, state: StudyState) -> Result<(), StoreError> {
        let mut content = self.content();
        let study = content.study(id)?;
        study.check_held(owner)?;
        study.workers.retain(|(worker, _)| worker != owner);
        study.dismiss_dead();
        if study.workers.is_empty() {
            study.record.state = state.when_released();
        }
        Ok(())
    }

    fn extend_study(&self, id: Id, trials: u32) -> Result<(), StoreError> {
        let mut content = self.content();
        let planned = &mut content.study(id)?.record.new.trials;
        *planned = trials.max(*planned);
        Ok(())
    }

    fn start_run(&self, new: &NewRun) -> Result<Attempt, StoreError> {
        self.content().start_run(new, None)
    }

    fn start_trial(&self, new: &NewRun, changes: usize) -> Result<Attempt, StoreError> {
        self.content().start_run(new, Some(changes))
    }

    fn set_params(
        &self,
        attempt: Attempt,
        params: &Params,
        config: &serde_json::Value,
    ) -> Result<(), StoreError> {
        let mut content = self.content();
        let run = content.running(attempt)?;
        run.record.new.params = params.clone();
        run.record.new.config = config.clone();
        Ok(())
    }

    fn change_study(&self, study: Id, change: &Change) -> Result<StudyChange, StoreError> {
        let mut content = self.content();
        content.study(study)?;
        if let Some(number) = change.trial() {
            content.apply(study, number, change)?;
        }
        let trials = content
            .runs
            .iter()
            .filter(|run| run.record.new.study == study && run.record.new.kind == RunKind::Trial);
        let mut from_trial = trials.filter_map(|run| run.record.new.number).max().map_or(0, |last| last + 1);
        let study = content.study(study)?;
        if matches!(change, Change::Enqueue { .. }) {
            let enqueued =
                study.changes.iter().filter(|earlier| matches!(earlier.change, Change::Enqueue { .. }));
            from_trial = enqueued.map(|earlier| earlier.from_trial + 1).fold(from_trial, u32::max);
        }
        let change = StudyChange { from_trial, time_ms: now_ms(), change: change.clone() };
        study.changes.push(change.clone());
        Ok(change)
    }

    fn copy_change(&self, study: Id, change: &StudyChange) -> Result<(), StoreError> {
        let mut content = self.content();
        content.study(study)?;
        if let Some(number) = change.change.trial() {
            content.apply(study, number, &change.change)?;
        }
        content.study(study)?.changes.push(change.clone());
        Ok(())
    }

    fn changes(&self, study: Id) -> Result<Vec<StudyChange>, StoreError> {
        Ok(self.content().study(study)?.changes.clone())
    }

    fn log_metrics(&self, attempt: Attempt, points: &[MetricPoint]) -> Result<(), StoreError> {
        let mut content = self.content();
        let run = content.running(attempt)?;
        for point in points {
            let series = run.metrics.entry(point.key.clone()).or_default();
            let place = series.partition_point(|earlier| earlier.step <= point.step);
            series.insert(place, point.clone());
        }
        Ok(())
    }

    fn set_tag(&self, run: Id, key: &str, value: &str) -> Result<(), StoreError> {
        self.content().run(run)?.tags.insert(key.to_owned(), value.to_owned());
        Ok(())
    }

    fn put_artifact(
        &self,
        attempt: Attempt,
        name: &str,
        content: &[u8],
    ) -> Result<ArtifactRecord, StoreError> {
        check_name(name)?;
        let record = ArtifactRecord {
            name: name.to_owned(),
            hash: blake3::hash(content).to_hex().to_string(),
            size: content.len() as u64,
        };
        let stored = (record.clone(), content.to_vec());
        self.content().running(attempt)?.artifacts.insert(name.to_owned(), stored);
        Ok(record)
    }

    fn finish_run(&self, attempt: Attempt, end: &RunEnd) -> Result<(), StoreError> {
        let mut content = self.content();
        let record = &mut content.attempt(attempt)?.record;
        if end.state == RunState::Running || !record.state.may_become(end.state) {
            let run = attempt.run.short();
            return Err(StoreError::IllegalTransition { run, from: record.state, to: end.state });
        }
        record.state = end.state;
        record.values.clone_from(&end.values);
        record.violation = rules::kept_violation(end.violation);
        record.reason.clone_from(&end.reason);
        record.ended_ms = Some(now_ms());
        Ok(())
    }

    fn run(&self, id: Id) -> Result<RunRecord, StoreError> {
        Ok(self.content().run(id)?.seen())
    }

    fn runs(&self, query: &RunQuery) -> Result<Vec<RunRecord>, StoreError> {
        let content = self.content();
        let mut runs: Vec<_> = content.runs.iter().rev().filter(|run| run.matches(query)).collect();
        runs.sort_by_key(|run| std::cmp::Reverse(run.record.started_ms));
        let limit = query.limit.map_or(usize::MAX, |limit| limit as usize);
        Ok(runs.into_iter().skip(query.offset as usize).take(limit).map(Run::seen).collect())
    }

    fn latest_metrics(&self, run: Id) -> Result<Vec<LatestMetric>, StoreError> {
        let mut content = self.content();
        Ok(content.run(run)?.metrics.values().filter_map(|series| latest(series)).collect())
    }

    fn metric_history(&self, run: Id, key: &str) -> Result<Vec<MetricPoint>, StoreError> {
        Ok(self.content().run(run)?.metrics.get(key).cloned().unwrap_or_default())
    }

    fn tags(&self, run: Id) -> Result<BTreeMap<String, String>, StoreError> {
        Ok(self.content().run(run)?.tags.clone())
    }

    fn artifacts(&self, run: Id) -> Result<Vec<ArtifactRecord>, StoreError> {
        Ok(self.content().run(run)?.artifacts.values().map(|(record, _)| record.clone()).collect())
    }

    fn read_artifact(&self, run: Id, name: &str) -> Result<Vec<u8>, StoreError> {
        check_name(name)?;
        let mut content = self.content();
        let artifact = content.run(run)?.artifacts.get(name);
        let missing = || StoreError::NotFound { what: "artifact", id: name.to_owned() };
        artifact.map(|(_, content)| content.clone()).ok_or_else(missing)
    }

    fn set_hidden(&self, run: Id, hidden: bool) -> Result<(), StoreError> {
        self.content().run(run)?.record.hidden = hidden;
        Ok(())
    }

    fn register_model(&self, name: &str, run: Id, note: &str) -> Result<ModelVersion, StoreError> {
        check_model_name(name)?;
        let mut content = self.content();
        content.run(run)?;
        let model = content.models.entry(name.to_owned()).or_default();
        if let Some(known) = model.seen().find(|version| version.run == run) {
            return Ok(known);
        }
        let version = ModelVersion {
            name: name.to_owned(),
            version: model.versions.len() as u32 + 1,
            run,
            note: note.to_owned(),
            created_ms: now_ms(),
            aliases: Vec::new(),
        };
        model.versions.push(version.clone());
        model.tell("registered", format!("version {}, run {}", version.version, run.short()));
        Ok(version)
    }

    fn model_versions(&self, name: Option<&str>) -> Result<Vec<ModelVersion>, StoreError> {
        let content = self.content();
        let models = content.models.iter().filter(|(own, _)| name.is_none_or(|name| name == *own));
        Ok(models.flat_map(|(_, model)| model.seen()).collect())
    }

    fn set_model_alias(
        &self,
        name: &str,
        alias: &str,
        version: Option<u32>,
        why: &str,
    ) -> Result<(), StoreError> {
        check_alias(alias)?;
        let mut content = self.content();
        let model = content.models.get_mut(name).ok_or_else(|| no_model(name))?;
        let before = match version {
            Some(version) if model.versions.iter().all(|known| known.version != version) => {
                return Err(no_version(name, version));
            }
            Some(version) => model.aliases.insert(alias.to_owned(), version),
            None => Some(model.aliases.remove(alias).ok_or_else(|| no_alias(name, alias))?),
        };
        model.tell("alias", alias_detail(alias, before, version, why));
        Ok(())
    }

    fn model_events(&self, name: &str) -> Result<Vec<EventRecord>, StoreError> {
        let content = self.content();
        content.models.get(name).map(|model| model.events.clone()).ok_or_else(|| no_model(name))
    }

    fn flush(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

/// The latest value of a series and its range; `None` of an empty one.
fn latest(series: &[MetricPoint]) -> Option<LatestMetric> {
    let last = series.last()?;
    let numbers = || series.iter().map(|point| point.value).filter(|value| !value.is_nan());
    Some(LatestMetric {
        key: last.key.clone(),
        step: last.step,
        value: last.value,
        min: numbers().reduce(f64::min),
        max: numbers().reduce(f64::max),
        count: series.len() as u64,
    })
}
