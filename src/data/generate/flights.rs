//! The data set `flights`: questions to an airline's information desk.

use std::collections::BTreeSet;

use rand::{Rng, RngExt};

use super::GeneratedDataset;
use super::expand::{Values, expand, pick};
use super::grammar::{Grammar, Intent, Template};
use super::typo::slip;
use crate::data::Example;
use crate::rng::{ChaCha8Rng, SeedTree};

const GRAMMAR: &str = include_str!("flights.grammar");

/// The label of texts that have none of the intents.
pub const OUT_OF_SCOPE: &str = "<unknown>";

/// How often a text that has occurred before is drawn again before the example is given up.
const REDRAWS: usize = 200;

/// One split and how its examples are made.
struct Split {
    name: &'static str,
    /// Whether it holds the texts without an intent, or those with one.
    out_of_scope: bool,
    values: Values,
    /// Of each ten examples, this many come from held-out templates.
    held_out_in_ten: usize,
    typo_percent: u32,
}

/// In this order: a later split never repeats a text of an earlier one.
const SPLITS: [Split; 4] = [
    Split { name: "train", out_of_scope: false, values: Values::Shared, held_out_in_ten: 0, typo_percent: 3 },
    Split {
        name: "test",
        out_of_scope: false,
        values: Values::WithHeldOut,
        held_out_in_ten: 3,
        typo_percent: 5,
    },
    Split { name: "ood", out_of_scope: true, values: Values::Shared, held_out_in_ten: 0, typo_percent: 3 },
    Split {
        name: "ood_test",
        out_of_scope: true,
        values: Values::WithHeldOut,
        held_out_in_ten: 10,
        typo_percent: 5,
    },
];

/// Generates the data set `flights`.
///
/// Splits `train` and `test` hold texts with an intent, `ood` and `ood_test` texts without one,
/// labelled [`OUT_OF_SCOPE`]. No text occurs twice in the whole set. A seed gives the same bytes
/// on every machine.
pub fn flights(seed: u64) -> GeneratedDataset {
    match Grammar::parse(GRAMMAR) {
        Ok(grammar) => generate(&grammar, seed),
        Err(error) => unreachable!("flights.grammar is part of the binary and tested: {error}"),
    }
}

fn generate(grammar: &Grammar, seed: u64) -> GeneratedDataset {
    let root = SeedTree::new(seed).child("flights", 0);
    let mut seen = BTreeSet::new();
    let splits = SPLITS.iter().map(|split| {
        let node = root.child(split.name, 0);
        let mut drawn = Vec::new();
        for intent in &grammar.intents {
            if (intent.label == OUT_OF_SCOPE) == split.out_of_scope {
                let mut rng = node.rng(&intent.label);
                draw_intent(grammar, intent, split, &mut seen, &mut rng, &mut drawn);
            }
        }
        // The order is a key of each example, so a change to one intent moves no other examples.
        drawn.sort();
        (split.name.to_owned(), drawn.into_iter().map(|(_, example)| example).collect())
    });
    GeneratedDataset { splits: splits.collect() }
}

/// Draws the examples of one intent for one split, each with its sorting key.
fn draw_intent(
    grammar: &Grammar,
    intent: &Intent,
    split: &Split,
    seen: &mut BTreeSet<String>,
    rng: &mut ChaCha8Rng,
    drawn: &mut Vec<(u64, Example)>,
) {
    let count = if split.held_out_in_ten == 0 { intent.train } else { intent.test };
    for number in 0..count {
        // Bit by bit, so that small classes too get their share of held-out templates.
        let held_out = (number + 1) * split.held_out_in_ten / 10 > number * split.held_out_in_ten / 10;
        let choices = &intent.choices;
        let from_held_out = held_out && !choices.held_out.is_empty();
        let templates = if from_held_out { &choices.held_out } else { &choices.shared };
        if let Some(text) = draw_new(grammar, templates, split, seen, rng) {
            drawn.push((rng.next_u64(), Example { text, label: intent.label.clone() }));
        }
    }
}

