//! From the original files of a source to examples.

use serde::Deserialize;

use crate::data::Example;

use super::FetchError;
use super::source::{Format, Normalization, Source};

/// Split names and their examples, in the source's order.
pub(super) type Splits = Vec<(String, Vec<Example>)>;

/// The examples of all files of a source; `originals` are their bytes, in the source's order.
pub(super) fn convert(source: &Source, originals: &[Vec<u8>]) -> Result<Splits, FetchError> {
    let mut files = source.files.iter().map(|file| file.path).zip(originals);
    let mut splits = Vec::new();
    while let Some((path, bytes)) = files.next() {
        match source.format {
            Format::LinePairs => {
                let Some((label_path, labels)) = files.next() else {
                    return Err(FetchError::malformed(path, 1, "it has no file of labels"));
                };
                splits.push((folder_of(path), line_pairs((path, bytes), (label_path, labels))?));
            }
            Format::ClincJson => splits.extend(clinc(path, bytes)?),
            Format::Csv => splits.push((stem_of(path), csv(path, bytes)?)),
            Format::Tsv => splits.push((stem_of(path), tagged_tsv(path, bytes)?)),
        }
    }
    for (_, examples) in &mut splits {
        normalize(source.normalization, examples);
    }
    Ok(splits)
}

/// Applies a normalization to every example.
pub(super) fn normalize(how: Normalization, examples: &mut [Example]) {
    for example in examples {
        match how {
            Normalization::None => {}
            Normalization::AtisLabels => normalize_label(example),
            Normalization::AtisDedup => {
                normalize_label(example);
                example.text = example.text.to_lowercase();
            }
        }
    }
}

/// `atis_flight#atis_airfare` → `flight+airfare`.
fn normalize_label(example: &mut Example) {
    let intents = example.label.split(['#', '+']);
    let intents: Vec<&str> = intents.map(|intent| intent.strip_prefix("atis_").unwrap_or(intent)).collect();
    example.label = intents.join("+");
}

fn line_pairs(texts: (&str, &[u8]), labels: (&str, &[u8])) -> Result<Vec<Example>, FetchError> {
    let (text_path, label_path) = (texts.0, labels.0);
    let texts: Vec<&str> = utf8(text_path, texts.1)?.lines().collect();
    let labels: Vec<&str> = utf8(label_path, labels.1)?.lines().collect();
    if texts.len() != labels.len() {
        let line = texts.len().min(labels.len()) + 1;
        return Err(FetchError::malformed(label_path, line, "texts and labels differ in number"));
    }
    let pairs = texts.into_iter().zip(labels).enumerate();
    pairs.map(|(at, (text, label))| example(text_path, at + 1, text, label)).collect()
}

/// The lists of the file; `oos` is CLINC150's word for out of scope.
#[derive(Deserialize)]
struct Clinc {
    train: Vec<(String, String)>,
    val: Vec<(String, String)>,
    test: Vec<(String, String)>,
    oos_train: Vec<(String, String)>,
    oos_val: Vec<(String, String)>,
    oos_test: Vec<(String, String)>,
}

fn clinc(path: &str, bytes: &[u8]) -> Result<Splits, FetchError> {
    let lists: Clinc =
        serde_json::from_slice(bytes).map_err(|source| FetchError::Json { file: path.to_owned(), source })?;
    let named = [
        ("train", lists.train),
        ("dev", lists.val),
        ("test", lists.test),
        ("ood", lists.oos_train),
        ("ood_dev", lists.oos_val),
        ("ood_test", lists.oos_test),
    ];
    let examples = |rows: Vec<(String, String)>| {
        rows.iter().map(|(text, label)| example(path, 1, text, label)).collect::<Result<Vec<_>, _>>()
    };
    named.into_iter().map(|(split, rows)| Ok((split.to_owned(), examples(rows)?))).collect()
}

fn csv(path: &str, bytes: &[u8]) -> Result<Vec<Example>, FetchError> {
    let mut reader = csv::Reader::from_reader(bytes);
    let mut examples = Vec::new();
    for row in reader.records() {
        let row = row.map_err(|source| FetchError::Csv { file: path.to_owned(), source })?;
        let line = row.position().map_or(1, |position| position.line() as usize);
        let (Some(text), Some(label)) = (row.get(0), row.get(1)) else {
            return Err(FetchError::malformed(path, line, "a row has fewer than two columns"));
        };
        examples.push(example(path, line, text, label)?);
    }
    Ok(examples)
}

/// Rows with a tab as usual; a row without one is an out-of-scope text with its tag inside.
pub(super) fn tagged_tsv(path: &str, bytes: &[u8]) -> Result<Vec<Example>, FetchError> {
    const TAG: &str = "<unknown>";
    let rows = utf8(path, bytes)?.lines().enumerate();
    rows.map(|(at, line)| match line.split_once('\t') {
        Some((text, label)) => example(path, at + 1, text, label),
        None => match line.trim_end().strip_suffix(TAG) {
            Some(text) => example(path, at + 1, text, TAG),
            None => Err(FetchError::malformed(path, at + 1, "neither a tab nor `<unknown>` at its end")),
        },
    })
    .collect()
}

/// An example that fits on a line of a TSV.
fn example(path: &str, line: usize, text: &str, label: &str) -> Result<Example, FetchError> {
    let [text, label] = [text, label].map(on_one_line);
    if text.is_empty() || label.is_empty() {
        return Err(FetchError::malformed(path, line, "a text or a label is empty"));
    }
    Ok(Example { text, label })
}

