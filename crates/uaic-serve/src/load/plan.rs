//! What is to be sent, how fast and for how long.

use std::net::SocketAddr;
use std::time::Duration;

/// A whole run, decided.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Where requests go.
    pub address: SocketAddr,
    /// The requests as bytes, sent in this order and then again from the first; at least one.
    pub requests: Vec<Vec<u8>>,
    /// Whether answers have no body, as those to `HEAD`.
    pub is_bodiless: bool,
    /// Connections, each with one request at a time; at least 1.
    pub concurrency: u32,
    /// Threads that share the connections; at least 1, no more than connections.
    pub threads: u32,
    /// When requests are due.
    pub pace: Pace,
    /// When it ends.
    pub end: End,
    /// How long requests are sent before they count.
    pub warm_up: Duration,
    /// How long a request may take once it is sent, and, in an open loop, wait to be sent.
    pub timeout: Duration,
}

/// When requests are due.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// Closed loop: each connection sends when its last request is answered.
    Closed,
    /// Open loop: this many requests a second, evenly, whatever the answers do; above 0 and finite.
    Open(f64),
}

/// When a run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// After this many requests that count.
    Requests(u64),
    /// When requests have been sent for this long; those on their way are waited for.
    Duration(Duration),
}
