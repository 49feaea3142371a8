//! Learning-rate schedules.

use crate::train::{Schedule, TrainSpec};

/// The learning rate of one step, steps counted from 0.
///
/// Over the first `warmup` share of all steps the rate rises linearly to its peak; the schedule
/// spans the steps after it.
pub(super) fn learning_rate(spec: &TrainSpec, step: u64, steps_per_epoch: u64, epochs: u32) -> f64 {
    let total = steps_per_epoch * u64::from(epochs);
    let warmup = (spec.warmup * total as f64).round() as u64;
    if step < warmup {
        return spec.lr * (step + 1) as f64 / warmup as f64;
    }
    let progress = (step - warmup) as f64 / (total - warmup).max(1) as f64;
    let factor = match spec.schedule {
        Schedule::Constant => 1.0,
        Schedule::Step => {
            let epoch = step / steps_per_epoch.max(1);
            let reductions = (epoch / u64::from(spec.step_epochs.max(1))).min(i32::MAX as u64);
            spec.step_factor.powi(reductions as i32)
        }
        Schedule::Cosine => 0.5 * (1.0 + libm::cos(std::f64::consts::PI * progress)),
        Schedule::Linear => 1.0 - progress,
    };
    spec.lr * factor
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rates(schedule: Schedule, warmup: f64) -> Vec<f64> {
        let spec =
            TrainSpec { lr: 1.0, schedule, warmup, step_epochs: 2, step_factor: 0.5, ..TrainSpec::default() };
        (0..8).map(|step| learning_rate(&spec, step, 2, 4)).collect()
    }

    fn assert_rates(actual: &[f64], expected: [f64; 8]) {
        for (a, b) in actual.iter().zip(expected) {
            assert!((a - b).abs() < 1e-4, "{actual:?}");
        }
    }

    #[test]
    fn schedules_have_their_shapes() {
        assert_rates(&rates(Schedule::Constant, 0.0), [1.0; 8]);
        assert_rates(&rates(Schedule::Step, 0.0), [1.0, 1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.5]);
        assert_rates(&rates(Schedule::Linear, 0.0), [1.0, 0.875, 0.75, 0.625, 0.5, 0.375, 0.25, 0.125]);
        assert_rates(
            &rates(Schedule::Cosine, 0.0),
            [1.0, 0.9619, 0.8536, 0.6913, 0.5, 0.3087, 0.1464, 0.0381],
        );
    }

    #[test]
    fn warm_up_rises_linearly_to_the_peak() {
        assert_rates(&rates(Schedule::Constant, 0.5), [0.25, 0.5, 0.75, 1.0, 1.0, 1.0, 1.0, 1.0]);
        assert_rates(&rates(Schedule::Linear, 0.5), [0.25, 0.5, 0.75, 1.0, 1.0, 0.75, 0.5, 0.25]);
    }
}
