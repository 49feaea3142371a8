//! Predictions as a Parquet file, which any program can read, and back.
//!
//! Columns: `row` (its id), `gold`, `predicted`, and of a classifier with scores `p_CLASS` for each
//! class, or `score_CLASS` where they are no probabilities; of a regression `q_LEVEL` for each
//! quantile. The file's note `uaic.predictions` says in JSON which task it is and how classes are
//! numbered.

use serde::{Deserialize, Serialize};
use uaic_table::{Column, Source, Table, Values, write_parquet};

use super::{Predicted, Rows, RowsError, Task};
use crate::eval::{Classified, Regressed, ScoreKind};

/// The key of the file's note.
pub(super) const NOTE: &str = "uaic.predictions";

/// What the columns do not say.
#[derive(Serialize, Deserialize)]
struct Description {
    schema: u32,
    task: String,
    /// Names of classes: those that scores are of, then the others.
    #[serde(default)]
    classes: Vec<String>,
    /// How many of them scores are of.
    #[serde(default)]
    known: usize,
    #[serde(default)]
    scores: Option<String>,
    #[serde(default)]
    positive: Option<usize>,
    #[serde(default)]
    quantiles: Vec<f64>,
}

pub(super) fn write(predicted: &Predicted) -> Result<Vec<u8>, RowsError> {
    let ids = Values::Integers(predicted.ids.iter().map(|id| Some(*id as i64)).collect());
    let mut columns = vec![column("row", ids)];
    let mut description = Description {
        schema: 1,
        task: predicted.task.name().to_owned(),
        classes: Vec::new(),
        known: 0,
        scores: None,
        positive: None,
        quantiles: Vec::new(),
    };
    match &predicted.rows {
        Rows::Classified(rows) => {
            let label = |class: &usize| rows.names().get(*class).cloned();
            columns.push(column("gold", Values::Texts(rows.gold().iter().map(label).collect())));
            columns.push(column("predicted", Values::Texts(rows.predicted().iter().map(label).collect())));
            description.classes = rows.names().to_vec();
            description.known = rows.known();
            description.positive = rows.positive();
            let before = match rows.kind() {
                ScoreKind::None => None,
                ScoreKind::Order => Some("score"),
                ScoreKind::Probabilities => Some("p"),
            };
            description.scores = before.map(ToOwned::to_owned);
            for (class, name) in rows.names().iter().enumerate().take(before.map_or(0, |_| rows.known())) {
                let scores = rows.scores().iter().skip(class).step_by(rows.known()).copied();
                columns.push(column(&format!("{}_{name}", before.unwrap_or("p")), floats(scores)));
            }
        }
        Rows::Regressed(rows) => {
            columns.push(column("gold", floats(rows.gold().iter().copied())));
            columns.push(column("predicted", floats(rows.predicted().iter().copied())));
            for (level, values) in rows.quantiles() {
                columns.push(column(&format!("q_{level}"), floats(values.iter().copied())));
                description.quantiles.push(*level);
            }
        }
    }
    let note = serde_json::to_string(&description).map_err(|error| RowsError::Stored(error.to_string()))?;
    let table = Table { columns, rows: predicted.len(), ..Table::default() };
    Ok(write_parquet(&table, &[(NOTE, &note)])?)
}

fn column(name: &str, values: Values) -> Column {
    Column { name: name.to_owned(), width: 1, values }
}

fn floats(values: impl Iterator<Item = f64>) -> Values {
    Values::Floats(values.map(Some).collect())
}

/// Reads what [`write`] wrote.
pub(super) fn read(source: &mut Source, description: &str) -> Result<Predicted, RowsError> {
    let damaged = |why: &str| RowsError::Stored(why.to_owned());
    let about: Description =
        serde_json::from_str(description).map_err(|error| RowsError::Stored(error.to_string()))?;
    let task: Task = about.task.parse().map_err(RowsError::Stored)?;
    let names: Vec<String> = source.columns().iter().map(|column| column.name.clone()).collect();
    let table = source.read(&names.iter().map(String::as_str).collect::<Vec<_>>())?;
    let numbers = |name: &str| -> Result<Vec<f64>, RowsError> {
        let values = table.column(name).map(|column| &column.values);
        let values = values.ok_or_else(|| RowsError::Stored(format!("`{name}` is missing")))?;
        let number = |row| values.number(row).ok_or_else(|| damaged("a number is missing"));
        (0..table.rows).map(number).collect()
    };
    let rows = if task == Task::Regression {
        let quantile = |level: &f64| Ok((*level, numbers(&format!("q_{level}"))?));
        let quantiles = about.quantiles.iter().map(quantile).collect::<Result<_, RowsError>>()?;
        Rows::Regressed(Regressed::new(numbers("gold")?, numbers("predicted")?, quantiles)?)
    } else {
        Rows::Classified(classified(&table, &about, &numbers)?)
    };
    let ids = match table.column("row").map(|column| &column.values) {
        Some(Values::Integers(ids)) => ids.iter().map(|id| id.unwrap_or_default() as u64).collect(),
        _ => return Err(damaged("`row` is missing")),
    };
    Ok(Predicted { task, rows, ids, notes: Vec::new() })
}

fn classified(
    table: &Table,
    about: &Description,
    numbers: &dyn Fn(&str) -> Result<Vec<f64>, RowsError>,
) -> Result<Classified, RowsError> {
    let class = |label: String| {
        let place = about.classes.iter().position(|class| *class == label);
        place.ok_or_else(|| RowsError::Stored(format!("`{label}` is no class")))
    };
    let labels = |name: &str| -> Result<Vec<usize>, RowsError> {
        let values = table.column(name).map(|column| &column.values);
        let values = values.ok_or_else(|| RowsError::Stored(format!("`{name}` is missing")))?;
        let label = |row| values.label(row).ok_or_else(|| RowsError::Stored("a label is missing".to_owned()));
        (0..table.rows).map(|row| class(label(row)?)).collect()
    };
    let (gold, predicted) = (labels("gold")?, labels("predicted")?);
    let Some(before) = &about.scores else {
        let rows = Classified::of_labels(about.classes.clone(), gold, predicted)?;
        return Ok(with_positive(rows, about.positive));
    };
    let columns: Vec<Vec<f64>> = about
        .classes
        .iter()
        .take(about.known)
        .map(|name| numbers(&format!("{before}_{name}")))
        .collect::<Result<_, RowsError>>()?;
    let scores = (0..table.rows).flat_map(|row| columns.iter().map(move |column| column[row]));
    let kind = if before == "p" { ScoreKind::Probabilities } else { ScoreKind::Order };
    let rows = Classified::of_scores(
        about.classes.clone(),
        about.known,
        gold,
        Some(predicted),
        scores.collect(),
        kind,
    )?;
    Ok(with_positive(rows, about.positive))
}

fn with_positive(rows: Classified, positive: Option<usize>) -> Classified {
    match positive {
        Some(class) => rows.with_positive(class),
        None => rows,
    }
}
