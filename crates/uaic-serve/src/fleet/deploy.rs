//! From an address to a version that answers.

use std::sync::Arc;
use std::time::Duration;

use uaic_model::inference::PredictOptions;

use super::error::FleetError;
use super::slots::{Deployment, Model};
use crate::drift::{DriftMonitor, WINDOW};
use crate::engine::{BatchReport, Engine, EngineSettings, Observer};
use crate::metrics::{Metrics, ModelIdentity, ModelMetrics, Role};
use crate::source::{LoadedModel, ModelSource};

/// Texts that a new version answers before it is asked anything, so that its first request finds
/// everything in memory.
const WARM_UP: [&str; 4] =
    ["", "hello", "show me flights from boston to denver on monday", "what does a ticket cost in june"];

/// Loads models and starts their engines.
pub(super) struct Deployer {
    pub(super) source: Arc<dyn ModelSource>,
    pub(super) settings: EngineSettings,
    pub(super) metrics: Arc<Metrics>,
}

impl Deployer {
    /// Loads the model at an address, to be served under a name.
    pub(super) fn fetch(&self, name: &str, address: &str) -> Result<Arc<Model>, FleetError> {
        let LoadedModel { version, digest, architecture, fingerprint, predictor } =
            self.source.load(address)?;
        Ok(Arc::new(Model {
            name: name.into(),
            version: version.into(),
            address: address.to_owned(),
            fingerprint,
            digest,
            architecture,
            loaded_ms: jiff::Timestamp::now().as_millisecond(),
            predictor: Arc::new(predictor),
        }))
    }

    /// Warms a model up and starts its threads.
    pub(super) fn deploy(&self, model: Arc<Model>, role: Role) -> Result<Arc<Deployment>, FleetError> {
        let broken = |error: &dyn std::fmt::Display| FleetError::Broken(error.to_string());
        model.predictor.predict(&WARM_UP, PredictOptions::default()).map_err(|error| broken(&error))?;
        let identity = ModelIdentity {
            model: Arc::clone(&model.name),
            version: Arc::clone(&model.version),
            role,
            digest: model.digest.clone(),
            architecture: model.architecture.clone(),
        };
        let labels = &model.predictor.classifier.labels;
        let calibration = model.predictor.calibration.as_ref();
        let reference = calibration.and_then(|calibration| calibration.reference.as_ref());
        let drift = reference.map(|reference| DriftMonitor::new(reference, labels, WINDOW));
        let metrics = self.metrics.model(&identity, labels, drift);
        let observer: Arc<dyn Observer> = Arc::new(EngineMetrics(Arc::clone(&metrics)));
        match Engine::start(&model.predictor, self.settings, &observer) {
            Ok(engine) => Ok(Arc::new(Deployment { model, role, engine, metrics, identity })),
            Err(error) => {
                self.metrics.retire(&identity);
                Err(broken(&error))
            }
        }
    }
}

/// Tells the metrics what an engine does.
struct EngineMetrics(Arc<ModelMetrics>);

impl Observer for EngineMetrics {
    fn queued(&self, texts: usize) {
        self.0.queued(texts);
    }

    fn dequeued(&self, texts: usize) {
        self.0.dequeued(texts);
    }

    fn answered(&self, report: &BatchReport) {
        let waits = report.waits.iter().map(Duration::as_secs_f64);
        self.0.observe_batch(report.texts, waits, report.inference.as_secs_f64());
    }
}
