//! The table of keys: what a spec may say, which values are legal, and what each key means.
//!
//! Reading, the suggestions in errors, the JSON Schema and the commented template all come from
//! this one table. Defaults are those of the structs in `records.rs`, so they cannot disagree.

use std::sync::LazyLock;

use serde::Serialize;
use toml::{Table, Value};

use super::condition::{BERT, Condition, RECURRENT, WORDS};
use super::kind::{
    ABOVE_0, ABOVE_0_TO_1, BETWEEN_0_AND_1, DIRECTIONS, FROM_0, FROM_0_BELOW_1, Kind, PERCENT, REAL, TextRule,
};
use super::records::{FinalSpec, METRICS, Validation};
use super::written::{WrittenPruner, WrittenStudy};
use crate::trial::ParamValue;
use uaic_model::model::{ARCHITECTURES, ModelSpec};
use uaic_model::text::TextSpec;
use uaic_model::train::TrainSpec;
use uaic_study::SAMPLERS;
use uaic_study::pruner::PRUNERS;

/// One key of a spec. Every key holds a single boolean, number or text.
#[derive(Debug)]
pub(super) struct Key {
    /// Its full path, such as `train.lr`.
    pub(super) path: &'static str,
    /// Which values are legal.
    pub(super) kind: Kind,
    /// One line on what it does.
    pub(super) doc: &'static str,
    /// What people coming from other programs call it.
    pub(super) aliases: &'static [&'static str],
    /// What another key must be for this one to mean anything.
    pub(super) condition: Option<Condition>,
}

const fn int(min: i64, max: i64) -> Kind {
    Kind::Int { min, max }
}

const fn key(path: &'static str, kind: Kind, doc: &'static str) -> Key {
    Key { path, kind, doc, aliases: &[], condition: None }
}

impl Key {
    /// The section that it is written in.
    pub(super) fn section(&self) -> &'static str {
        self.path.rsplit_once('.').map_or("", |(section, _)| section)
    }

    /// Its name inside its section.
    pub(super) fn name(&self) -> &'static str {
        self.path.rsplit_once('.').map_or(self.path, |(_, name)| name)
    }

    /// Whether a study may tune it.
    pub(super) fn is_searchable(&self) -> bool {
        ["text", "model", "train"].contains(&self.section()) && self.path != PRETRAINED
    }

    /// Whether it takes names or free text, so that an override needs no quotes.
    pub(super) fn takes_text(&self) -> bool {
        matches!(self.kind, Kind::Name(_) | Kind::Text(_) | Kind::Names(_) | Kind::Constraints | Kind::Time)
    }

    /// Whether a spec must give it.
    pub(super) fn is_required(&self) -> bool {
        REQUIRED.contains(&self.path)
    }

    /// Whether `name` is its name, or what another program calls it.
    pub(super) fn is_called(&self, name: &str) -> bool {
        self.name() == name || self.aliases.contains(&name)
    }

    /// Its value where a spec does not give it, in the default architecture or else in the first one
    /// that has it. Required keys have none, nor have the ways of validation that are not the
    /// default one. The direction follows the metric.
    pub(super) fn default(&self) -> Option<ParamValue> {
        let usual = ModelSpec::default().architecture();
        [usual].iter().chain(&ARCHITECTURES).find_map(|architecture| self.default_in(architecture))
    }

    /// As [`Key::default`], in an architecture; `None` too where it does not have the key.
    pub(super) fn default_in(&self, architecture: &str) -> Option<ParamValue> {
        let defaults = match self.section() {
            "model" => &DEFAULTS_OF_MODELS,
            _ if self.path == TOKENIZER => &DEFAULTS_OF_MODELS,
            _ => return value_at(&DEFAULTS, self.path),
        };
        let (_, table) = defaults.iter().find(|(name, _)| *name == architecture)?;
        value_at(table, self.path)
    }

    const fn alias(self, aliases: &'static [&'static str]) -> Self {
        Self { aliases, ..self }
    }

    const fn only_with(self, condition: Condition) -> Self {
        Self { condition: Some(condition), ..self }
    }
}

