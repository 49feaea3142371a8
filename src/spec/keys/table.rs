//! Every key.

use super::key::{
    ARCHITECTURE, BERT, DATASET, DIRECTION, Key, METRIC, POOLING, PRETRAINED, RECURRENT, TOKENIZER, WORDS,
    int, key,
};
use crate::spec::kind::{
    ABOVE_0, ABOVE_0_TO_1, BETWEEN_0_AND_1, DIRECTIONS, FROM_0, FROM_0_BELOW_1, Kind, PERCENT, REAL, TextRule,
};
use crate::spec::records::METRICS;
use uaic_model::model::ARCHITECTURES;
use uaic_study::SAMPLERS;
use uaic_study::pruner::PRUNERS;

/// Every key, in the order in which they are written.
pub(crate) static KEYS: [Key; 76] = [
    key("experiment.name", Kind::Text(TextRule::Name), "Groups studies and runs in the store"),
    key("experiment.description", Kind::Text(TextRule::Any), "Free text").alias(&["desc", "notes"]),
    key(
        DATASET,
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
