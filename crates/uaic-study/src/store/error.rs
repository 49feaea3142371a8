//! What can go wrong in a store.

use crate::trial::RunState;
use uaic_wording::ErrorKind;

/// What can go wrong in a store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database below says no.
    #[error("the store {path} cannot be used: {source}")]
    Database {
        /// Where it is.
        path: String,
        /// Its reason.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// There is no store where one is to be read.
    #[error(
        "there is no store in {folder}; `uaic run experiments/attention.toml` makes one, `--store DIR` names another"
    )]
    Missing {
        /// The folder.
        folder: String,
    },
    /// The file system cannot hold a database that several processes use at once.
    #[error(
        "{path} cannot have a write-ahead log (its journal mode stays `{mode}`); put the store on a local disk with `--store DIR`"
    )]
    NoWriteAheadLog {
        /// The database file.
        path: String,
        /// What SQLite uses instead.
        mode: String,
    },
    /// A write to a store that was opened for reading, or that this user may not write.
    #[error("the store {path} can only be read; write to another with `--store DIR`")]
    ReadOnly {
        /// The database file.
        path: String,
    },
    /// Written by a newer `uaic`.
    #[error("the store {path} has format {found}, this uaic knows up to {known}; install a newer uaic")]
    Newer {
        /// The database file.
        path: String,
        /// Its format.
        found: i64,
        /// The newest format this program knows.
        known: i64,
    },
    /// Not one of ours.
    #[error("{path} is an SQLite database, but not a store of uaic; name another folder with `--store DIR`")]
    Foreign {
        /// The database file.
        path: String,
    },
    /// Of those who log to it.
    #[error(transparent)]
    Tracking(#[from] super::tracking::TrackingError),
    /// A file operation failed.
    #[error(transparent)]
    File(#[from] uaic_platform::fsx::FileError),
    /// No such study, run or artifact.
    #[error("there is no {what} `{id}` in the store")]
    NotFound {
        /// `study`, `run`, `artifact`.
        what: &'static str,
        /// What was asked for.
        id: String,
    },
    /// A name that must be of one thing alone.
    #[error("there is a {what} `{name}` already")]
    NameTaken {
        /// `study`.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// A parameter that trials of a study would draw from what cannot be compared.
    #[error("`{name}` is drawn from {known} in this study, and cannot be drawn from {new}")]
    OtherDistribution {
        /// The parameter.
        name: String,
        /// What it is known to be drawn from.
        known: String,
        /// What it was to be drawn from.
        new: String,
    },
    /// What only a study has, asked of a run of none.
    #[error("run {run} belongs to no study; `uaic show {run}` shows it")]
    NoStudy {
        /// Short id.
        run: String,
    },
    /// A live process runs the run.
    #[error("run {run} is being executed by process {pid} on {host}")]
    Taken {
        /// Short id.
        run: String,
        /// The host of the other process.
        host: String,
        /// The other process.
        pid: u32,
    },
    /// The study has been changed meanwhile.
    #[error("study {study} has been changed meanwhile")]
    Outdated {
        /// Short id.
        study: String,
    },
    /// A trial that is to be excluded or corrected still runs.
    #[error("trial {number} is {state}; only trials that have ended can be excluded or corrected")]
    NotEnded {
        /// Its number.
        number: u32,
        /// Its state.
        state: RunState,
    },
    /// No process works on the study, so the one that wants to write to it has lost it.
    #[error(
        "process {pid} on {host} does not work on study {study} any more; `uaic resume {study}` takes it up"
    )]
    NotHeld {
        /// Short id.
        study: String,
        /// The host of the process that was refused.
        host: String,
        /// The process that was refused.
        pid: u32,
    },
    /// The attempt is no longer the newest.
    #[error("run {run} has been started again elsewhere; this attempt's writes are refused")]
    StaleAttempt {
        /// Short id.
        run: String,
    },
    /// A write to a run that does not run.
    #[error("run {run} is {state}: nothing can be added to it")]
    Ended {
        /// Short id.
        run: String,
        /// Its state.
        state: RunState,
    },
    /// A run that would be part of itself.
    #[error("run {run} cannot be part of {parent}, which is part of it")]
    Circle {
        /// Short id.
        run: String,
        /// Short id of what was to be its parent.
        parent: String,
    },
    /// What is brought in is not what is there.
    #[error("run {run} cannot be brought in: {why}")]
    Clash {
        /// Short id.
        run: String,
        /// What is there.
        why: String,
    },
    /// A run that cannot be removed.
    #[error("run {run} cannot be removed for good: {why}")]
    InUse {
        /// Short id.
        run: String,
        /// What needs it.
        why: &'static str,
    },
    /// A state change that must not happen.
    #[error("run {run} is {from} and cannot become {to}")]
    IllegalTransition {
        /// Short id.
        run: String,
        /// Its state.
        from: RunState,
        /// The refused state.
        to: RunState,
    },
    /// An artifact name that is not a plain relative path.
    #[error(
        "`{}` cannot name an artifact: use a relative path of plain names, such as `model/weights.safetensors`",
        name.escape_debug()
    )]
    BadArtifactName {
        /// The refused name.
        name: String,
    },
    /// A name that an address could take for something else.
    #[error(
        "`{}` cannot name a model or an alias: use letters, digits, `-`, `_` and `.`, a letter or digit first; a number alone is a version",
        name.escape_debug()
    )]
    BadModelName {
        /// The refused name.
        name: String,
    },
    /// Content that does not have the hash it is stored under.
    #[error("artifact `{name}` is damaged: its content does not have hash {hash}")]
    Damaged {
        /// The artifact.
        name: String,
        /// The expected hash.
        hash: String,
    },
    /// What was read cannot be passed on.
    #[error("cannot write what was read: {source}")]
    Output {
        /// The system's reason.
        source: std::io::Error,
    },
    /// What is to be kept cannot be read.
    #[error("cannot read what is to be kept: {source}")]
    Input {
        /// The system's reason.
        source: std::io::Error,
    },
    /// The server of the store does not answer.
    #[error("the server {server} does not answer: {why}; is `uaic server` running there?")]
    Unreachable {
        /// Its address.
        server: String,
        /// What was seen of it.
        why: String,
    },
    /// The server of the store does not let this user do it.
    #[error("the server {server} does not allow it: {why}; `UAIC_TOKEN` has the token of a user")]
    NotAllowed {
        /// Its address.
        server: String,
        /// Its reason.
        why: String,
    },
    /// The server of the store speaks otherwise than this program.
    #[error("the server {server} {why}; use a uaic of its version here")]
    OtherVersion {
        /// Its address.
        server: String,
        /// How its answer differs.
        why: String,
    },
    /// A record that cannot be read back.
    #[error("the store holds a {what} that cannot be read: {detail}")]
    Malformed {
        /// What kind of record.
        what: &'static str,
        /// What is wrong with it.
        detail: String,
    },
    /// The writer is gone (an earlier write failed).
    #[error("the store stopped writing: {0}")]
    WriterGone(String),
}

