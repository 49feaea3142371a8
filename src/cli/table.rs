//! How tables, states, numbers and times look on a terminal.

use comfy_table::{
    Attribute, Cell, CellAlignment, Color, ColumnConstraint, ContentArrangement, Table, Width, presets,
};

use crate::eval::Estimate;
pub(super) use crate::number::{exact, shown as number};
use crate::store::StudyState;
use crate::trial::{ParamValue, RunState};
pub(super) use crate::wording::{bytes, utc};
pub(super) use uaic_wording::duration::{age, passed as duration};

/// Narrowest column of text that may wrap; below it, lines become longer than the terminal.
const NARROWEST_TEXT: u16 = 20;

/// Width of tables that go to a file or a pipe.
const PIPED_WIDTH: u16 = 120;

/// An empty table. Columns whose title starts with `>` are right-aligned, those whose title ends
/// with `…` may wrap; the others never do.
pub(super) fn table(titles: &[impl AsRef<str>]) -> Table {
    let titles = || titles.iter().map(AsRef::as_ref);
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    if table.width().is_none() {
        table.set_width(PIPED_WIDTH);
    }
    // Colours are always put in; the printer takes them out where they are not wanted.
    table.enforce_styling().style_text_only();
    let plain = |title: &str| title.trim_start_matches('>').trim_end_matches('…').to_owned();
    table.set_header(titles().map(|title| Cell::new(plain(title)).add_attribute(Attribute::Bold)));
    for (column, title) in table.column_iter_mut().zip(titles()) {
        column.set_padding((0, 2));
        if title.starts_with('>') {
            column.set_cell_alignment(CellAlignment::Right);
        }
        column.set_constraint(if title.ends_with('…') {
            ColumnConstraint::LowerBoundary(Width::Fixed(NARROWEST_TEXT))
        } else {
            ColumnConstraint::ContentWidth
        });
    }
    table
}

/// A table as text, without the blanks that fill its lines up.
pub(super) fn render(table: &Table) -> String {
    table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

/// A line for each figure, with its interval and number of examples.
pub(super) fn estimates<'a>(figures: impl IntoIterator<Item = (&'a str, &'a Estimate)>) -> String {
    let mut listing = table(&["METRIC", ">VALUE", ">95 % INTERVAL", ">N"]);
    for (key, estimate) in figures {
        listing.add_row([one_line(key), number(estimate.value), interval(estimate), estimate.n.to_string()]);
    }
    render(&listing)
}

/// The interval of a figure.
pub(super) fn interval(estimate: &Estimate) -> String {
    format!("{} – {}", number(estimate.low), number(estimate.high))
}

/// The state of a run, coloured.
pub(super) fn run_state(state: RunState) -> Cell {
    let colour = match state {
        RunState::Complete => Color::Green,
        RunState::Running => Color::Cyan,
        RunState::Pruned | RunState::Interrupted => Color::Yellow,
        RunState::Failed | RunState::Crashed => Color::Red,
    };
    Cell::new(state.name()).fg(colour)
}

/// The state of a study, coloured.
pub(super) fn study_state(state: StudyState) -> Cell {
    let colour = match state {
        StudyState::Complete => Color::Green,
        StudyState::Running => Color::Cyan,
        StudyState::Interrupted => Color::Yellow,
        StudyState::Failed | StudyState::Crashed => Color::Red,
    };
    Cell::new(state.name()).fg(colour)
}

/// Recorded text on one line, with nothing in it that could steer the terminal.
pub(super) fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' | '\t' | '\r' => line.push(' '),
            other if other.is_control() => line.extend(other.escape_default()),
            other => line.push(other),
        }
    }
    line
}

/// The first `limit` characters of a text on one line.
pub(super) fn shortened(text: &str, limit: usize) -> String {
    let line = one_line(text);
    if line.chars().count() <= limit {
        return line;
    }
    line.chars().take(limit - 1).chain(['…']).collect()
}

/// A parameter value on one line. `--json` has all digits.
pub(super) fn param(value: &ParamValue) -> String {
    one_line(&crate::wording::param(value))
}

/// A series as one line of bars, at most `width` of them, each the mean of its part; a part that
/// is not finite is `×`.
pub(super) fn sparkline(values: &[f64], width: usize) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let cells = values.len().min(width);
    let means: Vec<f64> = (0..cells)
        .map(|cell| &values[cell * values.len() / cells..(cell + 1) * values.len() / cells])
        .map(|part| part.iter().sum::<f64>() / part.len() as f64)
        .collect();
    let finite = || means.iter().copied().filter(|mean| mean.is_finite());
    let low = finite().fold(f64::INFINITY, f64::min);
    let high = finite().fold(f64::NEG_INFINITY, f64::max);
    let bar = |mean: &f64| {
        if !mean.is_finite() {
            return '×';
        }
        // Halves keep the difference of two very large numbers finite.
        let share = (mean / 2.0 - low / 2.0) / (high / 2.0 - low / 2.0);
        if share.is_nan() { BARS[3] } else { BARS[((share * 8.0) as usize).min(7)] }
    };
    means.iter().map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_on_one_line() {
        assert_eq!(param(&ParamValue::Float(0.001_579_2)), "0.001579");
        assert_eq!(param(&ParamValue::Text("a\nb".into())), "a b");
    }

    #[test]
    fn a_sparkline_spans_the_range_and_shows_what_is_no_number() {
        assert_eq!(sparkline(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0], 60), "▁▂▃▄▅▆▇█");
        assert_eq!(sparkline(&[1.0, f64::NAN, 2.0], 60), "▁×█");
        assert_eq!(sparkline(&[5.0, 5.0], 60), "▄▄");
        assert_eq!(sparkline(&[-f64::MAX, f64::MAX], 60), "▁█");
        assert_eq!(sparkline(&[], 60), "");
        assert_eq!(sparkline(&vec![1.0; 1000], 60).chars().count(), 60);
    }

    #[test]
    fn recorded_text_cannot_steer_the_terminal() {
        assert_eq!(one_line("a\u{1b}[31m\nb"), "a\\u{1b}[31m b");
        assert_eq!(shortened("größer als gedacht", 8), "größer …");
        assert_eq!(shortened("gerade so", 9), "gerade so");
    }

    #[test]
    fn ids_are_never_wrapped() {
        let mut table = table(&["ID", "WHY…"]);
        table.set_width(24).add_row(["0123456789abcdef", "words that do not fit beside it at all"]);
        let text = render(&table);
        assert!(text.contains("0123456789abcdef") && text.lines().count() > 2, "{text}");
    }
}
