//! Errors of a store, as they go over a wire and come back as what they were.

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::sync::{LazyLock, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use uaic_platform::fsx::FileError;

use super::super::tracking::{ExperimentId, ModelId, TrackingError};
use super::super::{Id, StoreError};
use crate::trial::RunState;

/// A [`StoreError`] in a message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "variants and fields are those of the error")]
pub enum WireFault {
    Database { path: String, source: String },
    Missing { folder: String },
    NoWriteAheadLog { path: String, mode: String },
    ReadOnly { path: String },
    Newer { path: String, found: i64, known: i64 },
    Foreign { path: String },
    File { action: String, path: String, source: WireIo },
    NotFound { what: String, id: String },
    NameTaken { what: String, name: String },
    OtherDistribution { name: String, known: String, new: String },
    NoStudy { run: String },
    Taken { run: String, host: String, pid: u32 },
    Outdated { study: String },
    NotEnded { number: u32, state: RunState },
    NotHeld { study: String, host: String, pid: u32 },
    StaleAttempt { run: String },
    Ended { run: String, state: RunState },
    Circle { run: String, parent: String },
    Clash { run: String, why: String },
    InUse { run: String, why: String },
    IllegalTransition { run: String, from: RunState, to: RunState },
    BadArtifactName { name: String },
    BadModelName { name: String },
    Damaged { name: String, hash: String },
    Output { source: WireIo },
    Input { source: WireIo },
    Unreachable { server: String, why: String },
    NotAllowed { server: String, why: String },
    OtherVersion { server: String, why: String },
    Malformed { what: String, detail: String },
    WriterGone(String),
    ExperimentExists { name: String, is_deleted: bool },
    NoExperiment(i64),
    NoExperimentNamed(String),
    ExperimentDeleted(i64),
    ExperimentActive(i64),
    NoRun(Id),
    RunDeleted(Id),
    NotTracked { run: Id, why: String },
    ParamChanged { run: Id, key: String, old: String, new: String },
    NoTag { key: String },
    ModelExists(String),
    NoModel(String),
    NoVersion { name: String, version: u32 },
    NoLoggedModel(Id),
    ModelParamChanged { model: Id, key: String, old: String, new: String },
    NoTrace(String),
    NoAssessment { trace: String, id: String },
    OtherAssessment { id: String, is_expectation: bool },
    BadPattern { pattern: String, why: String },
}

/// An error of the system in a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WireIo {
    kind: String,
    text: String,
}

/// Kinds of errors that somebody asks for.
const KINDS: [(&str, io::ErrorKind); 8] = [
    ("not found", io::ErrorKind::NotFound),
    ("permission denied", io::ErrorKind::PermissionDenied),
    ("already exists", io::ErrorKind::AlreadyExists),
    ("storage full", io::ErrorKind::StorageFull),
    ("quota exceeded", io::ErrorKind::QuotaExceeded),
    ("broken pipe", io::ErrorKind::BrokenPipe),
    ("timed out", io::ErrorKind::TimedOut),
    ("unexpected end", io::ErrorKind::UnexpectedEof),
];

impl From<io::Error> for WireIo {
    fn from(error: io::Error) -> Self {
        let known = KINDS.iter().find(|(_, kind)| *kind == error.kind());
        Self { kind: known.map_or("other", |(name, _)| *name).to_owned(), text: error.to_string() }
    }
}

impl From<WireIo> for io::Error {
    fn from(error: WireIo) -> Self {
        let known = KINDS.iter().find(|(name, _)| *name == error.kind);
        Self::new(known.map_or(io::ErrorKind::Other, |(_, kind)| *kind), error.text)
    }
}

