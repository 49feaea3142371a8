//! Specs of studies whose objective is not our own training.

use std::path::Path;

use toml::{Table, Value};

use super::effective::{filled, search_toml};
use super::keys;
use super::problem::{At, Complaint, Problem};
use super::read::{self, Reading};
use super::{
    Constraint, Experiment, PrunerSpec, Setting, Space, Spec, SpecErrors, SpecSource, StudySpec,
    refuse_constraints, source, taken_apart, typed, unequal_objectives,
};
use crate::trial::ParamValue;

/// A checked spec with `[objective]`: some other program is tuned.
#[derive(Clone, Debug, PartialEq)]
pub struct ProgramSpec {
    /// `[experiment]`
    pub experiment: Experiment,
    /// Who evaluates the trials.
    pub objective: AskedOrRun,
    /// `[search]`
    pub search: Space,
    /// `[study]`
    pub study: StudySpec,
    /// `[pruner]`
    pub pruner: PrunerSpec,
    /// The text that this was read from.
    pub source: SpecSource,
    /// What `[study]` and `[pruner]` say, as fingerprints have it.
    setting: String,
}

/// Who evaluates the trials of a [`ProgramSpec`].
#[derive(Clone, Debug, PartialEq)]
pub enum AskedOrRun {
    /// Somebody who asks for points and tells their values: `[objective]` with `ask = true`.
    Asked,
    /// A command: `[objective]` as it stands, which `command` knows how to read.
    Run(Table),
}

/// A spec of either kind.
pub enum AnySpec {
    /// Without `[objective]`: our own training.
    Training(Box<Spec>),
    /// With it.
    Program(Box<ProgramSpec>),
}

impl AnySpec {
    /// Reads a spec file, once, and checks it as [`Spec::load`] and [`ProgramSpec::parse`] do. `-` is the
    /// standard input.
    ///
    /// # Errors
    /// All that is wrong with the file, the overrides and, of our own training, the data set, at once.
    pub fn load(path: &Path, overrides: &[(String, String)]) -> Result<Self, SpecErrors> {
        let source = source::read(path)?;
        if ProgramSpec::is_one(&source.text) {
            let program = ProgramSpec::parse(&source.text, &source.path, overrides)?;
            return Ok(Self::Program(Box::new(program)));
        }
        Ok(Self::Training(Box::new(Spec::of(source, overrides)?)))
    }
}

impl ProgramSpec {
    /// Whether a spec is one of these. What cannot be read is not.
    pub fn is_one(text: &str) -> bool {
        read::read(text, &[]).search.is_free
    }

    /// Checks the text of a spec; `path` is what errors name.
    ///
    /// # Errors
    /// All that is wrong with the text and the overrides, at once.
    pub fn parse(text: &str, path: &Path, overrides: &[(String, String)]) -> Result<Self, SpecErrors> {
        let mut reading = read::read(text, overrides);
        let source =
            SpecSource { path: path.to_owned(), text: text.to_owned(), overrides: overrides.to_vec() };
        let refuse = |problems| SpecErrors::locate(problems, &source.text, &source.path, &source.overrides);
        reading.problems.extend(unequal_objectives(&reading));
        reading.problems.extend(undirected(&reading));
        let search = reading.search.space(|_| None).unwrap_or_else(|problems| {
            reading.problems.extend(problems);
            Space::default()
        });
        let (objective, problem) = objective(&reading);
        reading.problems.extend(problem);
        if !reading.problems.is_empty() {
            return Err(refuse(reading.problems));
        }
        let (given, places) = taken_apart(reading.values);
        let mut root = filled(&given);
        if !given.contains_key(keys::METRIC) {
            keys::put_at(&mut root, keys::METRIC, &ParamValue::Text(VALUE.to_owned()));
        }
        if !given.contains_key(keys::DIRECTION) {
            keys::put_at(&mut root, keys::DIRECTION, &ParamValue::Text("minimize".to_owned()));
        }
        let mut take = |section| match root.remove(section) {
            Some(Value::Table(table)) => table,
            _ => Table::new(),
        };
        let experiment = typed(take("experiment")).map_err(&refuse)?;
        let Setting { written, study, pruner } =
            Setting::of(take("study"), take("pruner"), &places).map_err(&refuse)?;
        let setting = format!("{}\n{}", written.0.fingerprint(&study), written.1.fingerprint());
        Ok(Self { experiment, objective, search, study, pruner, source, setting })
    }

    /// An error at `[objective]`, of whoever knows what may stand there.
    pub fn refuse_objective(&self, problems: &[(String, Option<String>)]) -> SpecErrors {
        let reading = read::read(&self.source.text, &[]);
        let at = reading.objective.map_or(At::Start, |objective| objective.at);
        let problems = problems
            .iter()
            .map(|(message, help)| Complaint::new(message.clone()).maybe_help(help.clone()).at(at.clone()));
        let SpecSource { text, path, overrides } = &self.source;
        SpecErrors::locate(problems.collect(), text, path, overrides)
    }

    /// The error that no point satisfies these constraints of its space.
    pub fn refuse_constraints(&self, constraints: &[Constraint]) -> SpecErrors {
        refuse_constraints(&self.source, &self.search, constraints)
    }

    /// A hash (BLAKE3, hexadecimal) of everything in the spec that decides results but the search space:
    /// that may be widened while a study goes on.
    pub fn frame_fingerprint(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        let objective = match &self.objective {
            AskedOrRun::Asked => String::new(),
            AskedOrRun::Run(table) => table.to_string(),
        };
        hasher.update(objective.as_bytes()).update(&[0]);
        hasher.update(self.setting.as_bytes());
        hasher.finalize().to_hex().to_string()
    }

    /// As [`ProgramSpec::frame_fingerprint`], with the space.
    pub fn fingerprint(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher.update(self.frame_fingerprint().as_bytes()).update(search_toml(&self.search).as_bytes());
        hasher.finalize().to_hex().to_string()
    }
}

/// The name of a value that has none.
const VALUE: &str = "value";

/// A metric of its own needs a direction: nothing says which end of it is better.
fn undirected(reading: &Reading) -> Option<Problem> {
    let metric = reading.values.get(keys::METRIC)?;
    if reading.has(keys::DIRECTION) {
        return None;
    }
    let complaint = Complaint::new(format!("which end of `{}` is better?", metric.value));
    Some(complaint.help("add `direction = \"minimize\"` or \"maximize\" to [study]").at(metric.at.clone()))
}

fn objective(reading: &Reading) -> (AskedOrRun, Option<Problem>) {
    let Some(located) = &reading.objective else {
        let complaint = Complaint::new("there is no [objective]");
        return (AskedOrRun::Asked, Some(complaint.at(At::Start)));
    };
    let is_asked = located.value.get("ask").and_then(Value::as_bool) == Some(true);
    match (is_asked, located.value.contains_key("command")) {
        (true, false) => (AskedOrRun::Asked, None),
        (false, true) => (AskedOrRun::Run(located.value.clone()), None),
        (both, _) => {
            let message = if both {
                "[objective] has both `ask` and `command`"
            } else {
                "[objective] says neither `command` nor `ask`"
            };
            let help = "write `command = [\"python3\", \"train.py\"]`, or `ask = true` for `uaic ask` and \
                        `uaic tell`";
            (AskedOrRun::Asked, Some(Complaint::new(message).help(help).at(located.at.clone())))
        }
    }
}
