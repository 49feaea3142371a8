//! What is started for a trial, and the record of it.

use std::path::Path;

use rand::Rng;
use serde_json::json;

use super::CommandObjective;
use super::artifacts::COMMAND_ARTIFACT;
use super::check::{ARTIFACTS, METRICS_FILE, PARAMS_FILE, SEED, TRIAL};
use super::child_environment::{ChildEnvironment, Facts};
use super::folder::Folder;
use super::template::{self, Filling};
use crate::rng::SeedTree;
use crate::store::StoreError;
use crate::study::Trial;

/// A program with its arguments and variables.
pub(super) struct Invocation {
    /// The program and its arguments.
    pub(super) arguments: Vec<String>,
    /// Its whole environment.
    pub(super) environment: ChildEnvironment,
}

impl Invocation {
    /// The program of a trial.
    pub(super) fn of(objective: &CommandObjective, trial: &Trial<'_>, folder: &Folder) -> Self {
        let seed = seed_of(&trial.seeds);
        Self {
            arguments: arguments(objective, trial, folder, seed),
            environment: environment(objective, trial, folder, seed),
        }
    }

    /// Records what is about to be started.
    ///
    /// # Errors
    /// The store fails.
    pub(super) fn describe(&self, objective: &CommandObjective, trial: &Trial<'_>) -> Result<(), StoreError> {
        let CommandObjective { spec, secrets, .. } = objective;
        let masked: Vec<String> = self.arguments.iter().map(|argument| secrets.mask(argument)).collect();
        tracing::info!("starting {}", masked.join(" "));
        let set = spec.env.iter().map(|(name, value)| (name.as_str(), secrets.mask(value)));
        let description = json!({
            "command": masked,
            "cwd": spec.cwd,
            "env": set.collect::<std::collections::BTreeMap<_, _>>(),
            "env_names": self.environment.keys().map(|name| name.to_string_lossy()).collect::<Vec<_>>(),
            "secrets": spec.secrets,
        });
        let bytes = serde_json::to_vec_pretty(&description).unwrap_or_default();
        trial.store.put_artifact(trial.attempt, COMMAND_ARTIFACT, &bytes).map(drop)
    }
}

fn arguments(objective: &CommandObjective, trial: &Trial<'_>, folder: &Folder, seed: u32) -> Vec<String> {
    let Folder { params, metrics, artifacts, .. } = folder;
    let path = |path: &Path| Some(Filling::text(path.to_string_lossy()));
    template::fill(&objective.templates, |name| match trial.params.get(name) {
        Some(value) => Some(value.into()),
        None => match name {
            TRIAL => Some(Filling::text(trial.number.to_string())),
            SEED => Some(Filling::text(seed.to_string())),
            PARAMS_FILE => path(params),
            METRICS_FILE => path(metrics),
            ARTIFACTS => path(artifacts),
            _ => None,
        },
    })
}

fn environment(
    objective: &CommandObjective,
    trial: &Trial<'_>,
    folder: &Folder,
    seed: u32,
) -> ChildEnvironment {
    let Trial { store, attempt, .. } = trial;
    let facts = Facts {
        trial: trial.number,
        run: attempt.run.to_string(),
        study: store
            .run(attempt.run)
            .ok()
            .and_then(|run| run.start.home.study())
            .map(|study| study.to_string()),
        seed,
        threads: trial.threads,
        params: trial.params,
        variables: &objective.variables,
        params_file: &folder.params,
        metrics_file: &folder.metrics,
        artifacts: &folder.artifacts,
        stop_file: &folder.stop,
        server: objective.server.as_deref(),
    };
    let mut environment = objective.environment.clone();
    facts.add_to(&mut environment);
    environment
}

/// The trial's seed for a program: every generator takes 31 bits.
fn seed_of(seeds: &SeedTree) -> u32 {
    seeds.rng("command").next_u32() >> 1
}
