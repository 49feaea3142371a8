//! What the functions of calls have in common.

use std::future::Future;
use std::pin::Pin;

use prost::Message;
use uaic_study::store::{Answer, OptunaStore};

use super::frame;
use super::status::{Code, Status};

/// A framed message that comes when the store has written.
pub(super) type Later = Pin<Box<dyn Future<Output = Result<Vec<u8>, Status>> + Send>>;

/// Answers a message in its bytes with a framed one.
pub(super) fn answer<Q: Message + Default, A: Message>(
    store: &dyn OptunaStore,
    message: &[u8],
    look: fn(&dyn OptunaStore, Q) -> Result<A, Status>,
) -> Result<Vec<u8>, Status> {
    framed(&look(store, read(message)?)?)
}

/// The same of what is written: begun at once, in the order of the calls, and told with `tell`.
pub(super) fn write<Q: Message + Default, T: Send + 'static, A: Message + 'static>(
    store: &dyn OptunaStore,
    message: &[u8],
    begin: fn(&dyn OptunaStore, Q) -> Result<Answer<T>, Status>,
    tell: fn(T) -> A,
) -> Result<Later, Status> {
    let answer = begin(store, read(message)?)?;
    Ok(Box::pin(async move { framed(&tell(answer.await?)) }))
}

fn framed(message: &impl Message) -> Result<Vec<u8>, Status> {
    let mut buffer = frame::open();
    // A vector grows.
    message.encode(&mut buffer).map_err(|error| Status::new(Code::Internal, error.to_string()))?;
    frame::close(buffer)
}

/// Reads a message.
pub(super) fn read<Q: Message + Default>(message: &[u8]) -> Result<Q, Status> {
    Q::decode(message).map_err(|error| Status::invalid(format!("the message cannot be read: {error}")))
}
