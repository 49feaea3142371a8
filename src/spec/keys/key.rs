//! One key of a spec.

use super::super::kind::Kind;
use super::section::OURS;

/// One key of a spec. Every key holds a single boolean, number or text.
#[derive(Debug)]
pub(crate) struct Key {
    /// Its full path, such as `train.lr`.
    pub(crate) path: &'static str,
    /// Which values are legal.
    pub(crate) kind: Kind,
    /// One line on what it does.
    pub(crate) doc: &'static str,
    /// What people coming from other programs call it.
    pub(crate) aliases: &'static [&'static str],
    /// What another key must be for this one to mean anything.
    pub(crate) condition: Option<Condition>,
}

pub(super) const fn int(min: i64, max: i64) -> Kind {
    Kind::Int { min, max }
}

pub(super) const fn key(path: &'static str, kind: Kind, doc: &'static str) -> Key {
    Key { path, kind, doc, aliases: &[], condition: None }
}

impl Key {
    /// The section that it is written in.
    pub(crate) fn section(&self) -> &'static str {
        self.path.rsplit_once('.').map_or("", |(section, _)| section)
    }

    /// Its name inside its section.
    pub(crate) fn name(&self) -> &'static str {
        self.path.rsplit_once('.').map_or(self.path, |(_, name)| name)
    }

    /// Whether a study may tune it.
    pub(crate) fn is_searchable(&self) -> bool {
        ["text", "model", "train"].contains(&self.section()) && self.path != PRETRAINED
    }

    /// Whether it is one of our own training, which a spec with `[objective]` does not have.
    pub(crate) fn is_ours(&self) -> bool {
        OURS.iter().any(|section| self.section().starts_with(section))
    }

    /// Whether it takes names or free text, so that an override needs no quotes.
    pub(crate) fn takes_text(&self) -> bool {
        matches!(self.kind, Kind::Name(_) | Kind::Text(_) | Kind::Names(_) | Kind::Constraints | Kind::Time)
    }

    /// Whether a spec must give it.
    pub(crate) fn is_required(&self) -> bool {
        REQUIRED.contains(&self.path)
    }

    /// Whether `name` is its name, or what another program calls it.
    pub(crate) fn is_called(&self, name: &str) -> bool {
        self.name() == name || self.aliases.contains(&name)
    }

    pub(super) const fn alias(self, aliases: &'static [&'static str]) -> Self {
        Self { aliases, ..self }
    }

    pub(super) const fn only_with(self, condition: Condition) -> Self {
        Self { condition: Some(condition), ..self }
    }
}

/// What another key must be.
#[derive(Debug)]
pub(crate) struct Condition {
    /// The other key, one that takes names.
    pub(crate) path: &'static str,
    /// What it may be.
    pub(crate) names: &'static [&'static str],
}

/// Keys of the recurrent networks.
pub(super) const RECURRENT: Condition = Condition { path: ARCHITECTURE, names: &["lstm", "lstm-attention"] };

/// Keys of the transformer.
pub(super) const BERT: Condition = Condition { path: ARCHITECTURE, names: &["bert"] };

/// Keys of the tokenizer that takes texts apart into words.
pub(super) const WORDS: Condition = Condition { path: TOKENIZER, names: &["words"] };

/// The key that decides which other keys of `[model]` there are.
pub(crate) const ARCHITECTURE: &str = "model.architecture";

/// The key that decides which other keys of `[text]` mean anything.
pub(crate) const TOKENIZER: &str = "text.tokenizer";

/// How states become one vector: other names in each architecture.
pub(crate) const POOLING: &str = "model.pooling";

/// The key that names the folder of a pretrained model.
pub(crate) const PRETRAINED: &str = "model.pretrained";

/// What is optimised.
pub(crate) const METRIC: &str = "study.metric";

/// Which end of it is better.
pub(crate) const DIRECTION: &str = "study.direction";

/// The key that names the data set.
pub(crate) const DATASET: &str = "data.dataset";

const REQUIRED: [&str; 2] = ["experiment.name", "data.dataset"];
