//! The curves of several runs over each other; of many their mean and a band.

use super::super::curves::{Course, Over, PARTS, figures, keys_by_use, points};
use super::super::figure::Figure;
use super::super::series::{Series, SeriesStyle, Spread};
use super::members::Members;
use crate::number::counted;
use crate::store::{LatestMetric, Store, StoreError};

/// Curves that have colours and names of their own.
const NAMED: usize = 8;

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
    let mut found: Vec<_> = members.all.iter().filter(has_series).collect();
    let are_ordered = (NAMED + 1..=OVERLAID).contains(&found.len());
    if are_ordered {
        found = members.ranked().into_iter().rev().filter(has_series).collect();
    }
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
    let mut made = figures(courses, (file, &about), &style);
    if let Some(aim) = members.aim.as_ref().filter(|_| are_ordered) {
        let note = format!("From light to dark: from the worst to the best {}.", aim.metric);
        for (_, figure) in &mut made {
            figure.note.clone_from(&note);
        }
    }
    Ok(made)
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

#[cfg(test)]
mod tests {
    use super::super::Wanted;
    use super::*;
    use crate::platform::ProcessIdentity;
    use crate::store::{Environment, Home, MemoryStore, MetricPoint, NewRun, RunEnd, RunKind, RunQuery};
    use crate::trial::{ParamValue, Params};

    /// Runs of two experiments, each with a series of three steps.
    fn members(count: u32) -> (MemoryStore, Members) {
        let store = MemoryStore::new();
        for number in 0..count {
            let new = NewRun {
                home: Home::Experiment(["a", "b"][number as usize % 2].to_owned()),
                kind: RunKind::Free,
                number: None,
                params: Params::from([("n".to_owned(), ParamValue::Int(number.into()))]),
                config: serde_json::Value::Null,
                process: ProcessIdentity::current(),
                environment: Environment::new(),
            };
            let attempt = store.start_run(&new).unwrap();
            let point =
                |step: u64| MetricPoint::new("train/loss", step, f64::from(number) / (step as f64 + 1.0));
            store.log_metrics(attempt, &[0, 1, 2].map(point)).unwrap();
            store.finish_run(attempt, &RunEnd::complete([])).unwrap();
        }
        let runs = store.runs(&RunQuery::default()).unwrap();
        let members = Members::load(&store, runs, &Wanted::default()).unwrap();
        (store, members)
    }

    #[test]
    fn few_runs_have_names_more_an_order_and_many_a_mean() {
        let figure = |count| {
            let (store, members) = members(count);
            let mut made = drawn(&store, &members, "curves").unwrap();
            assert_eq!((made.len(), made[0].0.as_str()), (1, "curves_train"));
            made.remove(0).1
        };
        assert_eq!(figure(5).legend.len(), 5);
        assert_eq!(figure(12).note, "From light to dark: from the worst to the best train/loss.");
        let many = figure(40);
        let names: Vec<&str> = many.legend.iter().map(|key| key.text.as_str()).collect();
        assert_eq!(names, ["a · 20", "b · 20"]);
        assert!(many.note.contains("one standard deviation"), "{}", many.note);
    }

    #[test]
    fn the_smallest_loss_is_the_best_and_numbers_follow_the_start() {
        let (_, members) = members(6);
        let ranked: Vec<Option<f64>> = members.ranked().into_iter().map(|member| member.value).collect();
        assert_eq!((ranked[0], ranked[5]), (Some(0.0), Some(5.0 / 3.0)));
        let mut numbers: Vec<usize> = members.all.iter().map(|member| member.number).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, [0, 1, 2, 3, 4, 5]);
    }
}
