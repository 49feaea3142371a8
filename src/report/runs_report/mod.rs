//! A report of several runs, of any kind and of several experiments: what differs, what came out, how
//! it came about, what it hangs on, and whether the differences are real.

mod courses;
mod csv;
mod differences;
mod members;
mod table;
mod told;
mod views;

use serde_json::{Value, json};

use super::drawing::{Done, draw_all};
use super::error::PlotError;
use super::folder::Report;
use super::page::{Block, Page, Section};
use super::shell::quoted;
use crate::number::counted;
use crate::store::{RunRecord, Store};
use crate::trial::Direction;
use crate::wording::{json_number, json_params};

pub(super) use csv::csv;
pub(super) use members::Members;
pub(super) use told::{Place, Told, told};

/// What of runs is looked at.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wanted {
    /// Metrics; the first decides. Those that most runs have, where none is named.
    pub metrics: Vec<String>,
    /// Which end of the first is better; by its name where absent.
    pub direction: Option<Direction>,
}

/// Writes a report about several runs, in their order; `done` is told after each picture, with how
/// many there will be.
///
/// # Errors
/// The store cannot be read, or a picture cannot be drawn.
pub fn report(
    store: &dyn Store,
    runs: Vec<RunRecord>,
    wanted: &Wanted,
    threads: usize,
    done: Done<'_>,
) -> Result<Report, PlotError> {
    let members = Members::load(store, runs, wanted)?;
    let Told { mut sections, drawings, tests } = told(store, &members, &Place::WHOLE)?;
    let mut pictures = draw_all(drawings, threads, done)?;
    for section in &mut sections {
        section.blocks.extend(pictures.remove(section.id).into_iter().flatten().map(Block::Picture));
    }
    sections.push(again(&members, wanted));
    sections.retain(|section| !section.blocks.is_empty());
    let experiments = members.experiments();
    let title = match &experiments[..] {
        [only] => format!("{only}: report of {}", counted(members.all.len(), "run")),
        several => {
            format!("Report of {} of {} experiments", counted(members.all.len(), "run"), several.len())
        }
    };
    Ok(Report {
        name: name(&members),
        page: Page {
            title,
            subtitle: format!("{} · made by uaic {}", experiments.join(", "), env!("CARGO_PKG_VERSION")),
            sections,
        },
        metrics: as_json(&members, &tests),
        tables: vec![("runs.csv", csv(&members))],
    })
}

/// The same for the same runs.
fn name(members: &Members) -> String {
    let mut hash = blake3::Hasher::new();
    members.all.iter().for_each(|member| {
        hash.update(&member.run.id.0);
    });
    let experiments = members.experiments();
    let first = if let [only] = &experiments[..] { only } else { "runs" };
    format!("{first}-{}", &hash.finalize().to_hex()[..8])
}

/// How to get the page again.
fn again(members: &Members, wanted: &Wanted) -> Section {
    /// Most runs that a command names.
    const MOST: usize = 50;
    let mut section = Section::new("again", "The same page again");
    if members.all.len() > MOST {
        section.text("`runs.csv` has the ids of all runs.");
        return section;
    }
    let mut words = vec!["uaic report".to_owned()];
    words.extend(members.all.iter().map(|member| member.run.id.to_string()));
    words.extend(wanted.metrics.iter().map(|name| format!("--metric {}", quoted(name))));
    words.extend(wanted.direction.map(|direction| format!("--direction {direction}")));
    section.blocks.push(Block::Code(words.join(" ")));
    section
}

fn as_json(members: &Members, tests: &Value) -> Value {
    let run = |member: &members::Member| {
        let run = &member.run;
        let metrics: serde_json::Map<String, Value> =
            member.metrics.values().map(|metric| (metric.key.clone(), json_number(metric.value))).collect();
        json!({
            "id": run.id,
            "name": run.name,
            "experiment": run.experiment,
            "study": run.start.home.study(),
            "parent": run.parent,
            "kind": run.start.kind,
            "state": run.state,
            "value": member.value.map(json_number),
            "params": json_params(&run.start.params),
            "metrics": metrics,
        })
    };
    json!({
        "schema": 1,
        "metric": members.aim.as_ref().map(|aim| &aim.metric),
        "direction": members.aim.as_ref().map(|aim| aim.direction),
        "runs": members.all.iter().map(run).collect::<Vec<_>>(),
        "comparison": tests,
    })
}
