//! What a server listens on.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio_util::either::Either;

use uaic_wording::ErrorKind;

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listen {
    /// A host and a port, such as `127.0.0.1:8080`; port 0 is any free one.
    Tcp(String),
    /// A socket in the file system, for this user alone.
    Unix(PathBuf),
}

impl fmt::Display for Listen {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => formatter.write_str(address),
            Self::Unix(path) => write!(formatter, "unix:{}", path.display()),
        }
    }
}

/// Why a server does not listen.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {listen}: {source}; {hint}")]
pub struct ListenError {
    /// Where.
    pub listen: Listen,
    /// What to do.
    pub hint: &'static str,
    /// What the system says.
    pub source: io::Error,
}

impl ListenError {
    /// What kind of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        match self.source.kind() {
            io::ErrorKind::AddrInUse => ErrorKind::Locked,
            _ => ErrorKind::Failed,
        }
    }
}

/// Whatever a server listens on.
pub struct Listener(Bound);

/// Who is at the other end of a connection: every request has it as an extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its address; `None` for a socket in the file system.
    pub address: Option<SocketAddr>,
    /// Whether nobody on the way can read what is said.
    pub is_encrypted: bool,
}

enum Bound {
    Tcp(TcpListener),
    Unix(UnixListener, PathBuf),
}

/// A connection of either kind.
pub type Stream = Either<TcpStream, UnixStream>;

impl Listener {
    /// Listens. A socket that a dead process left is taken over.
    ///
    /// # Errors
    /// Another program does, or nobody may.
    pub async fn bind(listen: &Listen) -> Result<Self, ListenError> {
        let bound = match listen {
            Listen::Tcp(address) => TcpListener::bind(address).await.map(Bound::Tcp),
            Listen::Unix(path) => bind_unix(path).await.map(|listener| Bound::Unix(listener, path.clone())),
        };
        bound.map(Self).map_err(|source| {
            let hint = match source.kind() {
                io::ErrorKind::AddrInUse => "another program does; choose another port, or 0 for any",
                io::ErrorKind::PermissionDenied => "ports below 1024 are for the system; choose another",
                _ => "an address is HOST:PORT, such as 127.0.0.1:8080",
            };
            ListenError { listen: listen.clone(), hint, source }
        })
    }

    /// The address; `None` of a socket in the file system.
    pub fn address(&self) -> Option<SocketAddr> {
        match &self.0 {
            Bound::Tcp(listener) => listener.local_addr().ok(),
            Bound::Unix(..) => None,
        }
    }

    /// The next connection.
    ///
    /// # Errors
    /// What the system says; the next one may come nevertheless.
    pub async fn accept(&self) -> io::Result<(Stream, Peer)> {
        match &self.0 {
            Bound::Tcp(listener) => {
                let (stream, address) = listener.accept().await?;
                // An answer is one small write: nothing follows that it could wait for.
                stream.set_nodelay(true)?;
                Ok((Either::Left(stream), Peer { address: Some(address), is_encrypted: false }))
            }
            Bound::Unix(listener, _) => {
                let (stream, _) = listener.accept().await?;
                Ok((Either::Right(stream), Peer { address: None, is_encrypted: false }))
            }
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Bound::Unix(_, path) = &self.0 {
            // It may be gone already.
            let _ = std::fs::remove_file(path);
        }
    }
}

/// A socket that a dead process left is taken over; a living one's is not.
async fn bind_unix(path: &Path) -> io::Result<UnixListener> {
    use std::os::unix::fs::PermissionsExt;
    if path.exists() {
        if UnixStream::connect(path).await.is_ok() {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        std::fs::remove_file(path)?;
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}