/// Sections in the order in which they are written, with one line on each.
pub(super) const SECTIONS: [(&str, &str); 11] = [
    ("experiment", "A name that groups runs"),
    (OBJECTIVE, "A program that is tuned, in place of [data], [text], [model], [train] and [final]"),
    ("data", "Which texts, and how trials are validated"),
    ("data.validation", "One of: folds, fraction, split"),
    ("text", "How a text becomes token ids; learnt from the training part only"),
    ("model", "What is trained"),
    ("train", "How it is trained"),
    (SEARCH, "Keys of [text], [model] and [train] to tune, and over which values"),
    ("study", "How the search is made, and what for"),
    ("pruner", "Which trials are stopped early"),
    ("final", "The best point, trained again on all training data, then tested once"),
];

/// The section of a program in place of our own training.
pub(super) const OBJECTIVE: &str = "objective";

/// The section whose keys are key paths.
pub(super) const SEARCH: &str = "search";

/// The key that decides which other keys of `[model]` there are.
pub(super) const ARCHITECTURE: &str = "model.architecture";

/// The key that decides which other keys of `[text]` mean anything.
pub(super) const TOKENIZER: &str = "text.tokenizer";

/// How states become one vector: other names in each architecture.
pub(super) const POOLING: &str = "model.pooling";

/// The key that names the folder of a pretrained model.
pub(super) const PRETRAINED: &str = "model.pretrained";

/// What is optimised.
pub(super) const METRIC: &str = "study.metric";

/// Which end of it is better.
pub(super) const DIRECTION: &str = "study.direction";

/// The section of which exactly one key is given.
pub(super) const VALIDATION: &str = "data.validation";

