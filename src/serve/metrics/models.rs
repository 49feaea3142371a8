//! What deployed versions of models do, and which there are.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use super::atomic::{Counter, Float, Gauge};
use super::exposition::{Exposition, Family};
use super::histogram::{BATCH, CONFIDENCE, DURATION, Histogram};
use super::identity::ModelIdentity;
use super::requests::OTHER;
use crate::serve::drift::{DriftMonitor, Observed};

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
    fn new(identity: ModelIdentity, labels: &[String], drift: Option<DriftMonitor>) -> Self {
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

    fn is(&self, identity: &ModelIdentity, labels: &[String]) -> bool {
        self.identity == *identity && self.predictions.iter().map(|(name, _)| name).eq(labels)
    }
}

/// Answers of a shadow beside those of the live version of the same model.
#[derive(Debug, Default)]
pub struct ShadowMetrics {
    texts: Counter,
    disagreements: Counter,
    dropped: Counter,
}

impl ShadowMetrics {
    /// So many texts were compared, and the labels of so many of them differ.
    pub fn compared(&self, texts: usize, disagreements: usize) {
        self.texts.add(texts as u64);
        self.disagreements.add(disagreements as u64);
    }

    /// So many texts were not asked, as the shadow's queue was full.
    pub fn dropped(&self, texts: usize) {
        self.dropped.add(texts as u64);
    }
}

/// What belongs to the name of a model, whichever version it has.
#[derive(Debug, Default)]
struct Named {
    swaps_done: Counter,
    swaps_failed: Counter,
    canary_share: Float,
    shadow: Arc<ShadowMetrics>,
}

/// Every deployed version and every name there has been.
#[derive(Debug, Default)]
pub(super) struct Fleet(Mutex<Members>);

#[derive(Debug, Default)]
struct Members {
    /// In the order of their keys, each with how many times it was registered.
    versions: Vec<(Arc<ModelMetrics>, usize)>,
    names: BTreeMap<Arc<str>, Named>,
    /// Wrong and right answers by model and version.
    feedback: BTreeMap<(Arc<str>, Arc<str>), [u64; 2]>,
}

impl Fleet {
    fn members(&self) -> MutexGuard<'_, Members> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn register(
        &self,
        identity: &ModelIdentity,
        labels: &[String],
        drift: Option<DriftMonitor>,
    ) -> Arc<ModelMetrics> {
        let mut members = self.members();
        members.named(&identity.model);
        let found = members.versions.binary_search_by(|(known, _)| known.identity.key().cmp(&identity.key()));
        if let Some((known, times)) = found.ok().and_then(|at| members.versions.get_mut(at)) {
            // The same package again; another one of the same name takes its place.
            if known.is(identity, labels) {
                *times += 1;
            } else {
                (*known, *times) = (Arc::new(ModelMetrics::new(identity.clone(), labels, drift)), 1);
            }
            return Arc::clone(known);
        }
        let metrics = Arc::new(ModelMetrics::new(identity.clone(), labels, drift));
        let at = found.unwrap_or_else(|at| at);
        members.versions.insert(at, (Arc::clone(&metrics), 1));
        metrics
    }

    pub(super) fn retire(&self, identity: &ModelIdentity) {
        let mut members = self.members();
        members.versions.retain_mut(|(known, times)| {
            *times -= usize::from(known.identity == *identity);
            *times > 0
        });
        let Members { versions, feedback, .. } = &mut *members;
        let deployed = |model: &str, version: &str| {
            let same = |known: &ModelIdentity| *known.model == *model && *known.version == *version;
            versions.iter().any(|(known, _)| same(&known.identity))
        };
        feedback.retain(|(model, version), _| **version == *OTHER || deployed(model, version));
    }

    pub(super) fn swapped(&self, model: &str, done: bool) {
        let mut members = self.members();
        // Who asks for a model that is not there may write anything.
        let known = if members.names.contains_key(model) { model } else { OTHER };
        let named = members.named(known);
        if done { named.swaps_done.add(1) } else { named.swaps_failed.add(1) }
    }

    pub(super) fn set_canary_share(&self, model: &str, share: f64) {
        self.members().named(model).canary_share.set(share);
    }

    pub(super) fn shadow(&self, model: &str) -> Arc<ShadowMetrics> {
        Arc::clone(&self.members().named(model).shadow)
    }

    pub(super) fn rated(&self, model: &str, version: &str, right: bool) {
        let mut members = self.members();
        let same = |known: &ModelIdentity| *known.model == *model && *known.version == *version;
        let deployed = members.versions.iter().find(|(known, _)| same(&known.identity));
        let key = match deployed {
            Some((known, _)) => (Arc::clone(&known.identity.model), Arc::clone(&known.identity.version)),
            None if members.names.contains_key(model) => (model.into(), OTHER.into()),
            None => (OTHER.into(), OTHER.into()),
        };
        members.feedback.entry(key).or_default()[usize::from(right)] += 1;
    }

    pub(super) fn encode(&self, out: &mut Exposition<'_>) -> fmt::Result {
        let members = self.members();
        let versions: Vec<Arc<ModelMetrics>> =
            members.versions.iter().map(|(metrics, _)| Arc::clone(metrics)).collect();
        members.encode(out)?;
        drop(members);
        encode_work(&versions, out)?;
        encode_answers(&versions, out)?;
        encode_drift(&versions, out)?;
        encode_identities(&versions, out)
    }
}

