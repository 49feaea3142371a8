//! Selectors: how runs and studies are named, on the command line and in programs.
//!
//! | run | meaning |
//! |---|---|
//! | `3fa2b1c4` | the run with an id that starts like this; at least 4 digits |
//! | `@`, `latest` | the latest run; `@-1` is the one before, and so on |
//! | `best`, `best:STUDY` | the best complete trial of the latest study, or of another |
//! | `name:attention` | the latest run of an experiment |
//! | `STUDY/3`, `STUDY/final`, `STUDY/imported`, `STUDY/best` | a run of a study |
//! | `intents@champion`, `intents@3` | the run of a registered version |
//!
//! A study is an id prefix, `@` (the latest), `@-1`, `name:attention` or just `attention` (the
//! latest of an experiment).

use std::path::Path;

use super::{FINAL_METRIC, model_run};
use crate::nearest::nearest;
use crate::spec::Spec;
use crate::store::{ModelVersion, RunKind, RunQuery, RunRecord, SqliteStore, Store, StoreError, StudyRecord};
use crate::trial::{RunState, best_first};

/// The grammar, for the help texts of verbs that take selectors.
pub const RUN_GRAMMAR: &str = "\
Runs are selected by:
  3fa2b1c4       the beginning of the id, at least 4 digits
  @, @-1         the latest run, the one before
  best           the best trial of the latest study (best:STUDY: of another)
  name:attention the latest run of an experiment
  STUDY/3        trial 3 of a study; also STUDY/final, STUDY/best, STUDY/imported
  NAME@champion  the run of a registered version, by alias or number (NAME@3)";

/// As [`RUN_GRAMMAR`], for studies.
pub const STUDY_GRAMMAR: &str = "\
Studies are selected by:
  9c1e22aa       the beginning of the id, at least 4 digits
  @, @-1         the latest study, the one before
  attention      the latest study of an experiment (also name:attention)";

/// Shortest id prefix.
const SHORTEST_PREFIX: usize = 4;
/// Most candidates that are listed of an ambiguous prefix.
const CANDIDATES: u32 = 8;

