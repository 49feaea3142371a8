//! The runs of a report, with what they recorded and what is looked at.

use std::collections::{BTreeMap, BTreeSet};

use super::super::study::{Aim, direction_by_name};
use super::Wanted;
use crate::number::counted;
use crate::predictions::filed;
use crate::select::{metric_of, path_in_study};
use crate::store::{Id, LatestMetric, RunQuery, RunRecord, Store, StoreError, StudyRecord};
use crate::trial::MetricKey;

/// Most metrics that a table shows where none is named.
const COLUMNS: usize = 5;

/// One of the runs.
pub(in super::super) struct Member {
    /// Its record.
    pub(super) run: RunRecord,
    /// Its place by start, from 0: as pictures number them.
    pub(super) number: usize,
    /// What it is called here: its name where no other has it, or else its id with it.
    pub(super) label: String,
    /// Runs that only keep predictions of it which were evaluated when it had ended.
    pub(super) evaluations: Vec<RunRecord>,
    /// The metrics that it and its evaluations recorded, by name.
    pub(super) metrics: BTreeMap<String, LatestMetric>,
    /// The value that decides.
    pub(super) value: Option<f64>,
}

impl Member {
    fn read(store: &dyn Store, run: RunRecord, label: String) -> Result<Self, StoreError> {
        let mut evaluations = store.runs(&RunQuery { parent: Some(run.id), ..RunQuery::default() })?;
        evaluations.retain(filed::is_of_predictions);
        let mut metrics = BTreeMap::new();
        for id in std::iter::once(run.id).chain(evaluations.iter().map(|part| part.id)) {
            for metric in store.latest_metrics(id)? {
                metrics.entry(metric.key.clone()).or_insert(metric);
            }
        }
        Ok(Self { number: 0, run, label, evaluations, metrics, value: None })
    }
}

/// The runs of a report.
pub(in super::super) struct Members {
    /// All of them, in the order in which they were named.
    pub(in super::super) all: Vec<Member>,
    /// The studies that they belong to.
    pub(super) studies: BTreeMap<Id, StudyRecord>,
    /// Metrics that are looked at; the first decides.
    pub(super) metrics: Vec<String>,
    /// What decides; `None` where no run has a metric.
    pub(super) aim: Option<Aim>,
    /// Whether metrics were named.
    pub(super) is_named: bool,
}

impl Members {
    /// Reads them.
    pub(in super::super) fn load(
        store: &dyn Store,
        mut runs: Vec<RunRecord>,
        wanted: &Wanted,
    ) -> Result<Self, StoreError> {
        let known: BTreeSet<Id> = runs.iter().map(|run| run.id).collect();
        let is_with_parent = |run: &RunRecord| run.parent.is_some_and(|parent| known.contains(&parent));
        runs.retain(|run| !(filed::is_of_predictions(run) && is_with_parent(run)));
        let mut studies = BTreeMap::new();
        for study in runs.iter().filter_map(|run| run.start.home.study()) {
            if let std::collections::btree_map::Entry::Vacant(free) = studies.entry(study) {
                free.insert(store.study(study)?);
            }
        }
        let labels = labels(&runs);
        let mut all = Vec::with_capacity(runs.len());
        for (run, label) in runs.into_iter().zip(labels) {
            all.push(Member::read(store, run, label)?);
        }
        let mut order: Vec<usize> = (0..all.len()).collect();
        order.sort_by_key(|at| (all[*at].run.started_ms, all[*at].run.id));
        order.into_iter().enumerate().for_each(|(number, at)| all[at].number = number);
        let is_named = !wanted.metrics.is_empty();
        let metrics = if is_named { wanted.metrics.clone() } else { usual(&all, &studies) };
        let mut members = Self { all, studies, metrics, aim: None, is_named };
        if let Some(metric) = members.metrics.first().cloned() {
            let values: Vec<Option<f64>> =
                members.all.iter().map(|member| members.number(member, &metric)).collect();
            members.all.iter_mut().zip(values).for_each(|(member, value)| member.value = value);
            let direction = wanted.direction.unwrap_or_else(|| members.direction(&metric));
            members.aim = Some(Aim { title: counted(members.all.len(), "run"), metric, direction });
        }
        Ok(members)
    }