impl From<StoreError> for WireFault {
    fn from(error: StoreError) -> Self {
        use StoreError as E;
        match error {
            E::Database { path, source } => Self::Database { path, source: source.to_string() },
            E::Missing { folder } => Self::Missing { folder },
            E::NoWriteAheadLog { path, mode } => Self::NoWriteAheadLog { path, mode },
            E::ReadOnly { path } => Self::ReadOnly { path },
            E::Newer { path, found, known } => Self::Newer { path, found, known },
            E::Foreign { path } => Self::Foreign { path },
            E::Tracking(error) => error.into(),
            E::File(FileError { action, path, source }) => Self::File {
                action: action.to_owned(),
                path: path.display().to_string(),
                source: source.into(),
            },
            E::NotFound { what, id } => Self::NotFound { what: what.to_owned(), id },
            E::NameTaken { what, name } => Self::NameTaken { what: what.to_owned(), name },
            E::OtherDistribution { name, known, new } => Self::OtherDistribution { name, known, new },
            E::NoStudy { run } => Self::NoStudy { run },
            E::Taken { run, host, pid } => Self::Taken { run, host, pid },
            E::Outdated { study } => Self::Outdated { study },
            E::NotEnded { number, state } => Self::NotEnded { number, state },
            E::NotHeld { study, host, pid } => Self::NotHeld { study, host, pid },
            E::StaleAttempt { run } => Self::StaleAttempt { run },
            E::Ended { run, state } => Self::Ended { run, state },
            E::Circle { run, parent } => Self::Circle { run, parent },
            E::Clash { run, why } => Self::Clash { run, why },
            E::InUse { run, why } => Self::InUse { run, why: why.to_owned() },
            E::IllegalTransition { run, from, to } => Self::IllegalTransition { run, from, to },
            E::BadArtifactName { name } => Self::BadArtifactName { name },
            E::BadModelName { name } => Self::BadModelName { name },
            E::Damaged { name, hash } => Self::Damaged { name, hash },
            E::Output { source } => Self::Output { source: source.into() },
            E::Input { source } => Self::Input { source: source.into() },
            E::Unreachable { server, why } => Self::Unreachable { server, why },
            E::NotAllowed { server, why } => Self::NotAllowed { server, why },
            E::OtherVersion { server, why } => Self::OtherVersion { server, why },
            E::Malformed { what, detail } => Self::Malformed { what: what.to_owned(), detail },
            E::WriterGone(why) => Self::WriterGone(why),
        }
    }
}

impl From<TrackingError> for WireFault {
    fn from(error: TrackingError) -> Self {
        use TrackingError as E;
        match error {
            E::ExperimentExists { name, is_deleted } => Self::ExperimentExists { name, is_deleted },
            E::NoExperiment(id) => Self::NoExperiment(id.0),
            E::NoExperimentNamed(name) => Self::NoExperimentNamed(name),
            E::ExperimentDeleted(id) => Self::ExperimentDeleted(id.0),
            E::ExperimentActive(id) => Self::ExperimentActive(id.0),
            E::NoRun(id) => Self::NoRun(id),
            E::RunDeleted(id) => Self::RunDeleted(id),
            E::NotTracked { run, why } => Self::NotTracked { run, why: why.to_owned() },
            E::ParamChanged { run, key, old, new } => Self::ParamChanged { run, key, old, new },
            E::NoTag { key } => Self::NoTag { key },
            E::ModelExists(name) => Self::ModelExists(name),
            E::NoModel(name) => Self::NoModel(name),
            E::NoVersion { name, version } => Self::NoVersion { name, version },
            E::NoLoggedModel(id) => Self::NoLoggedModel(id.0),
            E::ModelParamChanged { model, key, old, new } => {
                Self::ModelParamChanged { model: model.0, key, old, new }
            }
            E::NoTrace(id) => Self::NoTrace(id),
            E::NoAssessment { trace, id } => Self::NoAssessment { trace, id },
            E::OtherAssessment { id, is_expectation } => Self::OtherAssessment { id, is_expectation },
            E::BadPattern { pattern, why } => Self::BadPattern { pattern, why },
        }
    }
}

