//! A server that is up says so in its store's folder, so that programs started on that store find it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::fsx::{self, FileError};
use crate::platform::ProcessIdentity;

/// The file.
const FILE: &str = "server.json";

/// That a server is up; it is not any more when this is dropped.
pub struct Announcement {
    path: PathBuf,
}

/// What the file says.
#[derive(Serialize, Deserialize)]
struct Told {
    url: String,
    process: ProcessIdentity,
}

impl Announcement {
    /// Says it.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(folder: &Path, address: SocketAddr) -> Result<Self, FileError> {
        let path = folder.join(FILE);
        let told = Told { url: format!("http://{address}"), process: ProcessIdentity::current() };
        let text = serde_json::to_vec(&told).unwrap_or_default();
        fsx::write_atomic(&path, &text)?;
        Ok(Self { path })
    }
}

impl Drop for Announcement {
    fn drop(&mut self) {
        // Another server may have taken its place.
        if read(&self.path).is_some_and(|told| told.process == ProcessIdentity::current()) {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// The address of the server that is up on a store in a folder.
pub fn announced(folder: &Path) -> Option<String> {
    let told = read(&folder.join(FILE))?;
    // One that was killed has left its file.
    told.process.is_alive().unwrap_or(false).then_some(told.url)
}

fn read(path: &Path) -> Option<Told> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_announced_while_it_lives() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(announced(folder.path()), None);
        let announcement = Announcement::write(folder.path(), "127.0.0.1:5000".parse().unwrap()).unwrap();
        assert_eq!(announced(folder.path()).as_deref(), Some("http://127.0.0.1:5000"));
        drop(announcement);
        assert_eq!(announced(folder.path()), None);
        let process = ProcessIdentity { host: "elsewhere".to_owned(), ..ProcessIdentity::current() };
        let told = Told { url: "http://x".to_owned(), process };
        std::fs::write(folder.path().join(FILE), serde_json::to_vec(&told).unwrap()).unwrap();
        assert_eq!(announced(folder.path()), None);
    }
}
