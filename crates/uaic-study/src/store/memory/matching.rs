//! Conditions and orders, held against runs in memory.

use std::cmp::Ordering;

use super::super::RunQuery;
use super::super::query::{Attribute, Comparison, Condition, Field, Literal, OrderKey, Relation};
use super::rows::Run;
use crate::trial::ParamValue;

/// What a run has in a field.
#[derive(Clone, Debug, PartialEq)]
enum Found {
    Number(f64),
    Text(String),
    /// A text that reads as a number.
    Both(f64, String),
    Bool(bool),
}

/// Whether a run is one that a query asks for.
pub(super) fn matches(run: &Run, query: &RunQuery) -> bool {
    let RunQuery {
        study,
        experiment,
        parent,
        kind,
        number,
        state,
        id_prefix,
        condition,
        order: _,
        include_hidden,
        limit: _,
        offset: _,
    } = query;
    let record = &run.record;
    run.is_whole
        && study.is_none_or(|study| Some(study) == record.start.home.study())
        && parent.is_none_or(|parent| Some(parent) == record.parent)
        && experiment.as_ref().is_none_or(|experiment| *experiment == record.experiment)
        && kind.is_none_or(|kind| kind == record.start.kind)
        && number.is_none_or(|number| Some(number) == record.start.number)
        && id_prefix.as_ref().is_none_or(|prefix| record.id.to_string().starts_with(prefix))
        && (*include_hidden || !record.hidden)
        && state.is_none_or(|state| state == run.state())
        && condition.as_ref().is_none_or(|condition| holds(condition, run))
}

/// Whether a condition holds.
pub(super) fn holds(condition: &Condition, run: &Run) -> bool {
    match condition {
        Condition::All(parts) => parts.iter().all(|part| holds(part, run)),
        Condition::Any(parts) => parts.iter().any(|part| holds(part, run)),
        Condition::Not(inner) => !holds(inner, run),
        Condition::Test(field, relation) => found(field, run).is_some_and(|found| is(&found, relation)),
    }
}

/// The order of two runs by keys; equal where they say nothing.
pub(super) fn compare(order: &[OrderKey], a: &Run, b: &Run) -> Ordering {
    order.iter().fold(Ordering::Equal, |so_far, key| {
        so_far.then_with(|| {
            let order = match (rank(&key.field, a), rank(&key.field, b)) {
                (None, None) => return Ordering::Equal,
                (None, Some(_)) => return Ordering::Greater,
                (Some(_), None) => return Ordering::Less,
                (Some(a), Some(b)) => values(&a, &b).unwrap_or_else(|| kind(&a).cmp(&kind(&b))),
            };
            if key.descending { order.reverse() } else { order }
        })
    })
}

/// A value to sort by; NaN is none.
fn rank(field: &Field, run: &Run) -> Option<Found> {
    found(field, run).filter(|found| !matches!(found, Found::Number(number) if number.is_nan()))
}

fn found(field: &Field, run: &Run) -> Option<Found> {
    match field {
        Field::Metric(name) => run.metrics.get(name)?.last().map(|point| Found::Number(point.value)),
        Field::Param(name) => run.record.start.params.get(name).map(param),
        Field::Tag(name) => run.tags.get(name).map(|value| Found::Text(value.clone())),
        Field::Attribute(name) => attribute(*name, run),
    }
}

fn param(value: &ParamValue) -> Found {
    match value {
        ParamValue::Bool(value) => Found::Bool(*value),
        ParamValue::Int(value) => Found::Number(*value as f64),
        ParamValue::Float(value) => Found::Number(*value),
        ParamValue::Text(text) => number_in(text)
            .map_or_else(|| Found::Text(text.clone()), |number| Found::Both(number, text.clone())),
    }
}

/// The number that a text says; `inf` and `nan` are names.
pub(in super::super) fn number_in(text: &str) -> Option<f64> {
    let plain = |letter: char| letter.is_ascii_digit() || "+-.eE".contains(letter);
    let is_number = text.contains(|letter: char| letter.is_ascii_digit()) && text.chars().all(plain);
    is_number.then(|| text.parse().ok())?.filter(|number: &f64| number.is_finite())
}

