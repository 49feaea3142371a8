//! The reverse of drawing, for tests: whether a template can give a text.

use std::collections::BTreeSet;

use super::expand::Values;
use super::grammar::{Grammar, Part, Template, Templates};

/// Whether some draw of `template` gives `text`, slips aside.
pub(super) fn recognises(grammar: &Grammar, template: &Template, values: Values, text: &str) -> bool {
    let recogniser = Recogniser { grammar, values, text };
    recogniser.template(template, &BTreeSet::from([0])).contains(&text.len())
}

/// Each method maps the positions a part may start at to those it may end at.
struct Recogniser<'a> {
    grammar: &'a Grammar,
    values: Values,
    text: &'a str,
}

type Positions = BTreeSet<usize>;

impl Recogniser<'_> {
    fn template(&self, template: &Template, starts: &Positions) -> Positions {
        let mut positions = starts.clone();
        for part in template {
            if positions.is_empty() {
                break;
            }
            positions = self.part(part, &positions);
        }
        positions
    }

    fn part(&self, part: &Part, starts: &Positions) -> Positions {
        match part {
            Part::Text(text) => starts.iter().filter_map(|start| self.literal(text, *start)).collect(),
            Part::Slot(index) => self.choices(&self.grammar.slots[*index].choices, starts),
            Part::Choice(templates) => self.one_of(templates, starts),
            Part::Optional(templates) => &self.one_of(templates, starts) | starts,
        }
    }

    fn choices(&self, choices: &Templates, starts: &Positions) -> Positions {
        let shared = self.one_of(&choices.shared, starts);
        match self.values {
            Values::Shared => shared,
            Values::WithHeldOut => &shared | &self.one_of(&choices.held_out, starts),
        }
    }

    fn one_of(&self, templates: &[Template], starts: &Positions) -> Positions {
        templates.iter().flat_map(|template| self.template(template, starts)).collect()
    }

    /// Runs of blanks fold into one, and vanish at either end, as they do when a text is drawn.
    fn literal(&self, literal: &str, start: usize) -> Option<usize> {
        let mut at = start;
        for character in literal.chars() {
            let folds = at == 0 || at == self.text.len() || self.text[..at].ends_with(' ');
            if character == ' ' && folds {
                continue;
            }
            if !self.text[at..].starts_with(character) {
                return None;
            }
            at += character.len_utf8();
        }
        Some(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::generate::expand::expand;
    use crate::rng::SeedTree;

    #[test]
    fn what_is_drawn_is_recognised_and_little_else() {
        let source =
            "slot d\n    1 | 2\nheld out\n    3\nintent i 1 1\n    [very] (far|near [by]) {d}{d} [now]\n";
        let grammar = Grammar::parse(source).unwrap();
        let template = &grammar.intents[0].choices.shared[0];
        let mut rng = SeedTree::new(1).rng("recognise");
        for _ in 0..100 {
            let text = expand(&grammar, template, Values::WithHeldOut, &mut rng);
            assert!(recognises(&grammar, template, Values::WithHeldOut, &text), "{text}");
            assert_eq!(recognises(&grammar, template, Values::Shared, &text), !text.contains('3'), "{text}");
        }
        for text in ["", "far", "far 1", "far 12 now now", "far by 12", "very very far 12", "far 1 2"] {
            assert!(!recognises(&grammar, template, Values::WithHeldOut, text), "{text}");
        }
    }
}
