//! What to run, and what to record of it.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use uaic_study::trial::Params;

use crate::files::FileOpener;

/// What to run, and what to record of it.
pub struct Plan {
    /// The program and its arguments; at least the former.
    pub program: Vec<OsString>,
    /// Variables that it gets beside those of this process.
    pub environment: Vec<(OsString, OsString)>,
    /// The id of the run.
    pub id: String,
    /// What the run is called.
    pub name: Option<String>,
    /// The experiment that the run belongs to.
    pub experiment: Option<String>,
    /// The id of the run that the run is part of.
    pub parent: Option<String>,
    /// Parameters that the user has given, which win over those that are found.
    pub params: Params,
    /// Tags by name.
    pub tags: Vec<(String, String)>,
    /// A note, in Markdown.
    pub note: Option<String>,
    /// A pattern of metrics of the user's own, see [`Pattern`](crate::metric::Pattern).
    pub pattern: Option<String>,
    /// Where to look for files with metrics that appear or grow.
    pub watch: Vec<PathBuf>,
    /// Who reads these files; nobody does where it is missing.
    pub opener: Option<FileOpener>,
    /// Folders whose files are kept when they are written meanwhile.
    pub artifacts: Vec<PathBuf>,
    /// Where what the program writes is spooled. It is created, and removed at the end; where it cannot
    /// be, memory takes its place.
    pub folder: PathBuf,
    /// The folder of the file with what could not be recorded.
    pub spill: PathBuf,
    /// The largest log of a stream, in bytes.
    pub log_limit: u64,
    /// How often to look at the use of the machine; never when zero.
    pub sample_every: Duration,
    /// A program whose `main` begins with [`guard_if_asked`](crate::guard_if_asked), so that the program
    /// goes on when this process is killed.
    pub guard: Option<PathBuf>,
}

impl Plan {
    /// A program with nothing special about it.
    pub fn new(program: Vec<OsString>, id: &str) -> Self {
        Self {
            program,
            environment: vec![],
            id: id.to_owned(),
            name: None,
            experiment: None,
            parent: None,
            params: Params::new(),
            tags: vec![],
            note: None,
            pattern: None,
            watch: vec![],
            opener: None,
            artifacts: vec![],
            folder: std::env::temp_dir().join(format!("uaic-exec-{id}")),
            spill: PathBuf::from("."),
            log_limit: 1 << 30,
            sample_every: Duration::from_secs(5),
            guard: None,
        }
    }

    /// The file with what could not be recorded.
    pub(crate) fn spill_file(&self) -> PathBuf {
        let name = format!("uaic-exec-{}.jsonl", self.id);
        let folder = std::path::absolute(&self.spill).unwrap_or_else(|_| self.spill.clone());
        folder.join(name)
    }
}
