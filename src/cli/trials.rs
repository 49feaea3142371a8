//! The table of trials that `run`, `resume` and `best` print.

use std::collections::BTreeSet;

use comfy_table::Cell;

use super::table;
use crate::store::Id;
use crate::trial::Params;

/// What the table says of a trial.
pub(super) struct Row<'a> {
    pub(super) number: Option<u32>,
    pub(super) run: Id,
    pub(super) value: Option<f64>,
    pub(super) params: &'a Params,
    /// How long it took; unknown when its process died.
    pub(super) seconds: Option<f64>,
}

/// A line for each trial and a column for each of their parameters; the value is that of `metric`.
pub(super) fn trial_table(metric: &str, rows: &[Row<'_>]) -> String {
    let keys: BTreeSet<&str> = rows.iter().flat_map(|row| row.params.keys().map(String::as_str)).collect();
    let keys: Vec<&str> = keys.into_iter().collect();
    let mut titles = vec![">TRIAL".to_owned(), "ID".to_owned(), format!(">{}", table::one_line(metric))];
    titles.extend(short_names(&keys).iter().map(|name| format!(">{}", table::one_line(name))));
    titles.push(">TOOK".to_owned());
    let mut listing = table::table(&titles);
    for row in rows {
        let mut cells = vec![
            row.number.map(|number| number.to_string()).unwrap_or_default(),
            row.run.short(),
            row.value.map(table::number).unwrap_or_default(),
        ];
        cells.extend(keys.iter().map(|key| row.params.get(*key).map(table::param).unwrap_or_default()));
        cells.push(row.seconds.map(table::duration).unwrap_or_default());
        listing.add_row(cells.into_iter().map(Cell::new));
    }
    table::render(&listing)
}

/// Key paths without their table where that leaves them distinct: `train.lr` → `lr`.
fn short_names<'a>(keys: &[&'a str]) -> Vec<&'a str> {
    let last = |key: &'a str| key.rsplit('.').next().unwrap_or(key);
    let shared = |name: &str| keys.iter().filter(|key| last(key) == name).count() > 1;
    keys.iter().map(|key| if shared(last(key)) { *key } else { last(key) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trial::ParamValue;

    #[test]
    fn a_table_of_trials_has_a_column_for_every_parameter_and_gaps_where_one_is_missing() {
        let point = |entries: &[(&str, ParamValue)]| -> Params {
            entries.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
        };
        let zero = point(&[("model.dropout", ParamValue::Float(0.0)), ("train.lr", ParamValue::Float(3e-6))]);
        let other = point(&[("train.lr", ParamValue::Float(0.001_579_2))]);
        let rows = [
            Row { number: Some(7), run: Id([1; 16]), value: Some(0.5), params: &zero, seconds: Some(75.0) },
            Row { number: Some(12), run: Id([2; 16]), value: Some(f64::NAN), params: &other, seconds: None },
        ];
        let expected = "\
TRIAL  ID        val/accuracy  dropout        lr        TOOK
    7  01010101        0.5000      0.0  3.000e-6  1 min 15 s
   12  02020202           NaN           0.001579";
        let shown = anstream::adapter::strip_str(&trial_table("val/accuracy", &rows)).to_string();
        assert_eq!(shown, expected, "\n{shown}");
    }

    #[test]
    fn names_are_shortened_where_that_leaves_them_distinct() {
        let names = short_names(&["model.dropout", "text.dim", "model.dim", "seed"]);
        assert_eq!(names, ["dropout", "text.dim", "model.dim", "seed"]);
    }
}
