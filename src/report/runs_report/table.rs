//! The table of the runs: what differs of their parameters, and what came out.

use std::collections::{BTreeMap, BTreeSet};

use super::super::page::{Block, Section, Table};
use super::super::wording::{number, param, utc};
use super::members::{Member, Members};
use crate::number::counted;
use crate::trial::Direction;
use uaic_wording::duration::passed;

/// Most rows of the table.
const ROWS: usize = 100;

/// Most columns of parameters.
const PARAMS: usize = 12;

/// Most parameters that are written out because they are the same everywhere.
const SAME: usize = 40;

/// What there is, and the table of it.
pub(super) fn write(section: &mut Section, members: &Members) {
    section.text(summary(members));
    if let Some(best) = best(members) {
        section.text(best);
    }
    let (differing, same) = params(members);
    let ranked = members.ranked();
    let shown = &ranked[..ranked.len().min(ROWS)];
    section.text("Numbered from the first that was started; the best first.");
    section.blocks.push(Block::Table(table(members, shown, &differing)));
    let mut left_out = Vec::new();
    if ranked.len() > shown.len() {
        left_out.push(counted(ranked.len() - shown.len(), "more run"));
    }
    if differing.len() > PARAMS {
        left_out.push(format!("{} that differ", counted(differing.len() - PARAMS, "more parameter")));
    }
    if !left_out.is_empty() {
        section.text(format!("`runs.csv` has {} and every metric.", left_out.join(", ")));
    }
    if !same.is_empty() {
        section.text("The same in all of them:");
        section.blocks.push(Block::Facts(same.iter().take(SAME).cloned().collect()));
    }
    if same.len() > SAME {
        section.text(format!(
            "{} that do not differ are in `runs.csv`.",
            counted(same.len() - SAME, "more parameter")
        ));
    }
}

/// `12 runs of 2 experiments: 11 complete, 1 failed; started …`
fn summary(members: &Members) -> String {
    let mut states: BTreeMap<&str, usize> = BTreeMap::new();
    for member in &members.all {
        *states.entry(member.run.state.name()).or_default() += 1;
    }
    let states: Vec<String> =
        states.into_iter().map(|(name, count)| format!("{count} {}", name.to_lowercase())).collect();
    let starts = || members.all.iter().map(|member| member.run.started_ms);
    let span = match (starts().min(), starts().max()) {
        (Some(first), Some(last)) if first != last => {
            format!("; started from {} to {}", utc(first), utc(last))
        }
        (Some(first), _) => format!("; started {}", utc(first)),
        _ => String::new(),
    };
    let experiments = members.experiments();
    let of = match &experiments[..] {
        [only] => format!("experiment {only}"),
        several => format!("{} experiments", several.len()),
    };
    format!("{} of {of}: {}{span}.", counted(members.all.len(), "run"), states.join(", "))
}

/// Which run is the best, and by what.
fn best(members: &Members) -> Option<String> {
    let aim = members.aim.as_ref()?;
    let best =
        members.ranked().into_iter().find(|member| member.value.is_some_and(|value| !value.is_nan()))?;
    let end = match aim.direction {
        Direction::Minimize => "lowest",
        Direction::Maximize => "highest",
    };
    let with_value = members.all.iter().filter(|member| member.value.is_some()).count();
    let why = if members.is_named { "" } else { "; `--metric` names another" };
    Some(format!(
        "The {end} {} is that of {}: {} (the latest value of each, of {with_value} of {}{why}).",
        aim.metric,
        best.label,
        number(best.value?),
        counted(members.all.len(), "run"),
    ))
}

/// The names of parameters that differ, and those that do not with their value.
fn params(members: &Members) -> (Vec<String>, Vec<(String, String)>) {
    let names: BTreeSet<&String> =
        members.all.iter().flat_map(|member| member.run.start.params.keys()).collect();
    let (mut differing, mut same) = (Vec::new(), Vec::new());
    for name in names {
        let mut values = members.all.iter().map(|member| member.run.start.params.get(name));
        let first = values.next().flatten();
        match first.filter(|first| values.all(|value| value == Some(first))) {
            Some(value) if members.all.len() > 1 => same.push((name.clone(), param(value))),
            _ => differing.push(name.clone()),
        }
    }
    (differing, same)
}

fn table(members: &Members, shown: &[&Member], differing: &[String]) -> Table {
    let several = members.experiments().len() > 1;
    let params: Vec<&String> = differing.iter().take(PARAMS).collect();
    let mut columns = [">#", "run", "id"].map(str::to_owned).to_vec();
    columns.extend(several.then(|| "experiment".to_owned()));
    columns.extend(["state", ">took"].map(str::to_owned));
    columns.extend(members.metrics.iter().map(|metric| format!(">{metric}")));
    let is_number = |name: &&String| {
        let mut values = shown.iter().filter_map(|member| member.run.start.params.get(*name));
        values.all(|value| value.as_f64().is_some())
    };
    columns.extend(params.iter().map(|name| format!("{}{name}", if is_number(name) { ">" } else { "" })));
    let row = |member: &&Member| {
        let run = &member.run;
        let mut row = vec![member.number.to_string(), member.label.clone(), run.id.short()];
        row.extend(several.then(|| run.experiment.clone()));
        let took = run.ended_ms.map(|ended| passed((ended - run.started_ms) as f64 / 1000.0));
        row.extend([run.state.name().to_lowercase(), took.unwrap_or_else(|| "–".to_owned())]);
        let cell = |value: Option<String>| value.unwrap_or_else(|| "–".to_owned());
        row.extend(members.metrics.iter().map(|metric| cell(members.number(member, metric).map(number))));
        row.extend(params.iter().map(|name| cell(run.start.params.get(*name).map(param))));
        row
    };
    Table { caption: String::new(), columns, rows: shown.iter().map(row).collect() }
}
