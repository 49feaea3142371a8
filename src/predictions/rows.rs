//! Whether the rows of two programs are the same, and how the programs differ on them.

use uaic_table::Table;

use super::{Predicted, Rows};
use crate::eval::significance::{RowDifferences, classified_differences, regressed_differences};
use crate::model::text_hash;
use crate::rng::ChaCha8Rng;

/// Which row is which: by a column, or by number.
pub(super) fn ids(table: &Table, column: Option<&str>) -> Vec<u64> {
    let column = column.and_then(|name| table.column(name)).filter(|column| column.width == 1);
    let id = |row: usize| {
        let text = column.and_then(|column| column.values.label(row));
        text.map_or(row as u64, |text| text_hash(&text))
    };
    (0..table.rows).map(id).collect()
}

/// The differences of all figures that both have, second minus first, on the same rows.
///
/// # Errors
/// The rows or their right answers are not the same, or one is a classifier and one is not; says
/// which.
pub fn differences(
    first: &Predicted,
    second: &Predicted,
    rng: &mut ChaCha8Rng,
) -> Result<RowDifferences, String> {
    let [one, two] = pair(first, second)?;
    match (&first.rows, &second.rows) {
        (Rows::Classified(a), Rows::Classified(b)) => {
            let name = |names: &[String], class: usize| names.get(class).cloned();
            let differing = one.iter().zip(&two).filter(|(row, other)| {
                name(a.names(), a.gold()[**row]) != name(b.names(), b.gold()[**other]) //
            });
            same(differing.count())?;
            classified_differences(&a.select(&one), &b.select(&two), rng).map_err(|why| why.to_string())
        }
        (Rows::Regressed(a), Rows::Regressed(b)) => {
            let differing = one.iter().zip(&two).filter(|(row, other)| {
                a.gold()[**row].total_cmp(&b.gold()[**other]).is_ne() //
            });
            same(differing.count())?;
            let (Some(a), Some(b)) = (a.select(&one), b.select(&two)) else {
                return Err("there are no rows".to_owned());
            };
            regressed_differences(&a, &b, rng).map_err(|why| why.to_string())
        }
        _ => Err("one gives classes and the other numbers".to_owned()),
    }
}

fn same(differing: usize) -> Result<(), String> {
    match differing {
        0 => Ok(()),
        1 => Err("the right answer of one row is not the same".to_owned()),
        _ => Err(format!("the right answers of {differing} rows are not the same")),
    }
}

/// The rows of both in the order of their ids; equal ones in their own order.
fn pair(first: &Predicted, second: &Predicted) -> Result<[Vec<usize>; 2], String> {
    let both = [first, second];
    let [one, two] = both.map(|side| {
        let mut rows: Vec<usize> = (0..side.ids.len()).collect();
        rows.sort_by_key(|row| (side.ids[*row], *row));
        rows
    });
    let ids = |side: &Predicted, rows: &[usize]| rows.iter().map(|row| side.ids[*row]).collect::<Vec<u64>>();
    let (left, right) = (ids(first, &one), ids(second, &two));
    if left == right {
        return Ok([one, two]);
    }
    let common = left.iter().filter(|id| right.binary_search(id).is_ok()).count();
    Err(format!(
        "the rows are not the same: {} and {}, of which {common} are common",
        left.len(),
        right.len()
    ))
}
