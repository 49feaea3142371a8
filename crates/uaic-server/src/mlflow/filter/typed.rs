//! Demands as what a field can be asked.

use super::super::wire::Problem;
use super::parse::{Demand, Name};
use uaic_study::store::query::Comparison;
use uaic_study::store::tracking::Test;

/// Which operators a field has beside `=`, `!=`, `LIKE` and `ILIKE` of texts.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct More {
    /// `IN`.
    pub(super) among: bool,
    /// `NOT IN`.
    pub(super) not_among: bool,
    /// `IS NULL` and `IS NOT NULL`.
    pub(super) absence: bool,
}

impl More {
    /// None of them.
    pub(super) const NONE: Self = Self { among: false, not_among: false, absence: false };
    /// For what a thing may lack.
    pub(super) const ABSENCE: Self = Self { among: false, not_among: false, absence: true };
    /// `IN` and `NOT IN`.
    pub(super) const LISTS: Self = Self { among: true, not_among: true, absence: false };
}

/// A test of a number.
///
/// # Errors
/// It is asked as a text.
pub(super) fn number(name: &Name, demand: &Demand) -> Result<Test, Problem> {
    match demand {
        Demand::Number(comparison, number) => Ok(Test::Number(*comparison, *number)),
        Demand::Text(..) => {
            Err(Problem::invalid(format!("Expected numeric value type for {}; it is in quotes", shown(name))))
        }
        _ => Err(operator(name)),
    }
}

/// A test of a text.
///
/// # Errors
/// It is asked as a number, or by an operator that it does not have.
pub(super) fn text(name: &Name, demand: Demand, more: More) -> Result<Test, Problem> {
    match demand {
        Demand::Text(comparison @ (Comparison::Equal | Comparison::NotEqual), text) => {
            Ok(Test::Text(comparison, text))
        }
        Demand::Like { pattern, case } => Ok(Test::Like { pattern, case }),
        Demand::Among(texts) if more.among => Ok(Test::Among(texts)),
        Demand::NotAmong(texts) if more.not_among => Ok(Test::NotAmong(texts)),
        Demand::Present if more.absence => Ok(Test::Present),
        Demand::Absent if more.absence => Ok(Test::Absent),
        Demand::Number(..) => Err(Problem::invalid(format!(
            "Expected a quoted string value for {}; it is a number",
            shown(name)
        ))),
        _ => Err(operator(name)),
    }
}

pub(super) fn operator(name: &Name) -> Problem {
    Problem::invalid(format!("Invalid comparator for {}", shown(name)))
}

/// The error of a name of nothing.
pub(super) fn unknown(name: &Name, what: &str, valid: &[&str]) -> Problem {
    let shown = shown(name);
    Problem::invalid(format!("Invalid {what} '{shown}' specified. Valid ones are {}", valid.join(", ")))
}

fn shown(name: &Name) -> String {
    name.entity.as_ref().map_or_else(|| name.key.clone(), |entity| format!("{entity}.{}", name.key))
}
