//! What a report tells, in order: what was asked, the data, the search, the best trial and why, the
//! training, the test result, the errors, calibration, out of scope, and how to get it all again.

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde_json::{Value, json};

use super::draw::{Format, Options, draw, missing_letters, natural_pixels};
use super::page::{Block, Page, Picture, Section, Table};
use super::plot::{PlotError, Wanted, figure};
use super::program::Evaluator;
use super::sheet;
use super::study::importances;
use super::subject::Subject;
use super::wording::{estimate, number, param, share};
use crate::data::stats;
use crate::eval::{Calibration, Confusion, Estimate, Measures, Predictions};
use crate::store::{RunKind, RunQuery};
use crate::training::{FittedCalibration, ScopeMethods, load_measures, load_scope_methods};

/// Rows of the table of best trials.
const BEST: usize = 10;

/// Most columns of parameters in a table.
const COLUMNS: usize = 12;

/// Most parameters of the best trial that are written out.
const PARAMS: usize = 60;

/// Rows of the tables of confused pairs.
const PAIRS: usize = 15;

/// Everything that a report writes.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// `attention-4f2a90c1`.
    pub name: String,
    /// The page with its pictures.
    pub page: Page,
    /// Every metric with its interval, and why others have none.
    pub metrics: Value,
    /// Every trial as a row: `trials.csv`.
    pub trials: Vec<u8>,
    /// One row per text of the test split; none without a model.
    pub predictions: Option<Vec<u8>>,
}

impl Report {
    /// The pictures of its page.
    pub fn pictures(&self) -> impl Iterator<Item = &Picture> {
        self.page.sections.iter().flat_map(|section| &section.blocks).filter_map(|block| match block {
            Block::Picture(picture) => Some(picture),
            _ => None,
        })
    }
}

/// Which pictures a section has.
const PICTURES: [(&str, &[&str]); 8] = [
    ("data", &["classes"]),
    (
        "search",
        &[
            "history",
            "pareto_front",
            "hypervolume",
            "parallel",
            "contour",
            "slice",
            "rank",
            "edf",
            "intermediate",
            "timeline",
        ],
    ),
    ("best", &["importance", "importance_top"]),
    ("training", &["curves"]),
    ("test", &["confusion", "confusion_share", "f1", "roc", "precision_recall", "lift", "gain", "segments"]),
    ("errors", &["embedding", "attention"]),
    ("calibration", &["reliability", "confidence", "risk_coverage"]),
    ("scope", &["oos_scores", "oos_roc"]),
];

/// Writes a report about a study and its final run; `done` is told after each picture, with how
/// many there will be.
///
/// # Errors
/// The store cannot be read, or a picture cannot be drawn.
pub fn report(
    subject: &Subject<'_>,
    threads: usize,
    done: &(dyn Fn(usize) + Sync),
) -> Result<Report, PlotError> {
    let mut pictures = draw_all(subject, threads, done)?;
    let tested = subject.model_run().is_ok();
    let predictions = if tested { subject.predictions_if_any("test")? } else { None };
    let evaluator = Evaluator::of(subject);
    let about = match evaluator {
        Evaluator::Training | Evaluator::Unknown => data(subject),
        _ => evaluator.section(subject)?,
    };
    let mut sections = vec![asked(subject, &evaluator), about, search(subject)?, best(subject)?];
    sections.push(Section::new("training", "Training"));
    if tested {
        sections.push(test(subject, predictions.as_ref())?);
        sections.push(errors(subject, predictions.as_ref())?);
        sections.push(calibration(subject)?);
        sections.push(scope(subject)?);
    }
    for section in &mut sections {
        section.blocks.extend(pictures.remove(section.id).into_iter().flatten().map(Block::Picture));
    }
    sections.push(again(subject, &evaluator)?);
    sections.retain(|section| !section.blocks.is_empty());
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
    Ok(Report {
        name: format!("{}-{}", study.plan.experiment, study.id.short()),
        page,
        metrics: metrics_json(subject)?,
        trials: trials(subject)?,
        predictions: predictions.map(|table| super::answers::csv(subject, &table)),
    })
}

