//! What keys are where a spec does not give them: the defaults of the structs, so that the two cannot
//! disagree.

use std::sync::LazyLock;

use toml::{Table, Value};

use super::key::{Key, TOKENIZER};
use super::nested::{table_of, value_at};
use crate::spec::records::{FinalSpec, Validation};
use crate::spec::written::{WrittenPruner, WrittenStudy};
use crate::trial::ParamValue;
use uaic_model::model::{ARCHITECTURES, ModelSpec};
use uaic_model::text::TextSpec;
use uaic_model::train::TrainSpec;

impl Key {
    /// Its value where a spec does not give it, in the default architecture or else in the first one
    /// that has it. Required keys have none, nor have the ways of validation that are not the
    /// default one. The direction follows the metric.
    pub(crate) fn default(&self) -> Option<ParamValue> {
        let usual = ModelSpec::default().architecture();
        [usual].iter().chain(&ARCHITECTURES).find_map(|architecture| self.default_in(architecture))
    }

    /// As [`Key::default`], in an architecture; `None` too where it does not have the key.
    pub(crate) fn default_in(&self, architecture: &str) -> Option<ParamValue> {
        let defaults = match self.section() {
            "model" => &DEFAULTS_OF_MODELS,
            _ if self.path == TOKENIZER => &DEFAULTS_OF_MODELS,
            _ => return value_at(&DEFAULTS, self.path),
        };
        let (_, table) = defaults.iter().find(|(name, _)| *name == architecture)?;
        value_at(table, self.path)
    }
}

/// The defaults of the structs, as a spec would write them.
static DEFAULTS: LazyLock<Table> = LazyLock::new(|| {
    let mut experiment = Table::new();
    experiment.insert("description".to_owned(), String::new().into());
    let mut data = Table::new();
    data.insert("validation".to_owned(), table_of(&Validation::default()).into());
    let mut defaults = Table::new();
    for (section, table) in [
        ("experiment", experiment),
        ("data", data),
        ("text", table_of(&TextSpec::default())),
        ("train", table_of(&TrainSpec::default())),
        ("study", table_of(&WrittenStudy::default())),
        ("pruner", table_of(&WrittenPruner::default())),
        ("final", table_of(&FinalSpec::default())),
    ] {
        defaults.insert(section.to_owned(), table.into());
    }
    defaults
});

/// The defaults that an architecture decides, by its name.
static DEFAULTS_OF_MODELS: LazyLock<Vec<(&str, Table)>> = LazyLock::new(|| {
    let of = |name: &&'static str| {
        let model = ModelSpec::of(name)?;
        let mut text = Table::new();
        text.insert("tokenizer".to_owned(), Value::try_from(model.default_tokenizer()).ok()?);
        let mut defaults = Table::new();
        defaults.insert("text".to_owned(), text.into());
        defaults.insert("model".to_owned(), table_of(&model).into());
        Some((*name, defaults))
    };
    ARCHITECTURES.iter().filter_map(of).collect()
});
