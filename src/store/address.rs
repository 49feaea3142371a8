//! Where a store is, as `--store` takes it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use super::{SqliteStore, Store, StoreError};
use uaic_remote::{RemoteStore, is_address};

/// Where a store is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreAddress {
    /// In a folder of this machine.
    Folder(PathBuf),
    /// Behind a server: `http://host:5000`.
    Server(String),
}

impl StoreAddress {
    /// Opens it for writing; a folder without a store gets one.
    ///
    /// # Errors
    /// As [`SqliteStore::open`]; the server cannot be reached.
    pub fn open(&self) -> Result<Arc<dyn Store>, StoreError> {
        match self {
            Self::Folder(folder) => Ok(Arc::new(SqliteStore::open(folder)?)),
            Self::Server(url) => connect(url),
        }
    }

    /// Opens one that is there for writing.
    ///
    /// # Errors
    /// As [`SqliteStore::open_existing`]; the server cannot be reached.
    pub fn open_existing(&self) -> Result<Arc<dyn Store>, StoreError> {
        match self {
            Self::Folder(folder) => Ok(Arc::new(SqliteStore::open_existing(folder)?)),
            Self::Server(url) => connect(url),
        }
    }

    /// Opens it for reading.
    ///
    /// # Errors
    /// As [`SqliteStore::open_read_only`]; the server cannot be reached.
    pub fn open_read_only(&self) -> Result<Arc<dyn Store>, StoreError> {
        match self {
            Self::Folder(folder) => Ok(Arc::new(SqliteStore::open_read_only(folder)?)),
            Self::Server(url) => connect(url),
        }
    }

    /// The folder, where it is one.
    pub fn folder(&self) -> Option<&Path> {
        match self {
            Self::Folder(folder) => Some(folder),
            Self::Server(_) => None,
        }
    }

    /// A file of this machine that belongs to it: in its folder, or in `runs` for one behind a server.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.folder().unwrap_or(Path::new("runs")).join(name)
    }

    /// The same from any working folder.
    ///
    /// # Errors
    /// The working folder is gone.
    pub fn absolute(&self) -> std::io::Result<Self> {
        Ok(match self {
            Self::Folder(folder) => Self::Folder(std::path::absolute(folder)?),
            Self::Server(url) => Self::Server(url.clone()),
        })
    }
}

/// The variable with the token for a server.
const TOKEN: &str = "UAIC_TOKEN";

fn connect(url: &str) -> Result<Arc<dyn Store>, StoreError> {
    let token = std::env::var(TOKEN).ok();
    Ok(Arc::new(RemoteStore::open(url, token.as_deref())?))
}

impl From<&Path> for StoreAddress {
    fn from(folder: &Path) -> Self {
        Self::Folder(folder.to_owned())
    }
}

impl FromStr for StoreAddress {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(if is_address(text) {
            Self::Server(text.trim_end_matches('/').to_owned())
        } else {
            Self::Folder(text.into())
        })
    }
}

impl fmt::Display for StoreAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(folder) => folder.display().fmt(formatter),
            Self::Server(url) => formatter.write_str(url),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_folder_or_a_server() {
        let read = |text: &str| text.parse::<StoreAddress>().unwrap();
        assert_eq!(read("runs"), StoreAddress::Folder("runs".into()));
        assert_eq!(read("http/x"), StoreAddress::Folder("http/x".into()));
        assert_eq!(read("http://host:5000/"), StoreAddress::Server("http://host:5000".into()));
        assert_eq!(read("https://host/uaic").to_string(), "https://host/uaic");
    }
}
