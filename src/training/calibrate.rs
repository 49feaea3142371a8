//! Fitting temperature, out-of-scope method and threshold on data that a model has not learnt from.

use std::collections::HashSet;

use super::artifacts::FittedCalibration;
use super::calibration_twin::Trained;
use super::measures::predict;
use super::{Training, TrainingError};
use crate::data::Example;
use crate::eval::{Calibration, Predictions, ScopeModels};
use crate::model::{Classifier, Features, ModelError};
use crate::spec::Validation;

/// The version of `calibration.json`: the second names all out-of-scope methods, and has a reason and a
/// reference.
pub(super) const SCHEMA: u32 = 2;

/// Splits of out-of-scope texts that the method is chosen by, the preferred one first.
const OUTSIDE: [&str; 2] = ["ood_dev", "ood"];

/// A model that is to be calibrated, and texts that it has not learnt from.
pub struct Uncalibrated<'a> {
    /// The model that is asked.
    pub classifier: &'a Classifier,
    /// What out-of-scope methods have learnt from those texts that it was trained on; the default where
    /// nobody knows them.
    pub models: &'a ScopeModels,
    /// Texts with an intent.
    pub validation: Vec<&'a Example>,
    /// Texts without one; none where there are none.
    pub outside: Vec<&'a Example>,
}

/// What calibrating came to.
pub struct Calibrated {
    /// What the model said of the texts with an intent.
    pub validation: Predictions,
    /// The calibration, or why there is none.
    pub calibration: Result<FittedCalibration, String>,
}

impl Uncalibrated<'_> {
    /// Fits a calibration; `how` says in words on what, `left_out` how many texts were not used because
    /// the model has learnt from them.
    ///
    /// # Errors
    /// The model's output is not a number, or the model fails.
    pub fn fit(self, how: String, left_out: usize) -> Result<Calibrated, TrainingError> {
        let failed = |error: ModelError| TrainingError::Final(error.to_string());
        let Self { classifier, models, validation, outside } = self;
        let validation = predict(classifier, "validation", validation, Features::Keep).map_err(failed)?;
        let outside = predict(classifier, "ood", outside, Features::Keep).map_err(failed)?;
        let calibration = Calibration::fit(&validation, Some(&outside), models)
            .map(|fitted| FittedCalibration { schema: SCHEMA, how, left_out, fitted })
            .map_err(|reason| reason.to_string());
        Ok(Calibrated { validation, calibration })
    }
}

/// What out-of-scope methods learn from the texts that a classifier was trained on, `outside` among
/// them those of no intent.
///
/// # Errors
/// The model's output is not a number, or the model fails.
pub fn fit_scope<'a>(
    classifier: &Classifier,
    inside: impl IntoIterator<Item = &'a Example>,
    outside: impl IntoIterator<Item = &'a Example>,
) -> Result<ScopeModels, TrainingError> {
    let failed = |error: ModelError| TrainingError::Final(error.to_string());
    let inside = predict(classifier, "train", inside, Features::Keep).map_err(failed)?;
    let outside = predict(classifier, "ood", outside, Features::Keep).map_err(failed)?;
    Ok(ScopeModels::fit(&inside, Some(&outside).filter(|outside| !outside.is_empty())))
}

impl Training {
    /// All that the final model learns from: texts with an intent, and those without. Where validation
    /// has a split of its own, no twin will stand for that model, so texts without an intent are kept
    /// from it, too.
    pub(super) fn learnt_from(&self) -> (Vec<&Example>, Vec<&Example>) {
        let exposed = match (&self.training.data.oos, self.partitions.first()) {
            (Some(_), Some(partition)) if self.has_own_split() => partition.outside(&self.dataset).0,
            (Some(name), _) => {
                self.dataset.splits.get(name).map_or(&[][..], |split| &split.examples).iter().collect()
            }
            (None, _) => Vec::new(),
        };
        (self.train_examples().iter().collect(), exposed)
    }

    fn has_own_split(&self) -> bool {
        matches!(self.training.data.validation, Validation::Split(_))
    }

