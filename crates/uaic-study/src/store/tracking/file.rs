//! Files that come and go as streams.

use std::io::Write;

use super::super::{ArtifactRecord, Id, StoreError};

/// Where a file is, or a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FilePlace {
    /// An artifact of a run; the folder of all of them is `""`.
    Artifact {
        /// The run.
        run: Id,
        /// Its name.
        name: String,
    },
    /// A path of no run, such as that of a model.
    Loose {
        /// Names joined by `/`; the folder of all files is `""`.
        path: String,
    },
}

/// What is in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileEntry {
    /// Its name there.
    pub name: String,
    /// Bytes of a file; `None` for a folder.
    pub size: Option<u64>,
}

/// A file whose content is coming. It is nowhere before it has a place; dropped, it is gone.
pub trait StagedFile: Write + Send {
    /// Gives it its place, where it replaces what is there. Durable on return.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]: the run; [`StoreError::BadArtifactName`]; a full disk.
    fn publish(self: Box<Self>, place: &FilePlace) -> Result<ArtifactRecord, StoreError>;
}
