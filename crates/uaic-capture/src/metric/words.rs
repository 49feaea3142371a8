//! Words that say whether a number is a metric.

/// Names of what is measured. A word among them lets its number count in lines with some prose.
const MEASURED: [&str; 62] = [
    "acc",
    "accuracy",
    "auc",
    "auprc",
    "auroc",
    "bce",
    "bleu",
    "bpc",
    "ce",
    "cer",
    "cost",
    "dice",
    "elbo",
    "entropy",
    "err",
    "error",
    "f1",
    "fid",
    "fitness",
    "grad",
    "gradnorm",
    "iou",
    "kl",
    "logloss",
    "loss",
    "losses",
    "lr",
    "mae",
    "map",
    "map50",
    "mape",
    "miou",
    "mrr",
    "mse",
    "ndcg",
    "nll",
    "norm",
    "objective",
    "perplexity",
    "ppl",
    "precision",
    "prec",
    "psnr",
    "r2",
    "rate",
    "recall",
    "return",
    "reward",
    "rmse",
    "rouge",
    "rougel",
    "score",
    "sensitivity",
    "specificity",
    "ssim",
    "throughput",
    "top1",
    "top5",
    "val",
    "wer",
    "wape",
    "smape",
];

/// Names of what is no measurement, whatever number it has.
const NEVER: [&str; 33] = [
    "at",
    "build",
    "bytes",
    "code",
    "col",
    "column",
    "date",
    "device",
    "elapsed",
    "eta",
    "exit",
    "gpu",
    "id",
    "line",
    "pid",
    "port",
    "ppid",
    "rank",
    "seed",
    "size",
    "status",
    "thread",
    "tid",
    "time",
    "timestamp",
    "total",
    "ts",
    "v_num",
    "version",
    "world",
    "year",
    "uid",
    "workers",
];

/// Words before the name of what is measured that belong to it: `Train Loss`, `training's auc`.
const QUALIFIERS: [&str; 24] = [
    "average",
    "avg",
    "batch",
    "best",
    "dev",
    "eval",
    "evaluation",
    "final",
    "learning",
    "macro",
    "mean",
    "micro",
    "overall",
    "running",
    "test",
    "top",
    "train",
    "training",
    "val",
    "valid",
    "validation",
    "weighted",
    "smoothed",
    "median",
];

/// What programs put before what they log.
const LEVELS: [&str; 10] =
    ["debug", "info", "warning", "warn", "error", "critical", "notice", "trace", "root", "__main__"];

/// What a line says its values belong to, the finest first.
const STEPS: [&str; 9] =
    ["global_step", "step", "steps", "iteration", "iterations", "iter", "it", "batch", "epoch"];

fn parts(name: &str) -> impl Iterator<Item = &str> {
    name.split(|letter: char| !letter.is_alphanumeric()).filter(|part| !part.is_empty())
}

fn is_among(word: &str, words: &[&str]) -> bool {
    words.iter().any(|known| known.eq_ignore_ascii_case(word))
}

/// Whether a name says that something is measured: `loss`, `val/acc`, `train_loss`, `Acc@1`, `trainLoss`.
pub(super) fn is_measured(name: &str) -> bool {
    parts(name).any(|part| {
        let tail = part.char_indices().rev().find(|(_, letter)| letter.is_uppercase());
        is_among(part, &MEASURED) || tail.is_some_and(|(at, _)| is_among(&part[at..], &MEASURED))
    })
}

/// Whether a name says that its number is none to draw a curve of.
pub(super) fn is_never(name: &str) -> bool {
    is_among(name, &NEVER) || parts(name).last().is_some_and(|last| is_among(last, &NEVER))
}

/// How fine a step is that a word names, 0 for the finest; `None` for other words.
pub(super) fn fineness(word: &str) -> Option<usize> {
    let word = word.strip_prefix("trainer/").unwrap_or(word);
    STEPS.iter().position(|step| step.eq_ignore_ascii_case(word))
}

/// Whether a word belongs to the name after it.
pub(super) fn is_qualifier(word: &str) -> bool {
    let word = word.strip_suffix("'s").unwrap_or(word);
    is_among(word.trim_end_matches(|letter: char| letter.is_ascii_digit() || letter == '_'), &QUALIFIERS)
}

/// Whether a word is a level of logs, or what else stands before a message.
pub(super) fn is_level(word: &str) -> bool {
    is_among(word, &LEVELS)
}
