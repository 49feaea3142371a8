//! From the text of a query to its condition and order.

use super::token::{Token, tokens};
use super::{
    ATTRIBUTES, Attribute, Comparison, Condition, Field, Literal, OrderKey, QueryError, Relation, time,
};

/// Deeper brackets are nobody's.
const DEEPEST: usize = 64;

/// A condition, which may be empty, and an order behind `order by`. `now_ms` is what `-7d` counts from.
///
/// # Errors
/// What is wrong, and where.
pub fn parse(text: &str, now_ms: i64) -> Result<(Condition, Vec<OrderKey>), QueryError> {
    let mut parser = Parser::new(text, now_ms)?;
    let condition =
        if parser.is_end() || parser.is_order() { Condition::All(Vec::new()) } else { parser.any()? };
    let order = if parser.word("order") {
        if !parser.word("by") {
            return Err(parser.expected("`by`"));
        }
        parser.order()?
    } else {
        Vec::new()
    };
    parser.end()?;
    Ok((condition, order))
}

/// A condition alone.
///
/// # Errors
/// As [`parse`].
pub fn parse_condition(text: &str, now_ms: i64) -> Result<Condition, QueryError> {
    let mut parser = Parser::new(text, now_ms)?;
    let condition = if parser.is_end() { Condition::All(Vec::new()) } else { parser.any()? };
    parser.end()?;
    Ok(condition)
}

/// An order alone: `metrics.loss, started desc`.
///
/// # Errors
/// As [`parse`].
pub fn parse_order(text: &str) -> Result<Vec<OrderKey>, QueryError> {
    let mut parser = Parser::new(text, 0)?;
    let order = parser.order()?;
    parser.end()?;
    Ok(order)
}