/// Every picture that can be made, by section. Those that need what was not recorded are left out.
fn draw_all(
    subject: &Subject<'_>,
    threads: usize,
    done: &(dyn Fn(usize) + Sync),
) -> Result<BTreeMap<&'static str, Vec<Picture>>, PlotError> {
    // The slow ones first, so that no thread is left with one at the end.
    let mut kinds: Vec<(&'static str, &'static str)> =
        PICTURES.iter().flat_map(|(section, kinds)| kinds.iter().map(|kind| (*section, *kind))).collect();
    kinds.sort_by_key(|(_, kind)| !["embedding", "contour", "importance"].contains(kind));
    let all = kinds.len();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.max(1)).build();
    let make = |(section, kind): &(&'static str, &'static str)| {
        let made = picture(subject, kind);
        done(all);
        made.map(|picture| (*section, *kind, picture))
    };
    let work = || kinds.par_iter().map(make).collect::<Result<Vec<_>, PlotError>>();
    let made = match pool {
        Ok(pool) => pool.install(work)?,
        // The system gives no threads: one is enough.
        Err(_) => kinds.iter().map(make).collect::<Result<Vec<_>, PlotError>>()?,
    };
    let mut found: BTreeMap<&'static str, Vec<Picture>> = BTreeMap::new();
    for (section, kinds) in PICTURES {
        for kind in kinds {
            let picture =
                made.iter().find(|(_, name, _)| name == kind).and_then(|(_, _, picture)| picture.clone());
            found.entry(section).or_default().extend(picture);
        }
    }
    Ok(found)
}

fn picture(subject: &Subject<'_>, kind: &str) -> Result<Option<Picture>, PlotError> {
    let figure = match figure(kind, std::slice::from_ref(subject), &Wanted::default()) {
        Ok(figure) => figure,
        Err(
            PlotError::Missing { .. }
            | PlotError::Training(
                crate::training::TrainingError::Spec(_) | crate::training::TrainingError::Data(_),
            ),
        ) => return Ok(None),
        Err(error) => return Err(error),
    };
    if figure.is_empty() {
        return Ok(None);
    }
    // A page shows letters of every script as long as they are text.
    let format = if missing_letters(&figure).is_empty() { Format::Png } else { Format::Svg };
    let bytes = draw(&figure, &Options { format, ..Options::default() })?;
    let size = natural_pixels(&figure);
    Ok(Some(Picture { name: kind.to_owned(), title: figure.title, bytes, format, size }))
}

/// All trials that are not hidden.
fn trials(subject: &Subject<'_>) -> Result<Vec<u8>, PlotError> {
    let query = RunQuery { study: Some(subject.study.id), kind: Some(RunKind::Trial), ..RunQuery::default() };
    let mut runs = subject.store.runs(&query)?;
    runs.sort_by_key(|run| run.start.number);
    let studies = BTreeMap::from([(subject.study.id, subject.study.clone())]);
    Ok(sheet::of_runs(&runs, &studies).csv())
}

/// What was asked.
fn asked(subject: &Subject<'_>, evaluator: &Evaluator) -> Section {
    let new = &subject.study.plan;
    let mut section = Section::new("asked", "What was asked");
    let mut facts = vec![
        ("experiment".to_owned(), new.experiment.clone()),
        ("objective".to_owned(), objectives(subject)),
        ("trials".to_owned(), new.trials.to_string()),
        ("seed".to_owned(), new.seed.to_string()),
        ("started".to_owned(), super::wording::utc(subject.study.created_ms)),
    ];
    facts.extend(evaluator.facts());
    if let (Evaluator::Training, Ok(spec)) = (evaluator, subject.spec()) {
        facts.push(("sampler".to_owned(), spec.study.sampler.to_string()));
        let training = spec.training().into_iter();
        facts.extend(training.flat_map(|training| {
            let architecture = training.model.architecture().to_owned();
            [
                ("data set".to_owned(), training.data.dataset.clone()),
                ("architecture".to_owned(), architecture),
            ]
        }));
    }
    section.blocks.push(Block::Facts(facts));
    section
}

