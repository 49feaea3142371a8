//! What is served under a name, and by whom.

use std::collections::BTreeMap;
use std::sync::Arc;

use uaic_model::inference::Predictor;
use uaic_wording::nearest::nearest;

use super::error::FleetError;
use crate::engine::Engine;
use crate::metrics::{ModelIdentity, ModelMetrics, Role};

/// A version of a model, in memory.
pub struct Model {
    /// The name that it is served under.
    pub name: Arc<str>,
    /// See [`crate::LoadedModel::version`].
    pub version: Arc<str>,
    /// What it was loaded from.
    pub address: String,
    /// See [`crate::LoadedModel::fingerprint`].
    pub fingerprint: String,
    /// See [`crate::LoadedModel::digest`].
    pub digest: String,
    /// See [`crate::LoadedModel::architecture`].
    pub architecture: String,
    /// Milliseconds since 1970 UTC.
    pub loaded_ms: i64,
    /// The model.
    pub predictor: Arc<Predictor>,
}

/// A version that answers, in a role.
pub struct Deployment {
    /// The version.
    pub model: Arc<Model>,
    /// What it is there for.
    pub role: Role,
    /// Answers.
    pub engine: Engine,
    /// Its figures, drift included.
    pub metrics: Arc<ModelMetrics>,
    pub(super) identity: ModelIdentity,
}

/// Who answers a request.
pub struct Picked {
    /// Whoever answers.
    pub deployment: Arc<Deployment>,
    /// Whoever is asked as well.
    pub shadow: Option<Arc<Deployment>>,
}

/// What is served under one name.
#[derive(Clone)]
pub struct Slot {
    /// Answers.
    pub live: Arc<Deployment>,
    /// Answers a share of the requests.
    pub canary: Option<(Arc<Deployment>, f64)>,
    /// Is asked as well, and compared.
    pub shadow: Option<Arc<Deployment>>,
    /// What was live before, for a rollback.
    pub previous: Option<Arc<Model>>,
}

impl Model {
    pub(super) fn is(&self, address: &str, fingerprint: &str) -> bool {
        self.address == address && self.fingerprint == fingerprint
    }
}

impl Slot {
    /// The deployments whose answers are given.
    pub fn answering(&self) -> Vec<&Arc<Deployment>> {
        let canary = self.canary.as_ref().map(|(canary, _)| canary);
        std::iter::once(&self.live).chain(canary).collect()
    }

    /// All deployments.
    pub fn all(&self) -> Vec<&Arc<Deployment>> {
        self.answering().into_iter().chain(&self.shadow).collect()
    }
}

/// A name that somebody made up, as messages show it.
pub(super) fn shortened(name: &str) -> String {
    name.chars().take(64).flat_map(char::escape_debug).collect()
}

pub(super) fn unknown(name: &str, slots: &BTreeMap<String, Slot>) -> FleetError {
    let names: Vec<&str> = slots.keys().map(String::as_str).collect();
    let hint = match nearest(name, names.iter().copied()) {
        Some(close) => format!("did you mean `{close}`?"),
        None => format!("there is {}", names.join(", ")),
    };
    FleetError::Unknown { name: shortened(name), hint }
}

/// Where a key lies between 0 and 1, evenly over keys, and differently for each model.
pub(super) fn place_of(name: &str, key: &str) -> f64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(name.as_bytes()).update(&[0]).update(key.as_bytes());
    let bytes = hasher.finalize();
    let first = bytes.as_bytes().first_chunk().map_or(0, |first| u64::from_le_bytes(*first));
    // 53 bits are what a double holds.
    (first >> 11) as f64 / (1_u64 << 53) as f64
}