impl Members {
    fn named(&mut self, model: &str) -> &Named {
        self.names.entry(model.into()).or_default()
    }

    fn encode(&self, out: &mut Exposition<'_>) -> fmt::Result {
        let mut family = out.counter("uaic_model_swaps_total", "Versions that were to become live.")?;
        for (model, named) in &self.names {
            family.count(&[("model", model), ("outcome", "done")], named.swaps_done.get())?;
            family.count(&[("model", model), ("outcome", "failed")], named.swaps_failed.get())?;
        }
        let mut family = out.gauge("uaic_canary_share", "Share of requests that the canary gets, 0 to 1.")?;
        self.names
            .iter()
            .try_for_each(|(model, named)| family.value(&[("model", model)], named.canary_share.get()))?;
        let mut by_name = |name, help, value: fn(&ShadowMetrics) -> &Counter| {
            let mut family = out.counter(name, help)?;
            self.names
                .iter()
                .try_for_each(|(model, named)| family.count(&[("model", model)], value(&named.shadow).get()))
        };
        by_name("uaic_shadow_texts_total", "Texts whose shadow and live answers were compared.", |shadow| {
            &shadow.texts
        })?;
        by_name("uaic_shadow_disagreements_total", "Compared texts whose labels differ.", |shadow| {
            &shadow.disagreements
        })?;
        by_name(
            "uaic_shadow_dropped_total",
            "Texts the shadow was not asked, as its queue was full.",
            |shadow| &shadow.dropped,
        )?;
        let mut family =
            out.counter("uaic_feedback_total", "Answers that somebody has said are right or not.")?;
        for ((model, version), [wrong, right]) in &self.feedback {
            let labels = |right| [("model", &**model), ("version", &**version), ("right", right)];
            family.count(&labels("false"), *wrong)?;
            family.count(&labels("true"), *right)?;
        }
        Ok(())
    }
}

type Versions = [Arc<ModelMetrics>];

/// A series for each version.
fn each(
    versions: &Versions,
    mut family: Family<'_>,
    write: impl Fn(&mut Family<'_>, &ModelMetrics) -> fmt::Result,
) -> fmt::Result {
    versions.iter().try_for_each(|version| write(&mut family, version))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serve::metrics::Role;

    fn identity(version: &str, digest: &str) -> ModelIdentity {
        ModelIdentity {
            model: "atis".into(),
            version: version.into(),
            role: Role::Live,
            digest: digest.to_owned(),
            architecture: "attention".to_owned(),
        }
    }

    fn versions(fleet: &Fleet) -> Vec<(String, String, usize)> {
        let members = fleet.members();
        let one = |(metrics, times): &(Arc<ModelMetrics>, usize)| {
            (metrics.identity.version.to_string(), metrics.identity.digest.clone(), *times)
        };
        members.versions.iter().map(one).collect()
    }

    #[test]
    fn a_version_that_is_loaded_again_keeps_its_counts_until_both_are_gone() {
        let fleet = Fleet::default();
        let first = fleet.register(&identity("1", "a"), &[], None);
        let again = fleet.register(&identity("1", "a"), &[], None);
        assert!(Arc::ptr_eq(&first, &again));
        fleet.retire(&identity("1", "a"));
        assert_eq!(versions(&fleet).len(), 1);
        fleet.retire(&identity("1", "a"));
        fleet.retire(&identity("1", "a"));
        assert!(versions(&fleet).is_empty());
    }

    #[test]
    fn another_package_of_the_same_version_takes_its_place() {
        let fleet = Fleet::default();
        fleet.register(&identity("2", "a"), &[], None);
        fleet.register(&identity("1", "a"), &[], None);
        fleet.register(&identity("2", "b"), &[], None);
        fleet.retire(&identity("2", "a"));
        let expected = [("1", "a"), ("2", "b")].map(|(version, digest)| (version.into(), digest.into(), 1));
        assert_eq!(versions(&fleet), expected);
    }

    #[test]
    fn feedback_goes_with_its_version_and_what_is_not_deployed_shares_a_label() {
        let fleet = Fleet::default();
        fleet.register(&identity("1", "a"), &[], None);
        fleet.rated("atis", "1", true);
        fleet.rated("atis", "0", false);
        fleet.rated("who", "knows", true);
        let keys = |fleet: &Fleet| {
            let members = fleet.members();
            members
                .feedback
                .keys()
                .map(|(model, version)| format!("{model} {version}"))
                .collect::<Vec<String>>()
        };
        assert_eq!(keys(&fleet), ["atis 1", "atis other", "other other"]);
        fleet.retire(&identity("1", "a"));
        assert_eq!(keys(&fleet), ["atis other", "other other"]);
        fleet.swapped("nobody", false);
        assert!(fleet.members().names.contains_key(OTHER) && !fleet.members().names.contains_key("nobody"));
    }
}
