//! What is written on a thread of its own, on its way to a client.

use std::io::{self, Write};

use axum::body::Bytes;
use tokio::sync::mpsc;

/// Where a content is written to that a client reads. The last piece waits: it goes when all is known to be
/// well.
pub(crate) struct Outlet {
    pub(crate) pieces: mpsc::Sender<io::Result<Bytes>>,
    pub(crate) buffer: Vec<u8>,
}

impl Write for Outlet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.flush()?;
        self.buffer.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let piece = Bytes::from(std::mem::take(&mut self.buffer));
        self.pieces.blocking_send(Ok(piece)).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}
