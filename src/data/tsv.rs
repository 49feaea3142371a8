//! The file format: `text<TAB>label` lines in UTF-8, no header, no quoting.
//!
//! A quote is a character like any other: readers that give quotes a meaning let a stray one
//! swallow the rows after it. A byte order mark and CRLF line ends are accepted and dropped.

use std::path::Path;

use super::{BadLines, DataError, Example, LineError};

/// At most this many bad lines of a file are described; the others are counted.
const SHOWN: usize = 20;

/// The examples of a file's bytes; `path` is for messages.
///
/// # Errors
/// There is no row, or lines are no examples; all of these are reported together.
pub fn parse(bytes: &[u8], path: &Path) -> Result<Vec<Example>, DataError> {
    let mut examples = Vec::new();
    let mut bad = BadLines { path: path.to_owned(), shown: Vec::new(), total: 0 };
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
        bad.shown.push((1, LineError::Utf16));
        bad.total = 1;
        return Err(bad.into());
    }
    for (number, line) in lines(bytes).enumerate() {
        match parse_line(line) {
            Ok(example) => examples.push(example),
            Err(what) => {
                bad.total += 1;
                if bad.shown.len() < SHOWN {
                    bad.shown.push((number + 1, what));
                }
            }
        }
    }
    if bad.total > 0 {
        return Err(bad.into());
    }
    if examples.is_empty() {
        return Err(DataError::NoRows { path: path.to_owned() });
    }
    Ok(examples)
}

/// The bytes of a file with these examples: the inverse of [`parse`] for texts without tabs and
/// control characters.
pub fn render(examples: &[Example]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for Example { text, label } in examples {
        for part in [text, "\t", label, "\n"] {
            bytes.extend_from_slice(part.as_bytes());
        }
    }
    bytes
}

/// The lines of a file without byte order mark, line ends and the blank lines at its end.
fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let end = bytes.iter().rposition(|byte| !matches!(byte, b'\r' | b'\n')).map_or(0, |last| last + 1);
    let used = &bytes[..end];
    // Splitting nothing gives one empty line.
    let rows = (!used.is_empty()).then(|| used.split(|&byte| byte == b'\n'));
    rows.into_iter().flatten().map(|line| line.strip_suffix(b"\r").unwrap_or(line))
}

fn parse_line(line: &[u8]) -> Result<Example, LineError> {
    let line = str::from_utf8(line).map_err(|error| LineError::NotUtf8(error.valid_up_to() + 1))?;
    if line.is_empty() {
        return Err(LineError::Empty);
    }
    if let Some((at, control)) = line.char_indices().find(|(_, c)| c.is_control() && *c != '\t') {
        return Err(LineError::Control { code: control.into(), column: at + 1 });
    }
    let Some((text, label)) = line.split_once('\t') else { return Err(LineError::NoTab) };
    let more = label.matches('\t').count();
    if more > 0 {
        return Err(LineError::ExtraTabs(more + 1));
    }
    if text.trim().is_empty() {
        return Err(LineError::EmptyText);
    }
    if label.trim().is_empty() {
        return Err(LineError::EmptyLabel);
    }
    if label.trim() != label {
        return Err(LineError::PaddedLabel(label.to_owned()));
    }
    Ok(Example { text: text.to_owned(), label: label.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn examples(rows: &[(&str, &str)]) -> Vec<Example> {
        rows.iter().map(|&(text, label)| Example { text: text.into(), label: label.into() }).collect()
    }

    fn parsed(bytes: &[u8]) -> Vec<Example> {
        parse(bytes, Path::new("x.tsv")).unwrap()
    }

    /// The bad lines of a file, which must have some.
    fn bad(bytes: &[u8]) -> Vec<(usize, LineError)> {
        match parse(bytes, Path::new("x.tsv")) {
            Err(DataError::BadLines(lines)) => lines.shown,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_stray_quote_is_plain_text_and_swallows_no_row() {
        let rows = [("say \"hello", "greet"), ("bye", "leave"), ("\"x\" y\"", "a\"b")];
        assert_eq!(parsed(b"say \"hello\tgreet\nbye\tleave\n\"x\" y\"\ta\"b\n"), examples(&rows));
    }

    #[test]
    fn byte_order_mark_and_crlf_leave_no_trace() {
        let rows = examples(&[("a", "x"), ("b", "y")]);
        assert_eq!(parsed(b"\xEF\xBB\xBFa\tx\r\nb\ty\r\n"), rows);
        assert_eq!(parsed(b"a\tx\nb\ty"), rows, "the last line end may be missing");
        assert_eq!(parsed(b"a\tx\nb\ty\n\n\r\n"), rows, "blank lines at the end are no rows");
    }

    #[test]
    fn each_kind_of_bad_line_is_named_with_its_number() {
        let file = b"ok\tx\nno label\n\na\tb\tc\n \tx\na\t \na\tx \nab\xFFc\tx\na\x00b\tx\na\rb\tx\nok\tx\n";
        let expected = [
            (2, LineError::NoTab),
            (3, LineError::Empty),
            (4, LineError::ExtraTabs(2)),
            (5, LineError::EmptyText),
            (6, LineError::EmptyLabel),
            (7, LineError::PaddedLabel("x ".into())),
            (8, LineError::NotUtf8(3)),
            (9, LineError::Control { code: 0, column: 2 }),
            (10, LineError::Control { code: 13, column: 2 }),
        ];
        assert_eq!(bad(file), expected);
    }

    #[test]
    fn a_utf16_file_is_told_apart_from_broken_utf8() {
        assert_eq!(bad(b"\xFF\xFEa\x00\t\x00"), [(1, LineError::Utf16)]);
    }

    #[test]
    fn the_message_has_one_line_per_bad_line_and_counts_the_rest() {
        let one = parse(b"a\tx\nb\n", Path::new("d/x.tsv")).unwrap_err().to_string();
        assert!(one.starts_with("d/x.tsv:2: no tab between text and label\n"), "{one}");

        let many = parse("b\n".repeat(23).as_bytes(), Path::new("d/x.tsv")).unwrap_err().to_string();
        assert!(many.starts_with("d/x.tsv has 23 bad lines\nd/x.tsv:1: "), "{many}");
        assert!(many.contains("\nd/x.tsv:20: ") && !many.contains("d/x.tsv:21"), "{many}");
        assert!(many.contains("\nand 3 more\n"), "{many}");
    }

    #[test]
    fn a_file_without_rows_is_an_error() {
        for empty in [&b""[..], b"\n\n", b"\xEF\xBB\xBF"] {
            let error = parse(empty, Path::new("x.tsv")).unwrap_err();
            assert!(matches!(error, DataError::NoRows { .. }), "{error}");
        }
    }

    proptest! {
        #[test]
        fn what_is_rendered_reads_back(rows in prop::collection::vec(("[^\\pC]*[a-zé\"]", "[a-z+<>_\"]{1,9}"), 1..9)) {
            let rows: Vec<Example> = rows.into_iter().map(|(text, label)| Example { text, label }).collect();
            prop_assert_eq!(parsed(&render(&rows)), rows);
        }

        #[test]
        fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..99)) {
            let _ = parse(&bytes, Path::new("x.tsv"));
        }
    }
}
