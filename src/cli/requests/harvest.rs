//! From rows of a log to examples: each text once, with the best label known.

use std::collections::HashMap;

use clap::ValueEnum;

use crate::data::Example;
use crate::serve::request_log::{Logged, NO_INTENT};

/// Which texts become examples.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Only {
    /// Those whose label somebody has told
    Corrected,
    /// These, and those predicted with much confidence
    Confident,
    /// All with an intent, as told or else as predicted
    All,
    /// Those without an intent, as told or else as predicted, for `ood.tsv`
    OutOfScope,
}

/// What rows came to.
#[derive(Debug, Default)]
pub(super) struct Harvest {
    /// In the order in which the texts first came.
    pub(super) examples: Vec<Example>,
    /// Examples whose label somebody has told.
    pub(super) corrected: usize,
    /// Rows looked at.
    pub(super) rows: usize,
    /// Rows whose text is among the examples because of another row.
    pub(super) duplicates: usize,
    /// Rows without a text.
    pub(super) without_text: usize,
    /// Texts left out because they have no intent.
    pub(super) without_intent: usize,
    /// Rows whose text or label cannot stand in a file.
    pub(super) unfit: usize,
    /// Texts among the examples that were told different labels.
    pub(super) conflicts: Vec<Conflict>,
}

/// A text that was told different labels.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Conflict {
    pub(super) text: String,
    /// The label told last.
    pub(super) label: String,
    /// The others, by name.
    pub(super) others: Vec<String>,
}

/// Rows that have been looked at.
#[derive(Default)]
pub(super) struct Gathering {
    /// Place in `candidates`, by text.
    places: HashMap<String, usize>,
    candidates: Vec<Candidate>,
    counts: Harvest,
}

/// A text with what is known of it.
struct Candidate {
    text: String,
    /// What was predicted last.
    predicted: Verdict,
    confidence: f64,
    /// What was told last, and when.
    told: Option<(Verdict, i64)>,
    /// All that was told, as labels.
    all_told: Vec<String>,
    /// Rows with this text.
    rows: usize,
    /// The number of the row in which the text was first seen, counted from the newest.
    first: usize,
}

/// A label, or that there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Verdict {
    Intent(String),
    NoIntent,
}

impl Verdict {
    fn of(label: &str) -> Self {
        if label == NO_INTENT { Self::NoIntent } else { Self::Intent(label.to_owned()) }
    }

    fn label(&self) -> &str {
        match self {
            Self::Intent(label) => label,
            Self::NoIntent => NO_INTENT,
        }
    }
}

impl Gathering {
    /// Looks at a row. Rows come in the order of the log, the newest first.
    pub(super) fn add(&mut self, row: Logged) {
        let number = self.counts.rows;
        self.counts.rows += 1;
        let Some(text) = row.text.as_deref().map(on_one_line) else {
            self.counts.without_text += 1;
            return;
        };
        let label = row.correction.as_ref().map_or(&row.label, |correction| &correction.label);
        if text.is_empty() || label.trim() != label || label.is_empty() || label.contains(char::is_control) {
            self.counts.unfit += 1;
            return;
        }
        let place = *self.places.entry(text).or_insert_with_key(|text| {
            self.candidates.push(Candidate::new(text.clone(), &row));
            self.candidates.len() - 1
        });
        let candidate = &mut self.candidates[place];
        candidate.rows += 1;
        candidate.first = number;
        if let Some(correction) = row.correction {
            candidate.hear(correction.label, correction.at_ms);
        }
    }

    /// The examples that are wanted.
    pub(super) fn harvest(mut self, only: Only, above: f64) -> Harvest {
        // The oldest first, by when a text first came.
        self.candidates.sort_by_key(|candidate| std::cmp::Reverse(candidate.first));
        let mut harvest = self.counts;
        for candidate in self.candidates {
            let is_told = candidate.told.is_some();
            let verdict = candidate.told.as_ref().map_or(&candidate.predicted, |(told, _)| told).clone();
            let is_wanted = match only {
                Only::Corrected => is_told,
                Only::Confident => is_told || candidate.confidence >= above,
                Only::All | Only::OutOfScope => true,
            };
            if !is_wanted {
                continue;
            }
            if (verdict == Verdict::NoIntent) != (only == Only::OutOfScope) {
                harvest.without_intent += usize::from(verdict == Verdict::NoIntent);
                continue;
            }
            harvest.corrected += usize::from(is_told);
            harvest.duplicates += candidate.rows - 1;
            harvest.conflicts.extend(candidate.conflict(verdict.label()));
            harvest.examples.push(Example { text: candidate.text, label: verdict.label().to_owned() });
        }
        harvest
    }
}

impl Candidate {
    fn new(text: String, row: &Logged) -> Self {
        let is_out = row.out_of_scope == Some(true);
        let predicted = if is_out { Verdict::NoIntent } else { Verdict::of(&row.label) };
        let confidence = row.confidence.unwrap_or_default();
        Self { text, predicted, confidence, told: None, all_told: Vec::new(), rows: 0, first: 0 }
    }