/// Why a selector selects nothing.
#[derive(Debug, thiserror::Error)]
pub enum SelectError {
    /// Not in the grammar.
    #[error("`{text}` selects nothing: {why}")]
    Malformed {
        /// What was given.
        text: String,
        /// What is wrong with it.
        why: String,
    },
    /// Several things start like this.
    #[error("`{text}` is ambiguous; type more digits of one of\n{}", candidates.join("\n"))]
    Ambiguous {
        /// What was given.
        text: String,
        /// One line for each.
        candidates: Vec<String>,
    },
    /// In the grammar, but there is no such thing.
    #[error("there is no {what}; {hint}")]
    Absent {
        /// What was looked for.
        what: String,
        /// What there is, or how to see it.
        hint: String,
    },
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SelectError {
    fn malformed(text: &str, why: &str) -> Self {
        Self::Malformed { text: text.to_owned(), why: why.to_owned() }
    }

    fn absent(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Absent { what: what.into(), hint: hint.into() }
    }
}

/// A run selector, taken apart.
#[derive(Debug, PartialEq)]
enum RunSelector {
    Latest(u32),
    Best(StudySelector),
    OfExperiment(String),
    InStudy(StudySelector, Slot),
    Prefix(String),
}

/// A study selector, taken apart.
#[derive(Debug, PartialEq)]
enum StudySelector {
    Latest(u32),
    OfExperiment(String),
    /// The name of an experiment or the beginning of an id.
    Word(String),
}

/// The version that an address such as `intents@champion` or `intents@3` names; `None` for what is no
/// address.
///
/// # Errors
/// It is one, and there is no such version.
pub fn registered(store: &dyn Store, text: &str) -> Result<Option<ModelVersion>, SelectError> {
    let Some((name, tag)) = text.split_once('@').filter(|(name, _)| !name.is_empty()) else {
        return Ok(None);
    };
    let mut versions = store.model_versions(Some(name))?;
    if versions.is_empty() {
        let known = model_names(store)?;
        // Experiments and studies may have an `@` in their selectors, too.
        if name.contains([':', '/']) || text.contains('/') || experiment_study(store, text)?.is_some() {
            return Ok(None);
        }
        return Err(SelectError::absent(format!("model `{name}`"), models_hint(name, &known)));
    }
    let number = tag.parse().ok();
    let wanted = |version: &ModelVersion| {
        number == Some(version.version) || version.aliases.iter().any(|alias| alias == tag)
    };
    if let Some(at) = versions.iter().position(wanted) {
        return Ok(Some(versions.swap_remove(at)));
    }
    let mut tags: Vec<String> = versions.iter().flat_map(|version| version.aliases.clone()).collect();
    tags.extend(versions.iter().map(|version| version.version.to_string()));
    let hint = format!("it has {}", tags.join(", "));
    Err(SelectError::absent(format!("version `{tag}` of model `{name}`"), hint))
}

/// The alias that a bare name stands for, where it is set.
const CHAMPION: &str = "champion";

/// As [`registered`], and of a bare name its champion, or else its latest version.
///
/// # Errors
/// As [`registered`].
pub fn registered_or_best(store: &dyn Store, text: &str) -> Result<Option<ModelVersion>, SelectError> {
    if let Some(version) = registered(store, text)? {
        return Ok(Some(version));
    }
    if text.contains('@') {
        return Ok(None);
    }
    let mut versions = store.model_versions(Some(text))?;
    let is_champion = |version: &ModelVersion| version.aliases.iter().any(|alias| alias == CHAMPION);
    let champion = versions.iter().position(is_champion);
    Ok(champion.map(|at| versions.swap_remove(at)).or_else(|| versions.pop()))
}

/// The names of all registered models, sorted.
///
/// # Errors
/// The store cannot be read.
pub fn model_names(store: &dyn Store) -> Result<Vec<String>, StoreError> {
    let mut names: Vec<String> =
        store.model_versions(None)?.into_iter().map(|version| version.name).collect();
    names.dedup();
    Ok(names)
}

/// What to do about a name that no model has.
pub fn models_hint(name: &str, known: &[String]) -> String {
    match nearest(name, known.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => "`uaic model register SEL NAME` registers one".to_owned(),
        None => format!("there are {}", known.join(", ")),
    }
}

/// A place in a study.
#[derive(Debug, PartialEq)]
enum Slot {
    Number(u32),
    Final,
    Imported,
    Best,
}

/// What `show` shows.
pub enum Target {
    /// A run.
    Run(Box<RunRecord>),
    /// A study.
    Study(Box<StudyRecord>),
}

/// Opens the store that must be there for anything to be selected, for writing.
///
/// # Errors
/// There is none, or it cannot be written.
pub fn open_existing(folder: &Path) -> Result<SqliteStore, StoreError> {
    // Opening for writing would make an empty store where there is none.
    SqliteStore::open_read_only(folder)?;
    SqliteStore::open(folder)
}

/// The run that `text` selects.
///
/// # Errors
/// [`SelectError`], or the store cannot be read.
pub fn resolve(store: &dyn Store, text: &str) -> Result<RunRecord, SelectError> {
    if let Some(version) = registered(store, text)? {
        return Ok(store.run(version.run)?);
    }
    match parse_run(text)? {
        RunSelector::Latest(back) => latest_run(store, RunQuery::default(), back, "run"),
        RunSelector::OfExperiment(name) => {
            let query = RunQuery { experiment: Some(name.clone()), ..RunQuery::default() };
            latest_run(store, query, 0, &format!("run of experiment `{name}`"))
        }
        RunSelector::Best(study) => best_of(store, &find_study(store, &study)?),
        RunSelector::InStudy(study, slot) => in_study(store, &find_study(store, &study)?, &slot),
        RunSelector::Prefix(prefix) => by_prefix(store, &prefix)?.ok_or_else(|| {
            let study = studies_by_prefix(store, &prefix).is_ok_and(|studies| !studies.is_empty());
            let hint = if study {
                format!("it is a study: add `/NUMBER`, `/final` or `/best`, or `uaic show {prefix}`")
            } else {
                "`uaic ls --all --limit 0` lists them all".to_owned()
            };
            SelectError::absent(format!("run with an id that starts with `{prefix}`"), hint)
        }),
    }
}

/// The run with the model that `text` selects: a version of a registered model, of a bare name its
/// champion or else the latest; or a run, of a study its newest one that keeps a model.
///
/// # Errors
/// [`SelectError`]. Whether the run keeps a model is not looked at.
pub fn resolve_model(store: &dyn Store, text: &str) -> Result<RunRecord, SelectError> {
    if let Some(version) = registered_or_best(store, text)? {
        return Ok(store.run(version.run)?);
    }
    match resolve_any(store, text)? {
        Target::Run(run) => Ok(*run),
        Target::Study(study) => model_run(store, study.id, true)?.ok_or_else(|| {
            let id = study.id.short();
            let hint = if Spec::is_of_program(&study.plan) {
                "its trials are evaluated elsewhere and not trained here".to_owned()
            } else {
                format!("`uaic resume {id}` trains one, if its spec has `[final] epochs`")
            };
            SelectError::absent(format!("model in study {id}"), hint)
        }),
    }
}

/// The runs that `texts` select, each once, in the order of their first mention.
///
/// # Errors
/// As [`resolve`], for the first that selects nothing.
pub fn resolve_many(store: &dyn Store, texts: &[String]) -> Result<Vec<RunRecord>, SelectError> {
    let mut runs: Vec<RunRecord> = Vec::new();
    for text in texts {
        let run = resolve(store, text)?;
        if runs.iter().all(|known| known.id != run.id) {
            runs.push(run);
        }
    }
    Ok(runs)
}

/// The study that `text` selects; the latest without one.
///
/// # Errors
/// [`SelectError`], or the store cannot be read.
pub fn resolve_study(store: &dyn Store, text: Option<&str>) -> Result<StudyRecord, SelectError> {
    find_study(store, &text.map_or(Ok(StudySelector::Latest(0)), parse_study)?)
}

/// The run that `text` selects or, where it names a study, the study.
///
/// # Errors
/// [`SelectError`], or the store cannot be read.
pub fn resolve_any(store: &dyn Store, text: &str) -> Result<Target, SelectError> {
    if let Some(version) = registered(store, text)? {
        return Ok(Target::Run(Box::new(store.run(version.run)?)));
    }
    let study = |text| resolve_study(store, Some(text)).map(|study| Target::Study(Box::new(study)));
    match parse_run(text) {
        Ok(RunSelector::Prefix(prefix)) => {
            let studies = studies_by_prefix(store, &prefix)?;
            match by_prefix(store, &prefix)? {
                Some(run) if studies.is_empty() => Ok(Target::Run(Box::new(run))),
                Some(run) => {
                    let candidates =
                        std::iter::once(line_of_run(&run)).chain(studies.iter().map(line_of_study));
                    Err(SelectError::Ambiguous { text: text.to_owned(), candidates: candidates.collect() })
                }
                None => study(text),
            }
        }
        Ok(_) => resolve(store, text).map(|run| Target::Run(Box::new(run))),
        Err(error) => match experiment_study(store, text)? {
            Some(found) => Ok(Target::Study(Box::new(found))),
            None => Err(error),
        },
    }
}

/// The trials of a study that have a [`Rank`](crate::trial::Rank), best first; of equal ones the first.
///
/// # Errors
/// The store cannot be read.
pub fn best_trials(store: &dyn Store, study: &StudyRecord) -> Result<Vec<RunRecord>, StoreError> {
    let trials = store.runs(&RunQuery {
        study: Some(study.id),
        kind: Some(RunKind::Trial),
        state: Some(RunState::Complete),
        ..RunQuery::default()
    })?;
    let ranked = best_first(trials, study.plan.goals.direction(), RunRecord::rank);
    Ok(ranked.into_iter().map(|(_, trial)| trial).collect())
}

fn parse_run(text: &str) -> Result<RunSelector, SelectError> {
    if let Some((study, slot)) = text.rsplit_once('/') {
        return match parse_slot(slot) {
            Some(slot) => Ok(RunSelector::InStudy(parse_study(study)?, slot)),
            None if text.starts_with("name:") => Ok(RunSelector::OfExperiment(text[5..].to_owned())),
            None => {
                Err(SelectError::malformed(text, "after `/` comes the number of a trial, `final` or `best`"))
            }
        };
    }
    if text == "best" {
        return Ok(RunSelector::Best(StudySelector::Latest(0)));
    }
    if let Some(study) = text.strip_prefix("best:") {
        return Ok(RunSelector::Best(parse_study(study)?));
    }
    match parse_study(text)? {
        StudySelector::Latest(back) => Ok(RunSelector::Latest(back)),
        StudySelector::OfExperiment(name) => Ok(RunSelector::OfExperiment(name)),
        StudySelector::Word(word) => match id_prefix(&word) {
            Some(prefix) => Ok(RunSelector::Prefix(prefix)),
            None => Err(SelectError::malformed(
                text,
                "use the first 4 or more digits of an id, `@`, `@-1`, `best`, `name:EXPERIMENT` or `STUDY/NUMBER`",
            )),
        },
    }
}

fn parse_slot(text: &str) -> Option<Slot> {
    match text {
        "final" => Some(Slot::Final),
        "imported" => Some(Slot::Imported),
        "best" => Some(Slot::Best),
        number => number.parse().ok().map(Slot::Number),
    }
}

fn parse_study(text: &str) -> Result<StudySelector, SelectError> {
    if let Some(back) = text.strip_prefix('@') {
        let steps =
            if back.is_empty() { Some(0) } else { back.strip_prefix('-').and_then(|n| n.parse().ok()) };
        let why = "`@` is the latest, `@-1` the one before, `@-2` the one before that";
        return steps.map(StudySelector::Latest).ok_or_else(|| SelectError::malformed(text, why));
    }
    match text.strip_prefix("name:") {
        Some("") => Err(SelectError::malformed(text, "after `name:` comes the name of an experiment")),
        Some(name) => Ok(StudySelector::OfExperiment(name.to_owned())),
        None if text == "latest" => Ok(StudySelector::Latest(0)),
        None if text.is_empty() => Err(SelectError::malformed(text, "it is empty")),
        None => Ok(StudySelector::Word(text.to_owned())),
    }
}

/// `text` in lower case when it can be the beginning of an id.
fn id_prefix(text: &str) -> Option<String> {
    let long_enough = (SHORTEST_PREFIX..=32).contains(&text.len());
    (long_enough && text.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| text.to_ascii_lowercase())
}

fn latest_run(store: &dyn Store, query: RunQuery, back: u32, what: &str) -> Result<RunRecord, SelectError> {
    let query = RunQuery { limit: Some(1), offset: back, ..query };
    if let Some(run) = store.runs(&query)?.into_iter().next() {
        return Ok(run);
    }
    let hidden = store.count_runs(&RunQuery { include_hidden: true, ..query.clone() })?;
    Err(match (store.count_runs(&query)?, &query.experiment) {
        (0, _) if hidden > 0 => {
            SelectError::absent(format!("{what} that is not hidden"), hidden_hint(hidden))
        }
        (0, Some(_)) => SelectError::absent(what, experiments_hint(store)?),
        (0, None) => SelectError::absent(what, "`uaic run experiments/attention.toml` makes some"),
        (count, _) => SelectError::absent(
            format!("{what} `@-{back}`"),
            format!("there are {count}, so the oldest is `@-{}`", count - 1),
        ),
    })
}

/// What to do where all runs are hidden.
fn hidden_hint(hidden: u64) -> String {
    let all = if hidden == 1 { "the only one is".to_owned() } else { format!("all {hidden} are") };
    format!("{all} hidden: `uaic ls --all` lists them, and `uaic restore` brings them back")
}

fn best_of(store: &dyn Store, study: &StudyRecord) -> Result<RunRecord, SelectError> {
    if let Some(best) = best_trials(store, study)?.into_iter().next() {
        return Ok(best);
    }
    let (id, tally) = (study.id.short(), store.tally(study.id)?);
    Err(if tally.complete == 0 && tally.hidden + tally.excluded > 0 {
        SelectError::absent(
            format!("complete trial in study {id} that counts"),
            format!(
                "{} are hidden and {} excluded: `uaic ls --study {id} --all` lists them",
                tally.hidden, tally.excluded
            ),
        )
    } else {
        SelectError::absent(
            format!("complete trial in study {id}"),
            format!("`uaic ls --study {id}` shows what there is"),
        )
    })
}

fn in_study(store: &dyn Store, study: &StudyRecord, slot: &Slot) -> Result<RunRecord, SelectError> {
    let query =
        RunQuery { study: Some(study.id), include_hidden: true, limit: Some(1), ..RunQuery::default() };
    let (query, what) = match slot {
        Slot::Best => return best_of(store, study),
        Slot::Final => (RunQuery { kind: Some(RunKind::Final), ..query }, "final run".to_owned()),
        Slot::Imported => (RunQuery { kind: Some(RunKind::Imported), ..query }, "imported model".to_owned()),
        Slot::Number(number) => (
            RunQuery { kind: Some(RunKind::Trial), number: Some(*number), ..query },
            format!("trial {number}"),
        ),
    };
    store.runs(&query)?.into_iter().next().ok_or_else(|| {
        let id = study.id.short();
        SelectError::absent(
            format!("{what} in study {id}"),
            format!("`uaic ls --study {id}` shows what there is"),
        )
    })
}

/// The one run whose id starts like this, hidden or not.
fn by_prefix(store: &dyn Store, prefix: &str) -> Result<Option<RunRecord>, SelectError> {
    let query = RunQuery {
        id_prefix: Some(prefix.to_owned()),
        include_hidden: true,
        limit: Some(CANDIDATES),
        ..RunQuery::default()
    };
    let mut runs = store.runs(&query)?;
    if runs.len() > 1 {
        let candidates = runs.iter().map(line_of_run).collect();
        return Err(SelectError::Ambiguous { text: prefix.to_owned(), candidates });
    }
    Ok(runs.pop())
}

fn studies_by_prefix(store: &dyn Store, prefix: &str) -> Result<Vec<StudyRecord>, StoreError> {
    let mut studies = store.studies()?;
    studies.retain(|study| study.id.to_string().starts_with(prefix));
    Ok(studies)
}

fn find_study(store: &dyn Store, selector: &StudySelector) -> Result<StudyRecord, SelectError> {
    let absent = |what: String| Ok::<_, SelectError>(SelectError::absent(what, experiments_hint(store)?));
    match selector {
        StudySelector::Latest(back) => match store.studies()?.into_iter().nth(*back as usize) {
            Some(study) => Ok(study),
            None => Err(absent(if *back == 0 { "study".to_owned() } else { format!("study `@-{back}`") })?),
        },
        StudySelector::OfExperiment(name) => match experiment_study(store, name)? {
            Some(study) => Ok(study),
            None => Err(absent(format!("study of experiment `{name}`"))?),
        },
        StudySelector::Word(word) => {
            // Names are chosen, ids are not: a name wins over digits that look like it.
            if let Some(study) = experiment_study(store, word)? {
                return Ok(study);
            }
            let found = id_prefix(word).map_or(Ok(Vec::new()), |prefix| studies_by_prefix(store, &prefix))?;
            match <[StudyRecord; 1]>::try_from(found) {
                Ok([study]) => Ok(study),
                Err(none) if none.is_empty() => Err(absent(format!("study `{word}`"))?),
                Err(several) => {
                    let candidates = several.iter().map(line_of_study).collect();
                    Err(SelectError::Ambiguous { text: word.clone(), candidates })
                }
            }
        }
    }
}

/// The latest study of an experiment.
fn experiment_study(store: &dyn Store, name: &str) -> Result<Option<StudyRecord>, StoreError> {
    Ok(store.studies()?.into_iter().find(|study| study.plan.experiment == name))
}

/// Says which experiments there are.
fn experiments_hint(store: &dyn Store) -> Result<String, StoreError> {
    let mut names: Vec<String> = store.studies()?.into_iter().map(|study| study.plan.experiment).collect();
    names.sort();
    names.dedup();
    Ok(match names.as_slice() {
        [] => "`uaic run experiments/attention.toml` makes one".to_owned(),
        [only] => format!("the only experiment is `{only}` (`uaic ls --studies` lists its studies)"),
        names if names.len() <= 6 => format!("experiments are `{}`", names.join("`, `")),
        _ => "`uaic ls --studies --limit 0` lists them all".to_owned(),
    })
}

fn line_of_run(run: &RunRecord) -> String {
    format!("  {}  {} of {}, {}", run.id, place(run), run.experiment, run.state)
}

fn line_of_study(study: &StudyRecord) -> String {
    format!("  {}  study of {}, {}", study.id, study.plan.experiment, study.state)
}

/// `trial 3` or `final run of trial 3`.
pub fn place(run: &RunRecord) -> String {
    let number = run.start.number.unwrap_or_default();
    match run.start.kind {
        RunKind::Trial => format!("trial {number}"),
        RunKind::Final => format!("final run of trial {number}"),
        RunKind::Imported => "imported model".to_owned(),
    }
}

/// The metric whose value a run carries.
pub fn metric_of<'a>(run: &RunRecord, study_metric: &'a str) -> &'a str {
    match run.start.kind {
        RunKind::Trial => study_metric,
        RunKind::Final | RunKind::Imported => FINAL_METRIC,
    }
}

/// `9c1e22aa/3`, `9c1e22aa/final` or `9c1e22aa/imported`: a run as its study sees it, and a selector of it.
pub fn path_in_study(run: &RunRecord) -> String {
    let study = run.start.study.short();
    match run.start.kind {
        RunKind::Trial => format!("{study}/{}", run.start.number.unwrap_or_default()),
        RunKind::Final | RunKind::Imported => format!("{study}/{}", run.start.kind.name()),
    }
}
