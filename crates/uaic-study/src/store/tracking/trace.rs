//! Traces: what a program did for one request, as spans, and what people and judges say of it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::{Store, StoreError};
use super::{Clause, ExperimentId, SortKey};

/// The tag that says where the spans of a trace are, and that it is here.
pub const SPANS_TAG: (&str, &str) = ("mlflow.trace.spansLocation", "TRACKING_STORE");
/// The tag that a trace's name is.
pub const TRACE_NAME_TAG: &str = "mlflow.traceName";
/// The metadata that says which run a trace belongs to.
pub const SOURCE_RUN: &str = "mlflow.sourceRun";
/// The metadata that says how many spans a trace has.
pub const SIZE_STATS: &str = "mlflow.trace.sizeStats";

/// How what a trace follows has ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TraceState {
    /// Nobody has said.
    #[default]
    Unspecified,
    /// Well.
    Ok,
    /// It failed.
    Error,
    /// It still runs.
    InProgress,
}

impl TraceState {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Unspecified, Self::Ok, Self::Error, Self::InProgress];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unspecified => "STATE_UNSPECIFIED",
            Self::Ok => "OK",
            Self::Error => "ERROR",
            Self::InProgress => "IN_PROGRESS",
        }
    }

    /// The state of a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// What is known of a trace beside its spans.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TraceInfo {
    /// Its id.
    pub id: String,
    /// The number of its experiment.
    pub experiment: i64,
    /// The id that a client gave the request.
    pub client_request: Option<String>,
    /// The beginning of what was asked.
    pub request: Option<String>,
    /// The beginning of what was answered.
    pub response: Option<String>,
    /// When it began, milliseconds since 1970 UTC.
    pub time_ms: i64,
    /// How long it took, milliseconds.
    pub duration_ms: Option<i64>,
    /// How it ended.
    pub state: TraceState,
    /// What the tracer says of it.
    pub metadata: BTreeMap<String, String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// What is said of it, in the order in which it was.
    pub assessments: Vec<Assessment>,
}

/// What somebody says of a trace or a span.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Assessment {
    /// Its id.
    pub id: String,
    /// What is judged.
    pub name: String,
    /// The span that it is about.
    pub span: Option<String>,
    /// Whether it says how it should have been, not how it is.
    pub is_expectation: bool,
    /// The value.
    pub value: Value,
    /// Why there is none.
    pub error: Option<Value>,
    /// Who says it: kind, and id.
    pub source: (String, String),
    /// When it was said first, milliseconds since 1970 UTC.
    pub created_ms: i64,
    /// When it was changed.
    pub updated_ms: i64,
    /// Why.
    pub rationale: Option<String>,
    /// More of it.
    pub metadata: BTreeMap<String, String>,
    /// The id of the one that it replaces.
    pub overrides: Option<String>,
    /// Whether none replaces it.
    pub is_valid: bool,
}

/// A change of an assessment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AssessmentEdit {
    /// What is judged.
    pub name: Option<String>,
    /// The value: whether it is an expectation, the value, and why there is none.
    pub value: Option<(bool, Value, Option<Value>)>,
    /// Why.
    pub rationale: Option<String>,
    /// More of it, beside what is there.
    pub metadata: Option<BTreeMap<String, String>>,
    /// Whether none replaces it.
    pub is_valid: Option<bool>,
}

/// A span as it is kept.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SpanRecord {
    /// The id of its trace.
    pub trace: String,
    /// Its id, 8 bytes as hexadecimal digits.
    pub id: String,
    /// The span that it is part of.
    pub parent: Option<String>,
    /// What it is called.
    pub name: String,
    /// Of what kind it is.
    pub kind: String,
    /// `OK`, `ERROR` or `UNSET`.
    pub status: &'static str,
    /// When it began, nanoseconds since 1970 UTC.
    pub start_ns: u64,
    /// When it ended.
    pub end_ns: Option<u64>,
    /// The beginning of what was asked, where it is no part of another.
    pub request: Option<String>,
    /// The beginning of what was answered.
    pub response: Option<String>,
    /// Tags that its trace gets with it.
    pub tags: Vec<(String, String)>,
    /// What it says of its trace, unless the trace says so itself.
    pub metadata: Vec<(String, String)>,
    /// All of it, as JSON: what readers get.
    pub content: String,
}

/// A trace with its spans, each as JSON.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trace {
    /// What is known of it.
    pub info: TraceInfo,
    /// Its spans by their beginning.
    pub spans: Vec<String>,
}

/// Which traces of an experiment are deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TraceDeletion {
    /// These.
    Named(Vec<String>),
    /// The oldest that began no later.
    Until {
        /// Milliseconds since 1970 UTC.
        time_ms: i64,
        /// At most so many.
        most: Option<u32>,
    },
}

/// What is searched of spans.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SpanField {
    /// What it is called.
    Name,
    /// Of what kind it is.
    Kind,
    /// How it ended.
    Status,
    /// All of its text.
    Content,
    /// An attribute.
    Attribute(String),
}

