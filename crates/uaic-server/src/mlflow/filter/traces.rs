//! What is searched of traces.

use super::super::wire::Problem;
use super::parse::{Demand, Name, filter, orders};
use super::typed::{More, number, operator, text, unknown};
use uaic_study::store::query::Comparison;
use uaic_study::store::tracking::{
    Clause, SortKey, SpanField, TRACE_NAME_TAG, Test, TraceClause, TraceField,
};

const ENTITIES: [&str; 7] =
    ["attributes", "tags", "metadata", "request_metadata", "span", "feedback", "expectation"];
const ATTRIBUTES: [&str; 10] = [
    "request_id",
    "name",
    "status",
    "run_id",
    "client_request_id",
    "timestamp_ms",
    "execution_time_ms",
    "end_time_ms",
    "prompt",
    "text",
];
/// The tag that says which prompts a trace has used.
const PROMPTS_TAG: &str = "mlflow.linkedPrompts";

/// The clauses of a filter of traces.
///
/// # Errors
/// It cannot be read, or names what traces do not have.
pub(in crate::mlflow) fn trace_clauses(written: &str) -> Result<Vec<TraceClause>, Problem> {
    filter(written)?.into_iter().map(|own| clause(&own.name, own.demand)).collect()
}

fn clause(name: &Name, demand: Demand) -> Result<TraceClause, Problem> {
    let field = field(name)?;
    if name.key == "prompt" && matches!(field, TraceField::Tag(_)) {
        return prompt(name, field, &demand);
    }
    let test = match (&field, demand) {
        (TraceField::Time | TraceField::Duration | TraceField::End, demand) => number(name, &demand)?,
        (TraceField::Span(SpanField::Content), demand @ (Demand::Like { .. } | Demand::Match(_)))
        | (TraceField::Tag(_) | TraceField::Metadata(_), demand @ Demand::Match(_)) => match demand {
            Demand::Match(pattern) => return Ok(TraceClause::Match { field, pattern }),
            demand => text(name, demand, More::NONE)?,
        },
        (TraceField::Span(SpanField::Content), _) => return Err(operator(name)),
        (_, Demand::Match(pattern)) => return Ok(TraceClause::Match { field, pattern }),
        (TraceField::Assessment { .. }, Demand::Number(comparison, number)) => {
            Test::Number(comparison, number)
        }
        (TraceField::Assessment { .. }, Demand::Text(comparison, text)) if order_of(comparison) => {
            let number = text.parse().map_err(|_| operator(name))?;
            Test::Number(comparison, number)
        }
        (TraceField::Tag(_) | TraceField::Metadata(_) | TraceField::Assessment { .. }, demand) => {
            text(name, demand, More { among: true, not_among: true, absence: true })?
        }
        (_, demand) => text(name, demand, More { absence: true, ..More::LISTS })?,
    };
    Ok(TraceClause::Test(Clause { field, test }))
}

/// Whether a comparison is of what is ordered.
fn order_of(comparison: Comparison) -> bool {
    !matches!(comparison, Comparison::Equal | Comparison::NotEqual)
}

