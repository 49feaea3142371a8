//! What is asked: texts of a file, or a few of our own, as bodies of requests.

use std::path::Path;

use serde_json::json;

use super::super::exit::Failure;
use super::super::text_input::{self, Kind};

/// What is asked where there is no file.
const OWN: [&str; 12] = [
    "show me morning flights from boston to denver",
    "what is the cheapest round trip between dallas and baltimore",
    "which airlines fly nonstop from atlanta to san francisco",
    "how long does the flight from pittsburgh to oakland take",
    "is breakfast served on the early flight to philadelphia",
    "what kind of plane goes from new york to miami on sunday",
    "i need a rental car at the airport in seattle",
    "how far is the airport from downtown orlando",
    "what does fare code q mean",
    "list one way tickets to chicago under three hundred dollars",
    "how many first class seats does a boeing 757 have",
    "can you play some jazz in the kitchen",
];

/// The texts to send, in order.
///
/// # Errors
/// The file cannot be read, or has no text.
pub(super) fn texts(file: Option<&Path>) -> anyhow::Result<Vec<String>> {
    let Some(path) = file else { return Ok(OWN.map(str::to_owned).to_vec()) };
    let mut all = Vec::new();
    let mut take = |arrival: text_input::Arrival| {
        all.extend(arrival.texts.into_iter().filter(|text| !text.trim().is_empty()));
        true
    };
    text_input::read(text_input::open(path)?, &path.display().to_string(), Kind::of(path), &mut take)?;
    if all.is_empty() {
        return Err(Failure::usage(format!("{} has no text to send", path.display())).into());
    }
    Ok(all)
}

/// One body per text, or per `batch` texts, of which the last is filled up from the first text on.
pub(super) fn bodies(texts: &[String], batch: Option<u32>) -> Vec<Vec<u8>> {
    let Some(batch) = batch else {
        return texts.iter().map(|text| json!({ "text": text }).to_string().into_bytes()).collect();
    };
    let batch = batch as usize;
    let group = |first: usize| {
        let texts: Vec<&String> = texts.iter().cycle().skip(first).take(batch).collect();
        json!({ "texts": texts }).to_string().into_bytes()
    };
    (0..texts.len()).step_by(batch).map(group).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(texts: &[&str], batch: Option<u32>) -> Vec<String> {
        let texts: Vec<String> = texts.iter().map(ToString::to_string).collect();
        bodies(&texts, batch).into_iter().map(|body| String::from_utf8(body).unwrap()).collect()
    }

    #[test]
    fn bodies_hold_one_text_or_many() {
        assert_eq!(shown(&["a \"b\"", "ü"], None), [r#"{"text":"a \"b\""}"#, r#"{"text":"ü"}"#]);
        assert_eq!(shown(&["a", "b", "c"], Some(2)), [r#"{"texts":["a","b"]}"#, r#"{"texts":["c","a"]}"#]);
        assert_eq!(shown(&["a"], Some(3)), [r#"{"texts":["a","a","a"]}"#]);
    }

    #[test]
    fn a_file_has_texts_by_its_ending_and_blank_lines_are_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let read = |name: &str, content: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, content).unwrap();
            texts(Some(&path))
        };
        assert_eq!(read("a.txt", "one\n\ntwo\n").unwrap(), ["one", "two"]);
        assert_eq!(read("a.tsv", "one\tx\ntwo\ty\n").unwrap(), ["one", "two"]);
        assert_eq!(read("a.jsonl", "{\"text\": \"one\"}\n").unwrap(), ["one"]);
        assert!(read("b.txt", "\n \n").unwrap_err().to_string().contains("no text"));
        assert!(texts(Some(&folder.path().join("none"))).is_err());
    }
}