    /// Fits on the part that the final model has not seen, or on what its twin says of the first
    /// held-out part; the result serves the final model, whose own methods are `models`. `Err` inside
    /// says why that is not possible.
    pub(super) fn calibrate(
        &self,
        trained: &Trained,
        models: &ScopeModels,
    ) -> Result<Result<Calibrated, String>, TrainingError> {
        let Some(partition) = self.partitions.first() else {
            return Ok(Err("nothing is held out".to_owned()));
        };
        let (seen, held_out) = partition.of(&self.dataset);
        let (exposed, kept) = partition.outside(&self.dataset);
        let of_twin;
        let (classifier, asked) = match &trained.twin {
            None => (&trained.classifier, models),
            Some(Ok(twin)) => {
                of_twin = fit_scope(twin, seen.iter().copied(), exposed)?;
                (twin, &of_twin)
            }
            Some(Err(reason)) => return Ok(Err(reason.clone())),
        };
        let (validation, left_out) = without_seen(classifier, &seen, held_out);
        let outside = self.outside_to_choose_by(kept);
        let asked = Uncalibrated { classifier, models: asked, validation, outside };
        let mut calibrated = asked.fit(self.how(), left_out)?;
        if let Ok(FittedCalibration { fitted, .. }) = &mut calibrated.calibration {
            fitted.models = models.clone().only(fitted.method);
        }
        Ok(Ok(calibrated))
    }

    /// Out-of-scope texts that no model of the final stage has learnt from, given those that are kept
    /// from the twin.
    pub(super) fn outside_to_choose_by<'a>(&'a self, kept: Vec<&'a Example>) -> Vec<&'a Example> {
        let exposed = self.training.data.oos.as_deref();
        let mut outside = OUTSIDE.into_iter().filter(|name| exposed != Some(*name));
        let splits = &self.dataset.splits;
        let more = match exposed {
            // The rest of `ood` is learnt from.
            Some("ood") => splits.get("ood_dev"),
            _ => outside.find_map(|name| splits.get(name)),
        };
        kept.into_iter().chain(more.into_iter().flat_map(|split| &split.examples)).collect()
    }

    /// On what a calibration is fitted, in words.
    fn how(&self) -> String {
        let twin = "the final model has seen all of them, so a model of the same settings, trained on the \
                    others, was asked";
        match &self.training.data.validation {
            Validation::Split(name) => format!("the split `{name}`, which the final model has not seen"),
            Validation::Folds(folds) => format!("the first of {folds} folds of the training texts; {twin}"),
            Validation::Fraction(share) => {
                format!("the held-out {} % of the training texts; {twin}", 100.0 * share)
            }
        }
    }
}