/// What traces are searched by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TraceField {
    /// Its id.
    Id,
    /// The number of its experiment; only to sort by.
    Experiment,
    /// The id that a client gave the request.
    ClientRequest,
    /// How it ended.
    State,
    /// When it began.
    Time,
    /// How long it took.
    Duration,
    /// When it ended.
    End,
    /// The run that it belongs to, or that it was linked to.
    Run,
    /// A tag.
    Tag(String),
    /// What the tracer says of it.
    Metadata(String),
    /// A span.
    Span(SpanField),
    /// What is said of it: whether an expectation, and of what.
    Assessment {
        /// Whether it says how it should have been.
        is_expectation: bool,
        /// What is judged.
        name: String,
    },
}

/// A clause on traces: a test, or a regular expression.
#[derive(Clone, Debug, PartialEq)]
pub enum TraceClause {
    /// A test.
    Test(Clause<TraceField>),
    /// That a text is matched by a regular expression.
    Match {
        /// The text.
        field: TraceField,
        /// The expression.
        pattern: String,
    },
}

/// Which traces, in which order; what is equal in it by when they began, the last first, and then by id.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TraceSearch {
    /// The experiments: of no others, and of none where there are none.
    pub experiments: Vec<ExperimentId>,
    /// What has to hold.
    pub clauses: Vec<TraceClause>,
    /// The order.
    pub order: Vec<SortKey<TraceField>>,
    /// At most so many.
    pub limit: u32,
    /// Leave out so many.
    pub offset: u64,
}

/// A store of traces.
pub trait TraceStore: Store {
    /// Writes down what is known of a trace, over what was known from its spans.
    ///
    /// # Errors
    /// [`TrackingError::NoExperiment`](super::TrackingError::NoExperiment),
    /// [`TrackingError::ExperimentDeleted`](super::TrackingError::ExperimentDeleted).
    fn put_trace(&self, info: &TraceInfo) -> Result<TraceInfo, StoreError>;

    /// Writes down spans: all, or none. A trace that is not there is made, in an experiment and linked to a
    /// run, if one is named.
    ///
    /// # Errors
    /// [`TrackingError::NoExperiment`](super::TrackingError::NoExperiment),
    /// [`TrackingError::ExperimentDeleted`](super::TrackingError::ExperimentDeleted).
    fn put_spans(
        &self,
        experiment: ExperimentId,
        run: Option<&str>,
        spans: Vec<SpanRecord>,
    ) -> Result<(), StoreError>;

    /// What is known of traces, in the order in which they are asked for; nothing of those that are not
    /// there.
    ///
    /// # Errors
    /// The store cannot be read.
    fn trace_infos(&self, ids: &[String]) -> Result<Vec<TraceInfo>, StoreError>;

    /// Traces with their spans; nothing of those that are not there.
    ///
    /// # Errors
    /// The store cannot be read.
    fn traces(&self, ids: &[String]) -> Result<Vec<Trace>, StoreError>;

    /// Traces by search.
    ///
    /// # Errors
    /// [`TrackingError::BadPattern`](super::TrackingError::BadPattern).
    fn search_traces(&self, search: &TraceSearch) -> Result<Vec<TraceInfo>, StoreError>;

    /// Sets a tag of a trace, or takes it away.
    ///
    /// # Errors
    /// [`TrackingError::NoTrace`](super::TrackingError::NoTrace),
    /// [`TrackingError::NoTag`](super::TrackingError::NoTag).
    fn set_trace_tag(&self, id: &str, key: &str, value: Option<&str>) -> Result<(), StoreError>;

    /// Deletes traces for good, and says how many.
    ///
    /// # Errors
    /// The store cannot be written.
    fn delete_traces(&self, experiment: ExperimentId, which: &TraceDeletion) -> Result<u64, StoreError>;

    /// Links traces to a run; some may still be coming.
    ///
    /// # Errors
    /// The store cannot be written.
    fn link_traces(&self, ids: &[String], run: &str) -> Result<(), StoreError>;

    /// Notes what somebody says of a trace.
    ///
    /// # Errors
    /// [`TrackingError::NoTrace`](super::TrackingError::NoTrace),
    /// [`TrackingError::NoAssessment`](super::TrackingError::NoAssessment): what it replaces.
    fn add_assessment(&self, trace: &str, new: &Assessment) -> Result<(), StoreError>;

    /// What somebody says of a trace.
    ///
    /// # Errors
    /// [`TrackingError::NoAssessment`](super::TrackingError::NoAssessment).
    fn assessment(&self, trace: &str, id: &str) -> Result<Assessment, StoreError>;

    /// Changes what somebody says of a trace.
    ///
    /// # Errors
    /// [`TrackingError::NoAssessment`](super::TrackingError::NoAssessment),
    /// [`TrackingError::OtherAssessment`](super::TrackingError::OtherAssessment).
    fn edit_assessment(&self, trace: &str, id: &str, edit: &AssessmentEdit)
    -> Result<Assessment, StoreError>;

    /// Forgets what somebody says of a trace; what it replaced counts again.
    ///
    /// # Errors
    /// [`TrackingError::NoTrace`](super::TrackingError::NoTrace).
    fn remove_assessment(&self, trace: &str, id: &str) -> Result<(), StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_state_is_lost() {
        for state in TraceState::ALL {
            assert_eq!(TraceState::parse(state.name()), Some(state));
        }
    }
}
