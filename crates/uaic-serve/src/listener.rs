//! What a server listens on.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio_util::either::Either;

use super::error::ServeError;
use super::settings::Listen;

/// Whatever a server listens on.
pub(super) enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener, PathBuf),
}

/// A connection of either kind.
pub(super) type Stream = Either<TcpStream, UnixStream>;

impl Listener {
    pub(super) async fn bind(listen: &Listen) -> Result<Self, ServeError> {
        let bound = match listen {
            Listen::Tcp(address) => TcpListener::bind(address).await.map(Self::Tcp),
            Listen::Unix(path) => bind_unix(path).await.map(|listener| Self::Unix(listener, path.clone())),
        };
        bound.map_err(|source| {
            let hint = match source.kind() {
                io::ErrorKind::AddrInUse => "another program does; choose another port, or 0 for any",
                io::ErrorKind::PermissionDenied => "ports below 1024 are for the system; choose another",
                _ => "an address is HOST:PORT, such as 127.0.0.1:8080",
            };
            ServeError::Listen { listen: listen.clone(), hint, source }
        })
    }

    pub(super) fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(listener) => listener.local_addr().ok(),
            Self::Unix(..) => None,
        }
    }

    pub(super) async fn accept(&self) -> io::Result<Stream> {
        match self {
            Self::Tcp(listener) => {
                let (stream, _) = listener.accept().await?;
                // An answer is one small write: nothing follows that it could wait for.
                stream.set_nodelay(true)?;
                Ok(Either::Left(stream))
            }
            Self::Unix(listener, _) => Ok(Either::Right(listener.accept().await?.0)),
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Self::Unix(_, path) = self {
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
