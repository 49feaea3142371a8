//! A store that lives as long as its value: for library users, and for tests that want no disk.

mod copying;
mod lookup;
mod matching;
mod models;
mod outside;
mod rows;
mod start;
mod sweep;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::rules::{
    check_alias, check_end, check_model_name, check_name, first_trial_of, kept_violation, no_model, now_ms,
};
use super::{
    ArtifactRecord, Attempt, Change, Environment, EventRecord, Home, Id, Known, LatestMetric, MetricPoint,
    ModelVersion, NewRun, NewStudy, OutsideRun, Point, RunCopy, RunEdit, RunEnd, RunKind, RunQuery,
    RunRecord, Store, StoreError, StudyChange, StudyCopy, StudyRecord, StudyState, Sweep, Swept,
};
use crate::trial::Params;
use models::RegisteredModel;
use rows::{Run, Study, artifact_record, latest, no_run};
use uaic_platform::process::ProcessIdentity;

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

impl Store for MemoryStore {
    fn create_study(&self, new: &NewStudy) -> Result<StudyRecord, StoreError> {
        let record = StudyRecord {
            id: Id::random(),
            plan: new.clone(),
            created_ms: now_ms(),
            state: StudyState::Interrupted,
            owner: None,
        };
        let mut study = Study { record: record.clone(), workers: vec![], changes: vec![], events: vec![] };
        study.tell("created", &*new.experiment);
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
        study.tell("acquired", format!("by process {} on {}", owner.pid, owner.host));
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
        study.tell("released", state.when_released().name());
        Ok(())
    }

    fn extend_study(&self, id: Id, trials: u32) -> Result<(), StoreError> {
        let mut content = self.content();
        let study = content.study(id)?;
        if trials > study.record.plan.trials {
            study.record.plan.trials = trials;
            study.tell("extended", format!("to {trials} trials"));
        }
        Ok(())
    }

    fn start_run(&self, new: &NewRun) -> Result<Attempt, StoreError> {
        self.content().start_run(new, None)
    }

    fn start_run_as(&self, id: Id, new: &NewRun) -> Result<Attempt, StoreError> {
        self.content().start_as(id, new)
    }

    fn add_facts(&self, attempt: Attempt, facts: &Environment) -> Result<(), StoreError> {
        let mut content = self.content();
        content.running(attempt)?.record.start.environment.extend(facts.clone());
        Ok(())
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
        run.record.start.params = params.clone();
        run.record.start.config = config.clone();
        Ok(())
    }

    fn change_study(&self, study: Id, change: &Change) -> Result<StudyChange, StoreError> {
        let mut content = self.content();
        content.study(study)?;
        if let Some(number) = change.trial() {
            content.apply(study, number, change)?;
        }
        let trials = content.runs.iter().filter(|run| {
            run.record.start.home == Home::Study(study) && run.record.start.kind == RunKind::Trial
        });
        let last_started = trials.filter_map(|run| run.record.start.number).max();
        let study = content.study(study)?;
        let enqueued =
            study.changes.iter().filter(|earlier| matches!(earlier.change, Change::Enqueue { .. }));
        let last_enqueued = enqueued.map(|earlier| earlier.from_trial).max();
        let from_trial = first_trial_of(change, last_started, last_enqueued);
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
            run.add(point.clone());
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
        let record = artifact_record(name, content);
        let stored = (record.clone(), content.to_vec());
        self.content().running(attempt)?.artifacts.insert(name.to_owned(), stored);
        Ok(record)
    }

    fn finish_run(&self, attempt: Attempt, end: &RunEnd) -> Result<(), StoreError> {
        let mut content = self.content();
        let run = content.attempt(attempt)?;
        check_end(attempt, run.record.state, end.state)?;
        run.tell_of_study("ended", end.state.name());
        let record = &mut run.record;
        record.state = end.state;
        record.values.clone_from(&end.values);
        record.violation = kept_violation(end.violation);
        record.reason.clone_from(&end.reason);
        record.ended_ms = Some(now_ms());
        Ok(())
    }

    fn run(&self, id: Id) -> Result<RunRecord, StoreError> {
        let mut content = self.content();
        let run = content.run(id)?;
        if run.is_whole { Ok(run.seen()) } else { Err(no_run(id)) }
    }

