//! The final training, and beside it the one that calibration needs.
//!
//! Temperature and threshold may be fitted only on texts that a model has not seen. Where validation
//! holds out part of the training split, the final model, which is trained on all of it, has seen
//! every one. So a twin of the same settings is trained on everything but the first held-out part;
//! what it says of that part stands for what the final model would say of new texts. The two are
//! trained side by side where there are threads for both.

use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Training;
use crate::data::Example;
use crate::model::Classifier;
use crate::rng::SeedTree;
use crate::spec::{TrainSpec, TrainingSpec, Validation};
use crate::store::StoreError;
use crate::study::caught;
use crate::train::{EpochReport, FitError, Fitted, Flow, Task, TrainError, fit};

/// What is trained, from which seeds, and how it may be stopped.
pub(super) struct Twins<'a> {
    pub(super) training: &'a Training,
    pub(super) settings: &'a TrainingSpec,
    /// Those of the final stage.
    pub(super) seeds: &'a SeedTree,
    pub(super) threads: usize,
    pub(super) cancel: &'a AtomicBool,
}

/// The two models.
pub(super) struct Trained {
    /// Has seen the whole training split.
    pub(super) classifier: Classifier,
    /// Has not seen the first held-out part; `None` where the final model has not, either.
    pub(super) twin: Option<Result<Classifier, String>>,
}

impl Twins<'_> {
    /// Trains both; `None` when they were stopped. What the final training comes to is told to
    /// `watch`; a twin that fails does not stop it. Results do not depend on the number of threads.
    ///
    /// # Errors
    /// The final training fails, or `watch` does.
    pub(super) fn train(
        &self,
        watch: &mut dyn FnMut(&EpochReport) -> Result<(), StoreError>,
    ) -> Result<Option<Trained>, FitError<StoreError>> {
        let (all, exposed) = self.training.learnt_from();
        let abandoned = AtomicBool::new(false);
        let mut own = |threads| {
            let task = self.task((&all, &exposed), self.seeds.child("fit", 0), threads);
            let fitted = fit(&task, |report| {
                watch(report)?;
                Ok(self.flow(report, &abandoned))
            });
            abandoned.store(fitted.is_err(), Ordering::Relaxed);
            fitted
        };
        let Some((rest, exposed_to_twin)) = self.rest() else { return settle(own(self.threads), None) };
        let twin = |threads| {
            let learnt = (&rest[..], &exposed_to_twin[..]);
            let task = self.task(learnt, self.seeds.child("calibration", 0), threads);
            caught(|| Ok(fit(&task, |report| Ok::<_, Infallible>(self.flow(report, &abandoned)))?))
        };
        if self.threads < 2 {
            let fitted = own(1);
            let twin = if fitted.is_ok() { Some(twin(1)) } else { None };
            return settle(fitted, twin);
        }
        let for_twin = self.threads / 2;
        let (fitted, twin) = std::thread::scope(|scope| {
            let beside = std::thread::Builder::new().spawn_scoped(scope, || twin(for_twin));
            match beside {
                Ok(beside) => {
                    let fitted = own(self.threads - for_twin);
                    (fitted, beside.join().ok())
                }
                // No thread to be had.
                Err(_) => (own(1), Some(twin(1))),
            }
        });
        settle(fitted, twin)
    }

    /// What the twin learns from, texts of no intent beside; none where no twin is needed.
    fn rest(&self) -> Option<(Vec<&Example>, Vec<&Example>)> {
        let training = self.training;
        match &training.training.data.validation {
            Validation::Split(_) => None,
            Validation::Folds(_) | Validation::Fraction(_) => {
                let partition = training.partitions.first()?;
                Some((partition.of(&training.dataset).0, partition.outside(&training.dataset).0))
            }
        }
    }

    fn task<'b>(
        &'b self,
        (examples, outside): (&'b [&'b Example], &'b [&'b Example]),
        seeds: SeedTree,
        threads: usize,
    ) -> Task<'b> {
        Task {
            text: &self.settings.text,
            model: &self.settings.model,
            pretrained: self.training.pretrained.as_ref(),
            train: &self.settings.train,
            epochs: self.training.final_stage.epochs,
            examples,
            outside: exposed(&self.settings.train, outside),
            validation: &[],
            seeds,
            threads,
        }
    }

    /// Whether to go on after an epoch; the last one is let through, for the work is done.
    fn flow(&self, report: &EpochReport, abandoned: &AtomicBool) -> Flow {
        let stop = self.cancel.load(Ordering::Relaxed) || abandoned.load(Ordering::Relaxed);
        if stop && report.epoch < report.epochs { Flow::Cancel } else { Flow::Continue }
    }
}

/// Those texts of no intent that the weights learn from: none where they weigh nothing.
pub(super) fn exposed<'a, 'b>(train: &TrainSpec, outside: &'b [&'a Example]) -> &'b [&'a Example] {
    if train.oos_weight > 0.0 { outside } else { &[] }
}

type TwinOutcome = Result<Result<Fitted, TrainError>, String>;

fn settle(
    fitted: Result<Fitted, FitError<StoreError>>,
    twin: Option<TwinOutcome>,
) -> Result<Option<Trained>, FitError<StoreError>> {
    let classifier = match fitted {
        Ok(fitted) => fitted.classifier,
        Err(FitError::Train(TrainError::Cancelled)) => return Ok(None),
        Err(error) => return Err(error),
    };
    let twin = match twin {
        None => None,
        Some(Ok(Ok(fitted))) => Some(Ok(fitted.classifier)),
        Some(Ok(Err(TrainError::Cancelled))) => return Ok(None),
        Some(Ok(Err(error))) => Some(Err(error.to_string())),
        Some(Err(panic)) => Some(Err(panic)),
    };
    Ok(Some(Trained { classifier, twin }))
}

#[cfg(test)]
mod tests {
    use crate::eval::OutOfScopeMethod;
    use crate::store::MemoryStore;
    use crate::training::testing::{exposed, retrain, small, study};
    use crate::training::{Training, load_calibration, load_classifier};

    #[test]
    fn exposure_teaches_the_weights_and_no_label_or_word() {
        let (plain, with) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let model = |training: &Training| {
            let store = MemoryStore::new();
            let run = retrain(training, &store, study(training, &store), 0).run;
            let calibration = load_calibration(&store, run).unwrap().unwrap().fitted;
            (load_classifier(&store, run).unwrap(), calibration)
        };
        let (before, by_default) = model(&small(plain.path()));
        let (after, calibration) = model(&exposed(with.path(), &[]));
        assert_eq!((&after.labels, &after.tokenizer), (&before.labels, &before.tokenizer));
        assert_ne!(after.weights.snapshot(), before.weights.snapshot());
        assert_eq!(calibration.choice.unwrap().texts, 3, "a fifth is kept from the twin");
        assert_eq!((by_default.method, by_default.choice), (OutOfScopeMethod::MaxSoftmax, None));

        let (aside, _) = model(&exposed(tempfile::tempdir().unwrap().path(), &[("train.oos_weight", "0")]));
        assert_eq!(aside.weights.snapshot(), before.weights.snapshot(), "only a detector learns");
    }
}
