//! A report of one run of any program: what it was, with what, what came out and how it came about,
//! what it used, on which code, and how to get it again. Runs that are parts of it are told as well.

mod again;
mod code;
mod diff;
mod ending;
mod evaluation;
mod identity;
mod output;
mod recorded;
mod surroundings;
mod values;

use super::curves;
use super::drawing::{Done, Drawing, draw_all};
use super::error::PlotError;
use super::folder::Report;
use super::page::{Block, Page, Section};
use super::runs_report::{self, Members, Place, Told, Wanted};
use super::series::SeriesStyle;
use crate::store::{RunRecord, Store};
use crate::trial::RunState;
use recorded::Recorded;

/// Writes a report about a run; `done` is told after each picture, with how many there will be.
///
/// # Errors
/// The store cannot be read, or a picture cannot be drawn.
pub fn report(
    store: &dyn Store,
    run: RunRecord,
    wanted: &Wanted,
    threads: usize,
    done: Done<'_>,
) -> Result<Report, PlotError> {
    let recorded = Recorded::read(store, run)?;
    let (mut sections, mut drawings) = own(&recorded)?;
    let mut tables = vec![("metrics.csv", values::csv(&recorded))];
    if !recorded.parts.is_empty() {
        let members = Members::load(store, recorded.parts.clone(), wanted)?;
        let Told { sections: of_parts, drawings: pictures, .. } =
            runs_report::told(store, &members, &Place::PARTS)?;
        sections.extend(of_parts);
        drawings.extend(pictures);
        tables.push(("runs.csv", runs_report::csv(&members)));
    }
    let mut pictures = draw_all(drawings, threads, done)?;
    for section in &mut sections {
        section.blocks.extend(pictures.remove(section.id).into_iter().flatten().map(Block::Picture));
    }
    sections.push(again::again(&recorded));
    sections.retain(|section| !section.blocks.is_empty());
    let run = &recorded.run;
    Ok(Report {
        name: format!("{}-{}", run.experiment, run.id.short()),
        page: Page {
            title: format!("{}: report", recorded.called()),
            subtitle: format!(
                "run {} of {} · {} · made by uaic {}",
                run.id.short(),
                run.experiment,
                run.state.name().to_lowercase(),
                env!("CARGO_PKG_VERSION")
            ),
            sections,
        },
        metrics: values::as_json(&recorded),
        tables,
    })
}

/// What there is to tell of the run itself.
fn own(recorded: &Recorded<'_>) -> Result<(Vec<Section>, Vec<Drawing>), PlotError> {
    let Recorded { store, run, metrics, .. } = recorded;
    let about = recorded.about();
    let mut drawings = Vec::new();
    let style = |x: &str| SeriesStyle { x: x.to_owned(), ..SeriesStyle::default() };
    let courses = curves::of_run(*store, run, metrics)?;
    for (name, figure) in curves::figures(courses, ("curves", &about), &style("step")) {
        drawings.push(Drawing { section: "curves", name, figure });
    }
    let mut evaluation = Section::new("evaluation", "Evaluation");
    drawings.extend(evaluation::write(&mut evaluation, recorded));
    let system = curves::of_system(*store, run, metrics)?;
    if !system.is_empty() {
        let figure = curves::figure("Use of the machine", &about, system, &style("seconds"));
        drawings.push(Drawing { section: "system", name: "system".to_owned(), figure });
    }
    let sections = vec![
        identity::identity(recorded),
        ending::ending(recorded)?,
        values::params(recorded),
        values::metrics(recorded),
        Section::new("curves", "Curves"),
        evaluation,
        values::system(recorded),
        code::code(recorded)?,
        surroundings::surroundings(recorded)?,
        values::artifacts(recorded),
    ];
    Ok((sections, drawings))
}

/// Whether a run has ended for good.
fn is_over(run: &RunRecord) -> bool {
    run.state != RunState::Running
}