/// Every key, in the order in which they are written.
pub(super) static KEYS: [Key; 76] = [
    key("experiment.name", Kind::Text(TextRule::Name), "Groups studies and runs in the store"),
    key("experiment.description", Kind::Text(TextRule::Any), "Free text").alias(&["desc", "notes"]),
    key(
        "data.dataset",
        Kind::Text(TextRule::Path),
        "A name under data/, or the path of a folder with train.tsv",
    )
    .alias(&["name", "path"]),
    key("data.validation.folds", int(2, 100), "Stratified k-fold cross-validation of the training split")
        .alias(&["k", "n_folds", "cv", "n_splits"]),
    key(
        "data.validation.fraction",
        Kind::Float(BETWEEN_0_AND_1),
        "Or one stratified part of the training split",
    )
    .alias(&["ratio", "val_size", "test_size"]),
    key("data.validation.split", Kind::Text(TextRule::Split), "Or a split of its own, such as \"dev\""),
    key(
        "data.oos",
        Kind::Text(TextRule::OutOfScope),
        "A split of texts of no intent, such as \"ood\", that are trained on as such",
    )
    .alias(&["ood", "outliers", "outlier_exposure", "out_of_scope"]),
    key(
        TOKENIZER,
        Kind::Name(&["words", "wordpiece"]),
        "What texts are cut into; wordpieces are learnt, or those of the pretrained model",
    ),
    key("text.lowercase", Kind::Bool, "Lower-case everything").alias(&["lower"]),
    key(
        "text.numbers",
        Kind::Name(&["keep", "shape", "mask", "time"]),
        "Digits stay, become 0 each, or a number one common token, or times of day another",
    )
    .alias(&["digits"])
    .only_with(WORDS),
    key(
        "text.punctuation",
        Kind::Name(&["keep", "split", "drop"]),
        "Marks stay in their words, become tokens, or are dropped",
    )
    .only_with(WORDS),
    key("text.min_frequency", int(1, 1_000_000), "Words rarer than this are unknown")
        .alias(&["min_freq", "min_count"]),
    key(
        "text.max_vocabulary",
        int(0, 10_000_000),
        "Largest vocabulary, most frequent words first; 0: no limit",
    )
    .alias(&["vocab_size", "max_vocab", "max_vocab_size"]),
    key("text.max_length", int(1, 10_000), "Longer texts are cut after this many tokens")
        .alias(&["max_len", "seq_len"]),
    key(
        "text.ngrams",
        int(0, 10_000_000),
        "Buckets for hashed character n-grams, which unknown words have too; 0: none",
    )
    .alias(&["bucket", "buckets", "subwords"])
    .only_with(WORDS),
    key("text.ngram_min", int(1, 20), "Characters of the shortest n-grams; `<` and `>` mark a word's ends")
        .alias(&["minn"])
        .only_with(WORDS),
    key("text.ngram_max", int(1, 20), "Characters of the longest n-grams")
        .alias(&["maxn"])
        .only_with(WORDS),
    key(ARCHITECTURE, Kind::Name(&ARCHITECTURES), "Which network").alias(&["arch", "type", "name"]),
    key(
        PRETRAINED,
        Kind::Text(TextRule::PathOrNone),
        "Folder of a Hugging Face model (config.json, model.safetensors, tokenizer.json) to begin with",
    )
    .alias(&["checkpoint", "from", "model_name_or_path"])
    .only_with(BERT),
    key("model.embedding_dim", int(1, 4096), "Width of the word vectors")
        .alias(&["emb_dim", "embed_dim", "embedding_size", "embeddings"])
        .only_with(RECURRENT),
    key("model.hidden_dim", int(1, 4096), "Width of the states")
        .alias(&["hidden_size", "hidden_units"]),
    key("model.layers", int(1, 48), "Layers on top of each other")
        .alias(&["num_layers", "n_layers", "num_hidden_layers"]),
    key("model.heads", int(1, 256), "Attention heads of a layer; they divide hidden_dim")
        .alias(&["num_heads", "n_heads", "num_attention_heads"])
        .only_with(BERT),
    key("model.intermediate_dim", int(1, 65_536), "Width inside the feed-forward part of a layer")
        .alias(&["intermediate_size", "ffn_dim", "dim_feedforward"])
        .only_with(BERT),
    key("model.bidirectional", Kind::Bool, "Read each text from its end as well")
        .alias(&["bidir"])
        .only_with(RECURRENT),
    key(
        POOLING,
        Kind::Name(&["last", "mean", "max", "attention", "first"]),
        "How a text's states become one vector; `first` is for bert, `last` and `attention` for the others",
    )
    .alias(&["pool"]),
    key("model.word_dropout", Kind::Float(FROM_0_BELOW_1), "Share of words read as unknown in training")
        .only_with(RECURRENT),
    key(
        "model.dropout",
        Kind::Float(FROM_0_BELOW_1),
        "Share of values dropped in training before each recurrent layer, or after each part of bert",
    )
    .alias(&["dropout_rate", "p", "hidden_dropout_prob"]),
    key(
        "model.attention_dropout",
        Kind::Float(FROM_0_BELOW_1),
        "Share of attention weights dropped in training",
    )
    .alias(&["attention_probs_dropout_prob"])
    .only_with(BERT),
    key(
        "model.head_dropout",
        Kind::Float(FROM_0_BELOW_1),
        "Share of features dropped in training before the last layer",
    )
    .alias(&["classifier_dropout"]),
    key(
        "model.adversarial",
        Kind::Float(FROM_0),
        "How far each text's word vectors are moved against the model in training; 0: not at all, twice as fast",
    )
    .alias(&["adversarial_epsilon", "fgm"])
    .only_with(RECURRENT),
    key("model.frozen_embeddings", Kind::Bool, "Leave the embeddings as they are")
        .alias(&["freeze_embeddings"])
        .only_with(BERT),
    key(
        "model.frozen_layers",
        int(0, 48),
        "Leave the embeddings and so many of the lowest layers as they are; all of them: train the head alone",
    )
    .alias(&["freeze_layers", "freeze"])
    .only_with(BERT),
    key("train.epochs", int(1, 100_000), "Passes over the training part").alias(&[
        "num_epochs",
        "n_epochs",
        "max_epochs",
    ]),
    key("train.batch_size", int(1, 4096), "Texts per step").alias(&["batch", "bs"]),
    key("train.optimizer", Kind::Name(&["adam", "adamw"]), "The rule that turns gradients into steps")
        .alias(&["optim"]),
    key("train.lr", Kind::Float(ABOVE_0), "Learning rate (its peak, under a schedule)")
        .alias(&["learning_rate", "learning-rate"]),
    key(
        "train.weight_decay",
        Kind::Float(FROM_0),
        "L2 penalty added to the gradient (adam), or decoupled decay (adamw)",
    )
    .alias(&["wd", "l2"]),
    key(
        "train.layer_decay",
        Kind::Float(ABOVE_0_TO_1),
        "Factor of the learning rate from each layer of bert to the one below; 1: all alike",
    )
    .alias(&["layerwise_lr_decay", "llrd", "layer_wise_lr_decay"])
    .only_with(BERT),
    key("train.clip_norm", Kind::Float(FROM_0), "Largest gradient norm; 0: no clipping").alias(&[
        "grad_clip",
        "max_grad_norm",
        "gradient_clip",
    ]),
    key(
        "train.schedule",
        Kind::Name(&["constant", "step", "cosine", "linear"]),
        "How the learning rate changes over the training",
    )
    .alias(&["scheduler", "lr_schedule", "lr_scheduler"]),
    key("train.warmup", Kind::Float(FROM_0_BELOW_1), "Share of all steps over which the rate rises from 0")
        .alias(&["warmup_ratio", "warmup_fraction"]),
    key("train.step_epochs", int(1, 100_000), "With schedule = \"step\": epochs between two reductions")
        .alias(&["step_size"]),
    key("train.step_factor", Kind::Float(ABOVE_0_TO_1), "With schedule = \"step\": factor of each reduction")
        .alias(&["gamma"]),
    key(
        "train.label_smoothing",
        Kind::Float(FROM_0_BELOW_1),
        "Probability spread from the right class over all",
    )
    .alias(&["smoothing"]),
    key(
        "train.class_weights",
        Kind::Name(&["none", "balanced", "sqrt"]),
        "How classes are weighted in the loss",
    )
    .alias(&["class_weight"]),
    key(
        "train.oos_weight",
        Kind::Float(FROM_0),
        "With data.oos: what its texts weigh together, against those with an intent; 0: they are kept from the weights",
    )
    .alias(&["ood_weight", "oe_weight", "outlier_weight"]),
    key(
        "train.average",
        Kind::Float(FROM_0_BELOW_1),
        "Share that a moving average of the weights keeps at each step; 0: the last step's weights",
    )
    .alias(&["ema", "ema_decay", "swa"]),
    key(
        "train.patience",
        int(0, 100_000),
        "Stop after this many epochs without a lower validation loss; 0: never",
    )
    .alias(&["early_stopping"]),
    key("study.sampler", Kind::Name(&SAMPLERS), "How points are proposed"),
    key("study.trials", int(1, 1_000_000), "How many trials there will be in all").alias(&[
        "n_trials",
        "num_trials",
        "budget",
    ]),
    key(
        "study.parallel",
        int(1, 1024),
        "How many trials may be pending at once: it decides what a proposal may know",
    )
    .alias(&["jobs", "n_jobs", "workers"]),
    key("study.seed", int(0, i64::MAX), "The root of all randomness").alias(&["random_state", "random_seed"]),
    key(METRIC, Kind::Names(&METRICS), "What is optimised; several for a Pareto front")
        .alias(&["objective", "monitor", "metrics"]),
    key(DIRECTION, Kind::Names(DIRECTIONS), "Which end of the metric is better")
        .alias(&["mode", "goal", "directions"]),
    key("study.feasible", Kind::Constraints, "What the metrics of a trial must be like; others rank behind"),
    key("study.target", Kind::Float(REAL), "Stop the search once the metric is this good")
        .alias(&["stop_at", "goal_value"]),
    key("study.timeout", Kind::Time, "Start no trial after this time, such as \"30m\""),
    key(
        "study.duplicates",
        Kind::Name(&["avoid", "reuse", "repeat"]),
        "Points that were tried before: none, with the value they had, or again with other seeds",
    ),
    key("pruner.kind", Kind::Name(&PRUNERS), "How trials are judged on their way").alias(&["name", "type"]),
    key("pruner.startup_trials", int(0, 1_000_000), "Stop none before so many have ended")
        .alias(&["n_startup_trials"]),
    key("pruner.warmup_steps", int(0, 1_000_000_000), "Judge none before this step")
        .alias(&["n_warmup_steps"]),
    key("pruner.interval", int(1, 1_000_000_000), "Steps between two judgements").alias(&["interval_steps"]),
    key("pruner.percentile", Kind::Float(PERCENT), "percentile: the share of trials that go on, in per cent"),
    key("pruner.min_resource", int(1, 1_000_000_000), "successive-halving, hyperband: steps before the first cut"),
    key("pruner.grace", int(0, 1000), "successive-halving: how many of the lowest rungs let everything pass"),
    key("pruner.brackets", int(1, 1000), "hyperband: how many brackets there are"),
    key("pruner.around", Kind::Name(&PRUNERS), "patience: the pruner that has to agree"),
    key("pruner.max_resource", int(1, 1_000_000_000), "hyperband: steps of a whole trial"),
    key("pruner.reduction", int(2, 1000), "successive-halving, hyperband: one of so many goes on")
        .alias(&["reduction_factor", "eta"]),
    key("pruner.lower", Kind::Float(REAL), "threshold: stop below this"),
    key("pruner.upper", Kind::Float(REAL), "threshold: stop above this"),
    key("pruner.patience", int(1, 1_000_000_000), "patience: steps without a gain that a trial is given"),
    key("pruner.min_delta", Kind::Float(FROM_0), "patience: a gain has to be larger than this"),
    key("pruner.p_threshold", Kind::Float(BETWEEN_0_AND_1), "wilcoxon: stop below this p-value"),
    key("final.epochs", int(0, 100_000), "Passes over all training data; 0 leaves the final stage out")
        .alias(&["num_epochs", "n_epochs", "max_epochs"]),
];

