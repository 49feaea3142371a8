//! The query of an address.

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::Problem;

/// Parameters that a query may have: no client sends so many.
const MOST: usize = 20_000;

/// The parameters of a query: texts, or lists of them where a name comes again.
///
/// # Errors
/// It is no text, or far too long.
pub(super) fn read(query: &str) -> Result<Map<String, Value>, Problem> {
    let mut fields = Map::new();
    for (at, pair) in query.split('&').filter(|pair| !pair.is_empty()).enumerate() {
        if at == MOST {
            return Err(Problem::invalid(format!("the query has more than {MOST} parameters")));
        }
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decode(name)?, Value::String(decode(value)?));
        match fields.get_mut(&name) {
            None => {
                fields.insert(name, value);
            }
            Some(Value::Array(values)) => values.push(value),
            Some(first) => *first = Value::Array(vec![first.take(), value]),
        }
    }
    Ok(fields)
}

fn decode(text: &str) -> Result<String, Problem> {
    let text = text.replace('+', " ");
    percent_decode_str(&text)
        .decode_utf8()
        .map(std::borrow::Cow::into_owned)
        .map_err(|_| Problem::invalid("the query of the address is not UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_that_come_again_are_lists() {
        let read = |query| Value::Object(read(query).unwrap());
        assert_eq!(read("a=1&b=x%20y+z&a=2&a=%2B&&c"), json!({"a": ["1", "2", "+"], "b": "x y z", "c": ""}));
        assert_eq!(read(""), json!({}));
        assert_eq!(read("a=b=c&%61=d"), json!({"a": ["b=c", "d"]}));
    }

    #[test]
    fn what_is_no_text_is_refused() {
        assert!(super::read("a=%ff").is_err());
        assert_eq!(super::read("a=%zz").unwrap()["a"], "%zz", "no escape");
        assert!(super::read(&"a=1&".repeat(MOST + 1)).is_err());
    }
}
