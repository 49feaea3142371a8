//! Which class is a label, and which of two is to be found; and what the task is.

use std::collections::{BTreeMap, BTreeSet};

use uaic_table::{Table, Values};

use super::columns::Chosen;
use super::{RowsError, Task, Wanted};

/// As many whole numbers are classes still, where nobody says what they are.
const MOST_NUMBERS: usize = 20;

/// Pairs of names of which the second is the one to be found.
const PAIRS: [(&str, &str); 9] = [
    ("0", "1"),
    ("-1", "1"),
    ("false", "true"),
    ("no", "yes"),
    ("neg", "pos"),
    ("negative", "positive"),
    ("n", "y"),
    ("ham", "spam"),
    ("normal", "anomaly"),
];

/// The task, and how it was found.
pub(super) struct FoundTask {
    pub(super) found: Task,
    pub(super) note: Option<String>,
}

/// The wanted task, or what the columns look like.
pub(super) fn task(table: &Table, chosen: &Chosen, wanted: &Wanted) -> Result<FoundTask, RowsError> {
    if let Some(found) = wanted.task {
        return Ok(FoundTask { found, note: None });
    }
    let gold = values(table, &chosen.gold)?;
    let given = chosen.label.as_deref().map(|name| values(table, name)).transpose()?;
    let scores = score_count(table, chosen);
    let (found, why) = match scores {
        2.. if are_quantiles(gold, chosen) => {
            (Task::Regression, "the answers are numbers, and the scores quantiles".to_owned())
        }
        2 => (Task::Binary, "there are scores of two classes".to_owned()),
        3.. => (Task::Multiclass, format!("there are scores of {scores} classes")),
        _ => of_labels(gold, given, scores == 1),
    };
    let note = format!("task: {}, as {why}; `--task` says otherwise", found.name());
    Ok(FoundTask { found, note: Some(note) })
}

/// Whether columns of scores are named by levels, and right answers are no classes of theirs.
fn are_quantiles(gold: &Values, chosen: &Chosen) -> bool {
    let is_level = |(_, name): &(String, Option<String>)| {
        let level = name.as_ref().and_then(|name| name.parse::<f64>().ok());
        level.is_some_and(|level| level > 0.0 && level < 1.0)
    };
    gold.are_numbers() && chosen.scores.iter().all(is_level)
}

/// What labels or numbers look like.
fn of_labels(gold: &Values, given: Option<&Values>, has_score: bool) -> (Task, String) {
    let mut names: BTreeSet<String> = BTreeSet::new();
    let columns = || [Some(gold), given].into_iter().flatten();
    for values in columns() {
        for at in 0..values.len() {
            names.extend(values.label(at));
            if names.len() > MOST_NUMBERS {
                break;
            }
        }
    }
    let are_texts = columns().any(|values| !values.are_numbers());
    let are_truth = columns().all(|values| matches!(values, Values::Booleans(_)));
    let has_fraction = columns().any(|values| {
        matches!(values, Values::Floats(values) if values.iter().flatten().any(|value| value.fract() != 0.0))
    });
    let count = names.len();
    let is_score = has_score && given.is_none();
    let are_numbers = !are_texts && !are_truth;
    if are_numbers && has_fraction && !is_score {
        (Task::Regression, "the answers are numbers with fractions".to_owned())
    } else if !are_texts && (count > MOST_NUMBERS || has_fraction) {
        (Task::Regression, format!("the answers are more than {MOST_NUMBERS} different numbers"))
    } else if count <= 2 {
        (Task::Binary, format!("there {} {count} different answer{}", verb(count), plural(count)))
    } else if are_texts {
        (Task::Multiclass, "the answers are more than two texts".to_owned())
    } else {
        (Task::Multiclass, format!("the answers are {count} different whole numbers"))
    }
}

fn verb(count: usize) -> &'static str {
    if count == 1 { "is" } else { "are" }
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

/// How many scores a row has.
pub(super) fn score_count(table: &Table, chosen: &Chosen) -> usize {
    let width = |(name, _): &(String, Option<String>)| table.column(name).map_or(0, |column| column.width);
    chosen.scores.iter().map(width).sum()
}

/// The values of a column that was read.
pub(super) fn values<'a>(table: &'a Table, name: &str) -> Result<&'a Values, RowsError> {
    let column = table.column(name).ok_or_else(|| RowsError::Unfit(format!("`{name}` was not read")))?;
    if column.width == 1 {
        Ok(&column.values)
    } else {
        Err(RowsError::Unfit(format!("`{name}` has {} numbers a row, and one is needed", column.width)))
    }
}

/// Names of classes by number, those that scores are of first.
#[derive(Default)]
pub(super) struct Classes {
    pub(super) names: Vec<String>,
    numbers: BTreeMap<String, usize>,
    /// Whether `True` and `true` are one.
    ignores_case: bool,
}

impl Classes {
    pub(super) fn new(names: Vec<String>, ignores_case: bool) -> Result<Self, RowsError> {
        let mut classes = Self { ignores_case, ..Self::default() };
        for name in names {
            let (before, number) = (classes.names.len(), classes.number(&name));
            if number != before {
                return Err(RowsError::Unfit(format!(
                    "there are two columns of scores for the class `{name}`"
                )));
            }
        }
        Ok(classes)
    }

    /// The number of a class; of one that is new, the next.
    pub(super) fn number(&mut self, name: &str) -> usize {
        let key = if self.ignores_case { name.to_ascii_lowercase() } else { name.to_owned() };
        let next = self.names.len();
        let number = *self.numbers.entry(key).or_insert(next);
        if number == next {
            self.names.push(name.to_owned());
        }
        number
    }

    /// The number of each row's label.
    pub(super) fn of_column(&mut self, table: &Table, name: &str) -> Result<Vec<usize>, RowsError> {
        let values = values(table, name)?;
        let label = |row: usize| {
            let empty = || RowsError::Empty { place: table.place(row), column: name.to_owned() };
            values.label(row).ok_or_else(empty)
        };
        (0..table.rows).map(|row| Ok(self.number(&label(row)?))).collect()
    }
}

/// Names in the order that people expect: numbers by size, texts by letters.
pub(super) fn sorted(mut names: Vec<String>) -> Vec<String> {
    let number = |name: &str| name.parse::<f64>().ok();
    names.sort_by(|a, b| match (number(a), number(b)) {
        (Some(x), Some(y)) => x.total_cmp(&y),
        _ => a.cmp(b),
    });
    names.dedup();
    names
}

/// The pair of a name that occurs alone.
pub(super) fn pair_of(name: &str) -> Vec<String> {
    let both = PAIRS.into_iter().find(|(low, high)| name == *low || name == *high);
    both.map_or_else(
        || vec![format!("not {name}"), name.to_owned()],
        |(low, high)| vec![low.to_owned(), high.to_owned()],
    )
}

/// Which of two names, in their order, is to be found: the wanted one, that of a usual pair, or the second.
pub(super) fn positive(names: &[String], wanted: Option<&str>) -> Result<usize, RowsError> {
    if let Some(wanted) = wanted {
        let all: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        let unknown = || RowsError::Unfit(format!("`{wanted}` is no class; there are {}", all.join(" and ")));
        return names.iter().position(|name| name == wanted).ok_or_else(unknown);
    }
    let is = |place: usize, name: &str| names.get(place).is_some_and(|own| own.eq_ignore_ascii_case(name));
    let turned = PAIRS.iter().any(|(low, high)| is(0, high) && is(1, low));
    Ok(usize::from(!turned))
}
