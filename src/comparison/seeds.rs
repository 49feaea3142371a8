//! Groups of runs that differ in their seed alone.

use std::collections::{BTreeMap, BTreeSet};

use super::significance::adjust;
use super::{
    Column, ComparedRun, Comparison, Delta, Method, Metric, Tested, Value, decisive, direction_in, table,
};
use crate::eval::significance::{mean_interval, welch_t};

/// Compares groups of runs that are equal but for their seed: means with their spread over seeds,
/// and Welch's t-test. The baseline is the group that the run `baseline` is in. Of runs with the
/// same seed, which are repetitions, the first counts.
pub fn compare_seeds(runs: &[ComparedRun], baseline: usize) -> Comparison {
    let groups = groups(runs);
    let key = key_of(&runs[baseline]);
    let at = groups.iter().position(|group| key_of(group[0]) == key).unwrap_or(0);
    let keys = runs.iter().flat_map(|run| run.metrics.keys());
    let metrics: Vec<Metric> =
        table(keys, |_| Vec::new()).into_iter().map(|row| metric(row.key, &groups, at)).collect();
    let decisive = decisive(&metrics, at, runs[baseline].metric());
    let settings = runs.iter().flat_map(|run| run.settings.keys());
    let facts = runs.iter().flat_map(|run| run.facts.keys());
    Comparison {
        columns: groups.iter().map(|group| column(group)).collect(),
        baseline: at,
        decisive,
        params: table(settings, |key| {
            groups.iter().map(|group| group[0].settings.get(key).cloned()).collect()
        }),
        facts: table(facts, |key| groups.iter().map(|group| fact(group, key)).collect()),
        metrics,
    }
}

/// What is equal in a group: configuration, kind of run and data.
fn key_of(run: &ComparedRun) -> (&BTreeMap<String, String>, &str, Vec<(&String, &String)>) {
    let data = run.facts.iter().filter(|(key, _)| key.starts_with("data."));
    (&run.settings, run.record.start.kind.name(), data.collect())
}

/// The groups in the order of their first run, each with one run for a seed.
fn groups(runs: &[ComparedRun]) -> Vec<Vec<&ComparedRun>> {
    let mut groups: Vec<Vec<&ComparedRun>> = Vec::new();
    for run in runs {
        match groups.iter_mut().find(|group| key_of(group[0]) == key_of(run)) {
            Some(group) if group.iter().any(|known| known.seed() == run.seed()) => {}
            Some(group) => group.push(run),
            None => groups.push(vec![run]),
        }
    }
    groups
}

fn column(group: &[&ComparedRun]) -> Column {
    let seeds: Vec<&str> = group.iter().map(|run| run.seed()).collect();
    let word = if seeds.len() == 1 { "seed" } else { "seeds" };
    Column {
        name: group[0].name(),
        experiment: group[0].record.experiment.clone(),
        what: format!("{} {word}: {}", seeds.len(), seeds.join(", ")),
        runs: group.iter().map(|run| run.record.id).collect(),
    }
}

/// All that the runs of a group say of a fact.
fn fact(group: &[&ComparedRun], key: &str) -> Option<String> {
    let values: BTreeSet<&str> =
        group.iter().filter_map(|run| run.facts.get(key)).map(String::as_str).collect();
    (!values.is_empty()).then(|| values.into_iter().collect::<Vec<_>>().join(", "))
}

fn metric(key: String, groups: &[Vec<&ComparedRun>], baseline: usize) -> Metric {
    let of = |group: &Vec<&ComparedRun>| -> Vec<f64> {
        group.iter().filter_map(|run| run.metrics.get(&key)).map(|(value, _)| *value).collect()
    };
    let values: Vec<Vec<f64>> = groups.iter().map(of).collect();
    let mut deltas: Vec<Option<Delta>> = values
        .iter()
        .enumerate()
        .map(|(at, own)| if at == baseline { None } else { delta(&values[baseline], own) })
        .collect();
    adjust(&mut deltas);
    let shown = |values: &Vec<f64>| {
        let interval = mean_interval(values)?;
        let (value, n) = (interval.mean, Some(interval.n));
        Some(Value { value, n, ends: interval.ends, deviation: interval.deviation })
    };
    let direction = direction_in(groups.iter().flatten().copied(), &key);
    Metric { direction, values: values.iter().map(shown).collect(), deltas, key }
}

fn delta(base: &[f64], own: &[f64]) -> Option<Delta> {
    let value = mean_interval(own)?.mean - mean_interval(base)?.mean;
    let tested = match welch_t(own, base) {
        Some(test) => Ok(Tested {
            method: Method::Welch,
            n: own.len() + base.len(),
            low: test.low,
            high: test.high,
            p: test.p,
            adjusted: test.p,
        }),
        None if own.len() < 2 || base.len() < 2 => {
            Err("two or more seeds on either side are needed to tell a difference from chance".to_owned())
        }
        None => Err("the seeds have no spread, which leaves nothing to judge by".to_owned()),
    };
    Some(Delta { value, tested })
}
