//! The experiment spec: the text of a TOML file in, a [`Spec`] that is valid by construction out,
//! or all that is wrong with the text, each with its place and its fix.
//!
//! `keys.rs` is the table of all keys. `read.rs` and `search.rs` walk the text against it; only
//! when nothing is wrong are the structs of `records.rs` built. `uaic schema` and `uaic init` are
//! written from the same table.

mod condition;
mod dataset;
mod distribution;
mod effective;
mod error;
mod keys;
mod kind;
mod pretrained;
mod problem;
mod program;
mod read;
mod records;
mod schema;
mod search;
mod source;
mod suggest;
mod template;
mod written;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use toml::{Table, Value};

pub use dataset::{FETCHED, GENERATED, MissingDataset, find_dataset};
pub use effective::{PointError, check_section};
pub use error::{Place, SpecError, SpecErrors};
pub use program::{AnySpec, AskedOrRun, ProgramSpec};
pub use records::*;
pub use schema::json_schema;
pub use source::split_override;
pub use template::commented;

pub use uaic_model::model::{
    ARCHITECTURES, BertPooling, BertSpec, ModelSpec, Pooling, RecurrentSpec, poolings,
};
pub use uaic_model::text::{Numbers, Punctuation, TextSpec, TokenizerKind};
pub use uaic_model::train::{ClassWeights, Optimizer, Schedule, TrainSpec};
pub use uaic_study::pruner::{PRUNERS, PrunerSpec};
pub use uaic_study::space::{Constraint, ConstraintError, Distribution, Interval, Space, Steps, When};
pub use uaic_study::{Duplicates, SAMPLERS, StudySpec};
pub use uaic_wording::duration::parse_time;

use condition::Given;
use effective::filled;
use kind::split_names;
use problem::{At, Complaint, Problem};
use read::{Located, Reading};
use source::Source;
use written::{WrittenPruner, WrittenStudy};

use crate::nearest::nearest;
use crate::trial::{Direction, ParamValue};
use uaic_study::space::parse_constraints;

/// A checked experiment spec. Past this module nothing needs to be checked again.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    /// `[experiment]`
    pub experiment: Experiment,
    /// `[data]`, `[text]`, `[model]`, `[train]`: what one training needs.
    pub training: TrainingSpec,
    /// `[search]`: the parameters to tune, by key path.
    pub search: Space,
    /// `[study]`
    pub study: StudySpec,
    /// `[pruner]`
    pub pruner: PrunerSpec,
    /// `[final]`
    pub final_stage: FinalSpec,
    /// The text that this was read from, after `-P` overrides are noted.
    pub source: SpecSource,
    /// What the text and the overrides set, by key path: what a point of the space is filled up with.
    given: Given,
}

/// Where a spec came from.
#[derive(Clone, Debug, PartialEq)]
pub struct SpecSource {
    /// The file, as given.
    pub path: PathBuf,
    /// Its text, to the byte.
    pub text: String,
    /// `-P key=value` overrides, in the order given.
    pub overrides: Vec<(String, String)>,
}

impl Spec {
    /// Reads and checks a spec file and looks for its data set.
    ///
    /// # Errors
    /// All that is wrong with the file, the overrides and the data set, at once.
    pub fn load(path: &Path, overrides: &[(String, String)]) -> Result<Self, SpecErrors> {
        Self::of(source::read(path)?, overrides)
    }

    /// Checks what was read, and looks for the data set.
    fn of(Source { text, path }: Source, overrides: &[(String, String)]) -> Result<Self, SpecErrors> {
        let mut reading = read::read(&text, overrides);
        reading.problems.extend(missing_dataset(&reading, &path));
        reading.problems.extend(missing_pretrained(&reading, &path));
        reading.problems.extend(unknown_metric(&reading));
        Self::build(reading, text, &path, overrides)
    }

    /// Checks the text of a spec; needs no disk. `path` is what errors name, and where the search
    /// for the data set starts from.
    ///
    /// # Errors
    /// All that is wrong with the text and the overrides, at once.
    pub fn parse(text: &str, path: &Path, overrides: &[(String, String)]) -> Result<Self, SpecErrors> {
        Self::build(read::read(text, overrides), text.to_owned(), path, overrides)
    }

    /// This spec with further overrides, which come after those it was read with. Setting a key
    /// takes it out of the search.
    ///
    /// # Errors
    /// As [`Spec::parse`].
    pub fn with(&self, overrides: &[(String, String)]) -> Result<Self, SpecErrors> {
        let overrides = [&self.source.overrides, overrides].concat();
        Self::parse(&self.source.text, &self.source.path, &overrides)
    }

