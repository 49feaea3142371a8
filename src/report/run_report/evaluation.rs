//! What its predictions are worth, in pictures.

use super::super::drawing::Drawing;
use super::super::page::Section;
use super::super::predicted::pictures;
use super::recorded::Recorded;
use super::values;
use crate::number::grouped;
use crate::predictions::Rows;

/// Tells which predictions there are; gives all pictures of them.
pub(super) fn write(section: &mut Section, recorded: &Recorded<'_>) -> Vec<Drawing> {
    let mut drawings = Vec::new();
    let several = recorded.predictions.len() > 1;
    for (split, found) in &recorded.predictions {
        let predicted = match found {
            Ok(predicted) => predicted,
            Err(why) => {
                section.text(format!("The predictions of `{split}` cannot be read: {why}."));
                continue;
            }
        };
        let rows = grouped(predicted.len());
        let classes = match &predicted.rows {
            Rows::Classified(rows) => format!(", {} classes", rows.names().len()),
            Rows::Regressed(_) => String::new(),
        };
        section.text(format!("Predictions of {split}: {rows} rows, {}{classes}.", predicted.task.name()));
        let about = format!("{} · {split}, {rows} rows", recorded.about());
        for (name, figure) in pictures(&predicted.rows, &about) {
            // A split is called what its program likes.
            let plain = |letter: char| if letter.is_ascii_alphanumeric() { letter } else { '_' };
            let split: String = split.chars().map(plain).collect();
            let name = if several { format!("{name}_{split}") } else { name.to_owned() };
            drawings.push(Drawing { section: section.id, name, figure });
        }
    }
    values::figures(section, recorded);
    drawings
}