/// That a trace has used a prompt: `name/version`.
fn prompt(name: &Name, field: TraceField, demand: &Demand) -> Result<TraceClause, Problem> {
    let Demand::Text(Comparison::Equal, address) = demand else { return Err(operator(name)) };
    let (prompt, version) = address.rsplit_once('/').ok_or_else(|| {
        Problem::invalid(format!("Invalid prompt format '{address}'. Expected format: 'name/version'"))
    })?;
    let quoted = |text: &str| regex_escaped(&serde_json::Value::from(text).to_string());
    let (prompt, version) = (quoted(prompt), quoted(version));
    let pattern = format!(r#"\{{\s*"name"\s*:\s*{prompt}\s*,\s*"version"\s*:\s*{version}\s*\}}"#);
    Ok(TraceClause::Match { field, pattern })
}

/// A text as a regular expression that is this text alone.
fn regex_escaped(text: &str) -> String {
    let mut escaped = String::new();
    for letter in text.chars() {
        // `\\<` and `\\>` would be ends of words.
        if letter.is_ascii_punctuation() && !"<>".contains(letter) {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}

fn field(name: &Name) -> Result<TraceField, Problem> {
    let key = || name.key.clone();
    Ok(match name.entity.as_deref() {
        None | Some("attributes" | "attribute" | "attr" | "trace") => attribute(name)?,
        Some("tags" | "tag") => TraceField::Tag(key()),
        Some("metadata" | "request_metadata") => TraceField::Metadata(key()),
        Some("span") => TraceField::Span(span(name)?),
        Some("feedback") => TraceField::Assessment { is_expectation: false, name: key() },
        Some("expectation") => TraceField::Assessment { is_expectation: true, name: key() },
        Some(_) => return Err(unknown(name, "entity type", &ENTITIES)),
    })
}

fn attribute(name: &Name) -> Result<TraceField, Problem> {
    Ok(match name.key.as_str() {
        "request_id" | "trace_id" => TraceField::Id,
        "name" => TraceField::Tag(TRACE_NAME_TAG.to_owned()),
        "status" | "state" => TraceField::State,
        "run_id" => TraceField::Run,
        "client_request_id" => TraceField::ClientRequest,
        "timestamp" | "timestamp_ms" => TraceField::Time,
        "execution_time" | "execution_time_ms" => TraceField::Duration,
        "end_time" | "end_time_ms" => TraceField::End,
        "prompt" => TraceField::Tag(PROMPTS_TAG.to_owned()),
        "text" => TraceField::Span(SpanField::Content),
        _ => return Err(unknown(name, "attribute key", &ATTRIBUTES)),
    })
}

fn span(name: &Name) -> Result<SpanField, Problem> {
    Ok(match name.key.as_str() {
        "name" => SpanField::Name,
        "type" => SpanField::Kind,
        "status" => SpanField::Status,
        "content" => SpanField::Content,
        key => {
            if let Some(key) = key.strip_prefix("attributes.").filter(|key| !key.is_empty()) {
                SpanField::Attribute(key.to_owned())
            } else {
                let valid = ["name", "type", "status", "content", "attributes.<key>"];
                return Err(unknown(name, "span attribute", &valid));
            }
        }
    })
}

/// The order of traces.
///
/// # Errors
/// It cannot be read, or names what traces are not sorted by.
pub(in crate::mlflow) fn trace_order(written: &[&str]) -> Result<Vec<SortKey<TraceField>>, Problem> {
    let key = |((name, descending), text): ((Name, bool), &&str)| {
        let field = match (name.entity.as_deref(), name.key.as_str()) {
            (None | Some("attributes" | "attribute" | "attr" | "trace"), "experiment_id") => {
                TraceField::Experiment
            }
            _ => field(&name)?,
        };
        match field {
            TraceField::Span(_) | TraceField::Assessment { .. } => Err(Problem::invalid(format!(
                "Invalid order_by clause '{text}': traces have several of these"
            ))),
            field => Ok(SortKey { field, descending }),
        }
    };
    orders(written)?.into_iter().zip(written).map(key).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> TraceClause {
        trace_clauses(text).unwrap_or_else(|problem| panic!("{text}: {}", problem.message)).remove(0)
    }

    #[test]
    fn names_of_all_kinds_are_known() {
        let field = |text: &str| match one(text) {
            TraceClause::Test(clause) => clause.field,
            TraceClause::Match { field, .. } => field,
        };
        assert_eq!(field("trace.status = 'OK'"), TraceField::State);
        assert_eq!(field("attributes.name = 'x'"), TraceField::Tag(TRACE_NAME_TAG.into()));
        assert_eq!(field("name RLIKE '^x'"), TraceField::Tag(TRACE_NAME_TAG.into()));
        assert_eq!(field("metadata.`mlflow.user` = 'x'"), TraceField::Metadata("mlflow.user".into()));
        assert_eq!(field("span.attributes.a.b = 'x'"), TraceField::Span(SpanField::Attribute("a.b".into())));
        assert_eq!(
            field("span.attributes.`a b` LIKE 'x'"),
            TraceField::Span(SpanField::Attribute("a b".into()))
        );
        assert_eq!(field("trace.text ILIKE '%x%'"), TraceField::Span(SpanField::Content));
        for text in ["feedback.a > 3", "feedback.a >= '3'", "feedback.a IS NULL", "feedback.a = 'yes'"] {
            assert_eq!(
                field(text),
                TraceField::Assessment { is_expectation: false, name: "a".into() },
                "{text}"
            );
        }
        assert!(matches!(one("prompt = 'p/1'"), TraceClause::Match { .. }));
        assert_eq!(trace_order(&["timestamp_ms DESC", "experiment_id", "tags.a"]).unwrap().len(), 3);
    }

    #[test]
    fn what_traces_cannot_be_asked_is_refused() {
        for text in [
            "bogus = 'x'",
            "span.bogus = 'x'",
            "timestamp_ms = 'x'",
            "status > 'OK'",
            "name = 1",
            "trace.text = 'x'",
            "span.attributes. = 'x'",
            "models.a = 'x'",
            "feedback.a > 'x'",
            "prompt != 'p/1'",
            "prompt = 'p'",
        ] {
            assert!(trace_clauses(text).is_err(), "{text}");
        }
        assert!(trace_order(&["feedback.a"]).is_err());
    }
}
