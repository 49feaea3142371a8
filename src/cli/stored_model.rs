//! Stored models and the data that they are applied to, for verbs that predict.

use std::collections::HashSet;

use crate::data::{self, Dataset, Example};
use crate::eval::Calibration;
use crate::model::{Classifier, Features};
use crate::package::Predictor;
use crate::spec::{FinalSpec, Spec};
use crate::store::{RunRecord, Store, StudyRecord};
use crate::training::{self, FittedCalibration, Training, dataset_folder};

use super::exit::Failure;
use crate::select::{self, Hidden, Target, model_run, place};

/// What the help of these verbs says of selectors.
pub(super) const MODEL_GRAMMAR: &str = "\
Models are selected by the run that keeps one, or by its study:
  @              the latest run, when it is a final one; @-1 is the one before
  9c1e22aa       the beginning of the id of a final run or a study
  attention      the final run of the latest study of an experiment
  STUDY/final    the final run of a study; also STUDY/imported
  NAME@champion  a registered version, by alias or number (NAME@3); see `uaic help model`";

/// A final run with its model.
pub(super) struct StoredModel {
    pub(super) run: RunRecord,
    pub(super) study: StudyRecord,
    pub(super) classifier: Classifier,
    calibration: Option<FittedCalibration>,
}

/// Data to apply a model to.
pub(super) struct Material {
    /// What `--dataset` names, or the data set of the run.
    pub(super) dataset: Dataset,
    /// The texts that the model was trained on, when they are at hand.
    pub(super) train: Option<Vec<Example>>,
    /// Whether the data set is the run's own, by its name.
    is_own: bool,
}

impl Material {
    /// The examples of a split.
    ///
    /// # Errors
    /// There is no such split; the message names those that there are.
    pub(super) fn split(&self, name: &str) -> Result<&[Example], Failure> {
        let split = self.dataset.split(name).map_err(|error| Failure::not_found(error.to_string()))?;
        Ok(&split.examples)
    }
}

impl StoredModel {
    /// The model that a selector names; a study selects its final run.
    ///
    /// # Errors
    /// It selects nothing, or a run that keeps no model.
    pub(super) fn open(store: &dyn Store, selector: &str, verb: &str) -> anyhow::Result<Self> {
        Self::of_run(store, run_with_model(store, selector, verb)?)
    }

    /// The model that a run keeps.
    ///
    /// # Errors
    /// It keeps none, or what it keeps is damaged.
    pub(super) fn of_run(store: &dyn Store, run: RunRecord) -> anyhow::Result<Self> {
        let study = store.study(run.study()?)?;
        let classifier = training::load_classifier(store, run.id)?;
        let calibration = training::load_calibration(store, run.id)?;
        Ok(Self { run, study, classifier, calibration })
    }

    /// The model with its calibration, to be asked.
    pub(super) fn into_predictor(self) -> Predictor {
        let calibration = self.calibration.map(|calibration| calibration.fitted);
        Predictor { classifier: self.classifier, calibration }
    }

    /// Temperature and threshold; `None` for runs without.
    pub(super) fn calibration(&self) -> Option<&Calibration> {
        self.calibration.as_ref().map(|calibration| &calibration.fitted)
    }

    /// Whether predictions must keep features: where the out-of-scope method looks at them.
    pub(super) fn features(&self) -> Features {
        match self.calibration() {
            Some(calibration) if calibration.method.needs_features() => Features::Keep,
            _ => Features::Omit,
        }
    }

    /// The temperature that confidences are given at.
    pub(super) fn temperature(&self) -> f64 {
        self.calibration().map_or(1.0, |calibration| calibration.temperature)
    }

    /// The data set that is asked for, or else the run's own.
    ///
    /// # Errors
    /// It is not there or cannot be read; the message says how to name another.
    pub(super) fn material(&self, dataset: Option<&str>) -> anyhow::Result<Material> {
        let own = self.own_folder();
        let folder = match (dataset, &own) {
            (Some(name), _) => data::find(name)?,
            (None, Ok(folder)) => folder.clone(),
            (None, Err(why)) => {
                let message = format!("{why}; `--dataset DIR` names data to use instead");
                return Err(Failure::not_found(message).into());
            }
        };
        let dataset = Dataset::read(&folder)?;
        let is_own = self.run.start.environment.get("data.name").is_some_and(|name| *name == dataset.name);
        // What the model was trained on may be gone, or be on another machine.
        let train = own.ok().and_then(|folder| Dataset::read(&folder).ok());
        let train = train.and_then(|mut dataset| dataset.splits.remove("train")).map(|split| split.examples);
        Ok(Material { dataset, train, is_own })
    }

    /// The folder of the data set that the run's spec names.
    fn own_folder(&self) -> Result<std::path::PathBuf, String> {
        let spec = Spec::of_study(&self.study.plan).ok();
        let named = spec.as_ref().and_then(|spec| Some((spec, spec.named().dataset?)));
        let (spec, name) = named
            .ok_or_else(|| format!("this uaic cannot read the spec of study {}", self.study.id.short()))?;
        dataset_folder(spec)
            .map_err(|_| format!("the data set `{name}` of run {} is not here", self.run.id.short()))
    }