/// Line breaks, tabs and other control characters become one blank; the ends are trimmed.
fn on_one_line(text: &str) -> String {
    let parts: Vec<&str> =
        text.split(char::is_control).map(str::trim).filter(|part| !part.is_empty()).collect();
    parts.join(" ")
}

fn utf8<'a>(path: &str, bytes: &'a [u8]) -> Result<&'a str, FetchError> {
    str::from_utf8(bytes).map_err(|error| {
        let line = bytes[..error.valid_up_to()].split(|&byte| byte == b'\n').count();
        FetchError::malformed(path, line, "invalid UTF-8")
    })
}

/// `data/atis/train/seq.in` → `train`.
fn folder_of(path: &str) -> String {
    path.rsplit('/').nth(1).unwrap_or(path).to_owned()
}

/// `banking_data/train.csv` → `train`.
fn stem_of(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.split('.').next().unwrap_or(name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::fetch::{SOURCES, by_name};

    fn converted(source: &str, originals: &[&str]) -> Splits {
        let originals: Vec<Vec<u8>> = originals.iter().map(|text| text.as_bytes().to_vec()).collect();
        convert(by_name(source).unwrap(), &originals).unwrap()
    }

    fn rows<'a>(splits: &'a Splits, name: &str) -> Vec<(&'a str, &'a str)> {
        let (_, examples) = splits.iter().find(|(split, _)| split == name).unwrap();
        examples.iter().map(|example| (example.text.as_str(), example.label.as_str())).collect()
    }

    #[test]
    fn line_pairs_become_rows_and_atis_labels_lose_their_prefix() {
        let splits = converted(
            "atis",
            &[
                " show fares \nto rome\n",
                "atis_airfare\natis_flight#atis_airfare\n",
                "d\n",
                "atis_city",
                "t",
                "atis_city\n",
            ],
        );
        assert_eq!(rows(&splits, "train"), [("show fares", "airfare"), ("to rome", "flight+airfare")]);
        assert_eq!(rows(&splits, "dev"), [("d", "city")]);
        assert_eq!(rows(&splits, "test"), [("t", "city")]);
    }

    #[test]
    fn unequal_numbers_of_texts_and_labels_are_an_error_at_the_first_odd_line() {
        let error = line_pairs(("a/seq.in", b"a\nb\n"), ("a/label", b"x\n")).unwrap_err().to_string();
        assert_eq!(error, "a/label:2: texts and labels differ in number");
    }

    #[test]
    fn clinc_lists_become_six_splits() {
        let splits = converted(
            "clinc150",
            &[r#"{"train": [["hi","greet"]], "val": [["v","greet"]], "test": [["t","greet"]],
                  "oos_train": [["o","oos"]], "oos_val": [["p","oos"]], "oos_test": [["q","oos"]]}"#],
        );
        let names: Vec<_> = splits.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["train", "dev", "test", "ood", "ood_dev", "ood_test"]);
        assert_eq!(rows(&splits, "dev"), [("v", "greet")]);
        assert_eq!(rows(&splits, "ood_test"), [("q", "oos")]);
    }

    #[test]
    fn quoted_commas_and_line_breaks_of_a_csv_stay_in_their_row() {
        let train = "text,category\n\"well, \"\"now\"\"\",a\n\"two\r\n\nlines \",b\n";
        let splits = converted("banking77", &[train, "text,category\nx,y\n"]);
        assert_eq!(rows(&splits, "train"), [("well, \"now\"", "a"), ("two lines", "b")]);
    }

    #[test]
    fn a_tag_inside_an_out_of_scope_text_becomes_its_label_and_capitals_go() {
        let splits = converted(
            "atis-dedup",
            &["to rome\tflight\n", "x\tcity\n", "Hi there    <unknown>\n", "A\t<unknown>\n"],
        );
        assert_eq!(rows(&splits, "train"), [("to rome", "flight")]);
        assert_eq!(rows(&splits, "ood"), [("hi there", "<unknown>")]);
        assert_eq!(rows(&splits, "ood_test"), [("a", "<unknown>")]);

        let error = tagged_tsv("d/train.tsv", b"a\tx\nb\n").unwrap_err().to_string();
        assert_eq!(error, "d/train.tsv:2: neither a tab nor `<unknown>` at its end");
    }

    #[test]
    fn normalizing_twice_is_normalizing_once() {
        for source in SOURCES {
            let mut once = [Example { text: "To Rome".into(), label: "atis_flight#atis_airfare".into() }];
            normalize(source.normalization, &mut once);
            let mut twice = once.clone();
            normalize(source.normalization, &mut twice);
            assert_eq!(twice, once, "{}", source.name);
        }
    }

    #[test]
    fn broken_originals_are_errors_that_name_file_and_line() {
        let lines = tagged_tsv("d/x.tsv", b"a\tx\n\xFF\ty\n").unwrap_err().to_string();
        assert_eq!(lines, "d/x.tsv:2: invalid UTF-8");
        let empty = csv("x.csv", b"text,category\n\"\n\",b\n").unwrap_err().to_string();
        assert_eq!(empty, "x.csv:2: a text or a label is empty");
        assert!(clinc("x.json", b"{}").unwrap_err().to_string().starts_with("x.json: "));
    }
}
