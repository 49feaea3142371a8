//! What a spec asks for: our own training, a command, or points that somebody asks for.

use std::path::Path;

use crate::command::{CommandObjective, CommandSpec, Problem};
use crate::fsx;
use crate::platform;
use crate::spec::{Duplicates, ObjectiveSpec, PrunerSpec, Space, Spec, SpecProblem, StudySpec};
use crate::store::{Change, Environment, NewStudy, StudyChange, StudyRecord};
use crate::study::sampler::grid_size;
use crate::study::{
    Evaluation, Objective, ObjectiveError, SamplerKind, StudySetup, Trial, points_in, unsatisfied,
};
use crate::training::{Training, absolute, load_spec, new_study, record_environment};
use crate::trial::Params;

use super::exit::Failure;
use crate::number::counted;

/// A checked spec with all that its study needs.
pub(super) struct Work {
    spec: Spec,
    evaluator: Evaluator,
    environment: Environment,
    /// The pruner's settings, with what the spec leaves to the objective.
    pruner: PrunerSpec,
    /// The metric whose values are reported to the pruner.
    reports: String,
    /// What of the objective may surprise.
    notes: Vec<String>,
}

/// Who evaluates points.
enum Evaluator {
    /// Models of ours are trained, validated and tested.
    Training(Box<Training>),
    /// Another program is run.
    Command(Box<CommandObjective>),
    /// Nobody evaluates here.
    Asked(Asked),
}

/// The objective of a spec whose `[objective]` is a command.
fn command(spec: &Spec, table: &toml::Table) -> Result<CommandObjective, Vec<Problem>> {
    let path = absolute(&spec.source.path);
    let read = CommandSpec::read(table, &spec.study, fsx::parent_of(Path::new(&path)))?;
    let objective = CommandObjective::new(read, &spec.search)?;
    Ok(match platform::own_program() {
        Some(uaic) => objective.supervised_by(uaic),
        None => objective,
    })
}

/// What is wrong with a command, at `[objective]`.
fn misplaced((message, help): Problem) -> SpecProblem {
    SpecProblem { key: "objective", message, help }
}

/// Whoever asks evaluates; here nobody does.
struct Asked;

impl Objective for Asked {
    fn evaluate(&self, _: &Trial<'_>) -> Result<Evaluation, ObjectiveError> {
        Err(ObjectiveError::Failed("the trials of this study are asked for and told".to_owned()))
    }

    fn config(&self, params: &Params) -> serde_json::Value {
        serde_json::json!({ "params": params })
    }
}

impl Work {
    /// Reads a spec, and what it names.
    pub(super) fn load(path: &Path, overrides: &[(String, String)]) -> anyhow::Result<Self> {
        let work = Self::of(load_spec(path, overrides)?)?;
        // What pruners and samplers have to say of their settings is to be said before anything runs.
        work.setup()?;
        work.check_constraints()?;
        Ok(work)
    }

    /// The work of a recorded study, from its stored spec.
    pub(super) fn of_study(study: &StudyRecord) -> anyhow::Result<Self> {
        if study.plan.spec_text.is_empty() {
            let message = format!(
                "study {} has no spec: the program that proposes its trials goes on with it",
                study.id.short()
            );
            return Err(Failure::usage(message).into());
        }
        Self::of(Spec::of_study(&study.plan)?)
    }

    fn of(spec: Spec) -> anyhow::Result<Self> {
        let usual = |spec: &Spec, evaluator: Evaluator| Self {
            evaluator,
            environment: record_environment(&spec.source.text, spec.study.seed),
            pruner: spec.pruner.clone(),
            reports: spec.study.goals.metric().to_owned(),
            notes: Vec::new(),
            spec: spec.clone(),
        };
        Ok(match &spec.objective {
            ObjectiveSpec::Training { .. } => Self::of_training(Training::open(spec)?),
            ObjectiveSpec::Asked => usual(&spec, Evaluator::Asked(Asked)),
            ObjectiveSpec::Command(table) => {
                let command = command(&spec, table)
                    .map_err(|problems| spec.refuse(problems.into_iter().map(misplaced).collect()))?;
                let (reports, notes) = (command.spec().prune_by.clone(), command.notes().to_vec());
                let usual = usual(&spec, Evaluator::Command(Box::new(command)));
                Self { reports: reports.unwrap_or(usual.reports), notes, ..usual }
            }
        })
    }

