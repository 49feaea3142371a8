//! Lines of JSON that a program writes, read as metrics: `{"step": 3, "val/accuracy": 0.91}`.

use serde_json::Value;

/// What a line says.
#[derive(Clone, Debug, PartialEq)]
pub enum Line {
    /// Values of metrics, and what is wrong with further ones.
    Metrics {
        /// Where they belong, if it says so.
        step: Option<u64>,
        /// Names and values, in their order.
        values: Vec<(String, f64)>,
        /// What is wrong with others.
        problems: Vec<String>,
    },
    /// It was meant to say values; why it does not.
    Broken(String),
    /// It may have been meant so, as a log of the program may say the same. Nobody is warned, but where a
    /// value is missing the reason says why it was not this one.
    Doubtful(String),
    /// Anything else.
    Other,
}

/// The key that is no metric.
pub const STEP: &str = "step";

/// The largest step: what every store can hold.
pub const LAST_STEP: u64 = i64::MAX as u64;

/// Reads a line of ordinary output, some of which may be anything: an object counts as metrics when
/// all its values are numbers, or when it names the step or one of the `expected` metrics. Where the
/// line is written over a progress bar, that may leave its text before the object.
pub fn read(line: &str, expected: &[String], is_over: bool) -> Line {
    let line = line.trim();
    let named = || expected.iter().map(String::as_str).chain([STEP]);
    if !line.starts_with('{') {
        return behind_text(line, expected, is_over);
    }
    match parse(line) {
        Ok(Value::Object(object)) => {
            let is_number = |(name, value): (&String, &Value)| name == STEP || number(value).is_some();
            if object.iter().all(is_number) || named().any(|name| object.contains_key(name)) {
                of_object(object)
            } else {
                Line::Other
            }
        }
        Err(why) if named().any(|name| is_quoted_in(line, name)) => Line::Broken(why),
        Err(why) if expected.iter().any(|name| is_given_in(line, name)) => Line::Doubtful(why),
        _ => Line::Other,
    }
}

/// Reads a line of the file for metrics, which holds nothing else.
pub fn read_strictly(line: &str) -> Line {
    match line.trim() {
        "" => Line::Other,
        line => match parse(line) {
            Ok(Value::Object(object)) => of_object(object),
            Ok(_) => Line::Broken("it is no JSON object".to_owned()),
            Err(why) => Line::Broken(why),
        },
    }
}

/// An object at the end of a line, or something else that says what a metric is.
fn behind_text(line: &str, expected: &[String], is_over: bool) -> Line {
    /// Braces that are looked at: a line may have any number of them.
    const MOST: usize = 32;
    let named = || expected.iter().map(String::as_str).chain([STEP]);
    if line.ends_with('}') && named().any(|name| is_quoted_in(line, name)) {
        for (at, _) in line.match_indices('{').take(MOST) {
            if let Ok(Value::Object(object)) = parse(&line[at..])
                && named().any(|name| object.contains_key(name))
            {
                let why = "metrics need a line of their own, without text before them";
                return if is_over { of_object(object) } else { Line::Doubtful(why.to_owned()) };
            }
        }
    }
    if expected.iter().any(|name| is_given_in(line, name)) {
        return Line::Doubtful("it is no JSON object".to_owned());
    }
    Line::Other
}

fn is_quoted_in(line: &str, name: &str) -> bool {
    line.contains(&format!("\"{name}\"")) || line.contains(&format!("'{name}'"))
}

/// Whether a line says what something is: `y: 0.5`, `y = 0.5`, `"y": 0.5`.
fn is_given_in(line: &str, name: &str) -> bool {
    let is_word = |letter: char| letter.is_alphanumeric() || "_/.-".contains(letter);
    line.match_indices(name).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + name.len()..].trim_start_matches(['"', '\'']).trim_start();
        !before.is_some_and(is_word) && after.starts_with([':', '='])
    })
}

