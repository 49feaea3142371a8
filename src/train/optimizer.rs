//! Adam and `AdamW` with a state of our own, one pass over each variable.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use candle_core::backprop::GradStore;
use candle_core::{CpuStorage, InplaceOp2, Layout, Result, Tensor};

use crate::model::Weights;
use crate::spec::{Optimizer, TrainSpec};

const BETA1: f64 = 0.9;
const BETA2: f64 = 0.999;
const EPSILON: f32 = 1e-8;

/// Adam (Kingma & Ba 2015; weight decay as an L2 penalty) or `AdamW` (Loshchilov & Hutter 2019;
/// weight decay apart from the gradient), with PyTorch's defaults: β₁ 0.9, β₂ 0.999, ε 1e-8.
pub(super) struct Adam {
    rule: Optimizer,
    weight_decay: f64,
    clip_norm: f64,
    step: i32,
    moments: BTreeMap<String, Mutex<Moments>>,
}

/// Running means of a variable's gradient and of its square.
#[derive(Default)]
struct Moments {
    first: Vec<f32>,
    second: Vec<f32>,
}

impl Adam {
    /// A new optimizer for variables that it will meet in [`Adam::step`].
    pub(super) fn new(spec: &TrainSpec) -> Self {
        Self {
            rule: spec.optimizer,
            weight_decay: spec.weight_decay,
            clip_norm: spec.clip_norm,
            step: 0,
            moments: BTreeMap::new(),
        }
    }

    /// Moves every variable that has a gradient.
    ///
    /// # Errors
    /// A gradient does not have its variable's shape.
    pub(super) fn step(&mut self, weights: &Weights, gradients: &GradStore, lr: f64) -> Result<()> {
        self.step += 1;
        let scale = self.clip_factor(weights, gradients)?;
        let (correction1, correction2) = (1.0 - BETA1.powi(self.step), 1.0 - BETA2.powi(self.step));
        let (penalty, shrink) = match self.rule {
            Optimizer::Adam => (self.weight_decay, 1.0),
            Optimizer::AdamW => (0.0, 1.0 - lr * self.weight_decay),
        };
        for (name, variable) in weights.trained() {
            let Some(gradient) = gradients.get(variable) else { continue };
            if !self.moments.contains_key(name) {
                self.moments.insert(name.to_owned(), Mutex::default());
            }
            let update = Update {
                moments: &self.moments[name],
                scale: scale as f32,
                penalty: penalty as f32,
                shrink: shrink as f32,
                step_size: (lr / correction1) as f32,
                second_scale: (1.0 / correction2) as f32,
            };
            variable.as_tensor().inplace_op2(&gradient.contiguous()?, &update)?;
        }
        Ok(())
    }

    /// The factor that brings the norm of all gradients down to `clip_norm`. Sums run in name
    /// order and double precision, so that they are the same on every run.
    fn clip_factor(&self, weights: &Weights, gradients: &GradStore) -> Result<f64> {
        if self.clip_norm <= 0.0 {
            return Ok(1.0);
        }
        let mut sum = 0.0;
        for (_, variable) in weights.trained() {
            if let Some(gradient) = gradients.get(variable) {
                sum += sum_of_squares(gradient)?;
            }
        }
        Ok((self.clip_norm / (sum.sqrt() + 1e-6)).min(1.0))
    }
}

fn sum_of_squares(tensor: &Tensor) -> Result<f64> {
    let values: Vec<f32> = tensor.flatten_all()?.to_vec1()?;
    Ok(values.iter().map(|&value| f64::from(value) * f64::from(value)).sum())
}

struct Update<'a> {
    moments: &'a Mutex<Moments>,
    /// Factor of the gradient, from clipping.
    scale: f32,
    /// L2 penalty added to the gradient.
    penalty: f32,
    /// Factor of the value, from decoupled decay.
    shrink: f32,
    /// Learning rate over the first moment's bias correction.
    step_size: f32,
    /// One over the second moment's bias correction.
    second_scale: f32,
}

