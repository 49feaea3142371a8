//! Where models come from: the server only knows addresses.

use uaic_model::inference::Predictor;
use uaic_wording::ErrorKind;

/// A model that was just loaded.
pub struct LoadedModel {
    /// What people call it: the number of a registered version, else the beginning of a hash.
    pub version: String,
    /// The SHA-256 of its package's manifest.
    pub digest: String,
    /// Its architecture.
    pub architecture: String,
    /// As [`ModelSource::identify`] gave it when it was loaded.
    pub fingerprint: String,
    /// The model.
    pub predictor: Predictor,
}

/// Why an address gives no model.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct SourceError {
    /// [`ErrorKind::NotFound`] where there is nothing at the address, rather than something that cannot
    /// be used.
    pub kind: ErrorKind,
    /// What happened and what to do.
    pub message: String,
}

/// Gives the models that addresses stand for, such as `intents@champion` or `models/intents.uaic`.
pub trait ModelSource: Send + Sync {
    /// Something that changes when the address stands for another model; cheap enough to be asked
    /// every second.
    ///
    /// # Errors
    /// There is nothing at the address.
    fn identify(&self, address: &str) -> Result<String, SourceError>;

    /// The model that the address stands for now.
    ///
    /// # Errors
    /// There is none, or it cannot be used.
    fn load(&self, address: &str) -> Result<LoadedModel, SourceError>;
}
