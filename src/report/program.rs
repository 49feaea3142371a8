//! What a report tells of a study that does not train a model of ours: who evaluates its trials, what was
//! captured of them, and what is known to repeat.

use std::collections::BTreeMap;

use crate::number::differ;
use crate::spec::{ObjectiveSpec, PrunerSpec, Spec};
use crate::store::{ArtifactRecord, LatestMetric, RunKind, RunQuery, RunRecord};
use crate::trial::RunState;

use super::error::PlotError;
use super::page::{Block, Section, Table};
use super::subject::ReportSubject;
use super::wording::number;
use crate::number::counted;

/// Most rows of a table of what was captured.
const MOST: usize = 40;

/// Who evaluates the trials of a study.
pub(super) enum Evaluator {
    /// A model of ours is trained.
    Training,
    /// A program is run.
    Command(Box<Spec>),
    /// Somebody asks for points and tells their values.
    Asked(Box<Spec>),
    /// A program that uses the library.
    Library,
    /// A spec that this version cannot read.
    Unknown,
}

impl Evaluator {
    /// Of a study, by its recorded spec.
    pub(super) fn of(subject: &ReportSubject<'_>) -> Self {
        let new = &subject.study.plan;
        if new.spec_text.is_empty() {
            return Self::Library;
        }
        let Ok(spec) = Spec::of_study(new) else { return Self::Unknown };
        match spec.objective {
            ObjectiveSpec::Training { .. } => Self::Training,
            ObjectiveSpec::Command(_) => Self::Command(Box::new(spec)),
            ObjectiveSpec::Asked => Self::Asked(Box::new(spec)),
        }
    }

    /// What was asked, beside what every study has.
    pub(super) fn facts(&self) -> Vec<(String, String)> {
        let mut facts = Vec::new();
        let mut add = |name: &str, value: &str| facts.push((name.to_owned(), value.to_owned()));
        match self {
            Self::Command(spec) | Self::Asked(spec) => {
                add("sampler", spec.study.sampler.name());
                if spec.pruner != PrunerSpec::None {
                    add("pruner", spec.pruner.name());
                }
            }
            Self::Training | Self::Library | Self::Unknown => {}
        }
        match self {
            Self::Command(_) => add("evaluated by", "a program, once for each trial"),
            Self::Asked(_) => add("evaluated by", "who asks for points and tells their values"),
            Self::Library => add("evaluated by", "a program that uses the library"),
            Self::Training | Self::Unknown => {}
        }
        facts
    }

    /// The section on the program, and on what it has left.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(super) fn section(&self, subject: &ReportSubject<'_>) -> Result<Section, PlotError> {
        let mut section = Section::new("program", "Program");
        if let Self::Command(spec) = self {
            command(&mut section, spec);
        }
        captured(&mut section, subject)?;
        Ok(section)
    }

    /// The command that makes the study of a spec.
    pub(super) fn verb(&self) -> &'static str {
        if matches!(self, Self::Asked(_)) { "study create" } else { "run" }
    }

    /// What gives the same again, and how far.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(super) fn repeats(&self, subject: &ReportSubject<'_>) -> Result<String, PlotError> {
        let told = match self {
            Self::Training | Self::Unknown => return Ok(
                "The same program, spec, data and seed give the same trials, metrics and weights, to the bit. The \
                 spec below is the recorded one, to the byte."
                    .to_owned(),
            ),
            Self::Command(_) => {
                "The same uaic, spec and seed propose the same points, and give each trial the same seed \
                 (`UAIC_SEED`), as long as the program gives the same values. Whether it does is its own affair. The \
                 spec below is the recorded one, to the byte."
            }
            Self::Asked(_) => {
                "The same uaic, spec and seed propose the same points, as long as the same values are told in the \
                 same order. The spec below is the recorded one, to the byte."
            }
            Self::Library => {
                "The same uaic, seed and program propose the same points, as long as the program draws the same \
                 parameters and gives the same values."
            }
        };
        Ok(format!("{told} {}", repeated(&trials(subject)?)))
    }
}