impl InplaceOp2 for Update<'_> {
    fn name(&self) -> &'static str {
        "adam"
    }

    fn cpu_fwd(&self, value: &mut CpuStorage, vl: &Layout, gradient: &CpuStorage, gl: &Layout) -> Result<()> {
        let (Some((start, end)), Some((gradient_start, gradient_end))) =
            (vl.contiguous_offsets(), gl.contiguous_offsets())
        else {
            candle_core::bail!("variables and gradients must be contiguous")
        };
        let gradients = &gradient.as_slice::<f32>()?[gradient_start..gradient_end];
        let CpuStorage::F32(values) = value else { candle_core::bail!("variables must be 32-bit floats") };
        let values = &mut values[start..end];
        if values.len() != gradients.len() {
            candle_core::bail!("a gradient of {} values for a variable of {}", gradients.len(), values.len());
        }
        let mut moments = self.moments.lock().unwrap_or_else(PoisonError::into_inner);
        let Moments { first, second } = &mut *moments;
        first.resize(values.len(), 0.0);
        second.resize(values.len(), 0.0);
        let (beta1, beta2) = (BETA1 as f32, BETA2 as f32);
        for (((value, gradient), m), v) in values.iter_mut().zip(gradients).zip(first).zip(second) {
            let g = gradient * self.scale + self.penalty * *value;
            *m = beta1 * *m + (1.0 - beta1) * g;
            *v = beta2 * *v + (1.0 - beta2) * g * g;
            let root = (*v * self.second_scale).sqrt() + EPSILON;
            *value = *value * self.shrink - self.step_size * *m / root;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::SeedTree;

    /// Two steps on loss = (w − 3)², from w = 1.
    fn two_steps(optimizer: Optimizer, clip_norm: f64) -> f32 {
        let spec = TrainSpec { optimizer, weight_decay: 0.1, clip_norm, ..TrainSpec::default() };
        let mut weights = Weights::new(SeedTree::new(0));
        let w = weights.constant("w", &[1], 1.0).unwrap();
        let mut adam = Adam::new(&spec);
        for _ in 0..2 {
            let loss = (&w - 3.0).unwrap().sqr().unwrap().sum_all().unwrap();
            adam.step(&weights, &loss.backward().unwrap(), 0.01).unwrap();
        }
        w.to_vec1().unwrap()[0]
    }

    #[test]
    fn steps_equal_a_calculation_by_hand_in_double_precision() {
        // def steps(decoupled, wd=0.1, lr=0.01):
        //     w, m, v = 1.0, 0.0, 0.0
        //     for t in (1, 2):
        //         g = 2 * (w - 3) + (0 if decoupled else wd * w)
        //         m = .9 * m + .1 * g; v = .999 * v + .001 * g * g
        //         if decoupled: w *= 1 - lr * wd
        //         w -= lr * (m / (1 - .9 ** t)) / ((v / (1 - .999 ** t)) ** .5 + 1e-8)
        //     return w
        // steps(False) -> 1.0199973, steps(True) -> 1.0179883
        assert!(
            (two_steps(Optimizer::Adam, 0.0) - 1.019_997_3).abs() < 1e-5,
            "{}",
            two_steps(Optimizer::Adam, 0.0)
        );
        assert!(
            (two_steps(Optimizer::AdamW, 0.0) - 1.017_988_3).abs() < 1e-5,
            "{}",
            two_steps(Optimizer::AdamW, 0.0)
        );
    }

    #[test]
    fn clipping_bounds_the_norm_over_all_variables() {
        let spec = TrainSpec { clip_norm: 5.0, ..TrainSpec::default() };
        let mut weights = Weights::new(SeedTree::new(0));
        let a = weights.constant("a", &[1], 3.0).unwrap();
        let b = weights.constant("b", &[1], 4.0).unwrap();
        let loss = ((a.sqr().unwrap() + b.sqr().unwrap()).unwrap() * 0.5).unwrap().sum_all().unwrap();
        let gradients = loss.backward().unwrap();
        let factor =
            |clip_norm| Adam { clip_norm, ..Adam::new(&spec) }.clip_factor(&weights, &gradients).unwrap();
        assert!((factor(1.0) - 0.2).abs() < 1e-6);
        assert!((factor(50.0) - 1.0).abs() < 1e-12 && (factor(0.0) - 1.0).abs() < 1e-12);
    }
}