const REQUIRED: [&str; 2] = ["experiment.name", "data.dataset"];

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

/// A part of a spec as a table. Structs of plain fields always have one, so nothing is lost by
/// the empty table in place of an error.
pub(super) fn table_of(part: &impl Serialize) -> Table {
    Table::try_from(part).unwrap_or_default()
}

/// The boolean, number or text at a key path of nested tables.
pub(super) fn value_at(root: &Table, path: &str) -> Option<ParamValue> {
    let mut names = path.split('.');
    let mut value = root.get(names.next()?)?;
    for name in names {
        value = value.get(name)?;
    }
    match value {
        Value::Boolean(value) => Some(ParamValue::Bool(*value)),
        Value::Integer(value) => Some(ParamValue::Int(*value)),
        Value::Float(value) => Some(ParamValue::Float(*value)),
        Value::String(value) => Some(ParamValue::Text(value.clone())),
        Value::Datetime(_) | Value::Array(_) | Value::Table(_) => None,
    }
}

/// Puts a value at a key path, with the tables above it.
pub(super) fn put_at(root: &mut Table, path: &str, value: &ParamValue) {
    let value = match value {
        ParamValue::Bool(value) => Value::Boolean(*value),
        ParamValue::Int(value) => Value::Integer(*value),
        ParamValue::Float(value) => Value::Float(*value),
        ParamValue::Text(value) => Value::String(value.clone()),
    };
    let (sections, name) = path.rsplit_once('.').unwrap_or(("", path));
    let mut table = root;
    for section in sections.split('.').filter(|section| !section.is_empty()) {
        let inner = table.entry(section.to_owned()).or_insert_with(|| Table::new().into());
        match inner {
            Value::Table(inner) => table = inner,
            // No key path leads through a value that is not a table.
            _ => return,
        }
    }
    table.insert(name.to_owned(), value);
}

