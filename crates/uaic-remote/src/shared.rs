//! What all methods of a remote store use.

use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;
use uaic_study::store::remote::{ReadCall, WriteAnswer, WriteCall};
use uaic_study::store::{Attempt, Id, StoreError};

use super::connection::Connection;
use super::outbox::{Outbox, WRITE};

/// How long a question is asked again while the server is away: it may be starting.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// A connection, and what waits to be sent over it.
pub(super) struct Remote {
    // Dropped first: it sends what waits.
    pub(super) outbox: Outbox,
    pub(super) connection: Arc<Connection>,
}

impl Remote {
    /// Asks. What this process has written it also sees.
    pub(super) fn read<T: DeserializeOwned>(&self, call: &ReadCall) -> Result<T, StoreError> {
        self.outbox.settle();
        self.connection.ask("/api/v1/store/read", call, None, PATIENCE)
    }

    /// Writes, behind all that was written before.
    pub(super) fn write(&self, call: &WriteCall) -> Result<WriteAnswer, StoreError> {
        self.outbox.settle();
        self.connection.ask(WRITE, call, Some(Id::random()), PATIENCE)
    }

    /// As [`Remote::write`], for an attempt: fails when an earlier write of it failed.
    pub(super) fn write_for(&self, attempt: Attempt, call: &WriteCall) -> Result<WriteAnswer, StoreError> {
        self.outbox.settle();
        self.outbox.earlier_failure(attempt)?;
        self.connection.ask(WRITE, call, Some(Id::random()), PATIENCE)
    }

    /// The error of an answer to something else.
    pub(super) fn unexpected(&self, answer: &WriteAnswer) -> StoreError {
        self.connection.otherwise(&format!("answers {answer:?} to something else"))
    }
}
