//! Lines that a program writes, read as metrics: `{"step": 3, "val/accuracy": 0.91}`.

use serde_json::Value;

/// What a line says.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Line {
    /// Values of metrics, and what is wrong with further ones.
    Metrics { step: Option<u64>, values: Vec<(String, f64)>, problems: Vec<String> },
    /// It was meant to say values; why it does not.
    Broken(String),
    /// Anything else.
    Other,
}

/// The key that is no metric.
pub(super) const STEP: &str = "step";

/// Reads a line of ordinary output, some of which may be anything: an object counts as metrics when
/// all its values are numbers, or when it names the step or one of the `expected` metrics.
pub(super) fn read(line: &str, expected: &[String]) -> Line {
    let line = line.trim();
    if !(line.starts_with('{') && line.ends_with('}')) {
        return Line::Other;
    }
    let names_one = |known: &dyn Fn(&str) -> bool| known(STEP) || expected.iter().any(|name| known(name));
    match parse(line) {
        Ok(Value::Object(object)) => {
            let is_number = |(name, value): (&String, &Value)| name == STEP || number(value).is_some();
            if object.iter().all(is_number) || names_one(&|name| object.contains_key(name)) {
                of_object(object)
            } else {
                Line::Other
            }
        }
        Err(why) if names_one(&|name| is_quoted_in(line, name)) => Line::Broken(why),
        _ => Line::Other,
    }
}

/// Reads a line of the file for metrics, which holds nothing else.
pub(super) fn read_strictly(line: &str) -> Line {
    match line.trim() {
        "" => Line::Other,
        line => match parse(line) {
            Ok(Value::Object(object)) => of_object(object),
            Ok(_) => Line::Broken("it is no JSON object".to_owned()),
            Err(why) => Line::Broken(why),
        },
    }
}

fn is_quoted_in(line: &str, name: &str) -> bool {
    line.contains(&format!("\"{name}\"")) || line.contains(&format!("'{name}'"))
}

fn of_object(mut object: serde_json::Map<String, Value>) -> Line {
    let step = match object.shift_remove(STEP).as_ref().map(whole) {
        Some(None) => return Line::Broken(format!("`{STEP}` must be a whole number from 0")),
        step => step.flatten(),
    };
    let (mut values, mut problems) = (vec![], vec![]);
    for (name, value) in object {
        match number(&value) {
            _ if name.is_empty() => problems.push("a metric without a name".to_owned()),
            Some(number) => values.push((name, number)),
            None => problems.push(format!("`{name}` is {value}, not a number")),
        }
    }
    match (values.is_empty(), problems.is_empty()) {
        (true, true) => Line::Other,
        (true, false) => Line::Broken(problems.join("; ")),
        _ => Line::Metrics { step, values, problems },
    }
}

/// A value as a number: also `"nan"` and `"inf"`, which JSON has no numbers for.
fn number(value: &Value) -> Option<f64> {
    let Value::String(name) = value else { return value.as_f64() };
    match name.to_lowercase().trim_start_matches(['+', '-']) {
        "nan" => Some(f64::NAN),
        "inf" | "infinity" if name.starts_with('-') => Some(f64::NEG_INFINITY),
        "inf" | "infinity" => Some(f64::INFINITY),
        _ => None,
    }
}

fn whole(value: &Value) -> Option<u64> {
    let is_whole = |x: &f64| x.fract() == 0.0 && (0.0..9e15).contains(x);
    value.as_u64().or_else(|| value.as_f64().filter(is_whole).map(|x| x as u64))
}

/// Reads JSON, with what Python writes for numbers that JSON does not have.
fn parse(line: &str) -> Result<Value, String> {
    let strict = serde_json::from_str(line);
    let read = strict.or_else(|_| serde_json::from_str(&quote_numbers(line)));
    read.map_err(|error| {
        if line.contains('\'') && !line.contains('"') {
            "it is not JSON, which has \" for quotes (in Python: print(json.dumps(...)))".to_owned()
        } else {
            format!("it is not JSON: {error}")
        }
    })
}

