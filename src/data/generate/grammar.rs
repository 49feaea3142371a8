//! The grammar language: sections of templates, read from text.
//!
//! The head of `flights.grammar` describes the language. Parsing checks all that can be checked
//! without drawing: brackets, slot names, counts. A slot may use only slots defined above it, so
//! no grammar can expand for ever.

/// Slots and intents, in the order of the text.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Grammar {
    pub(super) slots: Vec<Slot>,
    pub(super) intents: Vec<Intent>,
}

/// The texts a `{name}` stands for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Slot {
    pub(super) name: String,
    /// Whether one example may not hold the same text twice.
    pub(super) distinct: bool,
    pub(super) choices: Templates,
}

/// The templates of one label and the number of examples wanted.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Intent {
    pub(super) label: String,
    pub(super) train: usize,
    pub(super) test: usize,
    pub(super) choices: Templates,
}

/// Alternatives for every split, and those that only a test split may use.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Templates {
    pub(super) shared: Vec<Template>,
    pub(super) held_out: Vec<Template>,
}

/// A sequence of parts; its text is theirs, one after the other.
pub(super) type Template = Vec<Part>;

/// A piece of a template.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Part {
    /// Text as it stands, blanks included.
    Text(String),
    /// One of the texts of a slot, by its position in [`Grammar::slots`].
    Slot(usize),
    /// One of several templates.
    Choice(Vec<Template>),
    /// One of several templates, or nothing.
    Optional(Vec<Template>),
}

/// A grammar that cannot be read. Lines count from 1.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum GrammarError {
    #[error(
        "line {line}: `{header}` is no header; write `slot NAME [distinct]`, `intent LABEL TRAIN TEST` or `held out`"
    )]
    Header { line: usize, header: String },
    #[error("line {line}: a template stands before the first header")]
    NoSection { line: usize },
    #[error("line {line}: `{name}` is defined twice")]
    Duplicate { line: usize, name: String },
    #[error("line {line}: no slot `{{{name}}}` is defined above")]
    UnknownSlot { line: usize, name: String },
    #[error("line {line}: `{open}` is never closed")]
    Unclosed { line: usize, open: char },
    #[error("line {line}: `{close}` closes nothing")]
    Stray { line: usize, close: char },
    #[error("line {line}: an empty template")]
    Empty { line: usize },
    #[error("`{name}` has no templates")]
    NoTemplates { name: String },
}

