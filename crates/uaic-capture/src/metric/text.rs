//! Lines as people print metrics: `epoch 3 - loss: 0.41 - val_acc: 0.91`, `step=10 loss=0.2`.

use std::borrow::Cow;

use super::token::{self, Number, Token};
use super::{Said, words};

/// Longer lines are no metrics.
const LONGEST: usize = 4096;

/// Words that may stand in a line beside its pairs.
const FEW_WORDS: usize = 2;
/// The same, where something in it surely is measured.
const SOME_WORDS: usize = 4;

/// What a line says; `None` where it does not look like metrics. Without values it only says a step.
pub(super) fn read(line: &str) -> Option<Said<'_>> {
    if line.len() > LONGEST || !line.bytes().any(|byte| byte.is_ascii_digit() || byte == b'n') {
        return None;
    }
    let tokens = token::split(line)?;
    let mut look = Look { tokens: &tokens, at: 0, found: Found::default() };
    look.look_at_beginning();
    while look.at < tokens.len() {
        look.look_on();
    }
    look.found.judge()
}

/// A pair of a name and a number.
struct Pair<'a> {
    key: Cow<'a, str>,
    number: Number,
    is_measured: bool,
}

#[derive(Default)]
struct Found<'a> {
    pairs: Vec<Pair<'a>>,
    /// Measured words with a number right after them: these count only beside others.
    loose: Vec<Pair<'a>>,
    /// Steps, with how fine they are.
    steps: Vec<(usize, &'a str, i64)>,
    /// `3/10`.
    has_progress: bool,
    /// Words that belong to nothing.
    words: usize,
    /// Names with something that is no number.
    texts: usize,
    /// Addresses and paths.
    places: usize,
}

struct Look<'a, 't> {
    tokens: &'t [Token<'a>],
    at: usize,
    found: Found<'a>,
}

impl<'a> Look<'a, '_> {
    fn token(&self, at: usize) -> Option<Token<'a>> {
        self.tokens.get(at).copied()
    }

    /// The number of a boosting round, which stands first: `[0]`, `0:`.
    fn look_at_beginning(&mut self) {
        let round = match (self.token(0), self.token(1), self.token(2)) {
            (Some(Token::Other('[')), Some(Token::Number(number)), Some(Token::Other(']'))) => {
                Some((number, 3))
            }
            (Some(Token::Number(number)), Some(Token::Mark { mark: ':', is_loose: true }), _) => {
                Some((number, 2))
            }
            _ => None,
        };
        if let Some((Number { whole: Some(step), .. }, length)) = round {
            self.found.steps.push((usize::MAX, "round", step));
            self.at = length;
        }
    }

    fn look_on(&mut self) {
        match self.tokens[self.at] {
            Token::Word(word) => self.look_at_word(word),
            Token::Other('/') => {
                let number = |at: Option<Token<'_>>| matches!(at, Some(Token::Number(_)));
                let is_progress =
                    self.at > 0 && number(self.token(self.at - 1)) && number(self.token(self.at + 1));
                self.found.has_progress |= is_progress;
                self.found.places += usize::from(!is_progress);
                self.at += 1;
            }
            _ => self.at += 1,
        }
    }

    fn look_at_word(&mut self, word: &'a str) {
        if self.take_step(word) {
            return;
        }
        let mut next = self.at + 1;
        // `"loss": 0.5`
        while matches!(self.token(next), Some(Token::Other('"' | '\''))) {
            next += 1;
        }
        match self.token(next) {
            Some(Token::Mark { mark, is_loose }) => self.look_behind_mark(word, next, mark, is_loose),
            Some(Token::Number(number)) if words::is_measured(word) && !words::is_never(word) => {
                let key = self.key_at(self.at, word);
                self.found.loose.push(Pair { key, number, is_measured: true });
                self.at = next + 1;
            }
            _ => self.pass(word),
        }
    }

    /// A word by itself.
    fn pass(&mut self, word: &str) {
        let is_part = words::is_qualifier(word) || words::is_level(word);
        self.found.words += usize::from(!is_part);
        self.at += 1;
    }

    fn look_behind_mark(&mut self, word: &'a str, mark_at: usize, mark: char, is_loose: bool) {
        let after = mark_at + 1;
        match self.token(after) {
            Some(Token::Number(number)) => {
                let key = self.key_at(self.at, word);
                self.at = after + 1;
                // `9858/10000` is none, nor is the port of an address.
                let is_share = matches!(self.token(self.at), Some(Token::Other('/')));
                let is_measured = words::is_measured(word);
                let is_port = mark == ':' && !is_loose && number.whole.is_some() && !is_measured;
                self.found.places += usize::from(is_port);
                if !is_share && !is_port && !words::is_never(word) {
                    self.found.pairs.push(Pair { key, number, is_measured });
                }
            }
            // An address, or `==`.
            Some(Token::Other('/') | Token::Mark { .. }) => {
                self.found.places += 1;
                self.at = after + 1;
            }
            Some(Token::Word(_))
                if !matches!(self.token(after + 1), Some(Token::Mark { .. } | Token::Number(_))) =>
            {
                self.found.texts += 1;
                self.at = after + 1;
            }
            Some(Token::Other('"' | '\'' | '<' | '{')) => {
                self.found.texts += 1;
                self.at = after + 1;
            }
            // A heading: `train: loss=0.3`.
            _ => {
                self.pass(word);
                self.at = after;
            }
        }
    }

    /// A step, with what follows it: `epoch 3/10`, `step=7`, `Epoch: [0][10/100]`.
    fn take_step(&mut self, word: &'a str) -> bool {
        let Some(fineness) = words::fineness(word) else { return false };
        let mut next = self.at + 1;
        while let Some(Token::Mark { .. } | Token::Other('[' | '#' | '"' | '\'' | '(')) = self.token(next) {
            next += 1;
        }
        let Some(Token::Number(Number { whole: Some(step), .. })) = self.token(next) else { return false };
        self.found.steps.push((fineness, word, step));
        self.at = next + 1;
        let of = match self.token(self.at) {
            Some(Token::Other('/')) => true,
            Some(Token::Word(word)) => word == "of",
            _ => false,
        };
        if of && matches!(self.token(self.at + 1), Some(Token::Number(_))) {
            self.at += 2;
        }
        true
    }

    /// The name that ends with the word at a place: `Train Loss` is `Train_Loss`.
    fn key_at(&self, at: usize, word: &'a str) -> Cow<'a, str> {
        const MOST: usize = 2;
        let mut parts = vec![];
        for token in self.tokens[..at].iter().rev().take(MOST) {
            match token {
                Token::Word(part) if words::is_qualifier(part) => {
                    parts.push(part.strip_suffix("'s").unwrap_or(part));
                }
                _ => break,
            }
        }
        if parts.is_empty() {
            return Cow::Borrowed(word);
        }
        parts.reverse();
        Cow::Owned(parts.join("_") + "_" + word)
    }
}

