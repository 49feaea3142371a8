//! The curves of several runs over each other; of many their mean and a band.

use super::super::curves::{Course, Over, PARTS, figures, keys_by_use, points};
use super::super::figure::Figure;
use super::super::series::{Series, SeriesStyle, Spread};
use super::members::Members;
use crate::number::counted;
use crate::store::{LatestMetric, Store, StoreError};

/// Runs whose curves are drawn one by one.
const OVERLAID: usize = 30;

/// Experiments that are told apart by a mean each.
const GROUPS: usize = 8;

/// Most metrics that are drawn.
const KEYS: usize = 24;

/// Most runs whose curves are read.
const RUNS: usize = 1000;

/// Parts of a curve that goes into a mean.
const PARTS_OF_MANY: u32 = 400;

/// Figures of the metrics that were named, or of those that most runs have, by group of names.
pub(super) fn drawn(
    store: &dyn Store,
    members: &Members,
    file: &str,
) -> Result<Vec<(String, Figure)>, StoreError> {
    let keys = keys(members);
    let has_series = |member: &&super::members::Member| {
        keys.iter().any(|key| member.metrics.get(key).is_some_and(|metric| metric.count > 1))
    };
    let found: Vec<_> = members.all.iter().filter(has_series).collect();
    let shown = &found[..found.len().min(RUNS)];
    let is_many = shown.len() > OVERLAID;
    let are_few_experiments = members.experiments().len() <= GROUPS;
    let mut courses = Vec::new();
    for key in &keys {
        let mut lines = Vec::new();
        for member in shown {
            // One without this metric keeps its colour and its name.
            let is_there = member.metrics.get(key).is_some_and(|metric| metric.count > 1);
            let parts = if is_many { PARTS_OF_MANY } else { PARTS };
            let points =
                if is_there { points(store, &member.run, key, &Over::Step, parts)? } else { Vec::new() };
            let group = if are_few_experiments { member.run.experiment.clone() } else { "all".to_owned() };
            if is_there || !is_many {
                lines.push(Series { name: member.label.clone(), group, points });
            }
        }
        courses.push(Course { metric: key.clone(), lines });
    }
    let style = SeriesStyle {
        x: "step".to_owned(),
        groups: is_many.then_some(Spread::Deviation),
        ..SeriesStyle::default()
    };
    let mut about = counted(shown.len(), "run");
    if found.len() > shown.len() {
        about = format!("the first {about} of {}", found.len());
    }
    Ok(figures(courses, (file, &about), &style))
}

/// The metrics that are drawn.
fn keys(members: &Members) -> Vec<String> {
    let latest: Vec<Vec<LatestMetric>> =
        members.all.iter().map(|member| member.metrics.values().cloned().collect()).collect();
    let mut keys = keys_by_use(latest.iter().map(Vec::as_slice));
    let named: Vec<String> = members.metrics.iter().filter(|name| keys.contains(name)).cloned().collect();
    if members.is_named && !named.is_empty() {
        return named;
    }
    keys.truncate(KEYS);
    keys.sort();
    keys
}
