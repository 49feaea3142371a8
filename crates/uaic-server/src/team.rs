//! What a team's server needs of its store.

use uaic_study::store::remote::ServedStore;
use uaic_study::store::{OptunaStore, TrackingStore};

/// A store that clients of MLflow and Optuna log to and that other machines use as their own.
pub trait TeamStore: TrackingStore + OptunaStore + ServedStore {}

impl<S: TrackingStore + OptunaStore + ServedStore + ?Sized> TeamStore for S {}
