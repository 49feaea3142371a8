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
        held_out_in_ten: 4,
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