impl StoreError {
    /// What kind of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Tracking(error) => error.kind(),
            Self::NotFound { .. } | Self::Missing { .. } => ErrorKind::NotFound,
            Self::BadModelName { .. }
            | Self::BadArtifactName { .. }
            | Self::NoStudy { .. }
            | Self::OtherDistribution { .. } => ErrorKind::Usage,
            Self::Taken { .. }
            | Self::NameTaken { .. }
            | Self::NotHeld { .. }
            | Self::Outdated { .. }
            | Self::NotEnded { .. }
            | Self::IllegalTransition { .. }
            | Self::StaleAttempt { .. }
            | Self::Circle { .. }
            | Self::Clash { .. }
            | Self::InUse { .. }
            | Self::Ended { .. } => ErrorKind::Locked,
            Self::Database { .. }
            | Self::NoWriteAheadLog { .. }
            | Self::ReadOnly { .. }
            | Self::Newer { .. }
            | Self::Foreign { .. }
            | Self::File(_)
            | Self::Damaged { .. }
            | Self::Output { .. }
            | Self::Input { .. }
            | Self::Unreachable { .. }
            | Self::NotAllowed { .. }
            | Self::OtherVersion { .. }
            | Self::Malformed { .. }
            | Self::WriterGone(_) => ErrorKind::Failed,
        }
    }
}
