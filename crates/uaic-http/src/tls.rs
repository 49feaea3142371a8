//! Encryption by a certificate and a key in files, which are read again when they change.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{self, ServerConfig};
use tokio_rustls::server::TlsStream;

use uaic_wording::ErrorKind;

use super::listener::Stream;
use super::settings::Protocol;

/// How often files are looked at: a new certificate is used so long after it is there, at most.
const LOOK: Duration = Duration::from_secs(1);

/// Where a certificate and its key are, both PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate, and behind it those that vouch for it.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// Why nothing is encrypted.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file is not there, or not to be read.
    #[error("{path} cannot be read: {source}")]
    Read {
        /// The file.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// A file has not in it what it should.
    #[error("{path} has no {what} in PEM: {source}")]
    Content {
        /// The file.
        path: String,
        /// What was looked for.
        what: &'static str,
        /// Why it was not found.
        source: pem::Error,
    },
    /// The two do not belong together, or are of a kind that is not known.
    #[error("the certificate {certificate} cannot be used with the key {key}: {source}")]
    Refused {
        /// The certificate.
        certificate: String,
        /// The key.
        key: String,
        /// Why.
        source: rustls::Error,
    },
}

impl TlsError {
    /// What kind of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Read { source, .. } if source.kind() == io::ErrorKind::NotFound => ErrorKind::NotFound,
            _ => ErrorKind::Failed,
        }
    }
}

/// Encryption of all connections of a listener.
pub struct Tls {
    files: TlsFiles,
    protocol: Protocol,
    state: Mutex<State>,
}

struct State {
    config: Arc<ServerConfig>,
    stamps: [Stamp; 2],
    looked: Instant,
}

/// By what a file is known to be the same.
type Stamp = Option<(SystemTime, u64)>;

impl Tls {
    /// Reads the files. Clients may choose what is spoken of what `protocol` says.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn load(files: TlsFiles, protocol: Protocol) -> Result<Self, TlsError> {
        let stamps = stamps(&files);
        let state = State { config: configure(&files, protocol)?, stamps, looked: Instant::now() };
        Ok(Self { files, protocol, state: Mutex::new(state) })
    }

    /// Agrees on keys with a client.
    ///
    /// # Errors
    /// The client speaks something else, or wants what is not offered.
    pub(super) async fn encrypt(&self, stream: Stream) -> io::Result<Box<TlsStream<Stream>>> {
        TlsAcceptor::from(self.config()).accept(stream).await.map(Box::new)
    }

    /// What is in the files now; what they had before where they are of no use.
    fn config(&self) -> Arc<ServerConfig> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.looked.elapsed() >= LOOK {
            state.looked = Instant::now();
            let stamps = stamps(&self.files);
            if stamps != state.stamps {
                self.reload(&mut state, stamps);
            }
        }
        Arc::clone(&state.config)
    }

    fn reload(&self, state: &mut State, stamps: [Stamp; 2]) {
        match configure(&self.files, self.protocol) {
            Ok(config) => {
                state.config = config;
                tracing::info!(target: "uaic::http", "the certificate was read again");
            }
            // One of the two may be newer than the other for a moment: the next look sees both.
            Err(error) => tracing::warn!(target: "uaic::http", "the certificate stays as it was: {error}"),
        }
        state.stamps = stamps;
    }
}

fn stamps(files: &TlsFiles) -> [Stamp; 2] {
    [&files.certificate, &files.key].map(|path| {
        let metadata = fs::metadata(path).ok()?;
        Some((metadata.modified().ok()?, metadata.len()))
    })
}

fn configure(files: &TlsFiles, protocol: Protocol) -> Result<Arc<ServerConfig>, TlsError> {
    let refused = |source| TlsError::Refused {
        certificate: files.certificate.display().to_string(),
        key: files.key.display().to_string(),
        source,
    };
    let chain = certificates(&files.certificate)?;
    let key =
        PrivateKeyDer::from_pem_slice(&read(&files.key)?).map_err(content(&files.key, "private key"))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(refused)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(refused)?;
    let spoken: &[&[u8]] = match protocol {
        Protocol::Http1 => &[b"http/1.1"],
        Protocol::Http1Or2 => &[b"h2", b"http/1.1"],
    };
    config.alpn_protocols = spoken.iter().map(|name| name.to_vec()).collect();
    Ok(Arc::new(config))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let failed = content(path, "certificate");
    let bytes = read(path)?;
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&bytes).collect::<Result<_, _>>().map_err(&failed)?;
    if chain.is_empty() { Err(failed(pem::Error::NoItemsFound)) } else { Ok(chain) }
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(path).map_err(|source| TlsError::Read { path: path.display().to_string(), source })
}

fn content(path: &Path, what: &'static str) -> impl Fn(pem::Error) -> TlsError {
    let path = path.display().to_string();
    move |source| TlsError::Content { path: path.clone(), what, source }
}
