//! Searches: clauses that all have to hold, and an order.

use super::super::query::Comparison;
use super::ExperimentId;

/// Which of two lives things are in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lifecycle {
    /// Not deleted.
    #[default]
    Active,
    /// Deleted.
    Deleted,
    /// Either.
    All,
}

/// How a field should be. What a thing does not have passes no test but [`Test::Absent`].
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// A number compared with one. NaN is only unequal.
    Number(Comparison, f64),
    /// A text compared with one.
    Text(Comparison, String),
    /// A text like a pattern, in which `%` stands for any text and `_` for any letter.
    Like {
        /// The pattern.
        pattern: String,
        /// Whether `A` and `a` differ.
        case: bool,
    },
    /// One of several texts.
    Among(Vec<String>),
    /// None of several texts.
    NotAmong(Vec<String>),
    /// There.
    Present,
    /// Not there.
    Absent,
}

/// That a field is as it should be.
#[derive(Clone, Debug, PartialEq)]
pub struct Clause<F> {
    /// The field.
    pub field: F,
    /// How it should be.
    pub test: Test,
}

/// One key of an order. What has no value comes last, and NaN before it, in both directions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SortKey<F> {
    /// By what.
    pub field: F,
    /// Whether large values come first.
    pub descending: bool,
}

/// What runs are searched by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunField {
    /// The latest value of a metric.
    Metric(String),
    /// A parameter, as a text.
    Param(String),
    /// A tag.
    Tag(String),
    /// Its id.
    Id,
    /// What it is called.
    Name,
    /// Its state, by MLflow's name.
    Status,
    /// Who runs it.
    User,
    /// The address of its artifacts.
    Location,
    /// When it started.
    Started,
    /// When it ended.
    Ended,
    /// A data set that it has used.
    Dataset(DatasetField),
}

/// What data sets are searched by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DatasetField {
    /// Its name.
    Name,
    /// Its digest.
    Digest,
    /// What it was used for.
    Context,
}

/// Which runs, in which order; what is equal in it by start, last first, and then by id.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunSearch {
    /// The experiments: of no others, and of none where there are none.
    pub experiments: Vec<ExperimentId>,
    /// What has to hold.
    pub clauses: Vec<Clause<RunField>>,
    /// Deleted ones or not.
    pub lifecycle: Lifecycle,
    /// The order.
    pub order: Vec<SortKey<RunField>>,
    /// At most so many.
    pub limit: u32,
    /// Leave out so many.
    pub offset: u64,
}

/// What experiments are searched by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExperimentField {
    /// Its name.
    Name,
    /// Its number: a text to be among, a number to be sorted by.
    Id,
    /// When it was made.
    Created,
    /// When it was changed.
    Updated,
    /// A tag.
    Tag(String),
}

/// Which experiments, in which order; what is equal in it by number, the last made first. Without an order
/// by when they were made, the last first, and then the number.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ExperimentSearch {
    /// What has to hold.
    pub clauses: Vec<Clause<ExperimentField>>,
    /// Deleted ones or not.
    pub lifecycle: Lifecycle,
    /// The order.
    pub order: Vec<SortKey<ExperimentField>>,
    /// At most so many.
    pub limit: u32,
    /// Leave out so many.
    pub offset: u64,
}
