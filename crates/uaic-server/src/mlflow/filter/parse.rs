//! Clauses and orders as they are written, whatever they mean.

use super::super::wire::Problem;
use super::token::{Token, invalid, tokens};
use uaic_study::store::query::Comparison;

/// Clauses of a filter.
const MOST: usize = 100;
/// Texts of a list.
const LONGEST: usize = 10_000;
/// Letters of a pattern, and how often it may stand for any text: each time, all that is behind is tried.
const PATTERN: usize = 1000;
const WILD: usize = 10;

/// A name: of what, and which of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) entity: Option<String>,
    pub(super) key: String,
}

/// How a value should be.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Demand {
    Number(Comparison, f64),
    Text(Comparison, String),
    Like { pattern: String, case: bool },
    Match(String),
    Among(Vec<String>),
    NotAmong(Vec<String>),
    Present,
    Absent,
}

/// A clause as it is written.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Written {
    pub(super) name: Name,
    pub(super) demand: Demand,
}

/// Reads a filter.
///
/// # Errors
/// It is none.
pub(super) fn filter(text: &str) -> Result<Vec<Written>, Problem> {
    let tokens = tokens(text)?;
    let mut reader = Reader { text, rest: &tokens };
    let mut clauses = Vec::new();
    while !reader.rest.is_empty() {
        if !clauses.is_empty() && !reader.word("and") {
            return Err(reader.invalid("clauses are joined by AND alone"));
        }
        if clauses.len() == MOST {
            return Err(reader.invalid(&format!("it has more than {MOST} clauses")));
        }
        clauses.push(reader.clause()?);
    }
    Ok(clauses)
}

/// Reads an order: the names of its keys, and whether large values come first.
///
/// # Errors
/// It is none.
pub(super) fn orders(texts: &[&str]) -> Result<Vec<(Name, bool)>, Problem> {
    if texts.len() > MOST {
        return Err(Problem::invalid(format!("Invalid order_by clause: it has more than {MOST} keys")));
    }
    texts.iter().map(|text| order(text)).collect()
}

/// Reads one key of an order.
fn order(text: &str) -> Result<(Name, bool), Problem> {
    let refused = |_| Problem::invalid(format!("Invalid order_by clause '{text}'"));
    let tokens = tokens(text).map_err(refused)?;
    let mut reader = Reader { text, rest: &tokens };
    let name = reader.name().map_err(refused)?;
    let descending = reader.word("desc");
    if !descending {
        reader.word("asc");
    }
    if reader.rest.is_empty() { Ok((name, descending)) } else { Err(refused(reader.invalid(""))) }
}

struct Reader<'a> {
    text: &'a str,
    rest: &'a [Token],
}

impl<'a> Reader<'a> {
    fn invalid(&self, why: &str) -> Problem {
        invalid(self.text, why)
    }