/// `minimize val/loss, maximize val/accuracy`.
fn objectives(subject: &Subject<'_>) -> String {
    let goals = subject.study.goals().iter();
    goals.map(|goal| format!("{} {}", goal.direction, goal.metric)).collect::<Vec<_>>().join(", ")
}

/// What it was asked on.
fn data(subject: &Subject<'_>) -> Section {
    let mut section = Section::new("data", "Data");
    match subject
        .dataset()
        .map_err(|error| error.to_string())
        .and_then(|dataset| stats::of(&dataset).map_err(|error| error.to_string()))
    {
        Ok(found) => {
            let columns = [
                "split",
                ">texts",
                ">classes",
                ">mean words",
                ">unknown words",
                ">also in train",
                ">unseen labels",
            ];
            let mut table = Table::new("", &columns);
            for split in &found.splits {
                let is_train = split.split == "train";
                table.rows.push(vec![
                    split.split.clone(),
                    split.rows.to_string(),
                    if split.out_of_scope { "–".to_owned() } else { split.classes.to_string() },
                    format!("{:.1}", split.length.mean),
                    if is_train { "–".to_owned() } else { share(split.oov_token_rate) },
                    if is_train { "–".to_owned() } else { split.also_in_train.to_string() },
                    split.unseen_labels.values().sum::<usize>().to_string(),
                ]);
            }
            section.text("Texts that occur in training, too, and labels that do not, are counted because they move test figures up and down.");
            section.blocks.push(Block::Table(table));
            let changed = changed_splits(subject, &found);
            if !changed.is_empty() {
                section.text(format!("The data have changed since the study ran: {}. Figures below are of the data as they were.", changed.join(", ")));
            }
        }
        Err(why) => section.text(format!(
            "The data set is no longer at hand, so texts are not shown: {}",
            why.trim_start_matches("error: ").lines().next().unwrap_or_default()
        )),
    }
    section
}

/// Splits whose file is not what it was when the study ran.
fn changed_splits(subject: &Subject<'_>, found: &stats::DatasetStats) -> Vec<String> {
    let recorded = &subject.study.plan.environment;
    let differs = |split: &&stats::SplitStats| {
        recorded.get(&format!("data.{}.hash", split.split)).is_some_and(|hash| *hash != split.hash)
    };
    found.splits.iter().filter(differs).map(|split| split.split.clone()).collect()
}

/// How it was searched.
fn search(subject: &Subject<'_>) -> Result<Section, PlotError> {
    let mut section = Section::new("search", "Search");
    let view = subject.view()?;
    if view.space.is_empty() {
        return Ok(section);
    }
    let tally = subject.store.tally(subject.study.id)?;
    let failed = if tally.failed > 0 { format!(", {} failed", tally.failed) } else { String::new() };
    let (complete, aside) = (tally.complete, tally.aside());
    section.text(format!("{complete} of {} trials are complete{failed}{aside}.", subject.study.plan.trials));
    if view.trials.is_empty() && tally.hidden + tally.excluded > 0 {
        section.text(format!(
            "There is nothing to show: every trial is hidden or excluded. `uaic ls --study {} --all` lists \
             them, and `uaic restore` brings hidden ones back.",
            subject.study.id.short()
        ));
    }
    let ranked = view.ranked();
    if ranked.is_empty() {
        return Ok(section);
    }
    if ranked.first().is_some_and(|(_, rank)| !rank.is_feasible()) {
        section.text(
            "No trial holds the constraints of `study.feasible`; those that miss them least come first.",
        );
    }
    let (dimensions, left_out) = view.leading(COLUMNS);
    if !left_out.is_empty() {
        section.text(
            format!("The table has {left_out}; `trials.csv` has all.").replace("; choose with --params", ""),
        );
    }
    let mut columns = vec![">trial".to_owned(), format!(">{}", view.metric)];
    columns.extend(dimensions.iter().map(|dimension| format!(">{}", dimension.short())));
    let mut table =
        Table { caption: format!("The best {}", BEST.min(ranked.len())), columns, rows: Vec::new() };
    for (trial, rank) in ranked.into_iter().take(BEST) {
        let mut row = vec![trial.number.to_string(), number(rank.value())];
        row.extend(
            dimensions
                .iter()
                .map(|dimension| trial.params.get(&dimension.name).map_or("–".to_owned(), param)),
        );
        table.rows.push(row);
    }
    section.blocks.push(Block::Table(table));
    Ok(section)
}