/// The key at a full path.
pub(super) fn find(path: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.path == path)
}

/// Whether a path names a section.
pub(super) fn is_section(path: &str) -> bool {
    SECTIONS.iter().any(|(section, _)| *section == path)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::super::Spec;
    use super::*;
    use uaic_study::StudySpec;

    const MINIMAL: &str = "[experiment]\nname = \"a\"\n[data]\ndataset = \"b\"\n";

    fn with(path: &str, value: &ParamValue) -> Spec {
        // As wide as can be, so that each end may be moved alone.
        let wide = [("text.ngram_min", "1"), ("text.ngram_max", "20")];
        let wide = if path.starts_with("text.ngram_") { &wide[..] } else { &[] };
        let mut overrides: Vec<(String, String)> =
            wide.iter().map(|(path, value)| ((*path).to_owned(), (*value).to_owned())).collect();
        overrides.extend(needed(path, value));
        overrides.push((path.to_owned(), value.to_toml()));
        Spec::parse(MINIMAL, Path::new("x.toml"), &overrides).unwrap()
    }

    /// What other keys must be for this one to be legal.
    fn needed(path: &str, value: &ParamValue) -> Vec<(String, String)> {
        let set = |path: &str, value: &str| (path.to_owned(), value.to_owned());
        let condition = find(path).unwrap().condition.as_ref();
        let mut needed: Vec<_> = condition.map(|of| set(of.path, of.names[0])).into_iter().collect();
        if *value == ParamValue::Text("first".to_owned()) {
            needed.push(set(ARCHITECTURE, "bert"));
        }
        if path == "model.heads" {
            needed.push(set("model.hidden_dim", "4096"));
        }
        needed
    }

    /// Legal values of a key, its extremes among them.
    fn samples(key: &Key) -> Vec<ParamValue> {
        match key.kind {
            Kind::Bool => [true, false].map(ParamValue::Bool).to_vec(),
            Kind::Int { min, max } => [min, max].map(ParamValue::Int).to_vec(),
            Kind::Float(_) => [0.25, 1e-7].map(ParamValue::Float).to_vec(),
            Kind::Name(names) => names.iter().map(|name| ParamValue::Text((*name).to_owned())).collect(),
            Kind::Names(names) => vec![ParamValue::Text(names[names.len() - 1].to_owned())],
            Kind::Constraints => vec![ParamValue::Text("val/loss < 2 and `a b` > 1".to_owned())],
            Kind::Time => ["", "1h30m"].map(ParamValue::from).to_vec(),
            Kind::Any => vec![],
            Kind::Text(TextRule::OutOfScope) => vec![ParamValue::Text("ood_train".to_owned())],
            Kind::Text(_) => vec![ParamValue::Text("a \"quoted\" näme = 1".to_owned())],
        }
    }

    #[test]
    fn every_legal_value_of_every_key_fits_its_struct_and_comes_back() {
        for key in &KEYS {
            for value in samples(key) {
                assert_eq!(with(key.path, &value).value_of(key.path), Some(value), "{}", key.path);
            }
        }
    }

    /// The structs of a spec as tables.
    fn keys_of(spec: &Spec) -> Table {
        let mut table = table_of(&spec.training);
        table.insert("experiment".to_owned(), table_of(&spec.experiment).into());
        let (study, pruner) = super::super::written::with_all_keys();
        table.insert("study".to_owned(), table_of(&study).into());
        table.insert("pruner".to_owned(), table_of(&pruner).into());
        table.insert("final".to_owned(), table_of(&spec.final_stage).into());
        table
    }

    #[test]
    fn every_field_of_the_structs_has_a_key() {
        fn leaves(table: &Table, above: &str, found: &mut BTreeSet<String>) {
            for (name, value) in table {
                match value {
                    Value::Table(inner) => leaves(inner, &format!("{above}{name}."), found),
                    _ => {
                        found.insert(format!("{above}{name}"));
                    }
                }
            }
        }
        let mut found = BTreeSet::new();
        let varied = |key: &&Key| key.section() == VALIDATION || key.path == ARCHITECTURE;
        for key in KEYS.iter().filter(varied) {
            for value in samples(key) {
                leaves(&keys_of(&with(key.path, &value)), "", &mut found);
            }
        }
        // It is left out where it is not given.
        leaves(&keys_of(&with("data.oos", &ParamValue::Text("ood".to_owned()))), "", &mut found);
        let keys: BTreeSet<String> = KEYS.iter().map(|key| key.path.to_owned()).collect();
        assert_eq!(found, keys);
    }

    #[test]
    fn a_minimal_spec_has_the_defaults_of_the_structs() {
        let spec = Spec::parse(MINIMAL, Path::new("x.toml"), &[]).unwrap();
        assert_eq!(spec.training.data.validation, Validation::default());
        assert_eq!(spec.training.text, TextSpec::default());
        assert_eq!(spec.training.model, ModelSpec::default());
        assert_eq!(spec.training.train, TrainSpec::default());
        assert_eq!(spec.study, StudySpec::default());
        assert_eq!(spec.final_stage, FinalSpec::default());
        assert!(spec.search.is_empty());
    }

    #[test]
    fn every_default_is_legal() {
        for key in &KEYS {
            if let Some(default) = key.default() {
                assert_eq!(key.kind.check(key.path, &default).as_ref(), Ok(&default), "{}", key.path);
            }
        }
    }

    #[test]
    fn keys_are_distinct_in_known_sections_and_no_alias_hides_one() {
        let paths: BTreeSet<_> = KEYS.iter().map(|key| key.path).collect();
        assert_eq!(paths.len(), KEYS.len());
        for key in &KEYS {
            assert!(is_section(key.section()), "{}", key.path);
            for alias in key.aliases {
                let hidden = format!("{}.{alias}", key.section());
                assert!(find(&hidden).is_none(), "{} and {hidden}", key.path);
            }
        }
    }
}
