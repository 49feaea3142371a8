//! What a server for a team asks of a store.

use super::{OptunaStore, TrackingStore};

/// A store that a server for a team needs: programs of all kinds keep their records in it.
pub trait TeamStore: TrackingStore + OptunaStore {}

impl<S: TrackingStore + OptunaStore> TeamStore for S {}
