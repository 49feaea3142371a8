//! Tables for other programs: CSV as RFC 4180 quotes it, numbers to their last bit, `NaN`, `inf` and
//! `-inf` as words, and nothing where there is no value.

use std::collections::{BTreeMap, BTreeSet};

use crate::number::exact;
use crate::select::metric_of;
use crate::store::{Id, RunRecord, StudyRecord};

/// Names and rows of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sheet {
    /// The names of the columns, each once.
    pub names: Vec<String>,
    /// A field for each column.
    pub rows: Vec<Vec<String>>,
}

impl Sheet {
    /// The table as CSV; lines end in a line feed.
    pub fn csv(&self) -> Vec<u8> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        for row in std::iter::once(&self.names).chain(&self.rows) {
            // Writing to memory cannot fail, and every row has as many fields as there are names.
            let _ = writer.write_record(row);
        }
        writer.into_inner().unwrap_or_default()
    }
}

/// What is known of a run beside its values and parameters: what comes before them, and behind.
const BEFORE: [&str; 6] = ["number", "state", "id", "study", "experiment", "kind"];
const BEHIND: [&str; 10] = [
    "started",
    "ended",
    "duration_s",
    "attempts",
    "hidden",
    "excluded",
    "violation",
    "reason",
    "name",
    "parent",
];

/// A row for each run: a column for each metric that a study decides by, and for each parameter. A
/// parameter whose name is taken is `params.NAME`, a metric `metrics.NAME`.
pub fn of_runs(runs: &[RunRecord], studies: &BTreeMap<Id, StudyRecord>) -> Sheet {
    let metrics_of = |run: &RunRecord| -> Vec<String> {
        let Some(study) = run.start.home.study().and_then(|study| studies.get(&study)) else {
            return Vec::new();
        };
        let first = metric_of(run, study.plan.goals.metric()).to_owned();
        let more = study.goals().more().iter().map(|goal| goal.metric.clone());
        std::iter::once(first).chain(more).collect()
    };
    let mut metrics: Vec<String> = Vec::new();
    for metric in runs.iter().flat_map(metrics_of) {
        if !metrics.contains(&metric) {
            metrics.push(metric);
        }
    }
    let params: BTreeSet<&String> = runs.iter().flat_map(|run| run.start.params.keys()).collect();
    let mut names: Vec<String> = BEFORE.map(str::to_owned).to_vec();
    let fixed: Vec<&str> = BEFORE.into_iter().chain(BEHIND).collect();
    for metric in &metrics {
        let is_taken = fixed.contains(&metric.as_str());
        names.push(if is_taken { format!("metrics.{metric}") } else { metric.clone() });
    }
    for param in &params {
        let is_taken = fixed.contains(&param.as_str()) || names.contains(param);
        names.push(if is_taken { format!("params.{param}") } else { (*param).clone() });
    }
    names.extend(BEHIND.map(str::to_owned));
    let row = |run: &RunRecord| -> Vec<String> {
        let values: BTreeMap<String, f64> = metrics_of(run).into_iter().zip(run.values.clone()).collect();
        let mut row = before(run);
        row.extend(metrics.iter().map(|metric| values.get(metric).copied().map(exact).unwrap_or_default()));
        row.extend(
            params
                .iter()
                .map(|name| run.start.params.get(*name).map(ToString::to_string).unwrap_or_default()),
        );
        row.extend(behind(run));
        row
    };
    Sheet { names, rows: runs.iter().map(row).collect() }
}

fn before(run: &RunRecord) -> Vec<String> {
    vec![
        run.start.number.map(|number| number.to_string()).unwrap_or_default(),
        run.state.name().to_owned(),
        run.id.to_string(),
        run.start.home.study().map(|study| study.to_string()).unwrap_or_default(),
        run.experiment.clone(),
        run.start.kind.name().to_owned(),
    ]
}

fn behind(run: &RunRecord) -> [String; 10] {
    let took = run.ended_ms.map(|ended| exact((ended - run.started_ms) as f64 / 1000.0));
    [
        time(run.started_ms),
        run.ended_ms.map(time).unwrap_or_default(),
        took.unwrap_or_default(),
        run.attempts.to_string(),
        run.hidden.to_string(),
        run.excluded.to_string(),
        exact(run.violation),
        run.reason.clone().unwrap_or_default(),
        run.name.clone().unwrap_or_default(),
        run.parent.map(|parent| parent.to_string()).unwrap_or_default(),
    ]
}

/// A time in ISO 8601, to the millisecond.
pub fn time(time_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(time_ms).map(|time| format!("{time:.3}")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_where_they_have_to_be() {
        let names = ["a,b", "c"].map(str::to_owned).to_vec();
        let rows =
            vec![vec!["say \"hi\"".to_owned(), "one\ntwo".to_owned()], vec![String::new(), exact(1e200)]];
        let csv = String::from_utf8(Sheet { names, rows }.csv()).unwrap();
        assert_eq!(csv, "\"a,b\",c\n\"say \"\"hi\"\"\",\"one\ntwo\"\n,1e200\n");
    }
}
