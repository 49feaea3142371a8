//! The results as tables.

use comfy_table::{Cell, Color};

use crate::cli::table::{self, number, one_line, render};
use crate::study::bench::Duel;

use super::results::{Line, Results, word};

/// A line for each function and sampler.
pub(super) fn functions(results: &Results) -> String {
    let mut titles = vec!["FUNCTION".to_owned(), "SAMPLER".to_owned()];
    titles.extend(results.at.iter().map(|at| format!(">AT {at}")));
    titles.extend([">MIDDLE HALF", ">RANK", ">BETTER", ">WORSE"].map(str::to_owned));
    titles.push(format!("TO {}", one_line(&results.samplers[results.baseline])));
    let mut sheet = table::table(&titles);
    for of in &results.functions {
        let mut name = of.function.name;
        for (sampler, line) in results.samplers.iter().zip(&of.lines) {
            let Some(line) = line else { continue };
            let mut row = vec![Cell::new(name), Cell::new(one_line(sampler))];
            row.extend(line.quartiles.iter().map(|quartiles| Cell::new(number(quartiles.median))));
            row.extend([Cell::new(middle_half(line)), Cell::new(format!("{:.2}", line.rank))]);
            row.extend([line.better, line.worse].map(Cell::new));
            row.push(verdict(line));
            sheet.add_row(row);
            name = "";
        }
    }
    render(&sheet)
}

fn middle_half(line: &Line) -> String {
    let last = line.quartiles.last();
    last.map_or(String::new(), |q| format!("{} – {}", number(q.lower), number(q.upper)))
}

fn verdict(line: &Line) -> Cell {
    let Some((duel, p)) = line.to_baseline else { return Cell::new("–") };
    let p = if p < 1e-3 { format!("{p:.0e}") } else { format!("{p:.3}") };
    let cell = Cell::new(format!("{} (p = {p})", word(duel)));
    match duel {
        Duel::Better => cell.fg(Color::Green),
        Duel::Worse => cell.fg(Color::Red),
        Duel::Even => cell,
    }
}

/// A line for each sampler, best first.
pub(super) fn overall(results: &Results) -> String {
    let mut sheet = table::table(&["SAMPLER", ">FUNCTIONS", ">MEAN RANK", ">BETTER", ">WORSE"]);
    let mut lines: Vec<_> = (0..results.samplers.len())
        .filter_map(|place| Some((&results.samplers[place], results.overall(place)?)))
        .collect();
    lines.sort_by(|(_, a), (_, b)| a.rank.total_cmp(&b.rank));
    for (sampler, overall) in lines {
        sheet.add_row([
            one_line(sampler),
            overall.functions.to_string(),
            format!("{:.2}", overall.rank),
            overall.better.to_string(),
            overall.worse.to_string(),
        ]);
    }
    render(&sheet)
}

/// How long a proposal took, sampler by sampler.
pub(super) fn times(results: &Results) -> String {
    let of = |place: usize| -> Option<String> {
        let times: Vec<f64> =
            results.functions.iter().filter_map(|of| of.lines[place].as_ref()?.milliseconds).collect();
        let mean = times.iter().sum::<f64>() / times.len() as f64;
        (!times.is_empty()).then(|| format!("{} {mean:.3}", results.samplers[place]))
    };
    let times: Vec<String> = (0..results.samplers.len()).filter_map(of).collect();
    format!("milliseconds per proposal: {}", times.join(", "))
}
