//! Columns that say of each row a class.

use uaic_table::{Source, Table, Values};

use super::classes::{Classes, pair_of, positive, score_count, sorted, values};
use super::columns::{Chosen, told};
use super::{RowsError, Task, Wanted};
use crate::eval::{Classified, ScoreKind};

/// How far the scores of a row may be from a sum of 1 to be probabilities: files are rounded.
const ROUNDED: f64 = 0.011;

/// Reads rows with a class each.
pub(super) fn read(
    table: &Table,
    chosen: &Chosen,
    wanted: &Wanted,
    task: Task,
    notes: &mut Vec<String>,
) -> Result<Classified, RowsError> {
    let count = score_count(table, chosen);
    let rows = match count {
        0 => of_labels(table, chosen)?,
        1 if task == Task::Binary => of_one_score(table, chosen, wanted, notes)?,
        1 if chosen.label.is_some() => {
            notes.push(
                "one column of scores ranks two classes only, and there are more: it is left out".to_owned(),
            );
            of_labels(table, chosen)?
        }
        1 => {
            return Err(RowsError::Unfit(
                "one column of scores is enough for two classes only; `--score 'p_*'` names one for each, `--label` the given answers".to_owned(),
            ));
        }
        _ => of_scores(table, chosen, wanted, notes)?,
    };
    if task != Task::Binary {
        return Ok(rows);
    }
    finish_binary(rows, wanted, notes)
}

/// Says which of two classes is to be found.
fn finish_binary(
    rows: Classified,
    wanted: &Wanted,
    notes: &mut Vec<String>,
) -> Result<Classified, RowsError> {
    let names = rows.names();
    if names.len() > 2 {
        let names: Vec<String> = names.iter().take(5).map(|name| format!("`{name}`")).collect();
        return Err(RowsError::Unfit(format!(
            "binary means two classes, and there are {}: {} …; `--task multiclass` takes them",
            rows.names().len(),
            names.join(", ")
        )));
    }
    if names.len() < 2 {
        return Ok(rows);
    }
    let class = match rows.positive() {
        Some(class) => class,
        None => positive(names, wanted.positive.as_deref())?,
    };
    if wanted.positive.is_none() {
        notes.push(format!("`{}` is the class to be found; `--positive` names the other", names[class]));
    }
    Ok(rows.with_positive(class))
}

fn of_labels(table: &Table, chosen: &Chosen) -> Result<Classified, RowsError> {
    let Some(label) = &chosen.label else {
        return Err(RowsError::Unfit("there are neither scores nor given answers".to_owned()));
    };
    let mut found = Classes::new(Vec::new(), false)?;
    found.of_column(table, &chosen.gold)?;
    found.of_column(table, label)?;
    let mut classes = Classes::new(sorted(found.names), ignores_case(table, chosen))?;
    let (gold, given) = (classes.of_column(table, &chosen.gold)?, classes.of_column(table, label)?);
    Ok(Classified::of_labels(classes.names, gold, given)?)
}

/// Truth values are written in several ways.
fn ignores_case(table: &Table, chosen: &Chosen) -> bool {
    table.column(&chosen.gold).is_some_and(|column| matches!(column.values, Values::Booleans(_)))
}

/// Scores of the class to be found; the other has the rest.
fn of_one_score(
    table: &Table,
    chosen: &Chosen,
    wanted: &Wanted,
    notes: &mut Vec<String>,
) -> Result<Classified, RowsError> {
    let mut found = Classes::new(Vec::new(), false)?;
    found.of_column(table, &chosen.gold)?;
    if let Some(label) = &chosen.label {
        found.of_column(table, label)?;
    }
    found.names.extend(wanted.positive.clone());
    found.names.extend(wanted.classes.iter().cloned());
    let mut names = sorted(found.names);
    if let [one] = &names[..] {
        names = pair_of(one);
    }
    if names.len() != 2 {
        return Err(RowsError::Unfit(format!(
            "one column of scores ranks two classes, and `{}` has {}",
            chosen.gold,
            names.len()
        )));
    }
    // The class to be found is the second.
    if positive(&names, wanted.positive.as_deref())? == 0 {
        names.reverse();
    }
    let mut classes = Classes::new(names, ignores_case(table, chosen))?;
    let gold = classes.of_column(table, &chosen.gold)?;
    let given = chosen.label.as_deref().map(|label| classes.of_column(table, label)).transpose()?;
    let mut own = numbers(table, chosen)?;
    if wanted.are_logits {
        for score in &mut own {
            *score = 1.0 / (1.0 + libm::exp(-*score));
        }
    }
    let are_shares = own.iter().all(|score| (0.0..=1.0).contains(score));
    let kind = if are_shares { ScoreKind::Probabilities } else { ScoreKind::Order };
    if !are_shares {
        notes.push(format!(
            "the scores go beyond 0 to 1, so they are ranks and not probabilities: above 0 is `{}`; `--logits` makes probabilities of log-odds",
            classes.names[1]
        ));
    }
    let pair = |score: f64| if are_shares { [1.0 - score, score] } else { [-score, score] };
    let scores = own.into_iter().flat_map(pair).collect();
    Ok(Classified::of_scores(classes.names, 2, gold, given, scores, kind)?.with_positive(1))
}

