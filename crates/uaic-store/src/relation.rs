//! How a column should be, as SQL.

use rusqlite::types::Value;

use super::sql::Sql;
use uaic_study::store::query::{Comparison, Literal, Relation};

/// A column of numbers; NULL is no value, or NaN.
pub(super) fn number(column: &str, relation: &Relation) -> Sql {
    let of = |literal: &Literal| match literal {
        Literal::Number(number) => Value::Real(*number),
        Literal::Bool(value) => Value::Integer((*value).into()),
        Literal::Text(text) => Value::Text(text.clone()),
    };
    match relation {
        // A NaN is not equal to anything.
        Relation::Compare(Comparison::NotEqual, literal) => {
            Sql::new(format!("ifnull({column} <> ?, TRUE)"), vec![of(literal)])
        }
        Relation::Compare(comparison, literal) => {
            Sql::new(format!("{column} {} ?", comparison.sign()), vec![of(literal)])
        }
        Relation::In(literals) => among(column, literals.iter().map(of).collect()),
        Relation::Like { pattern, case } => like(&format!("CAST({column} AS TEXT)"), pattern, *case),
        Relation::Exists => exists(column),
    }
}

/// A series of NaN exists, an attribute without a value does not.
fn exists(column: &str) -> Sql {
    if column == "own.value" {
        Sql::new("TRUE", Vec::new())
    } else {
        Sql::new(format!("{column} IS NOT NULL"), Vec::new())
    }
}

fn among(column: &str, values: Vec<Value>) -> Sql {
    let places = vec!["?"; values.len()].join(", ");
    Sql::new(format!("{column} IN ({places})"), values)
}

/// A column of texts.
pub(super) fn text(column: &str, relation: &Relation) -> Sql {
    let of = |literal: &Literal| match literal {
        Literal::Text(text) => Value::Text(text.clone()),
        Literal::Number(number) => Value::Text(number.to_string()),
        Literal::Bool(value) => Value::Text(value.to_string()),
    };
    match relation {
        Relation::Compare(comparison, literal) => {
            Sql::new(format!("{column} {} ?", comparison.sign()), vec![of(literal)])
        }
        Relation::In(literals) => among(column, literals.iter().map(of).collect()),
        Relation::Like { pattern, case } => like(column, pattern, *case),
        Relation::Exists => exists(column),
    }
}

/// `LIKE` of SQLite does not tell letters apart by case, and `GLOB` does.
fn like(column: &str, pattern: &str, case: bool) -> Sql {
    if !case {
        return Sql::new(format!("{column} LIKE ?"), vec![Value::Text(pattern.to_owned())]);
    }
    let glob: String = pattern
        .chars()
        .map(|letter| match letter {
            '%' => "*".to_owned(),
            '_' => "?".to_owned(),
            '*' | '?' | '[' => format!("[{letter}]"),
            other => other.to_string(),
        })
        .collect();
    Sql::new(format!("{column} GLOB ?"), vec![Value::Text(glob)])
}

/// What is shown of a parameter.
pub(super) const SHOWN: &str = "CASE own.kind WHEN 1 THEN iif(own.value, 'true', 'false') WHEN 2 THEN own.text \
                     ELSE CAST(own.value AS TEXT) END";
const IS_NUMBER: &str = "own.kind <> 1 AND typeof(own.value) <> 'text'";

/// A parameter: numbers by their value, texts by what they say.
pub(super) fn of_param(relation: &Relation) -> Sql {
    match relation {
        Relation::Exists => Sql::new("TRUE", Vec::new()),
        Relation::Like { pattern, case } => like(SHOWN, pattern, *case),
        Relation::In(literals) => {
            let parts: Vec<Sql> =
                literals.iter().map(|literal| param_is(Comparison::Equal, literal)).collect();
            let text = parts.iter().map(|part| part.text.as_str()).collect::<Vec<_>>().join(" OR ");
            Sql::new(format!("({text})"), parts.into_iter().flat_map(|part| part.values).collect())
        }
        Relation::Compare(comparison, literal) => param_is(*comparison, literal),
    }
}

/// A parameter compared with a value.
fn param_is(comparison: Comparison, literal: &Literal) -> Sql {
    let sign = comparison.sign();
    match literal {
        Literal::Number(number) if comparison == Comparison::NotEqual => {
            Sql::new("ifnull(own.value <> ? OR own.kind = 1, TRUE)", vec![Value::Real(*number)])
        }
        Literal::Number(number) => {
            Sql::new(format!("(own.value {sign} ? AND {IS_NUMBER})"), vec![Value::Real(*number)])
        }
        Literal::Bool(value) if comparison == Comparison::NotEqual => {
            Sql::new("NOT (own.kind = 1 AND own.value = ?)", vec![Value::Integer((*value).into())])
        }
        Literal::Bool(value) => {
            Sql::new(format!("(own.value {sign} ? AND own.kind = 1)"), vec![Value::Integer((*value).into())])
        }
        Literal::Text(text) => match (super::codec::number_in(text), comparison) {
            (Some(number), Comparison::Equal) => Sql::new(
                "(own.value = ? AND ifnull(own.text, CAST(own.value AS TEXT)) = ?)",
                vec![number, Value::Text(text.clone())],
            ),
            (None, Comparison::Equal) if text == "true" || text == "false" => {
                Sql::new(format!("{SHOWN} = ?"), vec![Value::Text(text.clone())])
            }
            (None, Comparison::Equal) => Sql::new("own.value = ?", vec![Value::Text(text.clone())]),
            (_, Comparison::NotEqual) => {
                Sql::new(format!("ifnull({SHOWN}, 'NaN') <> ?"), vec![Value::Text(text.clone())])
            }
            _ => Sql::new(
                format!(
                    "(ifnull(own.text, own.value) {sign} ? AND typeof(ifnull(own.text, own.value)) = 'text')"
                ),
                vec![Value::Text(text.clone())],
            ),
        },
    }
}