/// Draws a text that is not in `seen` yet, and adds it; `None` where the templates are exhausted.
fn draw_new(
    grammar: &Grammar,
    templates: &[Template],
    split: &Split,
    seen: &mut BTreeSet<String>,
    rng: &mut ChaCha8Rng,
) -> Option<String> {
    for _ in 0..REDRAWS {
        let mut text = expand(grammar, pick(templates, rng)?, split.values, rng);
        if rng.random_ratio(split.typo_percent, 100) {
            text = slip(&text, rng);
        }
        if seen.insert(text.clone()) {
            return Some(text);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::generate::DEFAULT_SEED;
    use crate::data::generate::grammar::{Part, Templates};
    use crate::data::generate::recognise::recognises;

    fn grammar() -> Grammar {
        Grammar::parse(GRAMMAR).unwrap()
    }

    /// The labels whose templates, among those that `choose` takes, can give the text.
    fn labels_of(grammar: &Grammar, text: &str, choose: fn(&Templates) -> Vec<&Template>) -> Vec<String> {
        let fits = |template: &&Template| recognises(grammar, template, Values::WithHeldOut, text);
        let intents = grammar.intents.iter();
        let fitting = intents.filter(|intent| choose(&intent.choices).iter().any(fits));
        fitting.map(|intent| intent.label.clone()).collect()
    }

    #[test]
    fn the_grammar_gives_no_text_two_labels() {
        let grammar = grammar();
        let data = flights(DEFAULT_SEED);
        let examples: Vec<&Example> = data.splits.iter().flat_map(|(_, examples)| examples).collect();
        let mut unrecognised = 0;
        for example in &examples {
            let labels = labels_of(&grammar, &example.text, |choices| {
                choices.shared.iter().chain(&choices.held_out).collect()
            });
            let others: Vec<_> = labels.iter().filter(|label| **label != example.label).collect();
            assert!(others.is_empty(), "`{}` is {} but could be {others:?}", example.text, example.label);
            unrecognised += usize::from(labels.is_empty());
        }
        // Those with a slip.
        let expected = examples.len() * 35 / 1000;
        assert!(unrecognised.abs_diff(expected) < 50, "{unrecognised} instead of about {expected}");
    }

    #[test]
    fn no_training_text_fits_a_held_out_template() {
        let grammar = grammar();
        let data = flights(DEFAULT_SEED);
        for name in ["train", "ood"] {
            for example in data.split(name).unwrap() {
                let labels = labels_of(&grammar, &example.text, |choices| choices.held_out.iter().collect());
                assert!(labels.is_empty(), "`{}` fits a held-out template of {labels:?}", example.text);
            }
        }
    }

    #[test]
    fn held_out_values_occur_in_the_test_splits_only() {
        let data = flights(DEFAULT_SEED);
        let count = |splits: [&str; 2], value: &str| {
            let texts = splits.iter().flat_map(|name| data.split(name).unwrap());
            texts.filter(|example| format!(" {} ", example.text).contains(&format!(" {value} "))).count()
        };
        let mut met = 0;
        let grammar = grammar();
        let held_out = grammar.slots.iter().flat_map(|slot| &slot.choices.held_out);
        for value in held_out.filter_map(|template| match template.as_slice() {
            [Part::Text(text)] => Some(text),
            _ => None,
        }) {
            assert_eq!(count(["train", "ood"], value), 0, "`{value}` is no longer held out");
            met += usize::from(count(["test", "ood_test"], value) > 0);
        }
        assert!(met >= 30, "only {met} held-out values occur in the test splits");
    }

    #[test]
    fn a_new_template_moves_no_other_intent() {
        let before = generate(&grammar(), 1);
        let source = GRAMMAR.replace("intent status 70 14", "intent status 70 14\n    where is {flight}");
        let after = generate(&Grammar::parse(&source).unwrap(), 1);
        let others = |data: &GeneratedDataset| {
            let all = data.splits.iter().flat_map(|(_, examples)| examples.clone());
            all.filter(|example| example.label != "status").collect::<Vec<_>>()
        };
        assert_ne!(before, after);
        assert_eq!(others(&before), others(&after));
    }
}
