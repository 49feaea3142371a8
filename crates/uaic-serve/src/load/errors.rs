//! What can go wrong with one request, and with the run as a whole.

use std::io;

/// Why a request has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ErrorClass {
    /// Nobody listens.
    Refused,
    /// No connection for another reason: no route, no free port.
    Unreachable,
    /// No whole answer within the time limit.
    Timeout,
    /// Open loop only: no connection was free within the time limit, so it was never sent.
    Unsent,
    /// The connection was reset.
    Reset,
    /// The connection was closed before the answer was whole.
    Closed,
    /// What came is no HTTP answer.
    BadAnswer,
}

impl ErrorClass {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Refused,
        Self::Unreachable,
        Self::Timeout,
        Self::Unsent,
        Self::Reset,
        Self::Closed,
        Self::BadAnswer,
    ];

    /// One word, as in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
            Self::Timeout => "timeout",
            Self::Unsent => "unsent",
            Self::Reset => "reset",
            Self::Closed => "closed",
            Self::BadAnswer => "bad_answer",
        }
    }

    /// What it means.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Refused => "connection refused",
            Self::Unreachable => "no connection",
            Self::Timeout => "no answer in time",
            Self::Unsent => "never sent: no connection was free in time",
            Self::Reset => "connection reset",
            Self::Closed => "closed before the answer was whole",
            Self::BadAnswer => "no HTTP answer",
        }
    }

    /// The class of an error of the socket.
    pub(super) fn of(error: &io::Error, is_connecting: bool) -> Self {
        match error.kind() {
            io::ErrorKind::ConnectionRefused => Self::Refused,
            io::ErrorKind::TimedOut => Self::Timeout,
            _ if is_connecting => Self::Unreachable,
            _ => Self::Reset,
        }
    }
}

/// Why bytes are no HTTP answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadAnswer {
    #[error("its first line is no status line of HTTP/1")]
    StatusLine,
    #[error("a header has no colon, or characters that none has")]
    Header,
    #[error("its head is larger than 64 KiB")]
    LargeHead,
    #[error("its head has more than 256 headers")]
    ManyHeaders,
    #[error("its content-length is no number, or there are two")]
    Length,
    #[error("a chunk does not have the size that it says")]
    Chunk,
    #[error("it switches to another protocol")]
    Protocol,
    #[error("more comes than its length says")]
    TooLong,
}

/// Why there is no result at all.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A plan without requests or connections.
    #[error("there is nothing to send: a plan needs a request and a connection at least")]
    Nothing,
    /// The system gives no thread, timer or event queue.
    #[error("cannot start to send requests: {0}")]
    Start(#[source] io::Error),
    /// More connections than the system allows files.
    #[error(
        "{wanted} connections need more open files than the {allowed} that are allowed; raise the limit with `ulimit -n {needed}`"
    )]
    Files {
        /// Connections.
        wanted: u32,
        /// Files that may be open.
        allowed: u64,
        /// Files that have to be.
        needed: u64,
    },
    /// A defect.
    #[error("a thread that sends requests has panicked")]
    Panicked,
}
