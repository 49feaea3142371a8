//! Figures as they are printed: a table for people, or CSV.

use crate::cli::listing::{Field, Listing, column};
use crate::cli::table;
use crate::eval::{Estimate, Measures, Segment};

/// Parts that accuracy was divided by, each with its name.
pub(super) type Segments = [(String, Vec<Segment>)];

/// A row for each figure, with its value or why it has none, and for each part that accuracy was divided by.
pub(super) fn listing(figures: &Measures, segments: &Segments) -> Listing {
    let names = ["by", "name", "value", "low", "high", "n", "mean_confidence", "why"];
    let mut listing = Listing::new(names.map(|name| column("", name)));
    let mut add = |by: &str, name: &str, figure: Option<&Estimate>, more: [Field; 3]| {
        let number = |of: fn(&Estimate) -> f64| Field::number(figure.map(of));
        let ends = [number(|figure| figure.value), number(|figure| figure.low), number(|figure| figure.high)];
        listing.add([Field::name(by), Field::name(name)].into_iter().chain(ends).chain(more));
    };
    for (key, figure) in &figures.values {
        add("", key, Some(figure), [Field::plain(figure.n), Field::name(""), Field::name("")]);
    }
    for (key, why) in &figures.absent {
        add("", key, None, [Field::name(""), Field::name(""), Field::plain(why)]);
    }
    for (by, segments) in segments {
        for Segment { name, n, accuracy, mean_confidence } in segments {
            let more = [Field::plain(n), Field::number(*mean_confidence), Field::name("")];
            add(by, name, accuracy.as_ref(), more);
        }
    }
    listing
}

/// Tables for people.
pub(super) fn text(figures: &Measures, segments: &Segments) -> String {
    let mut parts = Vec::new();
    if !figures.values.is_empty() {
        parts.push(table::estimates(figures.values.iter().map(|(key, estimate)| (key.as_str(), estimate))));
    }
    if !figures.absent.is_empty() {
        let mut listing = table::table(&["ABSENT", "WHY"]);
        for (key, reason) in &figures.absent {
            listing.add_row([table::one_line(key), reason.to_string()]);
        }
        parts.push(table::render(&listing));
    }
    for (by, segments) in segments {
        let mut listing = table::table(&[
            format!("BY {}", table::one_line(by).to_uppercase()),
            ">ACCURACY".to_owned(),
            ">95 % INTERVAL".to_owned(),
            ">CONFIDENCE".to_owned(),
            ">N".to_owned(),
        ]);
        for Segment { name, n, accuracy, mean_confidence } in segments {
            listing.add_row([
                table::one_line(name),
                accuracy.map(|accuracy| table::number(accuracy.value)).unwrap_or_default(),
                accuracy.as_ref().map(table::interval).unwrap_or_default(),
                mean_confidence.map(table::number).unwrap_or_default(),
                n.to_string(),
            ]);
        }
        parts.push(table::render(&listing));
    }
    parts.join("\n\n")
}