/// The command and what is set around it.
fn command(section: &mut Section, spec: &Spec) {
    let ObjectiveSpec::Command(table) = &spec.objective else { return };
    if let Some(command) = table.get("command") {
        section.text("Run once for each trial, with the parameters in place of their names:");
        section.blocks.push(Block::Code(command.to_string()));
    }
    // Values of the environment may be what nobody should read.
    let names = |value: &toml::Value| match value {
        toml::Value::Table(table) => table.keys().cloned().collect::<Vec<_>>().join(", "),
        toml::Value::Array(values) => {
            values.iter().filter_map(|value| value.as_str()).collect::<Vec<_>>().join(", ")
        }
        toml::Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let others = table.iter().filter(|(key, _)| *key != "command");
    let facts: Vec<(String, String)> =
        others.map(|(key, value)| (format!("objective.{key}"), names(value))).collect();
    if !facts.is_empty() {
        section.blocks.push(Block::Facts(facts));
    }
}

fn trials(subject: &ReportSubject<'_>) -> Result<Vec<RunRecord>, PlotError> {
    let query = RunQuery { study: Some(subject.study.id), kind: Some(RunKind::Trial), ..RunQuery::default() };
    Ok(subject.store.runs(&query)?)
}

/// What is kept of the best trial, or else of the first one: metrics and files.
fn captured(section: &mut Section, subject: &ReportSubject<'_>) -> Result<(), PlotError> {
    let best = subject.best_trial()?;
    let run = match best {
        Some(run) => run,
        None => match trials(subject)?.into_iter().min_by_key(|run| run.start.number) {
            Some(run) => run,
            None => return Ok(()),
        },
    };
    let number_of = run.start.number.unwrap_or_default();
    let (metrics, artifacts) = (subject.store.latest_metrics(run.id)?, subject.store.artifacts(run.id)?);
    if metrics.is_empty() && artifacts.is_empty() {
        return Ok(());
    }
    section.text(format!(
        "Captured of trial {number_of}, as of every one: {} and {}; `uaic show {}/{number_of}` shows them.",
        counted(metrics.len(), "metric"),
        counted(artifacts.len(), "file"),
        subject.study.id.short(),
    ));
    if !metrics.is_empty() {
        section.blocks.push(Block::Table(metrics_table(&metrics)));
    }
    if !artifacts.is_empty() {
        section.blocks.push(Block::Table(artifacts_table(&artifacts)));
    }
    Ok(())
}

fn metrics_table(metrics: &[LatestMetric]) -> Table {
    let mut table =
        Table::new(&first_of("Metrics", metrics.len()), &["metric", ">last", ">min", ">max", ">points"]);
    let end = |value: Option<f64>| value.map(number).unwrap_or_default();
    table.rows.extend(metrics.iter().take(MOST).map(|metric| {
        let last = number(metric.value);
        vec![metric.key.clone(), last, end(metric.min), end(metric.max), metric.count.to_string()]
    }));
    table
}

fn artifacts_table(artifacts: &[ArtifactRecord]) -> Table {
    let mut table = Table::new(&first_of("Files", artifacts.len()), &["file", ">bytes"]);
    let rows = artifacts.iter().take(MOST).map(|file| vec![file.name.clone(), file.size.to_string()]);
    table.rows.extend(rows);
    table
}

fn first_of(what: &str, count: usize) -> String {
    if count > MOST { format!("{what}: the first {MOST} of {count}") } else { what.to_owned() }
}

/// Whether points that were evaluated more than once gave the same values.
fn repeated(trials: &[RunRecord]) -> String {
    let complete = trials.iter().filter(|run| run.state == RunState::Complete);
    let mut points: BTreeMap<Vec<(&String, String)>, Vec<Vec<f64>>> = BTreeMap::new();
    for run in complete {
        let point = run.start.params.iter().map(|(name, value)| (name, format!("{value:?}"))).collect();
        points.entry(point).or_default().push(run.values.clone());
    }
    let again: Vec<&Vec<Vec<f64>>> = points.values().filter(|values| values.len() > 1).collect();
    let is_equal = |values: &Vec<Vec<f64>>| {
        let same = |other: &Vec<f64>| other.iter().zip(&values[0]).all(|(a, b)| !differ(*a, *b));
        values.iter().all(same)
    };
    let equal = again.iter().filter(|values| is_equal(values)).count();
    match (again.len(), equal) {
        (0, _) => "No point was evaluated twice, so nothing is known of its repeating.".to_owned(),
        (1, 1) => "One point was evaluated more than once, and gave the same value each time.".to_owned(),
        (1, _) => "One point was evaluated more than once, and gave different values.".to_owned(),
        (all, equal) if equal == all => {
            format!("{all} points were evaluated more than once, and gave the same values each time.")
        }
        (all, equal) => {
            format!(
                "{all} points were evaluated more than once; {} of them gave different values.",
                all - equal
            )
        }
    }
}
