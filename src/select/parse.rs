//! The grammar of selectors.

use super::SelectError;

/// Shortest id prefix.
const SHORTEST_PREFIX: usize = 4;

/// A run selector, taken apart.
#[derive(Debug, PartialEq)]
pub(super) enum RunSelector {
    Latest(u32),
    Best(StudySelector),
    OfExperiment(String),
    InStudy(StudySelector, Slot),
    Prefix(String),
}

/// A study selector, taken apart.
#[derive(Debug, PartialEq)]
pub(super) enum StudySelector {
    Latest(u32),
    OfExperiment(String),
    /// The name of an experiment or the beginning of an id.
    Word(String),
}

/// A place in a study.
#[derive(Debug, PartialEq)]
pub(super) enum Slot {
    Number(u32),
    Final,
    Imported,
    Best,
}

/// Takes a run selector apart.
///
/// # Errors
/// It is none.
pub(super) fn parse_run(text: &str) -> Result<RunSelector, SelectError> {
    if let Some((study, slot)) = text.rsplit_once('/') {
        return match parse_slot(slot) {
            Some(slot) => Ok(RunSelector::InStudy(parse_study(study)?, slot)),
            None if text.starts_with("name:") => Ok(RunSelector::OfExperiment(text[5..].to_owned())),
            None => {
                Err(SelectError::malformed(text, "after `/` comes the number of a trial, `final` or `best`"))
            }
        };
    }
    if text == "best" {
        return Ok(RunSelector::Best(StudySelector::Latest(0)));
    }
    if let Some(study) = text.strip_prefix("best:") {
        return Ok(RunSelector::Best(parse_study(study)?));
    }
    match parse_study(text)? {
        StudySelector::Latest(back) => Ok(RunSelector::Latest(back)),
        StudySelector::OfExperiment(name) => Ok(RunSelector::OfExperiment(name)),
        StudySelector::Word(word) => match id_prefix(&word) {
            Some(prefix) => Ok(RunSelector::Prefix(prefix)),
            None => Err(SelectError::malformed(
                text,
                "use the first 4 or more digits of an id, `@`, `@-1`, `best`, `name:EXPERIMENT` or `STUDY/NUMBER`",
            )),
        },
    }
}

fn parse_slot(text: &str) -> Option<Slot> {
    match text {
        "final" => Some(Slot::Final),
        "imported" => Some(Slot::Imported),
        "best" => Some(Slot::Best),
        number => number.parse().ok().map(Slot::Number),
    }
}

/// Takes a study selector apart.
///
/// # Errors
/// It is none.
pub(super) fn parse_study(text: &str) -> Result<StudySelector, SelectError> {
    if let Some(back) = text.strip_prefix('@') {
        let steps =
            if back.is_empty() { Some(0) } else { back.strip_prefix('-').and_then(|n| n.parse().ok()) };
        let why = "`@` is the latest, `@-1` the one before, `@-2` the one before that";
        return steps.map(StudySelector::Latest).ok_or_else(|| SelectError::malformed(text, why));
    }
    match text.strip_prefix("name:") {
        Some("") => Err(SelectError::malformed(text, "after `name:` comes the name of an experiment")),
        Some(name) => Ok(StudySelector::OfExperiment(name.to_owned())),
        None if text == "latest" => Ok(StudySelector::Latest(0)),
        None if text.is_empty() => Err(SelectError::malformed(text, "it is empty")),
        None => Ok(StudySelector::Word(text.to_owned())),
    }
}

/// `text` in lower case when it can be the beginning of an id.
pub(super) fn id_prefix(text: &str) -> Option<String> {
    let long_enough = (SHORTEST_PREFIX..=32).contains(&text.len());
    (long_enough && text.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| text.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_run_selector_is_told_apart() {
        let word = |word: &str| StudySelector::Word(word.to_owned());
        let forms = [
            ("@", RunSelector::Latest(0)),
            ("latest", RunSelector::Latest(0)),
            ("@-2", RunSelector::Latest(2)),
            ("best", RunSelector::Best(StudySelector::Latest(0))),
            ("best:atis", RunSelector::Best(word("atis"))),
            ("name:a/b", RunSelector::OfExperiment("a/b".to_owned())),
            ("atis/3", RunSelector::InStudy(word("atis"), Slot::Number(3))),
            ("@-1/final", RunSelector::InStudy(StudySelector::Latest(1), Slot::Final)),
            ("3FA2", RunSelector::Prefix("3fa2".to_owned())),
        ];
        for (text, form) in forms {
            assert_eq!(parse_run(text).unwrap(), form, "{text}");
        }
        for text in ["", "@1", "name:", "3fa", "atis", "atis/last"] {
            assert!(matches!(parse_run(text), Err(SelectError::Malformed { .. })), "{text}");
        }
    }
}