    fn runs(&self, query: &RunQuery) -> Result<Vec<RunRecord>, StoreError> {
        let content = self.content();
        let mut runs: Vec<_> =
            content.runs.iter().rev().filter(|run| matching::matches(run, query)).collect();
        runs.sort_by_key(|run| std::cmp::Reverse(run.record.started_ms));
        runs.sort_by(|a, b| matching::compare(&query.order, a, b));
        let limit = query.limit.map_or(usize::MAX, |limit| limit as usize);
        Ok(runs.into_iter().skip(query.offset as usize).take(limit).map(Run::seen).collect())
    }

    fn latest_metrics(&self, run: Id) -> Result<Vec<LatestMetric>, StoreError> {
        Ok(self.content().run(run)?.metrics.values().filter_map(|series| latest(series)).collect())
    }

    fn series(&self, run: Id, key: &str) -> Result<Vec<Point>, StoreError> {
        let mut content = self.content();
        let series = content.run(run)?.metrics.get(key);
        Ok(series.map_or_else(Vec::new, |series| series.iter().map(Point::from).collect()))
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
        let mut content = self.content();
        let run = content.run(run)?;
        if run.record.hidden != hidden {
            run.record.hidden = hidden;
            run.tell(if hidden { "hidden" } else { "shown" }, "");
        }
        Ok(())
    }

    fn copy_artifact(&self, run: Id, name: &str, to: &mut dyn Write) -> Result<(), StoreError> {
        let content = self.read_artifact(run, name)?;
        to.write_all(&content).map_err(|source| StoreError::Output { source })
    }

    fn events(&self, run: Id) -> Result<Vec<EventRecord>, StoreError> {
        Ok(self.content().run(run)?.events.clone())
    }

    fn study_events(&self, study: Id) -> Result<Vec<EventRecord>, StoreError> {
        Ok(self.content().study(study)?.events.clone())
    }

    fn put_study_copy(&self, copy: &StudyCopy) -> Result<(), StoreError> {
        self.content().put_study_copy(copy);
        Ok(())
    }

    fn begin_run_copy(&self, copy: &RunCopy) -> Result<Known, StoreError> {
        self.content().begin_run_copy(copy)
    }

    fn end_run_copy(&self, copy: &RunCopy) -> Result<(), StoreError> {
        self.content().end_run_copy(copy)
    }

    fn sweep(&self, sweep: &Sweep) -> Result<Swept, StoreError> {
        Ok(self.content().sweep(sweep))
    }

    fn edit_run(&self, run: Id, edit: &RunEdit) -> Result<(), StoreError> {
        self.content().edit(run, edit)
    }

    fn delete_run(&self, run: Id) -> Result<(), StoreError> {
        self.content().delete(run)
    }

    fn begin_outside_run(&self, run: &OutsideRun) -> Result<Known, StoreError> {
        self.content().begin_outside(run)
    }

    fn add_outside_points(&self, run: Id, series: &BTreeMap<String, Vec<Point>>) -> Result<(), StoreError> {
        let mut content = self.content();
        let run = content.run(run)?;
        for (key, points) in series {
            for &Point { step, time_ms, value } in points {
                run.add(MetricPoint { key: key.clone(), step, time_ms, value });
            }
        }
        Ok(())
    }

    fn add_outside_artifact(&self, run: Id, name: &str, file: &Path) -> Result<ArtifactRecord, StoreError> {
        check_name(name)?;
        let content = uaic_platform::fsx::read(file)?;
        let record = artifact_record(name, &content);
        self.content().run(run)?.artifacts.insert(name.to_owned(), (record.clone(), content));
        Ok(record)
    }

    fn end_outside_run(&self, run: Id) -> Result<(), StoreError> {
        self.content().run(run)?.is_whole = true;
        Ok(())
    }

    fn register_model(&self, name: &str, run: Id, note: &str) -> Result<ModelVersion, StoreError> {
        check_model_name(name)?;
        let mut content = self.content();
        content.run(run)?;
        Ok(content.models.entry(name.to_owned()).or_default().register(name, run, note))
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
        model.set_alias(name, alias, version, why)
    }

    fn model_events(&self, name: &str) -> Result<Vec<EventRecord>, StoreError> {
        let content = self.content();
        content.models.get(name).map(|model| model.events.clone()).ok_or_else(|| no_model(name))
    }

    fn flush(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
