//! Columns and their values.

/// Some columns of a file, with as many rows each.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// The columns, in the order in which they were asked for.
    pub columns: Vec<Column>,
    /// Number of rows.
    pub rows: usize,
    /// The file's line of each row; empty where it has no lines.
    pub lines: Vec<u32>,
    /// What the file is called.
    pub name: String,
}

/// A named column.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Values of each row: 1, or more where a row holds several numbers.
    pub width: usize,
    /// Its values, row by row.
    pub values: Values,
}

/// Values of one kind; `None` where there is none.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Whole numbers.
    Integers(Vec<Option<i64>>),
    /// Numbers.
    Floats(Vec<Option<f64>>),
    /// Truth values.
    Booleans(Vec<Option<bool>>),
    /// Texts.
    Texts(Vec<Option<String>>),
}

impl Table {
    /// Where a row is: `p.csv:17`, or `row 17 of p.npz`, counted from 1.
    pub fn place(&self, row: usize) -> String {
        match self.lines.get(row) {
            Some(line) => format!("{}:{line}", self.name),
            None => format!("row {} of {}", row + 1, self.name),
        }
    }

    /// A column by its name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }
}

impl Values {
    /// Number of values.
    pub fn len(&self) -> usize {
        match self {
            Self::Integers(values) => values.len(),
            Self::Floats(values) => values.len(),
            Self::Booleans(values) => values.len(),
            Self::Texts(values) => values.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A value as a number; whole numbers beyond 2^53 are rounded. `None` where there is none, or it
    /// is not a number.
    pub fn number(&self, at: usize) -> Option<f64> {
        match self {
            Self::Integers(values) => values.get(at).copied().flatten().map(|value| value as f64),
            Self::Floats(values) => values.get(at).copied().flatten(),
            Self::Booleans(values) => {
                values.get(at).copied().flatten().map(|value| f64::from(u8::from(value)))
            }
            Self::Texts(_) => None,
        }
    }

    /// A value as the name of a class: whole numbers without a fraction, so that 1.0 and 1 are one.
    pub fn label(&self, at: usize) -> Option<String> {
        match self {
            Self::Integers(values) => values.get(at).copied().flatten().map(|value| value.to_string()),
            Self::Floats(values) => values.get(at).copied().flatten().map(|value| value.to_string()),
            Self::Booleans(values) => values.get(at).copied().flatten().map(|value| value.to_string()),
            Self::Texts(values) => values.get(at).cloned().flatten(),
        }
    }

    /// Whether all values are numbers or truth values.
    pub fn are_numbers(&self) -> bool {
        !matches!(self, Self::Texts(_))
    }
}
