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

/// One split.
struct Split {
    name: &'static str,
    scope: Scope,
    role: Role,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// Texts with an intent.
    Inside,
    /// Texts without.
    Outside,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Train,
    Test,
}

/// In this order: a later split never repeats a text of an earlier one.
const SPLITS: [Split; 4] = [
    Split { name: "train", scope: Scope::Inside, role: Role::Train },
    Split { name: "test", scope: Scope::Inside, role: Role::Test },
    Split { name: "ood", scope: Scope::Outside, role: Role::Train },
    Split { name: "ood_test", scope: Scope::Outside, role: Role::Test },
];

impl Split {
    fn takes(&self, intent: &Intent) -> bool {
        (intent.label == OUT_OF_SCOPE) == (self.scope == Scope::Outside)
    }

    fn examples_of(&self, intent: &Intent) -> usize {
        match self.role {
            Role::Train => intent.train,
            Role::Test => intent.test,
        }
    }

    fn values(&self) -> Values {
        match self.role {
            Role::Train => Values::Shared,
            Role::Test => Values::WithHeldOut,
        }
    }

    /// Of each ten examples, this many come from held-out templates.
    fn held_out_in_ten(&self) -> usize {
        match (self.role, self.scope) {
            (Role::Train, _) => 0,
            (Role::Test, Scope::Inside) => 3,
            // A model never sees all that lies outside, so it meets nothing familiar there.
            (Role::Test, Scope::Outside) => 10,
        }
    }

    /// The share of texts with a slip of the keyboard.
    fn slip_percent(&self) -> u32 {
        match self.role {
            Role::Train => 3,
            Role::Test => 5,
        }
    }
}

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
    let mut generator = Generator { grammar, seen: BTreeSet::new() };
    let splits = SPLITS.iter().map(|split| {
        let node = root.child(split.name, 0);
        let intents = grammar.intents.iter().filter(|intent| split.takes(intent));
        let mut drawn: Vec<_> = intents
            .flat_map(|intent| generator.intent(intent, split, &mut node.rng(&intent.label)))
            .collect();
        drawn.sort();
        (split.name.to_owned(), drawn.into_iter().map(|(_, example)| example).collect())
    });
    GeneratedDataset { splits: splits.collect() }
}

struct Generator<'a> {
    grammar: &'a Grammar,
    /// Every text so far, of all splits.
    seen: BTreeSet<String>,
}

impl Generator<'_> {
    /// Draws the examples of one intent for one split. Each has a key that gives its place in the
    /// split, so that a change to one intent reorders no others.
    fn intent(&mut self, intent: &Intent, split: &Split, rng: &mut ChaCha8Rng) -> Vec<(u64, Example)> {
        let share = split.held_out_in_ten();
        let mut drawn = Vec::new();
        for number in 0..split.examples_of(intent) {
            // Spread evenly, so that small classes too get their share of held-out templates.
            let held_out = (number + 1) * share / 10 > number * share / 10;
            let choices = &intent.choices;
            let from_held_out = held_out && !choices.held_out.is_empty();
            let templates = if from_held_out { &choices.held_out } else { &choices.shared };
            if let Some(text) = self.new_text(templates, split, rng) {
                drawn.push((rng.next_u64(), Example { text, label: intent.label.clone() }));
            }
        }
        drawn
    }

    /// Draws a text that has not occurred yet; `None` where the templates seem exhausted.
    fn new_text(&mut self, templates: &[Template], split: &Split, rng: &mut ChaCha8Rng) -> Option<String> {
        for _ in 0..REDRAWS {
            let mut text = expand(self.grammar, pick(templates, rng)?, split.values(), rng);
            if rng.random_ratio(split.slip_percent(), 100) {
                text = slip(&text, rng);
            }
            if self.seen.insert(text.clone()) {
                return Some(text);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::generate::DEFAULT_SEED;
    use crate::data::generate::grammar::{self, Templates};
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
            [grammar::Part::Text(text)] => Some(text),
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
