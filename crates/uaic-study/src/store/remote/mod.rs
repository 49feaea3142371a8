//! A store at the other end of a wire: what its client asks, what the server answers, and what the store
//! of a server can do besides [`Store`](super::Store).
//!
//! Messages are `MessagePack`, fields by name, so that floats come as they are and fields may be added. How
//! they go over HTTP is for both sides: see `docs/remote-store.md`.

mod call;
mod fault;
mod served;
mod wire;

pub use call::{PointBlock, ReadCall, RemoveCall, WriteAnswer, WriteCall};
pub use fault::WireFault;
pub use served::{ArtifactPlace, Changed, Feed, News, RunDetails, ServedStore};
pub use wire::{Hello, PROTOCOL, WireError, pack, unpack};