/// The held-out examples that a model has not seen as it reads them, and how many others there are.
pub fn without_seen<'a>(
    model: &Classifier,
    seen: &[&Example],
    held_out: Vec<&'a Example>,
) -> (Vec<&'a Example>, usize) {
    let seen: HashSet<Vec<String>> =
        seen.iter().map(|example| model.tokenizer.tokens(&example.text)).collect();
    let all = held_out.len();
    let unseen: Vec<&Example> = held_out
        .into_iter()
        .filter(|example| !seen.contains(&model.tokenizer.tokens(&example.text)))
        .collect();
    let left_out = all - unseen.len();
    (unseen, left_out)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::eval::{Calibration, OutOfScopeMethod, ScopeModels};
    use crate::model::Features;
    use crate::spec::Spec;
    use crate::store::{MemoryStore, Store};
    use crate::training::measures::predict;
    use crate::training::testing::{SPEC, exposed, retrain, small, study};
    use crate::training::{
        Training, load_calibration, load_classifier, load_measures, load_predictions, load_scope_methods,
    };

    #[test]
    fn calibration_is_fitted_on_what_a_model_has_not_seen() {
        let folder = tempfile::tempdir().unwrap();
        let (training, store) = (small(folder.path()), MemoryStore::new());
        let study = study(&training, &store);
        let run = retrain(&training, &store, study, 0).run;
        let stored = load_predictions(&store, run, "validation").unwrap().unwrap();
        let calibration = load_calibration(&store, run).unwrap().unwrap();
        let (_, held_out) = training.partitions[0].of(&training.dataset);
        let classifier = load_classifier(&store, run).unwrap();
        let own = predict(&classifier, "validation", held_out, Features::Keep).unwrap();
        assert_eq!((stored.len(), &stored.hashes), (own.len(), &own.hashes));
        assert_ne!(stored.logits, own.logits, "the final model has seen these texts");
        let fitted = Calibration::fit(&stored, None, &ScopeModels::default()).unwrap();
        assert_eq!(fitted, calibration.fitted);
        assert!(calibration.how.starts_with("the first of 5 folds"), "{}", calibration.how);
    }

    #[test]
    fn a_split_that_nothing_is_trained_on_calibrates_the_final_model_itself() {
        let folder = tempfile::tempdir().unwrap();
        small(folder.path());
        let dev = "show flight 99 to oslo\tflight\nSHOW flight 3 to oslo\tflight\nfare 98\tairfare\n";
        std::fs::write(folder.path().join("dev.tsv"), dev).unwrap();
        std::fs::write(folder.path().join("ood.tsv"), "sing me a song\t-\n").unwrap();
        let text = SPEC.replace("DATA", &folder.path().display().to_string());
        let text = format!("{text}\ndata.validation = {{ split = \"dev\" }}");
        let spec = Spec::parse(&text, Path::new("small.toml"), &[]).unwrap();
        let (training, store) = (Training::open(spec).unwrap(), MemoryStore::new());
        let study = study(&training, &store);
        let run = retrain(&training, &store, study, 0).run;
        let calibration = load_calibration(&store, run).unwrap().unwrap();
        assert_eq!(calibration.left_out, 1, "one of the texts is also in train, but for its case");
        assert_eq!(calibration.fitted.threshold_texts, 2);
        assert_eq!(calibration.fitted.choice.unwrap().texts, 1);
        let stored = load_predictions(&store, run, "validation").unwrap().unwrap();
        let own = predict(
            &load_classifier(&store, run).unwrap(),
            "validation",
            training.dataset().splits["dev"].examples.iter().step_by(2),
            Features::Keep,
        );
        assert_eq!(stored, own.unwrap());
    }

    #[test]
    fn what_the_method_has_learnt_is_kept_beside_the_calibration() {
        let folder = tempfile::tempdir().unwrap();
        let (training, store) = (exposed(folder.path(), &[("train.oos_weight", "0")]), MemoryStore::new());
        let run = retrain(&training, &store, study(&training, &store), 0).run;
        let calibration = load_calibration(&store, run).unwrap().unwrap().fitted;
        let kept = store.artifacts(run).unwrap().iter().any(|artifact| artifact.name == "scope.safetensors");
        assert_eq!(kept, calibration.method.needs_features());
        assert_eq!(kept, !calibration.models.is_empty());
        let choice = calibration.choice.clone().unwrap();
        assert_eq!(choice.areas.len(), OutOfScopeMethod::ALL.len(), "all were tried: {choice:?}");
        let outside = load_predictions(&store, run, "ood_test").unwrap().unwrap();
        assert_eq!(calibration.scores(&outside).unwrap().len(), 2);
        let methods = load_scope_methods(&store, run).unwrap().unwrap();
        assert_eq!(methods.methods.len(), OutOfScopeMethod::ALL.len());
        let measures = load_measures(&store, run).unwrap().values;
        let of_chosen = &methods.methods[&calibration.method].values;
        assert_eq!(of_chosen["auroc"], measures["oos/auroc_calibrated"]);
        assert_eq!(of_chosen["fpr_at_95_tpr"], measures["oos/fpr_at_95_tpr_calibrated"]);
    }

    #[test]
    fn where_the_final_model_is_asked_itself_it_does_not_see_all_texts_of_no_intent() {
        let folder = tempfile::tempdir().unwrap();
        small(folder.path());
        std::fs::write(folder.path().join("dev.tsv"), "fare 98\tairfare\nflight 99\tflight\n").unwrap();
        let training = exposed(folder.path(), &[("data.validation.split", "dev")]);
        assert_eq!(training.learnt_from().1.len(), 12);
        let store = MemoryStore::new();
        let run = retrain(&training, &store, study(&training, &store), 0).run;
        let calibration = load_calibration(&store, run).unwrap().unwrap();
        assert_eq!(calibration.fitted.choice.unwrap().texts, 3);
        std::fs::write(folder.path().join("ood_dev.tsv"), "sing\t-\ndance\t-\n").unwrap();
        let training = exposed(folder.path(), &[]);
        assert_eq!((training.learnt_from().1.len(), training.outside_to_choose_by(vec![]).len()), (15, 2));
    }

    #[test]
    fn a_twin_that_cannot_be_trained_leaves_the_final_model_without_calibration() {
        let folder = tempfile::tempdir().unwrap();
        small(folder.path());
        // Whichever text is held out, the rest has one class.
        std::fs::write(folder.path().join("train.tsv"), "a flight\tflight\nthe fare\tairfare\n").unwrap();
        let text = SPEC.replace("DATA", &folder.path().display().to_string());
        let text = format!("{text}\ndata.validation = {{ folds = 2 }}");
        let spec = Spec::parse(&text, Path::new("small.toml"), &[]).unwrap();
        let (training, store) = (Training::open(spec).unwrap(), MemoryStore::new());
        let study = study(&training, &store);
        let report = retrain(&training, &store, study, 0);
        assert_eq!(load_calibration(&store, report.run).unwrap(), None);
        assert!(report.measures.values.contains_key("test/accuracy"));
        assert!(!report.measures.values.contains_key("test/ece_calibrated"));
        let reason = &store.tags(report.run).unwrap()["calibration"];
        assert!(reason.starts_with("none: the training part has 1 examples"), "{reason}");
    }
}