fn attribute(name: Attribute, run: &Run) -> Option<Found> {
    let record = &run.record;
    let text = |text: &str| Some(Found::Text(text.to_owned()));
    let number = |number: f64| Some(Found::Number(number));
    match name {
        Attribute::Id => text(&record.id.to_string()),
        Attribute::Name => text(record.name.as_ref()?),
        Attribute::Experiment => text(&record.experiment),
        Attribute::Study => text(&record.start.home.study()?.to_string()),
        Attribute::Parent => text(&record.parent?.to_string()),
        Attribute::Kind => text(record.start.kind.name()),
        Attribute::State => text(run.state().name()),
        Attribute::Number => number(record.start.number?.into()),
        Attribute::Value => number(record.value()?),
        Attribute::Started => number(record.started_ms as f64),
        Attribute::Ended => number(record.ended_ms? as f64),
        Attribute::Duration => number((record.ended_ms? - record.started_ms) as f64 / 1000.0),
        Attribute::Attempts => number(record.attempts.into()),
        Attribute::Reason => text(record.reason.as_ref()?),
        Attribute::Note => text(record.note.as_ref()?),
        Attribute::Hidden => Some(Found::Bool(record.hidden)),
    }
}

fn is(found: &Found, relation: &Relation) -> bool {
    match relation {
        Relation::Exists => true,
        Relation::In(values) => values.iter().any(|value| compares(found, Comparison::Equal, value)),
        Relation::Compare(comparison, value) => compares(found, *comparison, value),
        Relation::Like { pattern, case } => like(&shown(found), pattern, *case),
    }
}

fn compares(found: &Found, comparison: Comparison, value: &Literal) -> bool {
    let order = match (found, value) {
        (Found::Number(own) | Found::Both(own, _), Literal::Number(value)) => own.partial_cmp(value),
        (Found::Bool(own), Literal::Bool(value)) => Some(own.cmp(value)),
        (Found::Text(own) | Found::Both(_, own), Literal::Text(value)) => Some(own.as_str().cmp(value)),
        // `params.n = "3"` means what is shown as 3.
        (found, Literal::Text(value)) => match comparison {
            Comparison::Equal | Comparison::NotEqual => Some(shown(found).as_str().cmp(value)),
            _ => None,
        },
        _ => None,
    };
    // NaN is equal to nothing, and so is a number to a boolean.
    order.map_or(comparison == Comparison::NotEqual, |order| comparison.holds(order))
}

fn shown(found: &Found) -> String {
    match found {
        Found::Number(number) if number.fract() == 0.0 && number.abs() < 1e15 => format!("{number:.0}"),
        Found::Number(number) => format!("{number:?}"),
        Found::Text(text) | Found::Both(_, text) => text.clone(),
        Found::Bool(value) => value.to_string(),
    }
}

fn values(a: &Found, b: &Found) -> Option<Ordering> {
    match (a, b) {
        (Found::Number(a) | Found::Both(a, _), Found::Number(b) | Found::Both(b, _)) => a.partial_cmp(b),
        (Found::Text(a), Found::Text(b)) => Some(a.cmp(b)),
        (Found::Bool(a), Found::Bool(b)) => Some(a.cmp(b)),
        _ => None,
    }
}

/// Values of different kinds: numbers before texts.
fn kind(found: &Found) -> u8 {
    match found {
        Found::Bool(_) | Found::Number(_) | Found::Both(..) => 0,
        Found::Text(_) => 1,
    }
}

/// Whether a text is like a pattern of `%` and `_`.
pub(super) fn like(text: &str, pattern: &str, case: bool) -> bool {
    let letters = |text: &str| -> Vec<char> {
        if case { text.chars().collect() } else { text.to_lowercase().chars().collect() }
    };
    let (text, pattern) = (letters(text), letters(pattern));
    // Where to go on when what came behind the last `%` does not fit.
    let (mut at, mut place, mut again) = (0, 0, None);
    while at < text.len() {
        match pattern.get(place) {
            Some('%') => {
                again = Some((at, place));
                place += 1;
            }
            Some(&letter) if letter == '_' || letter == text[at] => {
                (at, place) = (at + 1, place + 1);
            }
            _ => match again {
                Some((from, star)) => {
                    again = Some((from + 1, star));
                    (at, place) = (from + 1, star + 1);
                }
                None => return false,
            },
        }
    }
    pattern[place..].iter().all(|letter| *letter == '%')
}

#[cfg(test)]
mod tests {
    use super::like;

    #[test]
    fn patterns_fit_as_in_sql() {
        for (text, pattern, fits) in [
            ("the nlp team", "%nlp%", true),
            ("nlp", "n_p", true),
            ("nlp", "n_", false),
            ("abcabd", "%abd", true),
            ("", "%", true),
            ("", "_", false),
            ("größe", "gr%e", true),
            ("NLP", "nlp", false),
        ] {
            assert_eq!(like(text, pattern, true), fits, "{text} like {pattern}");
        }
        assert!(like("NLP", "nlp", false));
    }
}
