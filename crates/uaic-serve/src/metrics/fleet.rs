//! Which versions are deployed, and what belongs to the names of models.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::atomic::{Counter, Float};
use super::exposition::Exposition;
use super::identity::ModelIdentity;
use super::model::{self, ModelMetrics};
use super::requests::OTHER;
use crate::drift::DriftMonitor;

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
        let key = (Arc::clone(&identity.model), Arc::clone(&identity.version));
        members.feedback.entry(key).or_default();
        let found =
            members.versions.binary_search_by(|(known, _)| known.identity().key().cmp(&identity.key()));
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
            *times -= usize::from(*known.identity() == *identity);
            *times > 0
        });
        let Members { versions, feedback, .. } = &mut *members;
        let deployed = |model: &str, version: &str| {
            let same = |known: &ModelIdentity| *known.model == *model && *known.version == *version;
            versions.iter().any(|(known, _)| same(known.identity()))
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
        let deployed = members.versions.iter().find(|(known, _)| same(known.identity()));
        let key = match deployed {
            Some((known, _)) => (Arc::clone(&known.identity().model), Arc::clone(&known.identity().version)),
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
        model::encode(&versions, out)
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
        for (model, named) in &self.names {
            family.value(&[("model", model)], named.canary_share.get())?;
        }
        self.encode_shadows(out)?;
        self.encode_feedback(out)
    }

    fn encode_shadows(&self, out: &mut Exposition<'_>) -> fmt::Result {
        let mut counter = |name, help, counter: fn(&ShadowMetrics) -> &Counter| {
            let mut family = out.counter(name, help)?;
            let mut names = self.names.iter();
            names.try_for_each(|(model, named)| {
                family.count(&[("model", model)], counter(&named.shadow).get())
            })
        };
        counter("uaic_shadow_texts_total", "Texts with shadow and live answers compared.", |of| &of.texts)?;
        counter("uaic_shadow_disagreements_total", "Compared texts whose labels differ.", |of| {
            &of.disagreements
        })?;
        counter("uaic_shadow_dropped_total", "Texts that a full shadow was not asked.", |of| &of.dropped)
    }

    fn encode_feedback(&self, out: &mut Exposition<'_>) -> fmt::Result {
        let mut family = out.counter("uaic_feedback_total", "Answers that somebody rated right or not.")?;
        for ((model, version), [wrong, right]) in &self.feedback {
            let labels = |right| [("model", &**model), ("version", &**version), ("right", right)];
            family.count(&labels("false"), *wrong)?;
            family.count(&labels("true"), *right)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Role;

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
            (metrics.identity().version.to_string(), metrics.identity().digest.clone(), *times)
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