/// A score for each class.
fn of_scores(
    table: &Table,
    chosen: &Chosen,
    wanted: &Wanted,
    notes: &mut Vec<String>,
) -> Result<Classified, RowsError> {
    let names = class_names(chosen, wanted, score_count(table, chosen))?;
    let known = names.len();
    let mut classes = Classes::new(names, ignores_case(table, chosen))?;
    let gold = classes.of_column(table, &chosen.gold)?;
    check_gold(&gold, known, &classes, chosen)?;
    let others = classes.names.len() - known;
    if others > 0 {
        let rows = gold.iter().filter(|class| **class >= known).count();
        notes.push(format!(
            "{rows} rows have a right answer that no scores are of (`{}`): they count as errors",
            classes.names[known]
        ));
    }
    let given = chosen.label.as_deref().map(|label| classes.of_column(table, label)).transpose()?;
    let mut scores = numbers(table, chosen)?;
    if wanted.are_logits {
        scores.chunks_exact_mut(known).for_each(softmax);
    }
    let is_share = |row: &[f64]| {
        row.iter().all(|score| (0.0..=1.0).contains(score))
            && (row.iter().sum::<f64>() - 1.0).abs() < ROUNDED.max(1e-3 * known as f64)
    };
    let kind = match scores.chunks_exact(known).position(|row| !is_share(row)) {
        None => ScoreKind::Probabilities,
        Some(row) => {
            notes.push(format!(
                "the scores are no probabilities (those of {} sum to {}), so they rank classes and no more; `--logits` takes softmax",
                table.place(row),
                crate::number::shown(scores[row * known..][..known].iter().sum())
            ));
            ScoreKind::Order
        }
    };
    Ok(Classified::of_scores(classes.names, known, gold, given, scores, kind)?)
}

/// The classes of scores: by the names of their columns, as they are given, or by number.
fn class_names(chosen: &Chosen, wanted: &Wanted, count: usize) -> Result<Vec<String>, RowsError> {
    if !wanted.classes.is_empty() {
        if wanted.classes.len() == count {
            return Ok(wanted.classes.clone());
        }
        let given = wanted.classes.len();
        return Err(RowsError::Unfit(format!(
            "`--classes` names {given} classes, and there are scores of {count}"
        )));
    }
    if chosen.scores.len() == count && count > 1 {
        let name =
            |(column, class): &(String, Option<String>)| class.clone().unwrap_or_else(|| column.clone());
        return Ok(chosen.scores.iter().map(name).collect());
    }
    Ok((0..count).map(|class| class.to_string()).collect())
}

/// The names that a file has for the classes of an array of scores.
pub(super) fn names_in(source: &mut Source, column: &str) -> Result<Vec<String>, RowsError> {
    let table = source.read(&[column])?;
    let values = values(&table, column)?;
    Ok((0..table.rows).filter_map(|row| values.label(row)).collect())
}

/// Refuses columns of which no right answer is a class: they are others than was meant.
fn check_gold(gold: &[usize], known: usize, classes: &Classes, chosen: &Chosen) -> Result<(), RowsError> {
    if gold.is_empty() || gold.iter().any(|class| *class < known) {
        return Ok(());
    }
    Err(RowsError::Unfit(format!(
        "no right answer in `{}` (`{}`, …) is a class of {} (`{}`, …); `--classes a,b,…` names the classes of the scores in their order",
        chosen.gold,
        classes.names.get(known).map_or("", String::as_str),
        told(&chosen.scores).unwrap_or_default(),
        classes.names.first().map_or("", String::as_str),
    )))
}

/// All scores, row by row.
fn numbers(table: &Table, chosen: &Chosen) -> Result<Vec<f64>, RowsError> {
    let columns: Vec<_> = chosen.scores.iter().filter_map(|(name, _)| table.column(name)).collect();
    for column in &columns {
        if !column.values.are_numbers() {
            let wanted = "scores are numbers".to_owned();
            return Err(RowsError::Texts { name: table.name.clone(), column: column.name.clone(), wanted });
        }
    }
    let mut all = Vec::with_capacity(table.rows * score_count(table, chosen));
    for row in 0..table.rows {
        for column in &columns {
            for at in row * column.width..(row + 1) * column.width {
                let place = || (table.place(row), column.name.clone());
                match column.values.number(at) {
                    Some(number) if number.is_finite() => all.push(number),
                    Some(number) => {
                        let ((place, column), value) = (place(), number.to_string());
                        return Err(RowsError::Value { place, column, value, wanted: "a finite number" });
                    }
                    None => {
                        let (place, column) = place();
                        return Err(RowsError::Empty { place, column });
                    }
                }
            }
        }
    }
    Ok(all)
}

fn softmax(row: &mut [f64]) {
    let top = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    for score in row.iter_mut() {
        *score = libm::exp(*score - top);
    }
    let sum: f64 = row.iter().sum();
    for score in row {
        *score /= sum;
    }
}
