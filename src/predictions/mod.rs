//! What any program said of some rows, read from a table and measured.
//!
//! | file | what it answers |
//! |---|---|
//! | `columns` | which columns are the right answers, the given ones, and scores? |
//! | `classes` | which class is a label, and which of two is to be found? |
//! | `classified`, `regressed` | what do the columns say? |
//! | `stored` | how is it kept with a run? |
//! | `filed` | which run has it? |
//! | `rows` | are the rows of two programs the same? |
//! | `error` | what is wrong with a table? |

mod classes;
mod classified;
mod columns;
mod error;
pub mod filed;
mod regressed;
mod rows;
mod stored;
#[cfg(test)]
mod tests;

use std::str::FromStr;

use uaic_table::Source;

pub use error::RowsError;
pub use rows::differences;

use crate::eval::{
    Classified, Measures, Predictions, Regressed, measure_classified, measure_regressed, resamples,
};
use crate::rng::SeedTree;

/// What is predicted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// One of two classes, of which one is to be found.
    Binary,
    /// One of several classes.
    Multiclass,
    /// A number.
    Regression,
}

impl Task {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Binary, Self::Multiclass, Self::Regression];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Binary => "binary",
            Self::Multiclass => "multiclass",
            Self::Regression => "regression",
        }
    }
}

impl FromStr for Task {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|task| task.name() == text);
        found.ok_or_else(|| format!("`{text}` is no task; binary, multiclass and regression are"))
    }
}

/// Which columns of a table mean what; what is left open is found out.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// The column of right answers.
    pub gold: Option<String>,
    /// The column of given answers.
    pub label: Option<String>,
    /// The column of scores, or with a `*` a column per class.
    pub score: Option<String>,
    /// The column that says which row is which.
    pub id: Option<String>,
    /// What is predicted.
    pub task: Option<Task>,
    /// The class to be found, of two.
    pub positive: Option<String>,
    /// Classes by the order of a score array.
    pub classes: Vec<String>,
    /// Whether scores are logits, to be made probabilities.
    pub are_logits: bool,
}

/// Rows of either kind.
#[derive(Clone, Debug, PartialEq)]
pub enum Rows {
    /// With a class each.
    Classified(Classified),
    /// With a number each.
    Regressed(Regressed),
}

/// What a program said of some rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Predicted {
    /// What is predicted.
    pub task: Task,
    /// The rows.
    pub rows: Rows,
    /// Which row is which: the first eight bytes of the BLAKE3 hash of its id, little-endian; without
    /// ids its number.
    pub ids: Vec<u64>,
    /// What was found out, for people.
    pub notes: Vec<String>,
}

impl Predicted {
    /// Reads a table.
    ///
    /// # Errors
    /// It cannot be read, lacks a column, or has a value that cannot be what it should be.
    pub fn read(source: &mut Source, wanted: &Wanted) -> Result<Self, RowsError> {
        if let Some(description) = source.note(stored::NOTE)?
            && wanted.gold.is_none()
            && wanted.label.is_none()
            && wanted.score.is_none()
        {
            return stored::read(source, &description);
        }
        let chosen = columns::choose(source, wanted)?;
        let mut wanted = wanted.clone();
        if let Some(column) = &chosen.classes {
            wanted.classes = classified::names_in(source, column)?;
        }
        let table = source.read(&chosen.names())?;
        let task = classes::task(&table, &chosen, &wanted)?;
        let mut notes = chosen.notes.clone();
        let rows = match task.found {
            Task::Regression => Rows::Regressed(regressed::read(&table, &chosen, &mut notes)?),
            kind => Rows::Classified(classified::read(&table, &chosen, &wanted, kind, &mut notes)?),
        };
        notes.extend(task.note);
        let ids = rows::ids(&table, chosen.id.as_deref());
        Ok(Self { task: task.found, rows, ids, notes })
    }

    /// The same of what one of our models said; its texts are its rows.
    ///
    /// # Errors
    /// No text has an intent.
    pub fn of_predictions(predictions: &Predictions) -> Result<Self, RowsError> {
        let rows = Classified::of_predictions(predictions, 1.0)?;
        let all = predictions.classes() + predictions.unseen.len();
        let known =
            predictions.gold.iter().zip(&predictions.hashes).filter(|(gold, _)| (**gold as usize) < all);
        let ids = known.map(|(_, hash)| *hash).collect();
        Ok(Self { task: Task::Multiclass, rows: Rows::Classified(rows), ids, notes: Vec::new() })
    }

    /// Number of rows.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// All figures, with their intervals, as `test/accuracy` with the prefix `test`.
    pub fn measure(&self, prefix: &str) -> Measures {
        let mut rng = SeedTree::new(0).rng("bootstrap");
        let plain = match &self.rows {
            Rows::Classified(rows) => measure_classified(rows, &mut rng),
            Rows::Regressed(rows) => measure_regressed(rows, &mut rng),
        };
        let named = |name: String| format!("{prefix}/{name}");
        Measures {
            values: plain.values.into_iter().map(|(name, value)| (named(name), value)).collect(),
            absent: plain.absent.into_iter().map(|(name, why)| (named(name), why)).collect(),
        }
    }

    /// Resamples behind each interval.
    pub fn resamples(&self) -> usize {
        match &self.rows {
            Rows::Classified(rows) => resamples(rows.len(), rows.known()),
            Rows::Regressed(rows) => resamples(rows.len(), 1),
        }
    }

    /// The bytes of a Parquet file that keeps all of it.
    ///
    /// # Errors
    /// It cannot be written (a defect).
    pub fn to_parquet(&self) -> Result<Vec<u8>, RowsError> {
        stored::write(self)
    }
}
