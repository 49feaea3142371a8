//! What is no TOML.

use toml::de;

use super::super::problem::{Complaint, Origin, Problem};

const TWICE: &str = "duplicate key";
const UNQUOTED: &str = "string values must be quoted";

/// Whether the rest of the text can still be trusted. After other mistakes keys may seem to be in
/// sections where they are not, and to complain about them would mislead.
pub(super) fn is_local(error: &de::Error) -> bool {
    error.message() == TWICE || error.message().starts_with(UNQUOTED)
}

pub(super) fn syntax_problem(error: &de::Error, text: &str) -> Problem {
    let span = error.span().unwrap_or_default();
    let said = text.get(span.clone()).unwrap_or_default();
    let complaint = match error.message() {
        TWICE => Complaint::new(format!("`{said}` is given twice")).help("keep one of the two"),
        unquoted if unquoted.starts_with(UNQUOTED) => {
            Complaint::new("text must be in quotes").help(format!("write `\"{said}\"`"))
        }
        other => Complaint::new(format!("not TOML: {other}")),
    };
    complaint.at(Origin::File.at(span))
}
