//! Tables for people and for other programs, each from one definition of its columns and rows: on a
//! terminal short, as CSV whole.

use std::fmt::Display;

use comfy_table::Cell;

use crate::number::exact;
use crate::report::sheet::{self, Sheet};
use crate::trial::ParamValue;

use super::{printer, table};

/// A column: its title as [`table::table`] takes it, and its name in CSV. Without a title it is not on
/// the terminal, with one that begins with `?` only where a row has something in it; without a name it
/// is not in CSV.
#[derive(Clone, Debug)]
pub(super) struct Column {
    title: String,
    name: String,
}

/// A column of both.
pub(super) fn column(title: impl Into<String>, name: impl Into<String>) -> Column {
    Column { title: title.into(), name: name.into() }
}

/// What stands in a row's place: for people, and exactly.
pub(super) struct Field {
    shown: Cell,
    exact: String,
}

impl Field {
    /// Anything that looks different to people and to programs.
    pub(super) fn of(shown: impl Into<Cell>, exact: impl Into<String>) -> Self {
        Self { shown: shown.into(), exact: exact.into() }
    }

    /// Recorded text, of which people see some letters on one line.
    pub(super) fn text(text: &str, letters: usize) -> Self {
        Self::of(table::shortened(text, letters), text)
    }

    /// A name, which people see whole.
    pub(super) fn name(name: &str) -> Self {
        Self::of(table::one_line(name), name)
    }

    /// What is as it is.
    pub(super) fn plain(value: impl Display) -> Self {
        let text = value.to_string();
        Self::of(text.clone(), text)
    }

    /// A number, where there is one.
    pub(super) fn number(value: Option<f64>) -> Self {
        Self::of(value.map(table::number).unwrap_or_default(), value.map(exact).unwrap_or_default())
    }

    /// A share, which people see in percent.
    pub(super) fn share(value: Option<f64>) -> Self {
        let shown = value.map(|share| format!("{:.1} %", 100.0 * share)).unwrap_or_default();
        Self::of(shown, value.map(exact).unwrap_or_default())
    }

    /// A parameter, where it exists.
    pub(super) fn param(value: Option<&ParamValue>) -> Self {
        Self::of(
            value.map(table::param).unwrap_or_default(),
            value.map(ToString::to_string).unwrap_or_default(),
        )
    }

    /// A time, which people see as how long ago it was.
    pub(super) fn time(time_ms: i64, now_ms: i64) -> Self {
        Self::of(table::age(time_ms, now_ms), sheet::time(time_ms))
    }
}

/// A table under construction.
pub(super) struct Listing {
    columns: Vec<Column>,
    rows: Vec<Vec<Field>>,
}

impl Listing {
    /// A table without rows.
    pub(super) fn new(columns: impl IntoIterator<Item = Column>) -> Self {
        Self { columns: columns.into_iter().collect(), rows: Vec::new() }
    }

    /// Adds a row, with a field for each column.
    pub(super) fn add(&mut self, row: impl IntoIterator<Item = Field>) {
        self.rows.push(row.into_iter().collect());
    }

    /// As people see it.
    pub(super) fn text(&self) -> String {
        let is_used = |place: usize| {
            self.rows.iter().any(|row| row.get(place).is_some_and(|field| !field.shown.content().is_empty()))
        };
        let is_shown = |(place, column): &(usize, &Column)| match column.title.strip_prefix('?') {
            Some(_) => is_used(*place),
            None => !column.title.is_empty(),
        };
        let shown: Vec<(usize, &Column)> = self.columns.iter().enumerate().filter(is_shown).collect();
        let titles: Vec<&str> =
            shown.iter().map(|(_, column)| column.title.trim_start_matches('?').trim_end()).collect();
        let mut listing = table::table(&titles);
        for row in &self.rows {
            listing.add_row(
                shown.iter().filter_map(|(place, _)| row.get(*place)).map(|field| field.shown.clone()),
            );
        }
        table::render(&listing)
    }

    /// As other programs read it.
    pub(super) fn csv(&self) -> Vec<u8> {
        let named: Vec<usize> =
            (0..self.columns.len()).filter(|place| !self.columns[*place].name.is_empty()).collect();
        let names = named.iter().map(|place| self.columns[*place].name.clone()).collect();
        let row = |row: &Vec<Field>| -> Vec<String> {
            named
                .iter()
                .map(|place| row.get(*place).map(|field| field.exact.clone()).unwrap_or_default())
                .collect()
        };
        Sheet { names, rows: self.rows.iter().map(row).collect() }.csv()
    }

    /// Prints it as CSV.
    ///
    /// # Errors
    /// stdout cannot be written.
    pub(super) fn print_csv(&self) -> anyhow::Result<()> {
        Ok(printer::write_content(&self.csv())?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_definition_is_short_for_people_and_whole_for_programs() {
        let columns = [
            column("NAME", "name"),
            column(">VALUE", "value"),
            column("", "only_in_csv"),
            column("BAR", ""),
            column("?NOTE…", "note"),
        ];
        let mut listing = Listing::new(columns);
        let long = "a name, with a comma that goes on";
        listing.add([
            Field::text(long, 8),
            Field::number(Some(1.0 / 3.0)),
            Field::plain(7),
            Field::of("██", ""),
            Field::name(""),
        ]);
        listing.add([
            Field::text("b", 8),
            Field::number(None),
            Field::plain(8),
            Field::of("█", ""),
            Field::name(""),
        ]);
        let shown = anstream::adapter::strip_str(&listing.text()).to_string();
        assert_eq!(shown, "NAME       VALUE  BAR\na name,…  0.3333  ██\nb                 █");
        let csv = String::from_utf8(listing.csv()).unwrap();
        assert_eq!(csv, format!("name,value,only_in_csv,note\n\"{long}\",{},7,\nb,,8,\n", exact(1.0 / 3.0)));
    }
}
