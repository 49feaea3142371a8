//! Any program as the objective of a study.
//!
//! A trial is one run of the program: its parameters go out as arguments, environment variables and
//! a file; its metrics come back as lines of JSON. `docs/command.md` is the contract, for whoever
//! writes such a program.
//!
//! Each program leads a process group of its own and, where the objective knows how to start `uaic`
//! ([`CommandObjective::supervised_by`]), is watched over by a supervisor that ends the group when
//! this process dies.

mod artifacts;
mod check;
mod child_environment;
mod ending;
mod execution;
mod folder;
mod group;
mod invocation;
mod output;
mod process;
mod reported;
mod spec;
mod supervisor;
mod template;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::json;

pub use check::{check, missing};
pub use spec::{CommandSpec, KEYS, Problem};
pub use supervisor::{SUPERVISE, supervise_if_asked};

use crate::spec::Space;
use crate::study::{Evaluation, Objective, ObjectiveError, Trial};
use crate::trial::Params;
use child_environment::ChildEnvironment;
use execution::Execution;
use folder::Folder;
use template::{Filling, Template};
use uaic_capture::Secrets;

/// A program that evaluates trials.
#[derive(Debug)]
pub struct CommandObjective {
    spec: CommandSpec,
    templates: Vec<Template>,
    /// What is the same for every trial.
    environment: ChildEnvironment,
    /// The variables of parameters, by name.
    variables: BTreeMap<String, String>,
    /// What may surprise.
    notes: Vec<String>,
    secrets: Secrets,
    /// Names that make a line of ordinary output one of metrics.
    expected: Vec<String>,
    supervisor: Option<PathBuf>,
    /// The address of a server on the store.
    server: Option<String>,
}

impl CommandObjective {
    /// An objective for the points of a space.
    ///
    /// # Errors
    /// All that [`check`] and [`missing`] find.
    pub fn new(spec: CommandSpec, space: &Space) -> Result<Self, Vec<Problem>> {
        let mut problems = check(&spec, space);
        problems.extend(missing(&spec));
        if !problems.is_empty() {
            return Err(problems);
        }
        // Checked above: every argument is a template.
        let templates =
            spec.command.iter().filter_map(|argument| check::read(argument, space).ok()).collect();
        let constrained = spec.constraints.iter().flat_map(crate::spec::Constraint::names);
        let expected = spec.metrics.iter().chain(&spec.prune_by).map(String::as_str).chain(constrained);
        Ok(Self {
            templates,
            environment: child_environment::wanted(&spec),
            variables: child_environment::Variables::new(space.iter().map(|(name, _)| name)).of,
            notes: check::notes(&spec, space),
            secrets: child_environment::secrets(&spec),
            expected: expected.map(str::to_owned).collect(),
            supervisor: None,
            server: None,
            spec,
        })
    }

    /// Lets each program have a supervisor, so that none outlives this process, however it dies.
    /// `uaic` is the path of a program whose `main` begins with [`supervise_if_asked`], as that of
    /// `uaic` does: see [`crate::platform::own_program`].
    #[must_use]
    pub fn supervised_by(mut self, uaic: PathBuf) -> Self {
        self.supervisor = Some(uaic);
        self
    }

    /// Lets each program find the store over HTTP: what it logs to MLflow is logged to its trial.
    pub fn tracked_at(&mut self, url: &str) {
        self.server = Some(url.to_owned());
    }

    /// What is not wrong with it, but may surprise whoever wrote it.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// What it runs.
    pub fn spec(&self) -> &CommandSpec {
        &self.spec
    }
}

impl Objective for CommandObjective {
    /// Runs the program; its metrics' last values are the trial's.
    fn evaluate(&self, trial: &Trial<'_>) -> Result<Evaluation, ObjectiveError> {
        let failed = |error: crate::fsx::FileError| ObjectiveError::Failed(error.to_string());
        let folder = Folder::create(trial.params).map_err(failed)?;
        let mut execution = Execution::new(self, trial, &folder);
        let ending = execution.run()?;
        ending::conclude(execution, &ending)
    }

    /// The command with its parameters, and those alone.
    fn config(&self, params: &Params) -> serde_json::Value {
        let places = |name: &str| match params.get(name) {
            Some(value) => Some(value.into()),
            None => check::is_place(name).then(|| Filling::text(format!("{{{name}}}"))),
        };
        let command = template::fill(&self.templates, places);
        let masked: Vec<String> = command.iter().map(|argument| self.secrets.mask(argument)).collect();
        json!({ "command": masked, "params": params })
    }
}
