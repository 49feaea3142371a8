//! What is told of several runs, on a page of their own or as the parts of one.

use serde_json::Value;

use super::super::drawing::Drawing;
use super::super::error::PlotError;
use super::super::page::Section;
use super::members::Members;
use super::{courses, differences, table, views};
use crate::store::Store;

/// Where on a page it is told.
pub(in super::super) struct Place {
    /// Ids and titles of the sections: the runs, what their value hangs on, their curves, their comparison.
    sections: [(&'static str, &'static str); 4],
    /// How names of pictures begin.
    files: &'static str,
}

impl Place {
    /// On a page of their own.
    pub(super) const WHOLE: Self = Self {
        sections: [
            ("runs", "Runs"),
            ("value", "What the value hangs on"),
            ("curves", "Curves"),
            ("comparison", "Comparison"),
        ],
        files: "",
    };

    /// As the parts of a run.
    pub(in super::super) const PARTS: Self = Self {
        sections: [
            ("parts", "Parts"),
            ("parts-value", "Parts: what the value hangs on"),
            ("parts-curves", "Parts: curves"),
            ("parts-comparison", "Parts: comparison"),
        ],
        files: "parts_",
    };
}

/// Sections, and the pictures that belong to them.
pub(in super::super) struct Told {
    pub(in super::super) sections: Vec<Section>,
    pub(in super::super) drawings: Vec<Drawing>,
    /// Differences between runs, for programs.
    pub(in super::super) tests: Value,
}

/// Tells of several runs.
///
/// # Errors
/// The store cannot be read.
pub(in super::super) fn told(store: &dyn Store, members: &Members, place: &Place) -> Result<Told, PlotError> {
    let [mut runs, value, curves, mut comparison] = place.sections.map(|(id, title)| Section::new(id, title));
    table::write(&mut runs, members);
    let mut drawings = Vec::new();
    let mut add = |section: &Section, name: &str, figure| {
        drawings.push(Drawing { section: section.id, name: format!("{}{name}", place.files), figure });
    };
    for (name, figure) in views::drawn(members)? {
        add(&value, name, figure);
    }
    for (name, figure) in courses::drawn(store, members, "curves")? {
        add(&curves, &name, figure);
    }
    let tests = differences::write(&mut comparison, store, members)?;
    if let Some(figure) = tests.figure {
        add(&comparison, "comparison", figure);
    }
    Ok(Told { sections: vec![runs, value, curves, comparison], drawings, tests: tests.json })
}