/// What came out, and what it hangs on.
fn best(subject: &Subject<'_>) -> Result<Section, PlotError> {
    let mut section = Section::new("best", "The best trial, and why");
    let view = subject.view()?;
    let Some((trial, value)) = view.best() else { return Ok(section) };
    let mut facts =
        vec![("trial".to_owned(), trial.number.to_string()), (view.metric.clone(), number(value))];
    facts.extend(trial.params.iter().take(PARAMS).map(|(name, value)| (name.clone(), param(value))));
    section.blocks.push(Block::Facts(facts));
    if trial.params.len() > PARAMS {
        let more = trial.params.len() - PARAMS;
        section.text(format!("{more} more parameters are in `trials.csv`."));
    }
    if let Ok(shares) = importances(view, &mut subject.seeds().rng("importance"))
        && let Some((name, part)) = shares.first()
    {
        let rest = shares
            .get(1)
            .map_or(String::new(), |(name, part)| format!(", then {name} with {}", share(*part)));
        section.text(format!(
            "{name} explains most of what parameters explain one by one ({}{rest}).",
            share(*part)
        ));
    }
    Ok(section)
}

/// The figures of the final run; none without one.
fn figures(subject: &Subject<'_>) -> Result<Measures, PlotError> {
    match subject.model_run() {
        Ok(run) => Ok(load_measures(subject.store, run.id)?),
        Err(_) => Ok(Measures { values: BTreeMap::new(), absent: BTreeMap::new() }),
    }
}

fn metrics_json(subject: &Subject<'_>) -> Result<Value, PlotError> {
    let Measures { values, absent } = figures(subject)?;
    let absent: BTreeMap<String, String> =
        absent.into_iter().map(|(name, why)| (name, why.to_string())).collect();
    Ok(json!({
        "schema": 1,
        "experiment": subject.study.plan.experiment,
        "study": subject.study.id,
        "run": subject.run.as_ref().map(|run| run.id),
        "metrics": values,
        "absent": absent,
    }))
}

/// The table of those metrics whose names begin in one way.
fn metrics_table(metrics: &BTreeMap<String, Estimate>, prefix: &str) -> Table {
    let mut table = Table::new("", &["metric", ">value", ">95 % interval", ">n"]);
    for (name, figure) in metrics.iter().filter(|(name, _)| name.starts_with(prefix)) {
        let (value, interval) = estimate(figure);
        table.rows.push(vec![name.clone(), value, interval, figure.n.to_string()]);
    }
    table
}

/// What the test says.
fn test(subject: &Subject<'_>, predictions: Option<&Predictions>) -> Result<Section, PlotError> {
    let mut section = Section::new("test", "Test result");
    let Measures { values: metrics, absent } = figures(subject)?;
    if let Some(accuracy) = metrics.get(crate::select::FINAL_METRIC) {
        section.text(format!(
            "The best point was retrained on all training data and tested once: accuracy {} (95 % interval {}), on {} texts.",
            estimate(accuracy).0, estimate(accuracy).1, accuracy.n
        ));
    }
    section.blocks.push(Block::Table(metrics_table(&metrics, "test/")));
    if !absent.is_empty() {
        let mut table = Table::new("Figures without a value", &["metric", "why"]);
        table.rows = absent.into_iter().map(|(name, why)| vec![name, why.to_string()]).collect();
        section.blocks.push(Block::Table(table));
    }
    if let Some(predictions) = predictions {
        section.blocks.push(Block::Table(classes(predictions)));
    }
    Ok(section)
}

