//! What is spoken on connections, how many there may be, and how slow.

use std::time::Duration;

/// What is spoken on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.1.
    Http1,
    /// HTTP/1.1, or HTTP/2 where the client begins with it.
    Http1Or2,
}

/// How many connections there may be, and how slow they.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// Open connections; who is one too many is turned away.
    pub connections: usize,
    /// Time for the head of a request, from its first byte.
    pub header_time: Duration,
    /// Time for the client to take an answer.
    pub write_time: Duration,
    /// Time that a connection may be idle.
    pub idle_time: Duration,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            connections: 1024,
            header_time: Duration::from_secs(5),
            write_time: Duration::from_secs(10),
            idle_time: Duration::from_secs(75),
        }
    }
}