    fn next(&mut self) -> Option<&'a Token> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(first)
    }

    /// Takes a word, in any case, if it is next.
    fn word(&mut self, word: &str) -> bool {
        let is_next = matches!(self.rest.first(), Some(Token::Word(next)) if next.eq_ignore_ascii_case(word));
        if is_next {
            self.next();
        }
        is_next
    }

    fn sign(&mut self, sign: &str) -> bool {
        let is_next = matches!(self.rest.first(), Some(Token::Sign(next)) if *next == sign);
        if is_next {
            self.next();
        }
        is_next
    }

    fn name(&mut self) -> Result<Name, Problem> {
        match self.next() {
            Some(Token::Word(word)) => match word.split_once('.') {
                Some((entity, "")) => {
                    let entity = Some(entity.to_owned());
                    match self.next() {
                        Some(Token::Name(key) | Token::Either(key)) => Ok(Name { entity, key: key.clone() }),
                        _ => Err(self.invalid("a name ends with its dot")),
                    }
                }
                Some((entity, key)) if !entity.is_empty() => {
                    let mut key = key.to_owned();
                    // `span.attributes.`a b``: the end is in quotes.
                    if let (true, Some(Token::Name(rest) | Token::Either(rest))) =
                        (key.ends_with('.'), self.rest.first())
                    {
                        key.push_str(rest);
                        self.next();
                    }
                    Ok(Name { entity: Some(entity.to_owned()), key })
                }
                Some(_) => Err(self.invalid("a name begins with a dot")),
                None => Ok(self.spaced(word)),
            },
            Some(Token::Name(first) | Token::Either(first)) => {
                if !self.sign(".") {
                    return Ok(Name { entity: None, key: first.clone() });
                }
                match self.next() {
                    Some(Token::Word(key) | Token::Name(key) | Token::Either(key)) => {
                        Ok(Name { entity: Some(first.clone()), key: key.clone() })
                    }
                    _ => Err(self.invalid("a name ends with its dot")),
                }
            }
            _ => Err(self.invalid("a name is expected")),
        }
    }

    /// A name without entity; browsers write `run name` without quotes.
    fn spaced(&mut self, word: &str) -> Name {
        let mut key = word.to_owned();
        if word.eq_ignore_ascii_case("run") && self.word("name") {
            key.push_str(" name");
        }
        Name { entity: None, key }
    }

    fn clause(&mut self) -> Result<Written, Problem> {
        let name = self.name()?;
        let demand = if self.word("is") {
            let is_present = self.word("not");
            if !self.word("null") {
                return Err(self.invalid("IS is followed by NULL or NOT NULL"));
            }
            if is_present { Demand::Present } else { Demand::Absent }
        } else if self.word("in") {
            Demand::Among(self.list()?)
        } else if self.word("not") {
            if !self.word("in") {
                return Err(self.invalid("NOT is followed by IN"));
            }
            Demand::NotAmong(self.list()?)
        } else if self.word("like") {
            Demand::Like { pattern: self.pattern()?, case: true }
        } else if self.word("ilike") {
            Demand::Like { pattern: self.pattern()?, case: false }
        } else if self.word("rlike") {
            Demand::Match(self.pattern()?)
        } else {
            let comparison = self.comparison()?;
            match self.next() {
                Some(Token::Number(number)) => Demand::Number(comparison, *number),
                Some(Token::Text(text) | Token::Either(text)) => Demand::Text(comparison, text.clone()),
                _ => return Err(self.invalid("a value is a number or a text in quotes")),
            }
        };
        Ok(Written { name, demand })
    }

    fn comparison(&mut self) -> Result<Comparison, Problem> {
        let found = match self.next() {
            Some(Token::Sign(sign)) => match *sign {
                "=" => Some(Comparison::Equal),
                "!=" => Some(Comparison::NotEqual),
                ">" => Some(Comparison::Greater),
                ">=" => Some(Comparison::AtLeast),
                "<" => Some(Comparison::Less),
                "<=" => Some(Comparison::AtMost),
                _ => None,
            },
            _ => None,
        };
        found.ok_or_else(|| self.invalid("a comparison is expected"))
    }

    fn quoted(&mut self) -> Result<String, Problem> {
        match self.next() {
            Some(Token::Text(text) | Token::Either(text)) => Ok(text.clone()),
            _ => Err(self.invalid("a text in quotes is expected")),
        }
    }

    fn pattern(&mut self) -> Result<String, Problem> {
        let pattern = self.quoted()?;
        if pattern.chars().count() > PATTERN || pattern.matches('%').count() > WILD {
            let most = format!("a pattern has at most {PATTERN} letters, and % at most {WILD} times");
            return Err(self.invalid(&most));
        }
        Ok(pattern)
    }

    fn list(&mut self) -> Result<Vec<String>, Problem> {
        if !self.sign("(") {
            return Err(self.invalid("a list is in parentheses"));
        }
        let mut texts = vec![self.quoted()?];
        while self.sign(",") {
            if texts.len() == LONGEST {
                return Err(self.invalid(&format!("a list has at most {LONGEST} texts")));
            }
            texts.push(self.quoted()?);
        }
        if self.sign(")") { Ok(texts) } else { Err(self.invalid("a list is in parentheses")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(entity: &str, key: &str) -> Name {
        Name {
            entity: Some(entity).filter(|entity| !entity.is_empty()).map(str::to_owned),
            key: key.to_owned(),
        }
    }

    #[test]
    fn clauses_of_every_kind() {
        let text = "metrics.a >= 1 and params.`b c` != \"x\" AND tags.\"d\" like '%e' And run_id in ('f', 'g')
            aNd datasets.name NOT IN ('h') AND tag.i IS NULL AND `tags`.j is not null AND k ILIKE 'L' AND mlflow = 'x'";
        let clauses = filter(text).unwrap();
        let names: Vec<Name> = clauses.iter().map(|clause| clause.name.clone()).collect();
        let expected = [
            name("metrics", "a"),
            name("params", "b c"),
            name("tags", "d"),
            name("", "run_id"),
            name("datasets", "name"),
            name("tag", "i"),
            name("tags", "j"),
            name("", "k"),
            name("", "mlflow"),
        ];
        assert_eq!(names, expected);
        assert_eq!(clauses[0].demand, Demand::Number(Comparison::AtLeast, 1.0));
        assert_eq!(clauses[3].demand, Demand::Among(vec!["f".into(), "g".into()]));
        assert_eq!(clauses[5].demand, Demand::Absent);
        assert_eq!(filter("tags.mlflow.user = 'x'").unwrap()[0].name, name("tags", "mlflow.user"));
        assert_eq!(filter("Run name = 'x'").unwrap()[0].name, name("", "Run name"));
        assert_eq!(filter("").unwrap(), []);
    }

    #[test]
    fn what_is_no_filter_is_refused() {
        for text in [
            "a = 1 OR b = 2",
            "(a = 1)",
            "NOT a = 1",
            "a",
            "a =",
            "= 1",
            "a = b",
            "a = 1 AND",
            "AND a = 1",
            "a IN ()",
            "a IN ('b'",
            "a IN 'b'",
            "a IN (1)",
            "a IS",
            "a IS NOT",
            "a LIKE 1",
            "a = 1 b = 2",
            "a.= 1",
            ".a = 1",
            "a = 'x' 'y'",
            "a = 1,",
            "a NOT 'x'",
        ] {
            let told = filter(text).unwrap_err().message;
            assert!(told.starts_with("Invalid clause(s) in filter string"), "{text}: {told}");
        }
        let list = |count: usize| format!("a IN ({})", vec!["'b'"; count].join(","));
        assert!(filter(&list(LONGEST)).is_ok() && filter(&list(LONGEST + 1)).is_err());
        assert!(filter(&format!("a LIKE '{}'", "%b".repeat(WILD + 1))).is_err());
        assert!(filter(&format!("a LIKE '{}'", "b".repeat(PATTERN + 1))).is_err());
        assert!(filter(&vec!["a = 1"; MOST].join(" AND ")).is_ok());
        assert!(filter(&vec!["a = 1"; MOST + 1].join(" AND ")).is_err());
    }

    #[test]
    fn orders_have_a_direction_or_none() {
        assert_eq!(order("metrics.a DESC").unwrap(), (name("metrics", "a"), true));
        assert_eq!(order("params.`b c` asc").unwrap(), (name("params", "b c"), false));
        assert_eq!(order("start_time").unwrap(), (name("", "start_time"), false));
        for text in ["", "a b", "a DESC ASC", "DESC DESC DESC", "a;", "'a'"] {
            assert!(order(text).unwrap_err().message.starts_with("Invalid order_by clause"), "{text}");
        }
    }
}