/// Puts the bare words `NaN`, `Infinity` and `-Infinity` between quotes.
fn quote_numbers(line: &str) -> String {
    let mut quoted = String::with_capacity(line.len() + 8);
    let (mut in_text, mut rest) = (false, line);
    while let Some(first) = rest.chars().next() {
        let word = ["NaN", "-Infinity", "Infinity"].into_iter().find(|word| rest.starts_with(word));
        let taken = match (in_text, word) {
            (false, Some(word)) => {
                quoted.extend(["\"", word, "\""]);
                word.len()
            }
            // A backslash takes the next character with it.
            (true, _) if first == '\\' => {
                let length = 1 + rest[1..].chars().next().map_or(0, char::len_utf8);
                quoted.push_str(&rest[..length]);
                length
            }
            _ => {
                in_text ^= first == '"';
                quoted.push(first);
                first.len_utf8()
            }
        };
        rest = &rest[taken..];
    }
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(line: &str) -> String {
        match read(line, &["loss".to_owned()]) {
            Line::Metrics { step, values, problems } => {
                let values = values.iter().map(|(name, value)| format!(" {name}={value}"));
                let problems = problems.iter().map(|problem| format!(" ({problem})"));
                let step = step.map_or("-".to_owned(), |step| step.to_string());
                step + &values.chain(problems).collect::<String>()
            }
            Line::Broken(why) => format!("broken: {why}"),
            Line::Other => "other".to_owned(),
        }
    }

    #[test]
    fn an_object_of_numbers_is_metrics() {
        assert_eq!(
            values(r#" {"step": 3, "val/accuracy": 0.91, "loss": 1e-3} "#),
            "3 val/accuracy=0.91 loss=0.001"
        );
        assert_eq!(values(r#"{"b": 1, "a": -2}"#), "- b=1 a=-2");
        assert_eq!(values(r#"{"step": 3.0, "loss": 1}"#), "3 loss=1");
    }

    #[test]
    fn numbers_that_json_has_not_are_read_in_every_spelling() {
        assert_eq!(values(r#"{"loss": NaN, "a": Infinity, "b": -Infinity}"#), "- loss=NaN a=inf b=-inf");
        assert_eq!(
            values(r#"{"loss": "nan", "a": "inf", "b": "-INF", "c": "+Infinity"}"#),
            "- loss=NaN a=inf b=-inf c=inf"
        );
        assert_eq!(values(r#"{"NaN \" NaN": NaN}"#), r#"- NaN " NaN=NaN"#);
    }

    #[test]
    fn ordinary_output_stays_ordinary() {
        for line in
            ["", "epoch 3", "{", "{}", "{x}", "[1]", r#"{"step": 3}"#, r#"{"event": "saved", "size": 3}"#]
        {
            assert_eq!(values(line), "other", "{line}");
        }
    }

    #[test]
    fn what_was_meant_as_metrics_says_what_is_wrong() {
        assert_eq!(values(r#"{"loss": 1, "note": "x"}"#), r#"- loss=1 (`note` is "x", not a number)"#);
        assert_eq!(values(r#"{"loss": null}"#), "broken: `loss` is null, not a number");
        assert_eq!(values(r#"{"step": -1, "loss": 1}"#), "broken: `step` must be a whole number from 0");
        assert_eq!(values(r#"{"step": 1.5, "loss": 1}"#), "broken: `step` must be a whole number from 0");
        assert!(values("{'loss': 0.3}").starts_with("broken: it is not JSON, which has \" for quotes"));
        assert!(values(r#"{"loss": 0.3,}"#).starts_with("broken: it is not JSON: "));
        assert_eq!(values("{'other': 0.3}"), "other");
    }

    #[test]
    fn the_file_holds_nothing_but_metrics() {
        assert_eq!(read_strictly("  "), Line::Other);
        assert_eq!(read_strictly("3"), Line::Broken("it is no JSON object".into()));
        assert!(matches!(read_strictly("epoch 3"), Line::Broken(_)));
        assert!(matches!(read_strictly(r#"{"event": "x", "size": 3}"#), Line::Metrics { .. }));
    }

    proptest::proptest! {
        #[test]
        fn no_line_is_too_strange(line in r#"[{}"'\\:,a-cNIinfty0-9 .\-é]{0,40}"#) {
            let _ = (read(&format!("{{{line}}}"), &["a".to_owned()]), read_strictly(&line));
        }
    }
}
