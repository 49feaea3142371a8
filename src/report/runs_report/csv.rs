//! Every run as a row, with every metric and parameter.

use std::collections::BTreeSet;

use super::super::sheet;
use super::members::Members;
use crate::number::exact;
use crate::store::RunRecord;

/// The columns of `uaic ls --csv`, and `metrics.NAME` for every further metric.
pub(in super::super) fn csv(members: &Members) -> Vec<u8> {
    let runs: Vec<RunRecord> = members.all.iter().map(|member| member.run.clone()).collect();
    let mut sheet = sheet::of_runs(&runs, &members.studies);
    let keys: BTreeSet<&String> = members.all.iter().flat_map(|member| member.metrics.keys()).collect();
    let keys: Vec<&String> = keys.into_iter().filter(|key| !sheet.names.contains(key)).collect();
    sheet.names.extend(keys.iter().map(|key| format!("metrics.{key}")));
    for (row, member) in sheet.rows.iter_mut().zip(&members.all) {
        let value = |key: &&String| member.metrics.get(*key).map(|metric| exact(metric.value));
        row.extend(keys.iter().map(|key| value(key).unwrap_or_default()));
    }
    sheet.csv()
}
