//! Who may do what at a server, as options.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::server::TlsFiles;
use crate::server::access::{Rate, Settings};

const HEADING: &str = "Access";

/// Requests at once of each: no fewer than a client sends when it starts.
const LEAST_BURST: u32 = 20;

/// Who may do what.
#[derive(Args, Debug)]
pub(super) struct AccessOptions {
    /// Let nobody change anything
    #[arg(long, help_heading = HEADING)]
    read_only: bool,

    /// A name that the server is asked under, beside localhost and numbers; may be given more than once
    #[arg(long, value_name = "HOST", help_heading = HEADING)]
    allow_host: Vec<String>,

    /// An origin whose pages may change something, such as <https://board.example>
    #[arg(long, value_name = "ORIGIN", help_heading = HEADING)]
    allow_origin: Vec<String>,

    /// The certificate of encrypted connections (PEM), read again when it changes
    #[arg(long, value_name = "FILE", requires = "tls_key", help_heading = HEADING)]
    tls_certificate: Option<PathBuf>,

    /// Its private key
    #[arg(long, value_name = "FILE", requires = "tls_certificate", help_heading = HEADING)]
    tls_key: Option<PathBuf>,

    /// The path under which a proxy has the server, such as /uaic
    #[arg(long, value_name = "PATH", help_heading = HEADING)]
    path_prefix: Option<String>,

    /// Believe X-Forwarded-For and X-Forwarded-Host: nobody reaches the server but through a proxy
    #[arg(long, help_heading = HEADING)]
    behind_proxy: bool,

    /// Most requests a second of each user, or address where there are none
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), help_heading = HEADING)]
    rate: Option<u32>,

    /// Write no audit log (audit.jsonl in the store: who changed what, when)
    #[arg(long, help_heading = HEADING)]
    no_audit: bool,
}

impl AccessOptions {
    /// As the server takes them.
    pub(super) fn settings(&self, folder: &Path) -> Settings {
        let tls = self.tls_certificate.clone().zip(self.tls_key.clone());
        Settings {
            is_audited: !self.no_audit,
            tls: tls.map(|(certificate, key)| TlsFiles { certificate, key }),
            is_read_only: self.read_only,
            hosts: self.allow_host.clone(),
            origins: self.allow_origin.clone(),
            prefix: self.path_prefix.clone(),
            is_proxied: self.behind_proxy,
            rate: self.rate.map(|per_second| Rate { per_second, burst: per_second.max(LEAST_BURST) }),
            ..Settings::of(folder)
        }
    }
}
