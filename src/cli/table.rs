//! How tables, states, numbers and times look on a terminal.

use comfy_table::{
    Attribute, Cell, CellAlignment, Color, ColumnConstraint, ContentArrangement, Table, Width, presets,
};

use crate::eval::Estimate;
use crate::number::significant;
pub(super) use crate::number::{exact, shown as number};
use crate::store::StudyState;
use crate::trial::{ParamValue, RunState};

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

/// A parameter value: numbers to four significant digits, everything else as it is. `--json` has
/// all digits.
pub(super) fn param(value: &ParamValue) -> String {
    match *value {
        ParamValue::Float(value) => significant(value),
        ref other => one_line(&other.to_string()),
    }
}

/// A time that has passed: `0.42 s`, `12.3 s`, `3 min 05 s`, `2 h 07 min`.
pub(super) fn duration(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    match whole {
        _ if seconds < 9.995 => format!("{:.2} s", seconds.max(0.0)),
        _ if seconds < 59.95 => format!("{seconds:.1} s"),
        0..3600 => format!("{} min {:02} s", whole / 60, whole % 60),
        3600..86_400 => format!("{} h {:02} min", whole / 3600, whole / 60 % 60),
        _ => format!("{} d {:02} h", whole / 86_400, whole / 3600 % 24),
    }
}

/// How long ago something was: `now`, `3 min ago`, `2 days ago`.
pub(super) fn age(then_ms: i64, now_ms: i64) -> String {
    let seconds = (now_ms - then_ms).max(0) / 1000;
    let (count, unit) = match seconds {
        0..5 => return "now".to_owned(),
        5..60 => (seconds, "s"),
        60..3600 => (seconds / 60, "min"),
        3600..86_400 => (seconds / 3600, "h"),
        86_400..172_800 => (1, "day"),
        _ => (seconds / 86_400, "days"),
    };
    format!("{count} {unit} ago")
}

/// A time to the second, in UTC.
pub(super) fn utc(time_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(time_ms).map_or_else(
        |_| "an unknown time".to_owned(),
        |time| time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
    )
}

/// A size: `512 B`, `1.5 KiB`, `20.0 MiB`.
pub(super) fn bytes(size: u64) -> String {
    let mut rest = size as f64;
    let mut units = ["KiB", "MiB", "GiB", "TiB"].into_iter();
    let mut unit = "B";
    while rest >= 1024.0
        && let Some(larger) = units.next()
    {
        rest /= 1024.0;
        unit = larger;
    }
    if unit == "B" { format!("{size} B") } else { format!("{rest:.1} {unit}") }
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
    fn times_are_short_and_round_up_to_the_next_unit() {
        let shown = [0.0, 0.421, 9.999, 12.34, 59.97, 185.0, 3599.6, 7620.0, 100_000.0].map(duration);
        assert_eq!(
            shown,
            [
                "0.00 s",
                "0.42 s",
                "10.0 s",
                "12.3 s",
                "1 min 00 s",
                "3 min 05 s",
                "1 h 00 min",
                "2 h 07 min",
                "1 d 03 h"
            ]
        );
        let ages = [-5, 0, 7, 200, 7_500, 90_000, 800_000].map(|seconds| age(0, seconds * 1000));
        assert_eq!(ages, ["now", "now", "7 s ago", "3 min ago", "2 h ago", "1 day ago", "9 days ago"]);
    }

    #[test]
    fn parameters_have_four_significant_digits() {
        let floats = [0.0, -0.134_44, 0.001_579_2, 3e-6, 17.0, 9999.96, 12_345.6, f64::NAN, f64::INFINITY];
        assert_eq!(
            floats.map(|value| param(&ParamValue::Float(value))),
            ["0.0", "-0.1344", "0.001579", "3.000e-6", "17.00", "10000", "1.235e4", "NaN", "inf"]
        );
        assert_eq!(param(&ParamValue::Int(123_456)), "123456");
        assert_eq!(param(&ParamValue::Text("a\nb".into())), "a b");
    }

    #[test]
    fn sizes_have_one_unit() {
        assert_eq!(
            [0, 1023, 1536, 20 << 20, 5 << 40].map(bytes),
            ["0 B", "1023 B", "1.5 KiB", "20.0 MiB", "5.0 TiB"]
        );
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
