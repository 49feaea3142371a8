//! What a report tells, in order: what was asked, the data, the search, the best trial and why, the
//! training, the test result, the errors, calibration, out of scope, and how to get it all again.

mod again;
mod asked;
mod best;
mod calibration;
mod confusion;
mod data;
mod drawing;
mod errors;
mod metrics;
mod scope;
mod search;
mod test;

use std::collections::BTreeMap;

use super::answers;
use super::error::PlotError;
use super::folder::Report;
use super::page::{Block, Page, Picture, Section};
use super::program::Evaluator;
use super::sheet;
use super::subject::ReportSubject;
use crate::eval::Predictions;
use crate::store::{RunKind, RunQuery};

/// Writes a report about a study and its final run; `done` is told after each picture, with how
/// many there will be.
///
/// # Errors
/// The store cannot be read, or a picture cannot be drawn.
pub fn report(
    subject: &ReportSubject<'_>,
    threads: usize,
    done: &(dyn Fn(usize) + Sync),
) -> Result<Report, PlotError> {
    let pictures = drawing::draw_all(subject, threads, done)?;
    let predictions = if subject.model_run().is_ok() { subject.predictions_if_any("test")? } else { None };
    let sections = sections(subject, predictions.as_ref(), pictures)?;
    let study = &subject.study;
    let page = Page {
        title: format!("{}: report", study.plan.experiment),
        subtitle: format!(
            "study {} · {} · made by uaic {}",
            study.id.short(),
            study.state.name().to_lowercase(),
            env!("CARGO_PKG_VERSION")
        ),
        sections,
    };
    let mut tables = vec![("trials.csv", trials(subject)?)];
    tables.extend(predictions.map(|table| ("predictions.csv", answers::csv(subject, &table))));
    Ok(Report {
        name: format!("{}-{}", study.plan.experiment, study.id.short()),
        page,
        metrics: metrics::as_json(subject)?,
        tables,
    })
}

/// What there is to tell, each section with its pictures behind it.
fn sections(
    subject: &ReportSubject<'_>,
    predictions: Option<&Predictions>,
    mut pictures: BTreeMap<&'static str, Vec<Picture>>,
) -> Result<Vec<Section>, PlotError> {
    let evaluator = Evaluator::of(subject);
    let about = match evaluator {
        Evaluator::Training | Evaluator::Unknown => data::data(subject),
        _ => evaluator.section(subject)?,
    };
    let mut sections = vec![
        asked::asked(subject, &evaluator),
        about,
        search::search(subject)?,
        best::best(subject)?,
        Section::new("training", "Training"),
    ];
    if subject.model_run().is_ok() {
        sections.push(test::test(subject, predictions)?);
        sections.push(errors::errors(subject, predictions)?);
        sections.push(calibration::calibration(subject)?);
        sections.push(scope::scope(subject)?);
    }
    for section in &mut sections {
        section.blocks.extend(pictures.remove(section.id).into_iter().flatten().map(Block::Picture));
    }
    sections.push(again::again(subject, &evaluator)?);
    sections.retain(|section| !section.blocks.is_empty());
    Ok(sections)
}

/// All trials that are not hidden.
fn trials(subject: &ReportSubject<'_>) -> Result<Vec<u8>, PlotError> {
    let query = RunQuery { study: Some(subject.study.id), kind: Some(RunKind::Trial), ..RunQuery::default() };
    let mut runs = subject.store.runs(&query)?;
    runs.sort_by_key(|run| run.start.number);
    let studies = BTreeMap::from([(subject.study.id, subject.study.clone())]);
    Ok(sheet::of_runs(&runs, &studies).csv())
}