    fn of_training(experiment: Training) -> Self {
        Self {
            spec: experiment.spec().clone(),
            environment: experiment.environment().clone(),
            pruner: experiment.pruner(),
            reports: experiment.reports(),
            notes: Vec::new(),
            evaluator: Evaluator::Training(Box::new(experiment)),
        }
    }

    /// That some point satisfies all constraints between parameters.
    ///
    /// # Errors
    /// None was found that does.
    pub(super) fn check_constraints(&self) -> anyhow::Result<()> {
        match unsatisfied(self.space()) {
            Some(constraints) => Err(self.spec.refuse_constraints(&constraints).into()),
            None => Ok(()),
        }
    }

    /// Whether its trials are asked for and told, so that nothing here evaluates them.
    pub(super) fn is_asked(&self) -> bool {
        self.spec.objective == ObjectiveSpec::Asked
    }

    /// What is not wrong with the spec, but may surprise whoever wrote it.
    pub(super) fn notes(&self) -> Vec<String> {
        self.notes.iter().cloned().chain(self.shortage()).collect()
    }

    /// Why its study has fewer points than trials, where points are not tried twice.
    fn shortage(&self) -> Option<String> {
        let StudySpec { trials, duplicates, sampler, .. } = self.study();
        if *duplicates != Duplicates::Avoid || self.space().is_empty() {
            return None;
        }
        let (what, count) = if *sampler == SamplerKind::Grid {
            ("grid", grid_size(self.space()).filter(|count| *count > 0)?)
        } else {
            ("space", points_in(self.space(), *trials as usize)? as u64)
        };
        (count < u64::from(*trials)).then(|| {
            format!(
                "{}, but the {what} has {}: the study ends when each has been tried \
                 (`duplicates = \"repeat\"` in [study] tries them again)",
                counted(trials, "trial"),
                counted(count, "point"),
            )
        })
    }

    /// Lets its program, if it runs one, find the store over HTTP.
    pub(super) fn tracked_at(&mut self, url: &str) {
        if let Evaluator::Command(command) = &mut self.evaluator {
            command.tracked_at(url);
        }
    }

    pub(super) fn spec(&self) -> &Spec {
        &self.spec
    }

    /// The experiment's name.
    pub(super) fn name(&self) -> &str {
        &self.spec.experiment.name
    }

    pub(super) fn study(&self) -> &StudySpec {
        &self.spec.study
    }

    pub(super) fn space(&self) -> &Space {
        &self.spec.search
    }

    /// The data and the rest of a training; `None` where others evaluate.
    pub(super) fn training(&self) -> Option<&Training> {
        match &self.evaluator {
            Evaluator::Training(experiment) => Some(experiment),
            Evaluator::Command(_) | Evaluator::Asked(_) => None,
        }
    }

    pub(super) fn objective(&self) -> &dyn Objective {
        match &self.evaluator {
            Evaluator::Training(experiment) => experiment.as_ref(),
            Evaluator::Command(command) => command.as_ref(),
            Evaluator::Asked(asked) => asked,
        }
    }

    pub(super) fn environment(&self) -> &Environment {
        &self.environment
    }

    pub(super) fn setup(&self) -> anyhow::Result<StudySetup<'_>> {
        Ok(StudySetup::new(self.space(), self.study(), &self.pruner, &self.reports)?)
    }

    /// The space as it was last changed.
    pub(super) fn latest_space(&self, changes: &[StudyChange]) -> Space {
        let last = changes.iter().rev().find_map(|change| match &change.change {
            Change::Space { space, .. } => Some(space),
            _ => None,
        });
        last.unwrap_or_else(|| self.space()).clone()
    }

    /// Hash of all that decides the result, but for the number of trials.
    pub(super) fn fingerprint(&self) -> String {
        self.with_data(self.spec.fingerprint())
    }

    /// As [`Work::fingerprint`], but for the search space.
    pub(super) fn frame_fingerprint(&self) -> String {
        self.with_data(self.spec.frame_fingerprint())
    }

    fn with_data(&self, fingerprint: String) -> String {
        match self.training() {
            Some(experiment) => experiment.with_data(&fingerprint),
            None => fingerprint,
        }
    }

    /// The record that creates the study.
    pub(super) fn new_study(&self) -> NewStudy {
        new_study(&self.spec, self.fingerprint(), &self.environment)
    }
}
