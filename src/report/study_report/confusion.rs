//! Which labels are taken for which.

use crate::eval::{Confusion, Predictions};

/// Pairs of gold and predicted labels; labels unseen in training are classes of their own.
pub(super) fn confusion(predictions: &Predictions) -> Confusion {
    let classes = predictions.classes() + predictions.unseen.len();
    let pairs = predictions.gold.iter().zip(predictions.predicted());
    let known = pairs.filter(|(gold, _)| (**gold as usize) < classes);
    let (gold, predicted): (Vec<usize>, Vec<usize>) =
        known.map(|(gold, label)| (*gold as usize, label)).unzip();
    Confusion::count(classes, &gold, &predicted)
}
