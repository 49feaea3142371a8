//! From selectors to what they select.

use crate::spec::Spec;
use crate::store::query::{Attribute, Comparison, Condition, Field, Literal, Relation};
use crate::store::{RunKind, RunQuery, RunRecord, Store, StoreError, StudyRecord};

use super::SelectError;
use super::hints::{experiments_hint, hidden_hint, line_of_run, line_of_study};
use super::models::{registered, registered_or_best};
use super::parse::{RunSelector, Slot, StudySelector, id_prefix, parse_run, parse_study};
use super::trials::{Hidden, best_trials, experiment_study, model_run};

/// Most candidates that are listed of an ambiguous prefix.
const CANDIDATES: u32 = 8;

/// What `show` shows.
pub enum Target {
    /// A run.
    Run(Box<RunRecord>),
    /// A study.
    Study(Box<StudyRecord>),
}

/// The run that `text` selects.
///
/// # Errors
/// [`SelectError`], or the store cannot be read.
pub fn resolve(store: &dyn Store, text: &str) -> Result<RunRecord, SelectError> {
    or_named(store, text, by_grammar(store, text))
}

/// What was selected or, where that is nothing, what is called so.
fn or_named(
    store: &dyn Store,
    text: &str,
    selected: Result<RunRecord, SelectError>,
) -> Result<RunRecord, SelectError> {
    match selected {
        Err(error @ (SelectError::Malformed { .. } | SelectError::Absent { .. })) => {
            called(store, text)?.ok_or(error)
        }
        other => other,
    }
}

fn by_grammar(store: &dyn Store, text: &str) -> Result<RunRecord, SelectError> {
    if let Some(version) = registered(store, text)? {
        return Ok(store.run(version.kept_by()?)?);
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
        return Ok(store.run(version.kept_by()?)?);
    }
    match resolve_any(store, text)? {
        Target::Run(run) => Ok(*run),
        Target::Study(study) => model_run(store, study.id, Hidden::Include)?.ok_or_else(|| {
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
        return Ok(Target::Run(Box::new(store.run(version.kept_by()?)?)));
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
                None => match study(text) {
                    Err(error @ SelectError::Absent { .. }) => {
                        or_named(store, text, Err(error)).map(|run| Target::Run(Box::new(run)))
                    }
                    other => other,
                },
            }
        }
        Ok(_) => resolve(store, text).map(|run| Target::Run(Box::new(run))),
        Err(error) => match experiment_study(store, text)? {
            Some(found) => Ok(Target::Study(Box::new(found))),
            None => or_named(store, text, Err(error)).map(|run| Target::Run(Box::new(run))),
        },
    }
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

/// The latest run of an experiment that has no studies, or the run of a name.
fn called(store: &dyn Store, text: &str) -> Result<Option<RunRecord>, SelectError> {
    let name = text.strip_prefix("name:").unwrap_or(text);
    if experiment_study(store, name)?.is_none() {
        let own = RunQuery { experiment: Some(name.to_owned()), limit: Some(1), ..RunQuery::default() };
        if let Some(run) = store.runs(&own)?.pop() {
            return Ok(Some(run));
        }
    }
    let is_called = Relation::Compare(Comparison::Equal, Literal::Text(name.to_owned()));
    let query = RunQuery {
        condition: Some(Condition::Test(Field::Attribute(Attribute::Name), is_called)),
        limit: Some(CANDIDATES),
        ..RunQuery::default()
    };
    let mut runs = store.runs(&query)?;
    if runs.is_empty() {
        runs = store.runs(&RunQuery { include_hidden: true, ..query })?;
    }
    if runs.len() > 1 {
        let candidates = runs.iter().map(line_of_run).collect();
        return Err(SelectError::Ambiguous { text: text.to_owned(), candidates });
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
