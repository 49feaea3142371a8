//! Which runs are meant: a condition and an order, as people and clients write them.
//!
//! ```text
//! metrics.val/accuracy > 0.9 and (params.opt = "adam" or not tags.team like "%nlp%")
//!     and started > -7d order by metrics.val/accuracy desc
//! ```
//!
//! A series, a parameter or a tag that a run does not have makes every comparison with it false, also
//! `!=`; `exists` asks for it. Metrics are compared by their latest value. Names with other signs than
//! letters, digits and `_ . / - : @` are written in quotes.

mod error;
mod parse;
mod time;
mod token;

use serde::{Deserialize, Serialize};

pub use error::QueryError;
pub use parse::{parse, parse_condition, parse_field, parse_order};

/// A condition on a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Condition {
    /// All of them hold; none is true.
    All(Vec<Self>),
    /// At least one holds.
    Any(Vec<Self>),
    /// It does not hold.
    Not(Box<Self>),
    /// A field is as it should be.
    Test(Field, Relation),
}

/// What is known of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Field {
    /// The latest value of a metric.
    Metric(String),
    /// A parameter.
    Param(String),
    /// A tag.
    Tag(String),
    /// Anything that every run may have.
    Attribute(Attribute),
}

/// What every run may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Attribute {
    /// 32 hexadecimal digits.
    Id,
    /// What it is called.
    Name,
    /// The experiment that it belongs to.
    Experiment,
    /// The id of its study.
    Study,
    /// The id of the run that it is part of.
    Parent,
    /// `trial`, `final`, `imported`, `free`.
    Kind,
    /// `COMPLETE`, `FAILED` …, whatever the case of the letters; dead processes are accounted for.
    State,
    /// Its number in its study.
    Number,
    /// The value that its study decides by.
    Value,
    /// When it started, milliseconds since 1970 UTC.
    Started,
    /// When it ended.
    Ended,
    /// How long it took, seconds.
    Duration,
    /// How many times it was started.
    Attempts,
    /// Why it ended as it did.
    Reason,
    /// What somebody wrote about it.
    Note,
    /// Whether it is hidden.
    Hidden,
}

/// How a field should be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Relation {
    /// Compared with a value.
    Compare(Comparison, Literal),
    /// Like a pattern, in which `%` stands for any text and `_` for any letter.
    Like {
        /// The pattern.
        pattern: String,
        /// Whether `A` and `a` differ.
        case: bool,
    },
    /// One of several values.
    In(Vec<Literal>),
    /// There at all.
    Exists,
}

/// How two values compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Comparison {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
}

/// A value that is compared with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Literal {
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
    /// `true` or `false`.
    Bool(bool),
}

/// One key of an order; what has no value comes last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderKey {
    /// By what.
    pub field: Field,
    /// Whether large values come first.
    pub descending: bool,
}

/// The names of all attributes, the usual one first; others that clients use behind.
pub(super) const ATTRIBUTES: [(&str, Attribute); 26] = [
    ("id", Attribute::Id),
    ("name", Attribute::Name),
    ("experiment", Attribute::Experiment),
    ("study", Attribute::Study),
    ("parent", Attribute::Parent),
    ("kind", Attribute::Kind),
    ("state", Attribute::State),
    ("number", Attribute::Number),
    ("value", Attribute::Value),
    ("started", Attribute::Started),
    ("ended", Attribute::Ended),
    ("duration", Attribute::Duration),
    ("attempts", Attribute::Attempts),
    ("reason", Attribute::Reason),
    ("note", Attribute::Note),
    ("hidden", Attribute::Hidden),
    ("run_id", Attribute::Id),
    ("run_name", Attribute::Name),
    ("status", Attribute::State),
    ("start_time", Attribute::Started),
    ("end_time", Attribute::Ended),
    ("created", Attribute::Started),
    ("experiment_name", Attribute::Experiment),
    ("parent_id", Attribute::Parent),
    ("study_id", Attribute::Study),
    ("trial", Attribute::Number),
];

impl std::fmt::Display for Field {
    /// As a query names it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Metric(name) => write!(f, "metrics.{name}"),
            Self::Param(name) => write!(f, "params.{name}"),
            Self::Tag(name) => write!(f, "tags.{name}"),
            Self::Attribute(attribute) => f.write_str(attribute.name()),
        }
    }
}

impl Attribute {
    /// Its usual name.
    pub fn name(self) -> &'static str {
        ATTRIBUTES.iter().find(|(_, attribute)| *attribute == self).map_or("", |(name, _)| name)
    }

    /// Whether it is a point in time.
    pub fn is_time(self) -> bool {
        matches!(self, Self::Started | Self::Ended)
    }

    /// Whether it is a number.
    pub fn is_number(self) -> bool {
        self.is_time() || matches!(self, Self::Number | Self::Value | Self::Duration | Self::Attempts)
    }
}

impl Comparison {
    /// Whether an order of two values is this one.
    pub fn holds(self, order: std::cmp::Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::NotEqual => order.is_ne(),
            Self::Less => order.is_lt(),
            Self::AtMost => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::AtLeast => order.is_ge(),
        }
    }

    /// As SQL and people write it.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "<>",
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::Greater => ">",
            Self::AtLeast => ">=",
        }
    }
}
