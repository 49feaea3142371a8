//! What one deployed version of a model does.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use super::atomic::{Counter, Gauge};
use super::exposition::{Exposition, Family};
use super::histogram::{BATCH, CONFIDENCE, DURATION, Histogram};
use super::identity::ModelIdentity;
use crate::drift::{DriftMonitor, Observed};

/// Everything that is counted of one deployed version; threads share it and never wait for each other.
#[derive(Debug)]
pub struct ModelMetrics {
    identity: ModelIdentity,
    /// Seconds since 1970 UTC.
    loaded: f64,
    queue_depth: Gauge,
    queue_wait: Histogram,
    batch_size: Histogram,
    inference: Histogram,
    /// Names of the labels and how often each was predicted.
    predictions: Vec<(String, Counter)>,
    confidence: Histogram,
    out_of_scope: Counter,
    words: Counter,
    unknown_words: Counter,
    drift: Option<DriftMonitor>,
}

impl ModelMetrics {
    pub(super) fn new(identity: ModelIdentity, labels: &[String], drift: Option<DriftMonitor>) -> Self {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        Self {
            identity,
            loaded: now.map_or(0.0, |since| since.as_secs_f64()),
            queue_depth: Gauge::default(),
            queue_wait: Histogram::new(DURATION),
            batch_size: Histogram::new(BATCH),
            inference: Histogram::new(DURATION),
            predictions: labels.iter().map(|label| (label.clone(), Counter::default())).collect(),
            confidence: Histogram::new(CONFIDENCE),
            out_of_scope: Counter::default(),
            words: Counter::default(),
            unknown_words: Counter::default(),
            drift,
        }
    }

    /// Which version it is.
    pub fn identity(&self) -> &ModelIdentity {
        &self.identity
    }

    /// So many texts began to wait.
    pub fn queued(&self, texts: usize) {
        self.queue_depth.add(texts as i64);
    }

    /// So many texts wait no longer, whether they are answered or not.
    pub fn dequeued(&self, texts: usize) {
        self.queue_depth.add(-(texts as i64));
    }

    /// A forward pass over so many texts, the seconds that each had waited, and those that it took.
    pub fn observe_batch(
        &self,
        texts: usize,
        queue_waits: impl IntoIterator<Item = f64>,
        inference_seconds: f64,
    ) {
        self.batch_size.observe(texts as f64);
        queue_waits.into_iter().for_each(|wait| self.queue_wait.observe(wait));
        self.inference.observe(inference_seconds);
    }

    /// An answer to one text.
    pub fn observe_answer(&self, observed: &Observed) {
        if let Some((_, count)) = self.predictions.get(observed.label) {
            count.add(1);
        }
        self.confidence.observe(observed.confidence);
        if observed.out_of_scope == Some(true) {
            self.out_of_scope.add(1);
        }
        self.words.add(observed.words.into());
        if observed.unknown_words > 0 {
            self.unknown_words.add(observed.unknown_words.into());
        }
        if let Some(drift) = &self.drift {
            drift.observe(observed);
        }
    }

    /// Whether it is this version, with these labels.
    pub(super) fn is(&self, identity: &ModelIdentity, labels: &[String]) -> bool {
        self.identity == *identity && self.predictions.iter().map(|(name, _)| name).eq(labels)
    }
}

/// In the order of their keys.
type Versions = [Arc<ModelMetrics>];

/// A series for each version.
fn each(
    versions: &Versions,
    mut family: Family<'_>,
    write: impl Fn(&mut Family<'_>, &ModelMetrics) -> fmt::Result,
) -> fmt::Result {
    versions.iter().try_for_each(|version| write(&mut family, version))
}

/// All families that are about versions.
pub(super) fn encode(versions: &Versions, out: &mut Exposition<'_>) -> fmt::Result {
    encode_work(versions, out)?;
    encode_answers(versions, out)?;
    encode_drift(versions, out)?;
    encode_identities(versions, out)
}

fn encode_work(versions: &Versions, out: &mut Exposition<'_>) -> fmt::Result {
    let family = out.gauge("uaic_queue_depth", "Texts that wait.")?;
    each(versions, family, |family, of| family.value(&of.identity.labels(), of.queue_depth.get()))?;
    let mut histogram = |name, help, histogram: fn(&ModelMetrics) -> &Histogram| {
        let family = out.histogram(name, help)?;
        each(versions, family, |family, of| {
            family.distribution(&of.identity.labels(), &histogram(of).snapshot())
        })
    };
    histogram("uaic_queue_wait_seconds", "Time that a text waited.", |of| &of.queue_wait)?;
    histogram("uaic_batch_size", "Texts of a forward pass.", |of| &of.batch_size)?;
    histogram("uaic_inference_duration_seconds", "Time of a forward pass.", |of| &of.inference)
}

fn encode_answers(versions: &Versions, out: &mut Exposition<'_>) -> fmt::Result {
    let family = out.counter("uaic_predictions_total", "Answers by predicted label.")?;
    each(versions, family, |family, of| {
        let [model, version, role] = of.identity.labels();
        let mut labels = of.predictions.iter();
        labels.try_for_each(|(label, count)| {
            family.count(&[model, version, role, ("label", label)], count.get())
        })
    })?;
    let family = out.histogram("uaic_prediction_confidence", "Probability of the predicted label.")?;
    each(versions, family, |family, of| {
        family.distribution(&of.identity.labels(), &of.confidence.snapshot())
    })?;
    let mut counter = |name, help, counter: fn(&ModelMetrics) -> &Counter| {
        let family = out.counter(name, help)?;
        each(versions, family, |family, of| family.count(&of.identity.labels(), counter(of).get()))
    };
    counter("uaic_out_of_scope_total", "Texts told out of scope.", |of| &of.out_of_scope)?;
    counter("uaic_words_total", "Words as the model reads them.", |of| &of.words)?;
    counter("uaic_unknown_words_total", "Words that the vocabulary does not have.", |of| &of.unknown_words)
}

fn encode_drift(versions: &Versions, out: &mut Exposition<'_>) -> fmt::Result {
    let family = out.gauge("uaic_drift", "Distance of the last texts from those of the calibration.")?;
    each(versions, family, |family, of| {
        let [model, version, role] = of.identity.labels();
        for drift in of.drift.iter().flat_map(DriftMonitor::measure) {
            for (measure, value) in [("psi", drift.psi), ("js", drift.js)] {
                let aspect = ("aspect", drift.aspect.as_str());
                family.value(&[model, version, role, aspect, ("measure", measure)], value)?;
            }
        }
        Ok(())
    })?;
    let family = out.gauge("uaic_drift_texts", "Texts that drift is measured on.")?;
    each(versions, family, |family, of| {
        let texts = of.drift.as_ref().map(DriftMonitor::texts);
        texts.map_or(Ok(()), |texts| family.value(&of.identity.labels(), texts))
    })
}

fn encode_identities(versions: &Versions, out: &mut Exposition<'_>) -> fmt::Result {
    let family = out.gauge("uaic_model_info", "Always 1: which package a version is.")?;
    each(versions, family, |family, of| {
        let ([model, version, role], identity) = (of.identity.labels(), &of.identity);
        let digest = ("digest", identity.digest.as_str());
        family.value(&[model, version, role, digest, ("architecture", &identity.architecture)], 1_u32)
    })?;
    let family =
        out.gauge("uaic_model_loaded_timestamp_seconds", "When it was loaded, in seconds since 1970 UTC.")?;
    each(versions, family, |family, of| family.value(&of.identity.labels(), of.loaded))
}