/// Precision, recall and F1 of every class.
fn classes(predictions: &Predictions) -> Table {
    let confusion = confusion(predictions);
    let mut table =
        Table::new("Every class", &["class", ">texts", ">predicted", ">precision", ">recall", ">F1"]);
    let mut rows: Vec<_> = confusion.per_class().into_iter().enumerate().collect();
    // The largest first; of equally large ones those that need looking at.
    let f1 = |class: &crate::eval::ClassFigures| class.f1.as_ref().map_or(0.0, |value| *value);
    rows.sort_by(|(_, a), (_, b)| b.support.cmp(&a.support).then(f1(a).total_cmp(&f1(b))));
    for (label, class) in rows.into_iter().filter(|(_, class)| class.support + class.predicted > 0) {
        let cell = |value: Result<f64, crate::eval::Undefined>| value.map_or("–".to_owned(), number);
        table.rows.push(vec![
            predictions.gold_name(label as u32).to_owned(),
            class.support.to_string(),
            class.predicted.to_string(),
            cell(class.precision),
            cell(class.recall),
            cell(class.f1),
        ]);
    }
    table
}

/// Pairs of gold and predicted labels; labels unseen in training are classes of their own.
fn confusion(predictions: &Predictions) -> Confusion {
    let classes = predictions.classes() + predictions.unseen.len();
    let pairs = predictions.gold.iter().zip(predictions.predicted());
    let known = pairs.filter(|(gold, _)| (**gold as usize) < classes);
    let (gold, predicted): (Vec<usize>, Vec<usize>) =
        known.map(|(gold, label)| (*gold as usize, label)).unzip();
    Confusion::count(classes, &gold, &predicted)
}

/// Errors worth reading.
fn errors(subject: &Subject<'_>, predictions: Option<&Predictions>) -> Result<Section, PlotError> {
    let mut section = Section::new("errors", "Errors worth reading");
    let Some(predictions) = predictions else { return Ok(section) };
    section.blocks.push(Block::Table(super::answers::mistakes(subject, predictions)?));
    let confusion = confusion(predictions);
    let classes = confusion.classes();
    let mut pairs: Vec<(u32, usize, usize)> = (0..classes * classes)
        .map(|cell| (cell / classes, cell % classes))
        .filter(|(gold, predicted)| gold != predicted)
        .map(|(gold, predicted)| (confusion.get(gold, predicted), gold, predicted))
        .filter(|(count, _, _)| *count > 0)
        .collect();
    pairs.sort_by_key(|(count, gold, predicted)| (std::cmp::Reverse(*count), *gold, *predicted));
    let mut table = Table::new(
        "Pairs that are confused",
        &["right", "predicted instead", ">texts", ">share of the class"],
    );
    for (count, gold, predicted) in pairs.into_iter().take(PAIRS) {
        let name = |label: usize| predictions.gold_name(label as u32).to_owned();
        let support = f64::from(confusion.support(gold).max(1));
        table.rows.push(vec![
            name(gold),
            name(predicted),
            count.to_string(),
            share(f64::from(count) / support),
        ]);
    }
    section.blocks.push(Block::Table(table));
    Ok(section)
}