/// A field alone: `params.model`.
///
/// # Errors
/// As [`parse`].
pub fn parse_field(text: &str) -> Result<Field, QueryError> {
    let mut parser = Parser::new(text, 0)?;
    let field = parser.field()?;
    parser.end()?;
    Ok(field)
}

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<(Token, usize)>,
    next: usize,
    depth: usize,
    now_ms: i64,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str, now_ms: i64) -> Result<Self, QueryError> {
        Ok(Self { text, tokens: tokens(text)?, next: 0, depth: 0, now_ms })
    }

    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next).map(|(token, _)| token)
    }

    fn at(&self) -> usize {
        self.tokens.get(self.next).map_or(self.text.len(), |(_, at)| *at)
    }

    fn is_end(&self) -> bool {
        self.next >= self.tokens.len()
    }

    fn end(&self) -> Result<(), QueryError> {
        if self.is_end() { Ok(()) } else { Err(self.expected("`and`, `or` or the end")) }
    }

    fn expected(&self, what: &str) -> QueryError {
        let found = if self.is_end() { "here it ends" } else { "here is something else" };
        QueryError::new(format!("{what} is expected, and {found}"), self.text, self.at())
    }

    fn is_order(&self) -> bool {
        let is = |token: Option<&(Token, usize)>, word: &str| matches!(token, Some((Token::Word(own), _)) if own.eq_ignore_ascii_case(word));
        is(self.tokens.get(self.next), "order") && is(self.tokens.get(self.next + 1), "by")
    }

    /// Takes a keyword, if it comes next.
    fn word(&mut self, keyword: &str) -> bool {
        let found = match self.peek() {
            Some(Token::Word(word)) => word.eq_ignore_ascii_case(keyword),
            Some(Token::Sign(sign)) => *sign == keyword,
            _ => false,
        };
        self.next += usize::from(found);
        found
    }

    fn any(&mut self) -> Result<Condition, QueryError> {
        let mut parts = vec![self.all()?];
        while self.word("or") {
            parts.push(self.all()?);
        }
        Ok(one_or(parts, Condition::Any))
    }

    fn all(&mut self) -> Result<Condition, QueryError> {
        let mut parts = vec![self.not()?];
        while self.word("and") {
            parts.push(self.not()?);
        }
        Ok(one_or(parts, Condition::All))
    }

    fn not(&mut self) -> Result<Condition, QueryError> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(QueryError::new("it is nested too deeply", self.text, self.at()));
        }
        let condition = if self.word("not") {
            Condition::Not(Box::new(self.not()?))
        } else if self.word("(") {
            let inner = self.any()?;
            if !self.word(")") {
                return Err(self.expected("`)`"));
            }
            inner
        } else {
            self.test()?
        };
        self.depth -= 1;
        Ok(condition)
    }

    fn test(&mut self) -> Result<Condition, QueryError> {
        let field = self.field()?;
        if self.word("is") {
            let is_not = self.word("not");
            if !self.word("null") {
                return Err(self.expected("`null`"));
            }
            let there = Condition::Test(field, Relation::Exists);
            return Ok(if is_not { there } else { Condition::Not(Box::new(there)) });
        }
        if self.word("exists") {
            return Ok(Condition::Test(field, Relation::Exists));
        }
        let is_not = self.word("not");
        let relation = self.relation(&field)?;
        let test = Condition::Test(field.clone(), relation);
        Ok(if is_not {
            // As `!=`: false where there is no value.
            Condition::All(vec![Condition::Test(field, Relation::Exists), Condition::Not(Box::new(test))])
        } else {
            test
        })
    }

    fn relation(&mut self, field: &Field) -> Result<Relation, QueryError> {
        for (keyword, case) in [("like", true), ("ilike", false)] {
            if self.word(keyword) {
                let pattern = self.text_value()?;
                return Ok(Relation::Like { pattern, case });
            }
        }
        if self.word("in") {
            return self.list(field);
        }
        let comparisons = [
            ("=", Comparison::Equal),
            ("!=", Comparison::NotEqual),
            ("<=", Comparison::AtMost),
            (">=", Comparison::AtLeast),
            ("<", Comparison::Less),
            (">", Comparison::Greater),
        ];
        for (sign, comparison) in comparisons {
            if self.word(sign) {
                return Ok(Relation::Compare(comparison, self.literal(field)?));
            }
        }
        Err(self.expected("a comparison (=, !=, <, <=, >, >=, like, ilike, in, exists)"))
    }

    fn list(&mut self, field: &Field) -> Result<Relation, QueryError> {
        if !self.word("(") {
            return Err(self.expected("`(`"));
        }
        let mut values = vec![self.literal(field)?];
        while self.word(",") {
            values.push(self.literal(field)?);
        }
        if self.word(")") { Ok(Relation::In(values)) } else { Err(self.expected("`,` or `)`")) }
    }

    fn text_value(&mut self) -> Result<String, QueryError> {
        let text = match self.peek() {
            Some(Token::Quoted(text) | Token::Word(text)) => text.clone(),
            _ => return Err(self.expected("a text in quotes")),
        };
        self.next += 1;
        Ok(text)
    }

    /// A value, as its field is to be compared: times become milliseconds, states capitals.
    fn literal(&mut self, field: &Field) -> Result<Literal, QueryError> {
        let at = self.at();
        let (text, is_quoted) = match self.peek() {
            Some(Token::Quoted(text)) => (text.clone(), true),
            Some(Token::Word(text)) => (text.clone(), false),
            _ => return Err(self.expected("a value (a number, or a text in quotes)")),
        };
        self.next += 1;
        let number = text.parse::<f64>().ok();
        let wrong = |what: &str| Err(QueryError::new(format!("`{text}` is {what}"), self.text, at));
        match field {
            Field::Attribute(attribute) if attribute.is_time() => match number {
                Some(number) if !text.starts_with('-') => Ok(Literal::Number(number)),
                _ => match time::read(&text, self.now_ms) {
                    Some(time) => Ok(Literal::Number(time as f64)),
                    None => wrong("no time: write `-7d`, `2026-11-29` or \"2026-11-29 18:00\""),
                },
            },
            Field::Attribute(Attribute::State) => Ok(Literal::Text(state_named(&text))),
            Field::Attribute(Attribute::Hidden) => match text.as_str() {
                "true" | "1" => Ok(Literal::Bool(true)),
                "false" | "0" => Ok(Literal::Bool(false)),
                _ => wrong("neither true nor false"),
            },
            Field::Attribute(attribute) if attribute.is_number() => match (number, attribute) {
                (Some(number), _) => Ok(Literal::Number(number)),
                (None, Attribute::Duration) => match uaic_wording::duration::parse_time(&text) {
                    Some(time) => Ok(Literal::Number(time.as_secs_f64())),
                    None => wrong("no duration: write `90s`, `5m` or `2h`"),
                },
                _ => wrong("no number"),
            },
            Field::Attribute(_) | Field::Tag(_) => Ok(Literal::Text(text)),
            Field::Metric(_) => match number {
                Some(number) => Ok(Literal::Number(number)),
                None => wrong("no number, and metrics are numbers"),
            },
            Field::Param(_) => match (number, text.as_str()) {
                _ if is_quoted => Ok(Literal::Text(text)),
                (Some(number), _) => Ok(Literal::Number(number)),
                (None, "true" | "false") => Ok(Literal::Bool(text == "true")),
                _ => Ok(Literal::Text(text)),
            },
        }
    }

    fn field(&mut self) -> Result<Field, QueryError> {
        let at = self.at();
        let name = match self.peek() {
            Some(Token::Word(name) | Token::Name(name)) => name.clone(),
            _ => {
                return Err(self.expected("a field (metrics.NAME, params.NAME, tags.NAME, state, started …)"));
            }
        };
        self.next += 1;
        if let Some((kind, own)) = name.split_once('.') {
            let own = own.to_owned();
            match kind {
                "metrics" | "metric" if !own.is_empty() => return Ok(Field::Metric(own)),
                "params" | "param" | "parameters" | "parameter" if !own.is_empty() => {
                    return Ok(Field::Param(own));
                }
                "tags" | "tag" if !own.is_empty() => return Ok(Field::Tag(own)),
                "attributes" | "attribute" | "attr" | "run" => {
                    return attribute(&own).ok_or_else(|| QueryError::unknown_field(&own, self.text, at));
                }
                _ => {}
            }
        }
        attribute(&name).ok_or_else(|| QueryError::unknown_field(&name, self.text, at))
    }

    fn order(&mut self) -> Result<Vec<OrderKey>, QueryError> {
        let mut keys = Vec::new();
        loop {
            let field = self.field()?;
            let descending = self.word("desc");
            if !descending {
                self.word("asc");
            }
            keys.push(OrderKey { field, descending });
            if !self.word(",") {
                return Ok(keys);
            }
        }
    }
}

