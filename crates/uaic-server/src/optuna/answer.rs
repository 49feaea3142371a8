//! What the functions of calls have in common.

use prost::Message;
use uaic_study::store::OptunaStore;

use super::frame;
use super::status::{Code, Status};

/// Answers a message in its bytes with a framed one.
pub(super) fn answer<Q: Message + Default, A: Message>(
    store: &dyn OptunaStore,
    message: &[u8],
    work: fn(&dyn OptunaStore, Q) -> Result<A, Status>,
) -> Result<Vec<u8>, Status> {
    let answer = work(store, read(message)?)?;
    let mut buffer = frame::open();
    // A vector grows.
    answer.encode(&mut buffer).map_err(|error| Status::new(Code::Internal, error.to_string()))?;
    frame::close(buffer)
}

/// Reads a message.
pub(super) fn read<Q: Message + Default>(message: &[u8]) -> Result<Q, Status> {
    Q::decode(message).map_err(|error| Status::invalid(format!("the message cannot be read: {error}")))
}
