//! Which file a path names, now and when it was read last.

use std::fs::Metadata;
use std::path::Path;

use crate::options::ReadOptions;

/// What a look at a growing file has brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct News {
    /// How many points.
    pub points: u64,
    /// The file was truncated or replaced by another since the last look, and read from its start.
    pub replaced: bool,
    /// What is wrong with the file, of which nothing more will come until it is replaced.
    pub broken: Option<String>,
}

/// What tells files at the same path apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileIdentity {
    #[cfg(unix)]
    number: (u64, u64),
}

impl FileIdentity {
    #[cfg(unix)]
    pub(crate) fn of(metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self { number: (metadata.dev(), metadata.ino()) }
    }

    #[cfg(not(unix))]
    pub(crate) fn of(_: &Metadata) -> Self {
        Self {}
    }
}

/// The text that stands for a place in origins: its absolute path, or what the user calls it.
pub(crate) fn place(path: &Path, options: &ReadOptions) -> String {
    options.identity.clone().unwrap_or_else(|| absolute(path))
}

/// The place of something below a root.
pub(crate) fn place_within(root: &Path, path: &Path, options: &ReadOptions) -> String {
    match (&options.identity, path.strip_prefix(root)) {
        (Some(identity), Ok(rest)) if rest.as_os_str().is_empty() => identity.clone(),
        (Some(identity), Ok(rest)) => format!("{identity}/{}", rest.display()),
        _ => absolute(path),
    }
}

fn absolute(path: &Path) -> String {
    path.canonicalize().unwrap_or_else(|_| path.to_owned()).display().to_string()
}

/// The last part of a path, also of `.`.
pub(crate) fn last_name(path: &Path) -> String {
    let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
    name(path).or_else(|| name(&path.canonicalize().ok()?)).unwrap_or_else(|| "/".to_owned())
}

/// The name of the folder that a path is in.
pub(crate) fn folder_name(path: &Path) -> String {
    path.canonicalize().ok().and_then(|path| path.parent().map(last_name)).unwrap_or_default()
}