    /// The experiment that the run comes from; `None` where its data are not here, or have changed
    /// since, so that nobody knows what the model has learnt from.
    pub(super) fn origin(&self) -> Option<Training> {
        let origin = Training::open(Spec::of_study(&self.study.plan).ok()?).ok()?;
        let learnt = [Some("train"), origin.training().data.oos.as_deref()];
        let is_same = |name: &str| {
            let then = self.run.start.environment.get(&format!("data.{name}.hash"));
            then.is_some() && then == origin.dataset().splits.get(name).map(|split| &split.hash)
        };
        let all_are = learnt.into_iter().flatten().all(is_same);
        all_are.then_some(origin)
    }

    /// What one should know of a split before believing figures on it.
    pub(super) fn notes(&self, material: &Material, split: &str) -> anyhow::Result<Vec<String>> {
        let mut notes = Vec::new();
        let environment = &self.run.start.environment;
        for name in [split, "train"] {
            let then = environment.get(&format!("data.{name}.hash"));
            let now = material.dataset.splits.get(name).map(|split| &split.hash);
            if material.is_own && then.is_some() && now.is_some() && then != now {
                notes.push(format!("{name}.tsv has changed since the run"));
            }
        }
        notes.dedup();
        if split == "train" && material.is_own {
            notes.push("the model was trained on these texts".to_owned());
        } else if let Some(train) = &material.train {
            let tokens = |example: &Example| self.classifier.tokenizer.tokens(&example.text);
            let seen: HashSet<Vec<String>> = train.iter().map(tokens).collect();
            let examples = material.split(split)?;
            let shared = examples.iter().filter(|example| seen.contains(&tokens(example))).count();
            if shared > 0 {
                notes.push(format!("{shared} of {} {split} texts also occur in train", examples.len()));
            }
        } else {
            notes.push(
                "the training texts are not here, so nobody knows which texts the model has seen".to_owned(),
            );
        }
        Ok(notes)
    }
}

/// The run that a selector names, which keeps a model; a study selects its final run.
///
/// # Errors
/// It selects nothing, or a run that keeps no model.
pub(super) fn run_with_model(store: &dyn Store, selector: &str, verb: &str) -> anyhow::Result<RunRecord> {
    let run = match select::resolve_any(store, selector)? {
        Target::Run(run) => *run,
        Target::Study(study) => {
            model_run(store, study.id, Hidden::Include)?.ok_or_else(|| no_final_run(&study, verb))?
        }
    };
    let keeps_model =
        store.artifacts(run.id)?.iter().any(|artifact| artifact.name == "model/weights.safetensors");
    if keeps_model {
        return Ok(run);
    }
    let study = store.study(run.study()?)?;
    Err(without_model(store, &run, &study, verb)?.into())
}

/// That there is no model to be had of a study that trains none.
fn of_program(study: &StudyRecord, verb: &str) -> Failure {
    let id = study.id.short();
    let nothing = match verb {
        "errors" => "whose errors could be listed",
        "evaluate" => "to evaluate",
        "calibrate" => "to calibrate",
        "export" => "to export",
        "model register" => "to register",
        "model diff" => "to compare",
        "serve" => "to serve",
        _ => "to ask",
    };
    Failure::not_found(format!(
        "the trials of study {id} are evaluated elsewhere and not trained here, so there is no model {nothing}; \
         `uaic show {id}/best` lists the files that were kept of the best trial, and `uaic show {id}/best \
         --artifact NAME --out FILE` writes one"
    ))
}

fn no_final_run(study: &StudyRecord, verb: &str) -> Failure {
    let id = study.id.short();
    if Spec::is_of_program(&study.plan) {
        return of_program(study, verb);
    }
    Failure::not_found(format!("study {id} has no final run, so no model; {}", how_to_train(study)))
}

/// What makes a final run, where the spec wants one; or how to want one.
fn how_to_train(study: &StudyRecord) -> String {
    let spec = Spec::of_study(&study.plan).ok();
    match spec.as_ref().and_then(Spec::final_stage) {
        Some(FinalSpec { epochs: 0 }) => format!(
            "its spec wants none, as `[final] epochs` is 0; `uaic run {} -P final.epochs=20` makes a study with one",
            study.plan.spec_path
        ),
        _ => format!("`uaic resume {}` trains it", study.id.short()),
    }
}

fn without_model(
    store: &dyn Store,
    run: &RunRecord,
    study: &StudyRecord,
    verb: &str,
) -> anyhow::Result<Failure> {
    let (id, what) = (study.id.short(), place(run));
    if Spec::is_of_program(&study.plan) {
        return Ok(of_program(study, verb));
    }
    if run.start.kind.keeps_model() {
        let state = run.state.name().to_lowercase();
        let message =
            format!("the {what} of study {id} is {state} and has kept no model; `uaic resume {id}` goes on");
        return Ok(Failure::not_found(message));
    }
    let hint = match model_run(store, study.id, Hidden::Include)? {
        Some(kept) => {
            format!("that of trial {} is: `uaic {verb} {id}/final`", kept.start.number.unwrap_or_default())
        }
        None => format!("study {id} has no final run: {}", how_to_train(study)),
    };
    Ok(Failure::not_found(format!(
        "the model of {what} of study {id} was not kept, only that of a final run is; {hint}"
    )))
}