    /// The folder of the data set.
    ///
    /// # Errors
    /// It is not there; the error points to where the spec names it.
    pub fn check_dataset(&self) -> Result<PathBuf, SpecErrors> {
        let SpecSource { path, text, overrides } = &self.source;
        find_dataset(&self.training.data.dataset, path).ok_or_else(|| {
            let problem = missing_dataset(&read::read(text, overrides), path);
            SpecErrors::locate(problem.into_iter().collect(), text, path, overrides)
        })
    }

    /// The folder of the pretrained model; `None` when the spec names none.
    ///
    /// # Errors
    /// It is not there; the error points to where the spec names it.
    pub fn check_pretrained(&self) -> Result<Option<PathBuf>, SpecErrors> {
        let SpecSource { path, text, overrides } = &self.source;
        let ModelSpec::Bert(BertSpec { pretrained: folder, .. }) = &self.training.model else {
            return Ok(None);
        };
        if folder.is_empty() {
            return Ok(None);
        }
        pretrained::find(folder, path).map(Some).ok_or_else(|| {
            let problem = missing_pretrained(&read::read(text, overrides), path);
            SpecErrors::locate(problem.into_iter().collect(), text, path, overrides)
        })
    }

    /// The error that no point satisfies these constraints of its space.
    pub fn refuse_constraints(&self, constraints: &[Constraint]) -> SpecErrors {
        refuse_constraints(&self.source, &self.search, constraints)
    }

    fn build(
        mut reading: Reading,
        text: String,
        path: &Path,
        overrides: &[(String, String)],
    ) -> Result<Self, SpecErrors> {
        let source = SpecSource { path: path.to_owned(), text, overrides: overrides.to_vec() };
        let refuse = |problems| SpecErrors::locate(problems, &source.text, &source.path, &source.overrides);
        reading.problems.extend(crossed_lengths(&reading));
        reading.problems.extend(condition::problems(&reading));
        reading.problems.extend(unequal_objectives(&reading));
        let search = reading.search.space(|name| reading.fixed(name)).unwrap_or_else(|problems| {
            reading.problems.extend(problems);
            Space::default()
        });
        let search = condition::among_searched(search);
        if !reading.problems.is_empty() {
            return Err(refuse(reading.problems));
        }
        let (given, places) = taken_apart(reading.values);
        let mut root = filled(&given);
        let mut take = |section| match root.remove(section) {
            Some(Value::Table(table)) => table,
            _ => Table::new(),
        };
        let experiment = typed(take("experiment")).map_err(&refuse)?;
        let Setting { study, pruner, .. } =
            Setting::of(take("study"), take("pruner"), &places).map_err(&refuse)?;
        let final_stage = typed(take("final")).map_err(&refuse)?;
        let training = typed(root).map_err(&refuse)?;
        Ok(Self { experiment, training, search, study, pruner, final_stage, source, given })
    }
}

/// The error that no point of a space satisfies these constraints, at the last of them.
fn refuse_constraints(source: &SpecSource, space: &Space, constraints: &[Constraint]) -> SpecErrors {
    let SpecSource { path, text, overrides } = source;
    let reading = read::read(text, overrides);
    let fixed = |name: &str| if reading.search.is_free { None } else { reading.fixed(name) };
    let places: Vec<Option<(At, String)>> =
        constraints.iter().map(|constraint| reading.search.place_of(constraint, fixed)).collect();
    let texts = constraints.iter().zip(&places).map(|(constraint, place)| match place {
        Some((_, text)) => format!("`{text}`"),
        None => format!("`{constraint}`"),
    });
    let message = format!("no point of 10,000 satisfies {}", texts.collect::<Vec<_>>().join(" and "));
    let mut names: Vec<&str> = constraints.iter().flat_map(Constraint::names).collect();
    names.sort_unstable();
    names.dedup();
    let ranges =
        names.iter().filter_map(|name| Some(format!("`{name}` is searched over {}", space.get(name)?)));
    let ranges: Vec<String> = ranges.collect();
    let help = match ranges.as_slice() {
        [] => "it is about fixed values only; change one of them".to_owned(),
        ranges => format!("loosen the constraint or widen a range: {}", ranges.join(", ")),
    };
    let at = places.into_iter().flatten().next_back().map_or(At::Start, |(at, _)| at);
    SpecErrors::locate(vec![Complaint::new(message).help(help).at(at)], text, path, overrides)
}

/// The problem that the data set that a reading names is not there.
fn missing_dataset(reading: &Reading, path: &Path) -> Option<Problem> {
    let dataset = reading.values.get("data.dataset")?;
    let ParamValue::Text(name) = &dataset.value else { return None };
    find_dataset(name, path).is_none().then(|| dataset::missing(name, path).at(dataset.at.clone()))
}