impl From<WireFault> for StoreError {
    fn from(fault: WireFault) -> Self {
        use WireFault as F;
        match fault {
            F::Database { path, source } => Self::Database { path, source: source.into() },
            F::Missing { folder } => Self::Missing { folder },
            F::NoWriteAheadLog { path, mode } => Self::NoWriteAheadLog { path, mode },
            F::ReadOnly { path } => Self::ReadOnly { path },
            F::Newer { path, found, known } => Self::Newer { path, found, known },
            F::Foreign { path } => Self::Foreign { path },
            F::File { action, path, source } => Self::File(FileError {
                action: kept(action),
                path: PathBuf::from(path),
                source: source.into(),
            }),
            F::NotFound { what, id } => Self::NotFound { what: kept(what), id },
            F::NameTaken { what, name } => Self::NameTaken { what: kept(what), name },
            F::OtherDistribution { name, known, new } => Self::OtherDistribution { name, known, new },
            F::NoStudy { run } => Self::NoStudy { run },
            F::Taken { run, host, pid } => Self::Taken { run, host, pid },
            F::Outdated { study } => Self::Outdated { study },
            F::NotEnded { number, state } => Self::NotEnded { number, state },
            F::NotHeld { study, host, pid } => Self::NotHeld { study, host, pid },
            F::StaleAttempt { run } => Self::StaleAttempt { run },
            F::Ended { run, state } => Self::Ended { run, state },
            F::Circle { run, parent } => Self::Circle { run, parent },
            F::Clash { run, why } => Self::Clash { run, why },
            F::InUse { run, why } => Self::InUse { run, why: kept(why) },
            F::IllegalTransition { run, from, to } => Self::IllegalTransition { run, from, to },
            F::BadArtifactName { name } => Self::BadArtifactName { name },
            F::BadModelName { name } => Self::BadModelName { name },
            F::Damaged { name, hash } => Self::Damaged { name, hash },
            F::Output { source } => Self::Output { source: source.into() },
            F::Input { source } => Self::Input { source: source.into() },
            F::Unreachable { server, why } => Self::Unreachable { server, why },
            F::NotAllowed { server, why } => Self::NotAllowed { server, why },
            F::OtherVersion { server, why } => Self::OtherVersion { server, why },
            F::Malformed { what, detail } => Self::Malformed { what: kept(what), detail },
            F::WriterGone(why) => Self::WriterGone(why),
            other => tracking(other).into(),
        }
    }
}

/// The rest of [`WireFault`].
fn tracking(fault: WireFault) -> TrackingError {
    use TrackingError as E;
    use WireFault as F;
    match fault {
        F::ExperimentExists { name, is_deleted } => E::ExperimentExists { name, is_deleted },
        F::NoExperiment(id) => E::NoExperiment(ExperimentId(id)),
        F::NoExperimentNamed(name) => E::NoExperimentNamed(name),
        F::ExperimentDeleted(id) => E::ExperimentDeleted(ExperimentId(id)),
        F::ExperimentActive(id) => E::ExperimentActive(ExperimentId(id)),
        F::NoRun(id) => E::NoRun(id),
        F::RunDeleted(id) => E::RunDeleted(id),
        F::NotTracked { run, why } => E::NotTracked { run, why: kept(why) },
        F::ParamChanged { run, key, old, new } => E::ParamChanged { run, key, old, new },
        F::NoTag { key } => E::NoTag { key },
        F::ModelExists(name) => E::ModelExists(name),
        F::NoModel(name) => E::NoModel(name),
        F::NoVersion { name, version } => E::NoVersion { name, version },
        F::NoLoggedModel(id) => E::NoLoggedModel(ModelId(id)),
        F::ModelParamChanged { model, key, old, new } => {
            E::ModelParamChanged { model: ModelId(model), key, old, new }
        }
        F::NoTrace(id) => E::NoTrace(id),
        F::NoAssessment { trace, id } => E::NoAssessment { trace, id },
        F::OtherAssessment { id, is_expectation } => E::OtherAssessment { id, is_expectation },
        F::BadPattern { pattern, why } => E::BadPattern { pattern, why },
        other => E::NoTag { key: format!("{other:?}") },
    }
}

/// How many texts are kept, and how long they may be: those of this program are few.
const MOST_KEPT: (usize, usize) = (200, 200);

static KEPT: LazyLock<Mutex<BTreeSet<&'static str>>> = LazyLock::new(Mutex::default);

/// A text that errors have for ever. A server that makes them up runs out of them.
fn kept(text: String) -> &'static str {
    let mut all = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = all.get(text.as_str()) {
        return known;
    }
    let (count, length) = MOST_KEPT;
    if all.len() >= count || text.len() > length {
        return "thing";
    }
    let text: &'static str = Box::leak(text.into_boxed_str());
    all.insert(text);
    text
}

#[cfg(test)]
mod tests {
    use super::super::{pack, unpack};
    use super::*;

