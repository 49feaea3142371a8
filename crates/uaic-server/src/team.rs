//! What a team's server needs of its store.

use uaic_study::store::TrackingStore;
use uaic_study::store::remote::ServedStore;

/// A store that clients of MLflow log to and that other machines use as their own.
pub trait TeamStore: TrackingStore + ServedStore {}

impl<S: TrackingStore + ServedStore + ?Sized> TeamStore for S {}
