//! The training loop.

use super::early_stop::{EarlyStop, Verdict};
use super::error::{FitError, TrainError};
use super::task::{EpochReport, Fitted, Flow, Task};
use super::training::Training;

/// Trains a classifier from fresh weights. The same task gives the same weights to the bit.
///
/// After each epoch `watch` is asked whether to go on; where it fails, so does the training.
///
/// # Errors
/// [`TrainError`], or the error of `watch`.
pub fn fit<E: std::error::Error + 'static>(
    task: &Task<'_>,
    mut watch: impl FnMut(&EpochReport) -> Result<Flow, E>,
) -> Result<Fitted, FitError<E>> {
    let mut training = Training::start(task)?;
    let mut early_stop = EarlyStop::new(task.train.patience);
    let mut best = None;
    let mut last = None;
    for epoch in 1..=task.epochs {
        if epoch > 1 {
            training.swap_average();
        }
        let (loss, lr) = training.epoch(epoch)?;
        // What is judged, and kept at the end, is the average.
        training.swap_average();
        let validation = training.validate(epoch)?;
        last = validation;
        let report = EpochReport { epoch, epochs: task.epochs, loss, lr, validation };
        if watch(&report).map_err(FitError::Watcher)? == Flow::Cancel {
            return Err(TrainError::Cancelled.into());
        }
        let Some(scores) = validation.filter(|_| task.train.patience > 0) else { continue };
        match early_stop.observe(scores.loss) {
            Verdict::Best => best = Some((training.classifier.weights.snapshot(), scores)),
            Verdict::Wait => {}
            Verdict::Stop => {
                tracing::debug!(epoch, patience = task.train.patience, "stopped early");
                break;
            }
        }
    }
    if let Some((mut snapshot, scores)) = best {
        training.classifier.weights.swap(&mut snapshot);
        last = Some(scores);
    }
    Ok(Fitted { classifier: training.classifier, validation: last })
}
