//! What uaic needs from the operating system: files that are written whole or not at all, and the
//! identity, the priority and the groups of processes.
//!
//! ```
//! use uaic_platform::fsx;
//!
//! let folder = tempfile::tempdir()?;
//! let path = folder.path().join("result.json");
//! fsx::write_atomic(&path, b"{}")?;
//! assert_eq!(fsx::read(&path)?, b"{}");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod fsx;
pub mod process;