/// The problem that the pretrained model that a reading names is not there.
fn missing_pretrained(reading: &Reading, path: &Path) -> Option<Problem> {
    let folder = reading.values.get(keys::PRETRAINED)?;
    let ParamValue::Text(name) = &folder.value else { return None };
    let is_missing = !name.is_empty() && pretrained::find(name, path).is_none();
    is_missing.then(|| pretrained::missing(name, path).at(folder.at.clone()))
}

/// The problem that a condition on the outcome of trials names what is no metric of a training.
fn unknown_metric(reading: &Reading) -> Option<Problem> {
    let feasible = reading.values.get("study.feasible")?;
    let ParamValue::Text(text) = &feasible.value else { return None };
    let constraints = parse_constraints(text).ok()?;
    let name = constraints.iter().flat_map(Constraint::names).find(|name| !METRICS.contains(name))?;
    let complaint =
        Complaint::new(format!("`study.feasible` names `{name}`, which is no metric of a training"));
    let help = match nearest(name, METRICS) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there are {}", kind::one_of(&METRICS).replace(" or ", " and ")),
    };
    Some(complaint.help(help).at(feasible.at.clone()))
}

/// The problem that no n-gram is both as long and as short as a reading wants.
fn crossed_lengths(reading: &Reading) -> Option<Problem> {
    let length = |path: &str| match reading.values.get(path) {
        Some(located) => located.value.as_f64(),
        None => keys::find(path)?.default()?.as_f64(),
    };
    let [shortest, longest] = ["text.ngram_min", "text.ngram_max"];
    if length(shortest)? <= length(longest)? {
        return None;
    }
    let given = reading.values.get(shortest).or_else(|| reading.values.get(longest))?;
    let complaint = Complaint::new(format!("`{shortest}` must not be greater than `{longest}`"));
    Some(complaint.help("the defaults are 3 and 5").at(given.at.clone()))
}

/// Which end of a metric is better, unless a spec says otherwise.
pub fn natural_direction(metric: &str) -> Direction {
    let smaller = metric.ends_with("/loss") || metric == "model/parameters";
    if smaller { Direction::Minimize } else { Direction::Maximize }
}

/// `[study]` and `[pruner]`, as they are written and what that means.
struct Setting {
    written: (WrittenStudy, WrittenPruner),
    study: StudySpec,
    pruner: PrunerSpec,
}

impl Setting {
    /// Of their tables; settings of a pruner that do not go together are refused where they are given.
    fn of(study: Table, pruner: Table, places: &Places) -> Result<Self, Vec<Problem>> {
        let refuse = |message: String| vec![Complaint::new(message).at(At::Start)];
        let written: (WrittenStudy, WrittenPruner) = (typed(study)?, typed(pruner)?);
        let study = written.0.meaning().map_err(refuse)?;
        let pruner = written.1.meaning().map_err(refuse)?;
        pruner.check().map_err(|error| {
            let path = format!("pruner.{}", error.setting);
            let at = places.get(path.as_str()).or_else(|| places.get("pruner.kind"));
            vec![Complaint::new(format!("[pruner] {error}")).at(at.cloned().unwrap_or(At::Start))]
        })?;
        Ok(Self { written, study, pruner })
    }
}

/// Where keys were given.
type Places = BTreeMap<&'static str, At>;

/// The values of a reading, and their places.
fn taken_apart(values: BTreeMap<&'static str, Located<ParamValue>>) -> (Given, Places) {
    values.into_iter().map(|(path, Located { value, at })| ((path, value), (path, at))).unzip()
}

/// The problem that there are more or fewer directions than metrics.
fn unequal_objectives(reading: &Reading) -> Option<Problem> {
    let direction = reading.values.get(keys::DIRECTION)?;
    let count = |text: String| split_names(&text).len();
    let metrics = reading.values.get(keys::METRIC).map_or(1, |metric| count(metric.value.to_string()));
    let directions = count(direction.value.to_string());
    if metrics == directions {
        return None;
    }
    let message = format!("`study.direction` is for {directions}, but `study.metric` names {metrics}");
    let examples: Vec<&str> = ["\"minimize\"", "\"maximize\""].into_iter().cycle().take(metrics).collect();
    let help = format!("give one for each metric, such as `direction = [{}]`", examples.join(", "));
    Some(Complaint::new(message).help(help).at(direction.at.clone()))
}

/// The struct of checked values. The key table agrees with the structs (tested), so this does not
/// fail on anything that a user can write.
fn typed<T: DeserializeOwned>(table: Table) -> Result<T, Vec<Problem>> {
    T::deserialize(table).map_err(|error| vec![Complaint::new(error.message()).at(At::Start)])
}