fn attribute(name: &str) -> Option<Field> {
    let found = ATTRIBUTES.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
    found.map(|(_, attribute)| Field::Attribute(*attribute))
}

/// A state by any name that is in use for it.
fn state_named(text: &str) -> String {
    match text.to_ascii_uppercase().as_str() {
        "FINISHED" | "DONE" => "COMPLETE".to_owned(),
        "KILLED" => "INTERRUPTED".to_owned(),
        other => other.to_owned(),
    }
}

/// The only one, or all of them in one.
fn one_or(mut parts: Vec<Condition>, whole: fn(Vec<Condition>) -> Condition) -> Condition {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        last => {
            parts.extend(last);
            whole(parts)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_query_is_taken_apart() {
        let text = r#"metrics.val/accuracy > 0.9 and (params.opt = "adam" or not tag.team ilike '%nlp%')
                      AND started > -1d and state in (FINISHED, 'failed') order by metrics."my loss" desc, started"#;
        let (condition, order) = parse(text, 86_400_000 + 5).unwrap();
        let test = Condition::Test;
        let text = |text: &str| Literal::Text(text.to_owned());
        let expected = Condition::All(vec![
            test(
                Field::Metric("val/accuracy".into()),
                Relation::Compare(Comparison::Greater, Literal::Number(0.9)),
            ),
            Condition::Any(vec![
                test(Field::Param("opt".into()), Relation::Compare(Comparison::Equal, text("adam"))),
                Condition::Not(Box::new(test(
                    Field::Tag("team".into()),
                    Relation::Like { pattern: "%nlp%".into(), case: false },
                ))),
            ]),
            test(
                Field::Attribute(Attribute::Started),
                Relation::Compare(Comparison::Greater, Literal::Number(5.0)),
            ),
            test(Field::Attribute(Attribute::State), Relation::In(vec![text("COMPLETE"), text("FAILED")])),
        ]);
        assert_eq!(condition, expected);
        let key = |field, descending| OrderKey { field, descending };
        let expected =
            [key(Field::Metric("my loss".into()), true), key(Field::Attribute(Attribute::Started), false)];
        assert_eq!(order, expected);
        assert_eq!(parse(" ", 0).unwrap(), (Condition::All(vec![]), vec![]));
        assert_eq!(parse("order by value", 0).unwrap().1.len(), 1);
    }

    #[test]
    fn what_is_wrong_is_pointed_at() {
        for (text, what, at) in [
            ("metric.acc >> 0.9", "a value", 12),
            ("stat = FAILED", "did you mean `state`", 0),
            ("metrics.acc > high", "metrics are numbers", 14),
            ("started > yesterday", "no time", 10),
            ("(state = FAILED", "`)`", 15),
            ("state = FAILED or", "a field", 17),
            ("state = FAILED state", "`and`, `or` or the end", 15),
            ("params.a = 'open", "not closed", 11),
            ("params.a ; 1", "means nothing", 9),
            ("metrics.acc > 1 order value", "`by`", 22),
        ] {
            let error = parse(text, 0).unwrap_err();
            assert!(error.message.contains(what), "{text}: {error}");
            assert_eq!(error.at, at, "{text}: {error}");
            let shown = error.to_string();
            assert_eq!(shown.lines().last().unwrap().find('^').unwrap(), at + 2, "{shown}");
        }
    }

    proptest! {
        #[test]
        fn no_text_does_harm(text in "([a-z]{1,3}|[().,'\"`=<>!-]|metrics\\.a|not |and |or |in |ü|\\PC| ){0,40}") {
            if let Err(error) = parse(&text, 0) {
                let _ = error.to_string();
            }
        }

        #[test]
        fn deep_brackets_are_refused(depth in 60..300_usize) {
            let text = format!("{}state = FAILED{}", "(".repeat(depth), ")".repeat(depth));
            prop_assert_eq!(parse(&text, 0).is_ok(), depth < DEEPEST);
        }
    }
}
