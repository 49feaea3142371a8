//! Columns that say of each row a number.

use uaic_table::Table;

use super::RowsError;
use super::classes::values;
use super::columns::Chosen;
use crate::eval::Regressed;

/// Reads rows with a number each, and quantiles where there are columns of them.
pub(super) fn read(table: &Table, chosen: &Chosen, notes: &mut Vec<String>) -> Result<Regressed, RowsError> {
    let gold = numbers(table, &chosen.gold)?;
    let mut quantiles = Vec::new();
    let mut single = chosen.label.clone();
    for (name, level) in &chosen.scores {
        match level {
            Some(level) => quantiles.push((level_of(name, level)?, numbers(table, name)?)),
            None if single.is_none() => single = Some(name.clone()),
            None => {}
        }
    }
    quantiles.sort_by(|a: &(f64, Vec<f64>), b| a.0.total_cmp(&b.0));
    if let Some(pair) = quantiles.windows(2).find(|pair| pair[0].0.total_cmp(&pair[1].0).is_eq()) {
        return Err(RowsError::Unfit(format!("two columns are quantiles of {}", pair[0].0)));
    }
    let predicted = if let Some(name) = single {
        numbers(table, &name)?
    } else {
        let median = quantiles.iter().find(|(level, _)| (level - 0.5).abs() < 1e-9);
        let (_, median) = median.ok_or_else(|| {
                RowsError::Unfit("there is no predicted value; `--label NAME` names its column, or one of the quantiles is that of 0.5".to_owned())
            })?;
        notes.push("the predicted value is the quantile of 0.5".to_owned());
        median.clone()
    };
    Ok(Regressed::new(gold, predicted, quantiles)?)
}

/// A level from the name of its column: `q_0.9`, or in percent `q_90`.
fn level_of(column: &str, text: &str) -> Result<f64, RowsError> {
    let level = text.parse().ok().map(|level: f64| if level >= 1.0 { level / 100.0 } else { level });
    level.filter(|level| *level > 0.0 && *level < 1.0).ok_or_else(|| {
        RowsError::Unfit(format!(
            "`{column}` is no quantile: `{text}` is neither between 0 and 1 nor a percentage; `--label` names the predicted value"
        ))
    })
}

fn numbers(table: &Table, name: &str) -> Result<Vec<f64>, RowsError> {
    let values = values(table, name)?;
    if !values.are_numbers() {
        let wanted = "a regression is of numbers; `--task multiclass` takes texts".to_owned();
        return Err(RowsError::Texts { name: table.name.clone(), column: name.to_owned(), wanted });
    }
    let number = |row: usize| {
        let (place, column) = (table.place(row), name.to_owned());
        match values.number(row) {
            None => Err(RowsError::Empty { place, column }),
            Some(number) if number.is_finite() => Ok(number),
            Some(number) => {
                Err(RowsError::Value { place, column, value: number.to_string(), wanted: "a finite number" })
            }
        }
    };
    (0..table.rows).map(number).collect()
}