impl<'a> Found<'a> {
    /// Whether this is a line of metrics, and what it says then.
    fn judge(mut self) -> Option<Said<'a>> {
        let has_step = !self.steps.is_empty() || self.has_progress;
        if has_step || !self.pairs.is_empty() {
            self.pairs.append(&mut self.loose);
        }
        if self.pairs.is_empty() {
            return self.announcement();
        }
        if !self.is_said(has_step) {
            return None;
        }
        let mut values: Vec<(Cow<'a, str>, f64)> =
            self.pairs.into_iter().map(|pair| (pair.key, pair.number.value)).collect();
        self.steps.sort_unstable_by_key(|(fineness, ..)| *fineness);
        let mut steps = self.steps.into_iter();
        let step = steps.next().map(|(.., step)| step);
        values.extend(steps.map(|(_, word, step)| (Cow::Borrowed(word), step as f64)));
        Some(Said { step, values })
    }

    fn is_said(&self, has_step: bool) -> bool {
        let Self { pairs, words, texts, places, .. } = self;
        let is_measured = pairs.iter().any(|pair| pair.is_measured);
        if *places > 0 {
            return has_step && is_measured && *words <= SOME_WORDS;
        }
        // A whole number or a share alone may be anything.
        let is_figure = |pair: &Pair<'_>| pair.number.whole.is_none() && !pair.number.is_percent;
        let is_plain = *words == 0 && *texts == 0;
        let few = *words <= FEW_WORDS;
        (is_measured && *words <= SOME_WORDS && *texts <= 1)
            || (has_step && few && *texts <= 1)
            || (is_plain && pairs.iter().any(is_figure))
            || (pairs.len() >= 2 && few && *texts == 0 && pairs.iter().any(is_figure))
    }

    /// `Epoch 3/10` on a line of its own says where what follows belongs.
    fn announcement(&self) -> Option<Said<'a>> {
        let is_alone = self.words == 0 && self.texts == 0 && self.places == 0;
        let [(_, word, step)] = self.steps.as_slice() else { return None };
        (is_alone && word.eq_ignore_ascii_case("epoch")).then(|| Said { step: Some(*step), values: vec![] })
    }
}