    fn every_error() -> Vec<StoreError> {
        let text = |text: &str| text.to_owned();
        let (run, study) = (text("00112233"), text("44556677"));
        let id = Id([3; 16]);
        let full = || io::Error::new(io::ErrorKind::StorageFull, "no space");
        vec![
            StoreError::Database { path: text("a"), source: "disk I/O error".into() },
            StoreError::Missing { folder: text("a") },
            StoreError::NoWriteAheadLog { path: text("a"), mode: text("delete") },
            StoreError::ReadOnly { path: text("a") },
            StoreError::Newer { path: text("a"), found: 99, known: 5 },
            StoreError::Foreign { path: text("a") },
            StoreError::File(FileError { action: "write", path: "a/b".into(), source: full() }),
            StoreError::NotFound { what: "model version", id: text("x@3") },
            StoreError::NameTaken { what: "study", name: text("x") },
            StoreError::OtherDistribution { name: text("lr"), known: text("a"), new: text("b") },
            StoreError::NoStudy { run: run.clone() },
            StoreError::Taken { run: run.clone(), host: text("h"), pid: 7 },
            StoreError::Outdated { study: study.clone() },
            StoreError::NotEnded { number: 3, state: RunState::Running },
            StoreError::NotHeld { study, host: text("h"), pid: 7 },
            StoreError::StaleAttempt { run: run.clone() },
            StoreError::Ended { run: run.clone(), state: RunState::Crashed },
            StoreError::Circle { run: run.clone(), parent: text("8899") },
            StoreError::Clash { run: run.clone(), why: text("it is there") },
            StoreError::InUse { run: run.clone(), why: "it still runs" },
            StoreError::IllegalTransition { run, from: RunState::Pruned, to: RunState::Complete },
            StoreError::BadArtifactName { name: text("..") },
            StoreError::BadModelName { name: text("@") },
            StoreError::Damaged { name: text("log"), hash: text("ff") },
            StoreError::Output { source: full() },
            StoreError::Input { source: full() },
            StoreError::Unreachable { server: text("http://a"), why: text("refused") },
            StoreError::NotAllowed { server: text("http://a"), why: text("viewer") },
            StoreError::OtherVersion { server: text("http://a"), why: text("is old") },
            StoreError::Malformed { what: "space", detail: text("no JSON") },
            StoreError::WriterGone(text("it is")),
            TrackingError::ExperimentExists { name: text("a"), is_deleted: true }.into(),
            TrackingError::NoExperiment(ExperimentId(3)).into(),
            TrackingError::NoExperimentNamed(text("a")).into(),
            TrackingError::ExperimentDeleted(ExperimentId(3)).into(),
            TrackingError::ExperimentActive(ExperimentId(3)).into(),
            TrackingError::NoRun(id).into(),
            TrackingError::RunDeleted(id).into(),
            TrackingError::NotTracked { run: id, why: "is a trial" }.into(),
            TrackingError::ParamChanged { run: id, key: text("a"), old: text("1"), new: text("2") }.into(),
            TrackingError::NoTag { key: text("a") }.into(),
            TrackingError::ModelExists(text("a")).into(),
            TrackingError::NoModel(text("a")).into(),
            TrackingError::NoVersion { name: text("a"), version: 3 }.into(),
            TrackingError::NoLoggedModel(ModelId(id)).into(),
            TrackingError::ModelParamChanged {
                model: ModelId(id),
                key: text("a"),
                old: text("1"),
                new: text("2"),
            }
            .into(),
            TrackingError::NoTrace(text("a")).into(),
            TrackingError::NoAssessment { trace: text("a"), id: text("b") }.into(),
            TrackingError::OtherAssessment { id: text("a"), is_expectation: true }.into(),
            TrackingError::BadPattern { pattern: text("("), why: text("b") }.into(),
        ]
    }

    #[test]
    fn every_error_comes_back_as_what_it_was() {
        for error in every_error() {
            let (shown, kind) = (format!("{error:?}"), error.kind());
            let told = error.to_string();
            let fault = WireFault::from(error);
            let back = StoreError::from(unpack::<WireFault>(&pack(&fault).unwrap()).unwrap());
            assert_eq!((back.to_string(), back.kind()), (told, kind), "{shown}");
            assert_eq!(WireFault::from(back), fault);
        }
    }

    #[test]
    fn a_server_that_makes_texts_up_does_not_fill_the_memory() {
        assert_eq!(kept("x".repeat(201)), "thing");
        assert!(KEPT.lock().unwrap().len() <= MOST_KEPT.0);
    }
}
