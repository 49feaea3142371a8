//! Drawing a text from a template.

use rand::RngExt;

use super::grammar::{Grammar, Part, Template, Templates};
use crate::rng::ChaCha8Rng;

/// Which values slots may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Values {
    /// Those of every split.
    Shared,
    /// Now and then a held-out one.
    WithHeldOut,
}

/// Of the draws of a slot that has held-out values, one in this many takes such a value.
const HELD_OUT_ONE_IN: u32 = 6;

/// How often a distinct slot is drawn again before a repetition is let pass.
const REDRAWS: usize = 32;

/// Draws one text: lower-case words with single blanks between them, if the grammar's are.
pub(super) fn expand(grammar: &Grammar, template: &Template, values: Values, rng: &mut ChaCha8Rng) -> String {
    let mut expansion = Expansion { grammar, values, rng, taken: Vec::new() };
    let text = expansion.template(template);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// One of several, each as likely as the others; `None` of an empty list.
pub(super) fn pick<'a, T>(choices: &'a [T], rng: &mut ChaCha8Rng) -> Option<&'a T> {
    // Counted in 32 bits so that machines of every word size draw the same.
    let count = u32::try_from(choices.len()).ok().filter(|count| *count > 0)?;
    choices.get(rng.random_range(0..count) as usize)
}

struct Expansion<'a> {
    grammar: &'a Grammar,
    values: Values,
    rng: &'a mut ChaCha8Rng,
    /// The texts of distinct slots so far.
    taken: Vec<(usize, String)>,
}

impl Expansion<'_> {
    fn template(&mut self, template: &Template) -> String {
        template.iter().map(|part| self.part(part)).collect()
    }

    fn part(&mut self, part: &Part) -> String {
        match part {
            Part::Text(text) => text.clone(),
            Part::Slot(index) => self.slot(*index),
            Part::Choice(templates) => self.one_of(templates),
            Part::Optional(templates) => {
                if self.rng.random_ratio(1, 2) {
                    self.one_of(templates)
                } else {
                    String::new()
                }
            }
        }
    }

    fn one_of(&mut self, templates: &[Template]) -> String {
        pick(templates, self.rng).map_or_else(String::new, |template| self.template(template))
    }

    fn slot(&mut self, index: usize) -> String {
        let slot = &self.grammar.slots[index];
        let mut text = self.value(&slot.choices);
        if slot.distinct {
            for _ in 0..REDRAWS {
                if !self.taken.iter().any(|(taken_by, taken)| *taken_by == index && *taken == text) {
                    break;
                }
                text = self.value(&slot.choices);
            }
            self.taken.push((index, text.clone()));
        }
        text
    }

    fn value(&mut self, choices: &Templates) -> String {
        let held_out = self.values == Values::WithHeldOut
            && !choices.held_out.is_empty()
            && self.rng.random_ratio(1, HELD_OUT_ONE_IN);
        self.one_of(if held_out { &choices.held_out } else { &choices.shared })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::SeedTree;

    fn texts(source: &str, values: Values) -> Vec<String> {
        let grammar = Grammar::parse(source).unwrap();
        let mut rng = SeedTree::new(1).rng("expand");
        let template = &grammar.intents[0].choices.shared[0];
        (0..200).map(|_| expand(&grammar, template, values, &mut rng)).collect()
    }

    #[test]
    fn every_alternative_occurs_and_blanks_are_single() {
        let mut seen = texts("intent a 1 1\n    go [very] (far|near [by]) now\n", Values::Shared);
        seen.sort();
        seen.dedup();
        let wanted = ["go far now", "go near by now", "go near now"];
        let very = ["go very far now", "go very near by now", "go very near now"];
        assert_eq!(seen, [wanted, very].concat());
    }

    #[test]
    fn a_distinct_slot_never_repeats_and_another_may() {
        let equal = |text: &String| text.split_once(' ').is_some_and(|(a, b)| a == b);
        let distinct = texts("slot x distinct\n    a | b\nintent i 1 1\n    {x} {x}\n", Values::Shared);
        assert!(!distinct.iter().any(equal));
        let free = texts("slot x\n    a | b\nintent i 1 1\n    {x} {x}\n", Values::Shared);
        assert!(free.iter().any(equal));
    }

    #[test]
    fn held_out_values_need_leave() {
        let source = "slot x\n    a\nheld out\n    b\nintent i 1 1\n    {x}\n";
        assert!(texts(source, Values::Shared).iter().all(|text| text == "a"));
        let held_out = texts(source, Values::WithHeldOut).iter().filter(|text| *text == "b").count();
        assert!((15..60).contains(&held_out), "{held_out} of 200 instead of about 33");
    }

    #[test]
    fn slots_join_without_blanks() {
        let numbers = texts("slot d\n    1 | 2\nintent i 1 1\n    no {d}{d}0\n", Values::Shared);
        assert!(numbers.iter().all(|text| text.len() == 6), "{numbers:?}");
    }
}