impl Grammar {
    /// Reads a grammar.
    ///
    /// # Errors
    /// The first thing wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, GrammarError> {
        let mut grammar = Self::default();
        let mut section = None;
        for (number, raw) in text.lines().enumerate() {
            let line = number + 1;
            let content = raw.trim();
            if content.is_empty() || content.starts_with('#') {
                continue;
            }
            if raw.starts_with(char::is_whitespace) {
                let Some(section) = section else { return Err(GrammarError::NoSection { line }) };
                let slots = grammar.visible_from(section);
                let templates = Parser { line, rest: content, slots }.templates()?;
                grammar.choices_mut(section).extend(templates);
            } else {
                section = Some(grammar.open_section(section, content, line)?);
            }
        }
        grammar.check_filled()?;
        Ok(grammar)
    }

    /// Handles a header line: which list the next templates belong to.
    fn open_section(
        &mut self,
        current: Option<Section>,
        header: &str,
        line: usize,
    ) -> Result<Section, GrammarError> {
        let wrong = || GrammarError::Header { line, header: header.to_owned() };
        let words: Vec<&str> = header.split_whitespace().collect();
        match (words.as_slice(), current) {
            (["held", "out"], Some(Section { of, held_out: false })) => Ok(Section { of, held_out: true }),
            (["slot", name], _) => self.open_slot(name, false, line),
            (["slot", name, "distinct"], _) => self.open_slot(name, true, line),
            (["intent", label, train, test], _) => {
                let train = train.parse().map_err(|_| wrong())?;
                let test = test.parse().map_err(|_| wrong())?;
                if self.intents.iter().any(|intent| intent.label == *label) {
                    return Err(GrammarError::Duplicate { line, name: (*label).to_owned() });
                }
                let label = (*label).to_owned();
                self.intents.push(Intent { label, train, test, choices: Templates::default() });
                Ok(Section { of: Owner::Intent(self.intents.len() - 1), held_out: false })
            }
            _ => Err(wrong()),
        }
    }

    fn open_slot(&mut self, name: &str, distinct: bool, line: usize) -> Result<Section, GrammarError> {
        if self.slots.iter().any(|slot| slot.name == name) {
            return Err(GrammarError::Duplicate { line, name: name.to_owned() });
        }
        self.slots.push(Slot { name: name.to_owned(), distinct, choices: Templates::default() });
        Ok(Section { of: Owner::Slot(self.slots.len() - 1), held_out: false })
    }

    /// The slots that templates of a section may use: those defined above it.
    fn visible_from(&self, section: Section) -> &[Slot] {
        match section.of {
            Owner::Slot(index) => &self.slots[..index],
            Owner::Intent(_) => &self.slots,
        }
    }

    fn choices_mut(&mut self, section: Section) -> &mut Vec<Template> {
        let choices = match section.of {
            Owner::Slot(index) => &mut self.slots[index].choices,
            Owner::Intent(index) => &mut self.intents[index].choices,
        };
        if section.held_out { &mut choices.held_out } else { &mut choices.shared }
    }

    /// Every section can be drawn from.
    fn check_filled(&self) -> Result<(), GrammarError> {
        let slots = self.slots.iter().map(|slot| (&slot.name, &slot.choices));
        let intents = self.intents.iter().map(|intent| (&intent.label, &intent.choices));
        match slots.chain(intents).find(|(_, choices)| choices.shared.is_empty()) {
            Some((name, _)) => Err(GrammarError::NoTemplates { name: name.clone() }),
            None => Ok(()),
        }
    }
}

/// The list that template lines are added to.
#[derive(Clone, Copy)]
struct Section {
    of: Owner,
    held_out: bool,
}

#[derive(Clone, Copy)]
enum Owner {
    Slot(usize),
    Intent(usize),
}

/// Reads the templates of one line.
struct Parser<'a> {
    line: usize,
    rest: &'a str,
    slots: &'a [Slot],
}

impl Parser<'_> {
    /// The whole line: templates separated by bars, none of them empty.
    fn templates(mut self) -> Result<Vec<Template>, GrammarError> {
        let mut templates = self.alternatives(None)?;
        templates.iter_mut().for_each(trim);
        if templates.iter().any(Vec::is_empty) {
            return Err(GrammarError::Empty { line: self.line });
        }
        Ok(templates)
    }

    /// Templates up to the bracket that closes `open`, or to the end of the line.
    fn alternatives(&mut self, open: Option<char>) -> Result<Vec<Template>, GrammarError> {
        let closing = open.map(|open| if open == '(' { ')' } else { ']' });
        let mut done = Vec::new();
        let mut template = Template::new();
        while let Some(next) = self.rest.chars().next() {
            let is_special = |c: char| "()[]{}|".contains(c);
            let length = self.rest.find(is_special).unwrap_or(self.rest.len()).max(next.len_utf8());
            let (piece, rest) = self.rest.split_at(length);
            self.rest = rest;
            match next {
                '|' => done.push(std::mem::take(&mut template)),
                '(' => template.push(Part::Choice(self.alternatives(Some('('))?)),
                '[' => template.push(Part::Optional(self.alternatives(Some('['))?)),
                '{' => template.push(self.slot()?),
                _ if Some(next) == closing => {
                    done.push(template);
                    return Ok(done);
                }
                ')' | ']' | '}' => return Err(GrammarError::Stray { line: self.line, close: next }),
                _ => template.push(Part::Text(piece.to_owned())),
            }
        }
        if let Some(open) = open {
            return Err(GrammarError::Unclosed { line: self.line, open });
        }
        done.push(template);
        Ok(done)
    }

    /// The rest of `{name}` after its brace.
    fn slot(&mut self) -> Result<Part, GrammarError> {
        let Some((name, rest)) = self.rest.split_once('}') else {
            return Err(GrammarError::Unclosed { line: self.line, open: '{' });
        };
        self.rest = rest;
        match self.slots.iter().position(|slot| slot.name == name) {
            Some(index) => Ok(Part::Slot(index)),
            None => Err(GrammarError::UnknownSlot { line: self.line, name: name.to_owned() }),
        }
    }
}