    /// The latest value of a metric of a run, or what it was told to its study.
    pub(super) fn number(&self, member: &Member, metric: &str) -> Option<f64> {
        let recorded = member.metrics.get(metric).map(|found| found.value);
        recorded.or_else(|| member.run.value().filter(|_| self.decides(member) == Some(metric)))
    }

    /// The metric by which a run's study decides.
    fn decides(&self, member: &Member) -> Option<&str> {
        decides(&member.run, &self.studies)
    }

    /// As a study that decides by it says, or else by its name.
    fn direction(&self, metric: &str) -> crate::trial::Direction {
        let mut goals = self.studies.values().map(StudyRecord::goals);
        let found = goals.find_map(|goals| {
            let mut pairs = goals.metrics().into_iter().zip(goals.directions());
            pairs.find(|(name, _)| *name == metric).map(|(_, direction)| direction)
        });
        found.unwrap_or_else(|| direction_by_name(metric))
    }

    /// The best first; those without a value by their start, behind.
    pub(super) fn ranked(&self) -> Vec<&Member> {
        let mut ranked: Vec<&Member> = self.all.iter().collect();
        let merit = |member: &Member| member.value.filter(|value| !value.is_nan());
        ranked.sort_by(|a, b| {
            let by_value = match (merit(a), merit(b), &self.aim) {
                (Some(a), Some(b), Some(aim)) if aim.direction.better(a, b) => std::cmp::Ordering::Less,
                (Some(a), Some(b), Some(aim)) if aim.direction.better(b, a) => std::cmp::Ordering::Greater,
                (Some(_), None, _) => std::cmp::Ordering::Less,
                (None, Some(_), _) => std::cmp::Ordering::Greater,
                _ => std::cmp::Ordering::Equal,
            };
            by_value.then((a.run.started_ms, a.run.id).cmp(&(b.run.started_ms, b.run.id)))
        });
        ranked
    }

    /// The experiments, by name.
    pub(super) fn experiments(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.all.iter().map(|member| member.run.experiment.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

fn decides<'a>(run: &RunRecord, studies: &'a BTreeMap<Id, StudyRecord>) -> Option<&'a str> {
    let study = studies.get(&run.start.home.study()?)?;
    Some(metric_of(run, study.goals().metric()))
}

/// What runs are called: no name twice.
fn labels(runs: &[RunRecord]) -> Vec<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for name in runs.iter().filter_map(|run| run.name.as_deref()) {
        *counts.entry(name).or_default() += 1;
    }
    let label = |run: &RunRecord| match &run.name {
        None => path_in_study(run),
        Some(name) if counts.get(name.as_str()) == Some(&1) => name.clone(),
        Some(name) => format!("{name} {}", run.id.short()),
    };
    runs.iter().map(label).collect()
}

/// The metrics that most runs have, those of validation and tests first among as many; what studies
/// decide by before all.
fn usual(all: &[Member], studies: &BTreeMap<Id, StudyRecord>) -> Vec<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut decided: BTreeMap<&str, usize> = BTreeMap::new();
    for member in all {
        let own = decides(&member.run, studies);
        let is_shown = |key: &&String| {
            !key.starts_with(super::super::curves::SYSTEM) && MetricKey::from(key.as_str()).fold.is_none()
        };
        for key in member.metrics.keys().filter(is_shown) {
            *counts.entry(key).or_default() += 1;
        }
        if let Some(own) = own.filter(|own| !member.metrics.contains_key(*own)) {
            *counts.entry(own).or_default() += 1;
        }
        if let Some(own) = own {
            *decided.entry(own).or_default() += 1;
        }
    }
    let place = |key: &str| {
        let of_held_out = ["test", "val", "valid", "validation", "eval"];
        let is_held_out = of_held_out.contains(&MetricKey::from(key).group.as_str());
        (decided.get(key).copied().unwrap_or_default(), is_held_out)
    };
    let mut keys: Vec<(&str, usize)> = counts.into_iter().collect();
    keys.sort_by_key(|(key, count)| {
        let (decided, is_held_out) = place(key);
        (std::cmp::Reverse(decided), std::cmp::Reverse(*count), !is_held_out)
    });
    keys.into_iter().take(COLUMNS).map(|(key, _)| key.to_owned()).collect()
}
