//! Early stopping.

/// Stops a training whose loss has not improved for a number of epochs.
#[derive(Clone, Debug)]
pub(super) struct EarlyStop {
    patience: u32,
    best: f64,
    since: u32,
}

/// What an epoch's loss means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The best so far.
    Best,
    /// Not better, but within patience.
    Wait,
    /// Patience has run out.
    Stop,
}

impl EarlyStop {
    /// Stops after `patience` epochs in a row without improvement; never when 0.
    pub(super) fn new(patience: u32) -> Self {
        Self { patience, best: f64::INFINITY, since: 0 }
    }

    /// Takes the loss of the next epoch. A tie is no improvement, NaN never is.
    pub(super) fn observe(&mut self, loss: f64) -> Verdict {
        if loss < self.best {
            self.best = loss;
            self.since = 0;
            return Verdict::Best;
        }
        self.since += 1;
        if self.patience > 0 && self.since >= self.patience { Verdict::Stop } else { Verdict::Wait }
    }
}

#[cfg(test)]
mod tests {
    use super::Verdict::{Best, Stop, Wait};
    use super::*;

    #[test]
    fn patience_counts_epochs_without_improvement() {
        let cases: [(u32, &[f64], &[Verdict], &str); 5] = [
            (2, &[3.0, 2.0, 1.0], &[Best, Best, Best], "always better"),
            (2, &[1.0, 1.0, 1.0], &[Best, Wait, Stop], "ties"),
            (2, &[1.0, 2.0, 0.5, 0.6, 0.7], &[Best, Wait, Best, Wait, Stop], "patience starts anew"),
            (1, &[1.0, f64::NAN], &[Best, Stop], "NaN is no improvement"),
            (0, &[1.0, 2.0, 3.0, 4.0], &[Best, Wait, Wait, Wait], "zero is never"),
        ];
        for (patience, losses, expected, what) in cases {
            let mut early_stop = EarlyStop::new(patience);
            let verdicts: Vec<_> = losses.iter().map(|&loss| early_stop.observe(loss)).collect();
            assert_eq!(verdicts, expected, "{what}");
        }
    }
}