    fn hear(&mut self, label: String, at_ms: i64) {
        // Of two that were told at once, the one of the newer row stays.
        if self.told.as_ref().is_none_or(|(_, last_ms)| at_ms > *last_ms) {
            self.told = Some((Verdict::of(&label), at_ms));
        }
        self.all_told.push(label);
    }

    fn conflict(&self, label: &str) -> Option<Conflict> {
        let mut others: Vec<String> = self.all_told.iter().filter(|told| *told != label).cloned().collect();
        others.sort();
        others.dedup();
        (!others.is_empty()).then(|| Conflict { text: self.text.clone(), label: label.to_owned(), others })
    }
}

/// Line breaks, tabs and other control characters become one blank; the ends are trimmed.
fn on_one_line(text: &str) -> String {
    let parts: Vec<&str> =
        text.split(char::is_control).map(str::trim).filter(|part| !part.is_empty()).collect();
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serve::request_log::Correction;

    fn row(text: &str, label: &str) -> Logged {
        Logged {
            id: "x".into(),
            at_ms: 0,
            route: "/intent".into(),
            model: "m".into(),
            version: "1".into(),
            role: "live".into(),
            position: 0,
            text: Some(text.into()),
            label: label.into(),
            confidence: Some(0.9),
            out_of_scope: Some(false),
            response: None,
            latency_us: 1,
            trace: None,
            correction: None,
        }
    }

    fn told(text: &str, label: &str, at_ms: i64) -> Logged {
        let correction = Correction { label: label.into(), at_ms, source: "cli".into() };
        Logged { correction: Some(correction), ..row(text, "guess") }
    }

    /// What rows, given the newest first, become.
    fn harvest(rows: Vec<Logged>, only: Only) -> Harvest {
        let mut gathering = Gathering::default();
        for row in rows {
            gathering.add(row);
        }
        gathering.harvest(only, 0.95)
    }

    fn pairs(harvest: &Harvest) -> Vec<(&str, &str)> {
        harvest.examples.iter().map(|example| (&*example.text, &*example.label)).collect()
    }

    #[test]
    fn what_was_told_beats_what_was_predicted_and_later_beats_earlier() {
        let rows = || vec![row("a", "new"), told("a", "first", 5), told("a", "second", 7), row("b", "y")];
        let all = harvest(rows(), Only::All);
        assert_eq!(pairs(&all), [("b", "y"), ("a", "second")], "in the order in which they first came");
        let conflict = Conflict { text: "a".into(), label: "second".into(), others: vec!["first".into()] };
        assert_eq!((all.corrected, all.duplicates, &all.conflicts[..]), (1, 2, &[conflict][..]));
        assert_eq!(pairs(&harvest(rows(), Only::Corrected)), [("a", "second")]);
    }

    #[test]
    fn without_anything_told_the_newest_prediction_counts() {
        let all = harvest(vec![row("a", "new"), row("a", "old")], Only::All);
        assert_eq!((pairs(&all), all.conflicts.len()), (vec![("a", "new")], 0));
    }

    #[test]
    fn confidence_decides_only_where_nothing_was_told() {
        let sure = Logged { confidence: Some(0.95), ..row("sure", "x") };
        let none = Logged { confidence: None, ..row("none", "x") };
        let found = harvest(vec![told("t", "y", 1), none, sure, row("unsure", "x")], Only::Confident);
        assert_eq!(pairs(&found), [("sure", "x"), ("t", "y")]);
    }

    #[test]
    fn texts_without_an_intent_go_to_a_file_of_their_own() {
        let out = Logged { out_of_scope: Some(true), ..row("out", "x") };
        let saved = Logged { out_of_scope: Some(true), ..told("saved", "x", 1) };
        let rows = || vec![saved.clone(), out.clone(), told("no", NO_INTENT, 1), row("in", "x")];
        let all = harvest(rows(), Only::All);
        assert_eq!((pairs(&all), all.without_intent), (vec![("in", "x"), ("saved", "x")], 2));
        let outside = harvest(rows(), Only::OutOfScope);
        assert_eq!(pairs(&outside), [("no", NO_INTENT), ("out", NO_INTENT)]);
        assert_eq!(outside.without_intent, 0);
    }

    #[test]
    fn every_example_fits_on_a_line_of_its_own() {
        let unfit = [row(" \t\n", "x"), row("a", " x"), row("a", ""), row("a", "x\ty")];
        let without = Logged { text: None, ..row("", "x") };
        let rows = unfit.into_iter().chain([
            without,
            row(" two\n\nlines\tand a tab ", "x"),
            row("two lines and a tab", "x"),
        ]);
        let all = harvest(rows.collect(), Only::All);
        assert_eq!(pairs(&all), [("two lines and a tab", "x")]);
        assert_eq!((all.unfit, all.without_text, all.duplicates, all.rows), (4, 1, 1, 7));
    }
}
