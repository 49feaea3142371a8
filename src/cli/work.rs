//! What a spec asks for: our own training, a command, or points that somebody asks for.

use std::path::Path;

use crate::command::{CommandObjective, CommandSpec, Problem};
use crate::fsx;
use crate::platform;
use crate::spec::{AnySpec, AskedOrRun, Duplicates, ProgramSpec, PrunerSpec, Space, Spec, StudySpec};
use crate::store::{Change, Environment, NewStudy, StudyChange, StudyRecord};
use crate::study::sampler::grid_size;
use crate::study::{
    Evaluation, Objective, ObjectiveError, SamplerKind, StudySetup, Trial, points_in, unsatisfied,
};
use crate::training::Training;
use crate::trial::Params;

use super::check::counted;

/// A checked spec with all that its study needs.
pub(super) enum Work {
    /// Train, validate and test a classifier.
    Training(Box<Training>),
    /// Evaluate points by a program.
    Program(Box<Program>),
}

/// A spec with `[objective]`.
pub(super) struct Program {
    pub(super) spec: ProgramSpec,
    pub(super) objective: Box<dyn Objective>,
    pub(super) environment: Environment,
    /// The metric whose values are reported to the pruner.
    pub(super) reports: String,
    notes: Vec<String>,
}

/// The objective of a spec whose `[objective]` is a command.
fn command(spec: &ProgramSpec, table: &toml::Table) -> Result<CommandObjective, Vec<Problem>> {
    let path = crate::training::absolute(&spec.source.path);
    let read = CommandSpec::read(table, &spec.study, fsx::parent_of(Path::new(&path)))?;
    let objective = CommandObjective::new(read, &spec.search)?;
    Ok(match platform::own_program() {
        Some(uaic) => objective.supervised_by(uaic),
        None => objective,
    })
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
    /// Reads a spec, whichever kind it is, and what it names.
    pub(super) fn load(path: &Path, overrides: &[(String, String)]) -> anyhow::Result<Self> {
        let work = match AnySpec::load(path, overrides)? {
            AnySpec::Program(program) => Self::of_program(*program)?,
            AnySpec::Training(spec) => Self::Training(Box::new(Training::open(*spec)?)),
        };
        // What pruners and samplers have to say of their settings is to be said before anything runs.
        work.setup()?;
        work.check_constraints()?;
        Ok(work)
    }

    /// That some point satisfies all constraints between parameters.
    ///
    /// # Errors
    /// None was found that does.
    pub(super) fn check_constraints(&self) -> anyhow::Result<()> {
        let Some(constraints) = unsatisfied(self.space()) else { return Ok(()) };
        Err(match self {
            Self::Training(experiment) => experiment.spec().refuse_constraints(&constraints),
            Self::Program(program) => program.spec.refuse_constraints(&constraints),
        }
        .into())
    }

    /// Whether its trials are asked for and told, so that nothing here evaluates them.
    pub(super) fn is_asked(&self) -> bool {
        matches!(self, Self::Program(program) if program.spec.objective == AskedOrRun::Asked)
    }

    /// What is not wrong with the spec, but may surprise whoever wrote it.
    pub(super) fn notes(&self) -> Vec<String> {
        let own: &[String] = match self {
            Self::Training(_) => &[],
            Self::Program(program) => &program.notes,
        };
        own.iter().cloned().chain(self.shortage()).collect()
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
                counted(u64::from(*trials), "trial"),
                counted(count, "point"),
            )
        })
    }

    /// The work of a recorded study, from its stored spec.
    pub(super) fn of_study(study: &StudyRecord) -> anyhow::Result<Self> {
        let NewStudy { spec_text, spec_path, overrides, .. } = &study.plan;
        let path = Path::new(spec_path);
        if ProgramSpec::is_one(spec_text) {
            return Self::of_program(ProgramSpec::parse(spec_text, path, overrides)?);
        }
        let experiment = Training::open(Spec::parse(spec_text, path, overrides)?)?;
        Ok(Self::Training(Box::new(experiment)))
    }

    fn of_program(spec: ProgramSpec) -> anyhow::Result<Self> {
        let mut reports = spec.study.goals.metric().to_owned();
        let mut notes = Vec::new();
        let objective: Box<dyn Objective> = match &spec.objective {
            AskedOrRun::Asked => Box::new(Asked),
            AskedOrRun::Run(table) => {
                let command = command(&spec, table).map_err(|problems| spec.refuse_objective(&problems))?;
                reports = command.spec().prune_by.clone().unwrap_or(reports);
                notes = command.notes().to_vec();
                Box::new(command)
            }
        };
        let environment = crate::training::record_environment(&spec.source.text, spec.study.seed);
        Ok(Self::Program(Box::new(Program { spec, objective, environment, reports, notes })))
    }

    /// The experiment's name.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Training(experiment) => &experiment.spec().experiment.name,
            Self::Program(program) => &program.spec.experiment.name,
        }
    }

    pub(super) fn study(&self) -> &StudySpec {
        match self {
            Self::Training(experiment) => &experiment.spec().study,
            Self::Program(program) => &program.spec.study,
        }
    }

    pub(super) fn space(&self) -> &Space {
        match self {
            Self::Training(experiment) => &experiment.spec().search,
            Self::Program(program) => &program.spec.search,
        }
    }

    pub(super) fn pruner(&self) -> &PrunerSpec {
        match self {
            Self::Training(experiment) => &experiment.spec().pruner,
            Self::Program(program) => &program.spec.pruner,
        }
    }

    pub(super) fn objective(&self) -> &dyn Objective {
        match self {
            Self::Training(experiment) => experiment.as_ref(),
            Self::Program(program) => program.objective.as_ref(),
        }
    }

    pub(super) fn environment(&self) -> &Environment {
        match self {
            Self::Training(experiment) => experiment.environment(),
            Self::Program(program) => &program.environment,
        }
    }

    pub(super) fn setup(&self) -> anyhow::Result<StudySetup<'_>> {
        let (pruner, reports) = match self {
            Self::Training(experiment) => (experiment.pruner(), experiment.reports()),
            Self::Program(program) => (program.spec.pruner.clone(), program.reports.clone()),
        };
        Ok(StudySetup::new(self.space(), self.study(), &pruner, &reports)?)
    }

    /// As [`Work::fingerprint`], but for the search space.
    pub(super) fn frame_fingerprint(&self) -> String {
        match self {
            Self::Training(experiment) => experiment.frame_fingerprint(),
            Self::Program(program) => program.spec.frame_fingerprint(),
        }
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
        match self {
            Self::Training(experiment) => experiment.fingerprint(),
            Self::Program(program) => program.spec.fingerprint(),
        }
    }

    /// The record that creates the study.
    pub(super) fn new_study(&self) -> NewStudy {
        let program = match self {
            Self::Training(experiment) => return experiment.new_study(),
            Self::Program(program) => program,
        };
        let ProgramSpec { experiment, study, source, .. } = &program.spec;
        NewStudy {
            experiment: experiment.name.clone(),
            spec_text: source.text.clone(),
            spec_path: crate::training::absolute(&source.path),
            overrides: source.overrides.clone(),
            fingerprint: program.spec.fingerprint(),
            seed: study.seed,
            goals: study.goals.clone(),
            trials: study.trials,
            environment: program.environment.clone(),
        }
    }
}
