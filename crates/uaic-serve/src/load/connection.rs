//! One connection, one request at a time.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::answer::AnswerReader;
use super::errors::{BadAnswer, ErrorClass};

/// Bytes that are read at once.
const BUFFER: usize = 16 << 10;

/// A connection that is opened when it is needed and kept while the server keeps it.
pub(super) struct Connection {
    address: SocketAddr,
    is_bodiless: bool,
    stream: Option<TcpStream>,
    buffer: Vec<u8>,
    reader: AnswerReader,
    /// How often it was opened.
    pub(super) opened: u64,
    /// Bytes that have come.
    pub(super) received: u64,
    /// Why the last answer was none.
    pub(super) bad_answer: Option<BadAnswer>,
}

impl Connection {
    pub(super) fn new(address: SocketAddr, is_bodiless: bool) -> Self {
        Self {
            address,
            is_bodiless,
            stream: None,
            buffer: vec![0; BUFFER],
            reader: AnswerReader::default(),
            opened: 0,
            received: 0,
            bad_answer: None,
        }
    }

    /// Makes sure that it is open.
    ///
    /// # Errors
    /// The server takes no connection.
    pub(super) async fn open(&mut self) -> Result<(), ErrorClass> {
        if self.stream.as_ref().is_some_and(is_usable) {
            return Ok(());
        }
        self.stream = None;
        let connected = TcpStream::connect(self.address).await;
        let stream = connected.map_err(|error| ErrorClass::of(&error, true))?;
        // A request is one write; waiting for more would only delay it. What cannot be set stays.
        let _ = stream.set_nodelay(true);
        self.opened += 1;
        self.stream = Some(stream);
        Ok(())
    }

    /// Takes it down; the next request opens it again.
    pub(super) fn close(&mut self) {
        self.stream = None;
    }

    /// Sends a request and reads its answer; gives its status. It must not be used any more where
    /// this is given up before its end, unless it is closed.
    ///
    /// # Errors
    /// There is no whole answer. The connection is then closed.
    pub(super) async fn exchange(&mut self, request: &[u8]) -> Result<u16, ErrorClass> {
        self.open().await?;
        let outcome = self.send_and_read(request).await;
        if outcome.is_err() || !self.reader.keeps_alive() {
            self.stream = None;
        }
        outcome
    }

    /// The beginning of the body of an answer that was not 2xx.
    pub(super) fn excerpt(&self) -> &[u8] {
        self.reader.excerpt()
    }

    async fn send_and_read(&mut self, request: &[u8]) -> Result<u16, ErrorClass> {
        let Some(stream) = &mut self.stream else { return Err(ErrorClass::Closed) };
        self.reader.begin(self.is_bodiless);
        // A server may refuse a body before all of it is sent; then its answer is there to be read.
        let sent = stream.write_all(request).await;
        while !self.reader.is_done() {
            let count = match stream.read(&mut self.buffer).await {
                Ok(0) if self.reader.close() => break,
                Ok(0) => return Err(sent.err().map_or(ErrorClass::Closed, |_| ErrorClass::Reset)),
                Ok(count) => count,
                Err(error) => return Err(ErrorClass::of(&error, false)),
            };
            self.received += count as u64;
            if let Err(why) = self.reader.feed(&self.buffer[..count]) {
                self.bad_answer = Some(why);
                return Err(ErrorClass::BadAnswer);
            }
        }
        Ok(self.reader.status())
    }
}

/// Whether the server still keeps a connection, as far as is known. Between answers nothing has to
/// come; what comes is the end, or a last word before it.
fn is_usable(stream: &TcpStream) -> bool {
    let nothing = stream.try_read(&mut [0; 1]);
    matches!(nothing, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
}