fn of_object(mut object: serde_json::Map<String, Value>) -> Line {
    let given = object.shift_remove(STEP);
    let step = given.as_ref().and_then(whole);
    if let (Some(given), None) = (given, step) {
        let given = cut(&given.to_string());
        return Line::Broken(format!("`{STEP}` is {given}, not a whole number from 0 to {LAST_STEP}"));
    }
    let (mut values, mut problems) = (vec![], vec![]);
    for (name, value) in object {
        match number(&value) {
            _ if name.is_empty() => problems.push("a metric without a name".to_owned()),
            Some(number) => values.push((name, number)),
            None => problems.push(format!("`{name}` is {}, not a number", cut(&value.to_string()))),
        }
    }
    match (values.is_empty(), problems.is_empty()) {
        (true, true) => Line::Other,
        (true, false) => Line::Broken(problems.join("; ")),
        _ => Line::Metrics { step, values, problems },
    }
}

/// The beginning of a text, enough to recognise it by.
pub fn cut(text: &str) -> String {
    const LONGEST: usize = 80;
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

/// A value as a number: also `"nan"` and `"inf"`, which JSON has no numbers for.
pub(crate) fn number(value: &Value) -> Option<f64> {
    let Value::String(name) = value else { return value.as_f64() };
    match name.to_lowercase().trim_start_matches(['+', '-']) {
        "nan" => Some(f64::NAN),
        "inf" | "infinity" if name.starts_with('-') => Some(f64::NEG_INFINITY),
        "inf" | "infinity" => Some(f64::INFINITY),
        _ => None,
    }
}

fn whole(value: &Value) -> Option<u64> {
    // 2^63 is a float, and one too many.
    let is_whole = |x: &f64| x.fract() == 0.0 && (0.0..9_223_372_036_854_775_808.0).contains(x);
    let whole = value.as_u64().or_else(|| value.as_f64().filter(is_whole).map(|x| x as u64));
    whole.filter(|step| *step <= LAST_STEP)
}

/// Reads JSON, with what Python writes for numbers that JSON does not have.
pub(crate) fn parse(line: &str) -> Result<Value, String> {
    let strict = serde_json::from_str(line);
    let read = strict.or_else(|_| serde_json::from_str(&quote_numbers(line)));
    read.map_err(|error| {
        let mut values = serde_json::Deserializer::from_str(line).into_iter::<Value>();
        let first = values.next().is_some_and(|first| first.is_ok());
        let rest = line.get(values.byte_offset()..).unwrap_or_default().trim_start();
        if first && rest.starts_with('{') {
            "it has two objects; print each on a line of its own".to_owned()
        } else if first && !rest.is_empty() {
            format!("after the object comes `{}`; print it on a line of its own", cut(rest))
        } else if line.contains('\'') && !line.contains('"') {
            "it is not JSON, which has \" for quotes (in Python: print(json.dumps(...)))".to_owned()
        } else {
            format!("it is not JSON: {error}")
        }
    })
}

/// Puts bare words such as `NaN`, `-Infinity` and `inf` between quotes.
fn quote_numbers(line: &str) -> String {
    let mut quoted = String::with_capacity(line.len() + 8);
    let (mut in_text, mut rest, mut before) = (false, line, ' ');
    while let Some(first) = rest.chars().next() {
        let taken = if in_text {
            // A backslash takes the next character with it.
            let more = if first == '\\' { rest[1..].chars().next().map_or(0, char::len_utf8) } else { 0 };
            first.len_utf8() + more
        } else if let Some(length) = word_length(rest).filter(|_| !before.is_alphanumeric()) {
            quoted.extend(["\"", &rest[..length], "\""]);
            before = 'x';
            rest = &rest[length..];
            continue;
        } else {
            first.len_utf8()
        };
        in_text ^= first == '"';
        quoted.push_str(&rest[..taken]);
        before = first;
        rest = &rest[taken..];
    }
    quoted
}

/// The length of a word for a number at the beginning of a text, in any language's spelling.
fn word_length(text: &str) -> Option<usize> {
    let sign = usize::from(text.starts_with(['+', '-']));
    let is_word = |word: &&str| {
        let end = sign + word.len();
        text.get(sign..end).is_some_and(|found| found.eq_ignore_ascii_case(word))
            && !text[end..].starts_with(char::is_alphanumeric)
    };
    ["infinity", "inf", "nan"].iter().find(|word| is_word(word)).map(|word| sign + word.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(line: &str) -> String {
        shown(read(line, &["loss".to_owned()], false))
    }

    fn shown(line: Line) -> String {
        match line {
            Line::Metrics { step, values, problems } => {
                let values = values.iter().map(|(name, value)| format!(" {name}={value}"));
                let problems = problems.iter().map(|problem| format!(" ({problem})"));
                let step = step.map_or("-".to_owned(), |step| step.to_string());
                step + &values.chain(problems).collect::<String>()
            }
            Line::Broken(why) => format!("broken: {why}"),
            Line::Doubtful(why) => format!("doubtful: {why}"),
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
        assert_eq!(
            values(r#"{"loss": nan, "a":inf,"b": -INF, "c": -nan }"#),
            "- loss=NaN a=inf b=-inf c=NaN"
        );
        assert!(values(r#"{"loss": nano}"#).starts_with("broken: it is not JSON"));
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
        let step = |value: &str| {
            let from_0 = "not a whole number from 0 to 9223372036854775807";
            assert_eq!(
                values(&format!(r#"{{"step": {value}, "loss": 1}}"#)),
                format!("broken: `step` is {value}, {from_0}")
            );
        };
        for value in ["-1", "1.5", "\"3\"", "null", "true", "9223372036854775808", "[1]"] {
            step(value);
        }
        assert_eq!(values(r#"{"step": 9223372036854775807, "loss": 1}"#), "9223372036854775807 loss=1");
        assert_eq!(values(r#"{"step": 1e18, "loss": 1}"#), "1000000000000000000 loss=1");
        for (value, shown) in
            [("\"0.5\"", "\"0.5\""), ("[0.5]", "[0.5]"), ("{\"a\": 1}", "{\"a\":1}"), ("true", "true")]
        {
            let said = values(&format!(r#"{{"loss": {value}}}"#));
            assert_eq!(said, format!("broken: `loss` is {shown}, not a number"));
        }
        let two = values(r#"{"loss": 1}{"loss": 2}"#);
        assert_eq!(two, "broken: it has two objects; print each on a line of its own");
        assert!(values(r#"{"loss": 1} done"#).starts_with("broken: after the object comes `done`"));
        assert!(values("{'loss': 0.3}").starts_with("broken: it is not JSON, which has \" for quotes"));
        assert!(values(r#"{"loss": 0.3,}"#).starts_with("broken: it is not JSON: "));
        assert_eq!(values("{'other': 0.3}"), "other");
    }

    #[test]
    fn what_may_have_been_meant_is_doubtful() {
        for line in ["loss: 0.5", "epoch 3 loss=0.5", r#"[{"loss": 1}]"#, "{loss: 1}", r#""loss": 0.5"#] {
            assert!(values(line).starts_with("doubtful: "), "{line}: {}", values(line));
        }
        let own_line = "doubtful: metrics need a line of their own, without text before them";
        assert_eq!(values(r#"INFO {"step": 1, "loss": 0.5}"#), own_line);
        for line in ["val_loss: 0.5", "loss", "the loss was small", r#"saved {"size": 3}"#] {
            assert_eq!(values(line), "other", "{line}");
        }
    }

    #[test]
    fn metrics_may_stand_behind_a_progress_bar() {
        let over = |line: &str| shown(read(line, &["loss".to_owned()], true));
        assert_eq!(over(r#"100% ####{"step": 2, "loss": 0.5}"#), "2 loss=0.5");
        assert_eq!(
            over(r#"{x} 100% {"loss": NaN}"#),
            "broken: it is not JSON: key must be a string at line 1 column 2"
        );
        assert_eq!(over(r#"| {x} 100% {"loss": NaN}"#), "- loss=NaN");
        assert_eq!(over(r#"100% ####{"size": 2}"#), "other");
        assert_eq!(over(r#"100% ####{"loss": "x"}"#), "broken: `loss` is \"x\", not a number");
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
            let _ = (read(&format!("{{{line}}}"), &["a".to_owned()], false), read_strictly(&line));
            let _ = read(&line, &["a".to_owned()], true);
        }
    }
}
