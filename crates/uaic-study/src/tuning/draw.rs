//! A trial that says on its way what it needs.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::REPORTS;
use crate::objective::{ObjectiveError, Trial};
use crate::promise::fitted;
use crate::sampler::axis::Axis;
use crate::space::Distribution;
use crate::store::MetricPoint;
use crate::trial::{ParamValue, Params};
use uaic_kernel::rng::ChaCha8Rng;

/// A trial that says on its way what it needs.
pub struct Draw<'a> {
    pub(super) trial: &'a Trial<'a>,
    pub(super) drawn: Mutex<Drawn>,
    pub(super) violation: Mutex<BTreeMap<String, f64>>,
}

/// What has been drawn so far.
#[derive(Default)]
pub(super) struct Drawn {
    pub(super) params: Params,
    pub(super) distributions: BTreeMap<String, Distribution>,
}

impl Draw<'_> {
    /// Its number in the study, from 0.
    pub fn number(&self) -> u32 {
        self.trial.number
    }

    /// A stream of random numbers for one purpose, the same in every repetition of the trial.
    pub fn rng(&self, purpose: &str) -> ChaCha8Rng {
        self.trial.seeds.child("objective", 0).rng(purpose)
    }

    /// A real number between two bounds, both included.
    ///
    /// # Errors
    /// The range is empty, or the parameter was drawn otherwise in this trial.
    pub fn uniform(&self, name: &str, low: f64, high: f64) -> Result<f64, ObjectiveError> {
        self.real(name, Distribution::Uniform { low, high, step: None })
    }

    /// `low`, `low + step`, … up to `high`.
    ///
    /// # Errors
    /// As [`Draw::uniform`].
    pub fn uniform_step(&self, name: &str, low: f64, high: f64, step: f64) -> Result<f64, ObjectiveError> {
        self.real(name, Distribution::Uniform { low, high, step: Some(step) })
    }

    /// A real number above 0 whose logarithm is uniform.
    ///
    /// # Errors
    /// As [`Draw::uniform`].
    pub fn log(&self, name: &str, low: f64, high: f64) -> Result<f64, ObjectiveError> {
        self.real(name, Distribution::Log { low, high })
    }

    /// A whole number between two bounds, both included.
    ///
    /// # Errors
    /// As [`Draw::uniform`].
    pub fn int(&self, name: &str, low: i64, high: i64) -> Result<i64, ObjectiveError> {
        self.whole(name, Distribution::Int { low, high, step: 1 })
    }

    /// `low`, `low + step`, … up to `high`.
    ///
    /// # Errors
    /// As [`Draw::uniform`].
    pub fn int_step(&self, name: &str, low: i64, high: i64, step: i64) -> Result<i64, ObjectiveError> {
        self.whole(name, Distribution::Int { low, high, step })
    }

    /// A whole number above 0 whose logarithm is uniform.
    ///
    /// # Errors
    /// As [`Draw::uniform`].
    pub fn int_log(&self, name: &str, low: i64, high: i64) -> Result<i64, ObjectiveError> {
        self.whole(name, Distribution::IntLog { low, high })
    }

    /// One of several names.
    ///
    /// # Errors
    /// As [`Draw::uniform`]; there is no name.
    pub fn choice<'n, const N: usize>(
        &self,
        name: &str,
        names: [&'n str; N],
    ) -> Result<&'n str, ObjectiveError> {
        let value = self.draw(name, Distribution::Choice(names.map(ParamValue::from).to_vec()))?;
        let found = names.into_iter().find(|known| ParamValue::from(*known) == value);
        found.ok_or_else(|| ObjectiveError::Failed(format!("`{name}` is {value}, which is no choice")))
    }

    /// `true` or `false`.
    ///
    /// # Errors
    /// As [`Draw::uniform`].
    pub fn boolean(&self, name: &str) -> Result<bool, ObjectiveError> {
        let both = Distribution::Choice([false, true].map(ParamValue::Bool).to_vec());
        Ok(self.draw(name, both)? == ParamValue::Bool(true))
    }

    /// Records a value at a step, and stops the trial where the pruner says so.
    ///
    /// # Errors
    /// [`ObjectiveError::Pruned`], to be passed on; the store fails.
    pub fn report(&self, step: u64, value: f64) -> Result<(), ObjectiveError> {
        self.record(REPORTS, step, value)?;
        self.trial.report(step, value)
    }

    /// Records a value of any metric at a step.
    ///
    /// # Errors
    /// The store fails.
    pub fn record(&self, metric: &str, step: u64, value: f64) -> Result<(), ObjectiveError> {
        Ok(self.trial.log(&[MetricPoint::new(metric, step, value)])?)
    }

    /// Says by how much a constraint is missed; at 0 and below it holds. Trials that miss some rank
    /// behind all others.
    pub fn constrain(&self, name: &str, missed: f64) {
        let missed = if missed.is_nan() { f64::INFINITY } else { missed.max(0.0) };
        let mut violation = self.violation.lock().unwrap_or_else(PoisonError::into_inner);
        violation.insert(name.to_owned(), missed);
    }

    fn real(&self, name: &str, distribution: Distribution) -> Result<f64, ObjectiveError> {
        Ok(self.draw(name, distribution)?.as_f64().unwrap_or(f64::NAN))
    }

    fn whole(&self, name: &str, distribution: Distribution) -> Result<i64, ObjectiveError> {
        match self.draw(name, distribution)? {
            ParamValue::Int(value) => Ok(value),
            other => Err(ObjectiveError::Failed(format!("`{name}` is {other}, which is no whole number"))),
        }
    }

    /// The value of a parameter: as proposed where the proposal has it, else drawn evenly.
    fn draw(&self, name: &str, distribution: Distribution) -> Result<ParamValue, ObjectiveError> {
        distribution.check().map_err(|why| ObjectiveError::Failed(format!("`{name}`: {why}")))?;
        let mut drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(earlier) = drawn.distributions.get(name) {
            if *earlier != distribution {
                let message = format!("`{name}` was drawn from {earlier} and then from {distribution}");
                return Err(ObjectiveError::Failed(message));
            }
            return Ok(drawn.params[name].clone());
        }
        let proposed = self.trial.params.get(name).and_then(|value| fitted(&distribution, value));
        if let Some(wanted) = self.trial.wanted.and_then(|wanted| wanted.get(name))
            && proposed.is_none()
        {
            let message = format!("`{name}` was enqueued as {wanted}, but is drawn from {distribution}");
            return Err(ObjectiveError::Failed(message));
        }
        let value = proposed.unwrap_or_else(|| {
            let axis = Axis::of(&distribution);
            axis.decode(axis.draw_evenly(&mut self.trial.seeds.child("parameter", 0).rng(name)))
        });
        drawn.params.insert(name.to_owned(), value.clone());
        drawn.distributions.insert(name.to_owned(), distribution);
        Ok(value)
    }
}