/// How far confidence can be believed.
fn calibration(subject: &Subject<'_>) -> Result<Section, PlotError> {
    let mut section = Section::new("calibration", "Calibration");
    if let Some(FittedCalibration { how, fitted, .. }) = subject.calibration()? {
        section.text(format!(
            "A temperature of {:.3} was fitted on {} validation texts ({how}). There it takes the expected calibration \
             error from {} to {}, and the log-loss from {} to {}.",
            fitted.temperature, fitted.temperature_texts,
            number(fitted.before.ece), number(fitted.after.ece), number(fitted.before.loss), number(fitted.after.loss),
        ));
    }
    Ok(section)
}

/// How well texts without an intent are told from those with one.
fn scope(subject: &Subject<'_>) -> Result<Section, PlotError> {
    let mut section = Section::new("scope", "Out of scope");
    let table = metrics_table(&figures(subject)?.values, "oos/");
    if table.rows.is_empty() {
        return Ok(section);
    }
    if let Some(FittedCalibration { fitted, .. }) = subject.calibration()? {
        let method = fitted.method.describe();
        if !fitted.reason.is_empty() {
            section.text(format!("How the method was chosen: {}.", fitted.reason));
        }
        section.text(format!(
            "A text is taken to be out of scope when its score, {method}, is below {}. That threshold lets 95 % of {} validation texts pass; \
             the figures here are of other texts.",
            number(fitted.threshold), fitted.threshold_texts
        ));
    }
    section.blocks.push(Block::Table(table));
    let run = subject.model_run()?.id;
    if let Some(found) = load_scope_methods(subject.store, run)? {
        let chosen = subject.calibration()?;
        section.blocks.push(Block::Table(methods(&found, chosen.as_ref().map(|known| &known.fitted))));
    }
    Ok(section)
}

/// All out-of-scope methods side by side: on the validation texts that one was chosen by, and on test
/// texts.
fn methods(found: &ScopeMethods, chosen: Option<&Calibration>) -> Table {
    const KEYS: [&str; 4] = ["auroc", "aupr_in", "aupr_out", "fpr_at_95_tpr"];
    let columns = [
        "method",
        ">AUROC, validation",
        ">AUROC, test",
        ">95 % interval",
        ">AUPR in",
        ">AUPR out",
        ">FPR@95TPR",
    ];
    let mut table = Table::new("Every method on the test texts; the one in use is marked *", &columns);
    for (method, measures) in &found.methods {
        let is_chosen = chosen.is_some_and(|known| known.method == *method);
        let validated = chosen.and_then(|known| known.choice.as_ref()?.areas.get(method).copied());
        let values = KEYS.map(|key| measures.values.get(key));
        let value = |at: usize| values[at].map_or("–".to_owned(), |figure| estimate(figure).0);
        table.rows.push(vec![
            format!("{}{}", method.name().replace('_', " "), if is_chosen { " *" } else { "" }),
            validated.map_or("–".to_owned(), number),
            value(0),
            values[0].map_or("–".to_owned(), |figure| estimate(figure).1),
            value(1),
            value(2),
            value(3),
        ]);
    }
    table
}

/// How to get the same again.
fn again(subject: &Subject<'_>, evaluator: &Evaluator) -> Result<Section, PlotError> {
    let new = &subject.study.plan;
    let mut section = Section::new("again", "Reproduction");
    section.text(evaluator.repeats(subject)?);
    let facts = new.environment.iter().filter(|(name, _)| !name.starts_with("host"));
    let facts = Block::Facts(facts.map(|(name, value)| (name.clone(), value.clone())).collect());
    if new.spec_text.is_empty() {
        section.blocks.push(facts);
        return Ok(section);
    }
    let verb = evaluator.verb();
    let mut command = format!("uaic {verb} again.toml     # the text below");
    if !new.overrides.is_empty() {
        let fixed: Vec<String> =
            new.overrides.iter().map(|(key, value)| format!(" -P '{key}={value}'")).collect();
        command = format!("uaic {verb} again.toml{}     # the text below", fixed.concat());
    }
    section.blocks.push(Block::Code(command));
    section.blocks.push(facts);
    section.blocks.push(Block::Code(new.spec_text.clone()));
    Ok(section)
}