/// Takes the blanks off both ends.
fn trim(template: &mut Template) {
    if let Some(Part::Text(text)) = template.first_mut() {
        *text = text.trim_start().to_owned();
    }
    if let Some(Part::Text(text)) = template.last_mut() {
        *text = text.trim_end().to_owned();
    }
    template.retain(|part| *part != Part::Text(String::new()));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Part {
        Part::Text(text.to_owned())
    }

    fn error(source: &str) -> GrammarError {
        Grammar::parse(source).unwrap_err()
    }

    #[test]
    fn a_grammar_reads_into_slots_and_intents() {
        let source = "# a comment\nslot city distinct\n    oslo | rome\nheld out\n    bonn\n\nintent fly 3 2\n    to {city}\n";
        let grammar = Grammar::parse(source).unwrap();
        let city = &grammar.slots[0];
        assert_eq!((city.name.as_str(), city.distinct), ("city", true));
        assert_eq!(city.choices.shared, [vec![text("oslo")], vec![text("rome")]]);
        assert_eq!(city.choices.held_out, [vec![text("bonn")]]);
        let fly = &grammar.intents[0];
        assert_eq!((fly.label.as_str(), fly.train, fly.test), ("fly", 3, 2));
        assert_eq!(fly.choices.shared, [vec![text("to "), Part::Slot(0)]]);
    }

    #[test]
    fn brackets_nest() {
        let grammar = Grammar::parse("intent a 1 1\n    x (b|c [d|e])\n").unwrap();
        let inner = Part::Optional(vec![vec![text("d")], vec![text("e")]]);
        let choice = Part::Choice(vec![vec![text("b")], vec![text("c "), inner]]);
        assert_eq!(grammar.intents[0].choices.shared, [vec![text("x "), choice]]);
    }

    #[test]
    fn every_mistake_names_its_line() {
        let intent = |template: &str| error(&format!("intent a 1 1\n    {template}\n"));
        assert_eq!(intent("go (to|from"), GrammarError::Unclosed { line: 2, open: '(' });
        assert_eq!(intent("go [to)"), GrammarError::Stray { line: 2, close: ')' });
        assert_eq!(intent("go }"), GrammarError::Stray { line: 2, close: '}' });
        assert_eq!(intent("go {to"), GrammarError::Unclosed { line: 2, open: '{' });
        assert_eq!(intent("to {city}"), GrammarError::UnknownSlot { line: 2, name: "city".into() });
        assert_eq!(intent("go |"), GrammarError::Empty { line: 2 });
        assert_eq!(error("    go\n"), GrammarError::NoSection { line: 1 });
        assert_eq!(error("held out\n"), GrammarError::Header { line: 1, header: "held out".into() });
        assert_eq!(error("intent a b 1\n"), GrammarError::Header { line: 1, header: "intent a b 1".into() });
        assert_eq!(error("slot a\n    x\nslot a\n"), GrammarError::Duplicate { line: 3, name: "a".into() });
        assert_eq!(error("slot a\n"), GrammarError::NoTemplates { name: "a".into() });
    }

    #[test]
    fn a_slot_cannot_use_itself() {
        assert_eq!(error("slot a\n    x {a}\n"), GrammarError::UnknownSlot { line: 2, name: "a".into() });
    }
}
