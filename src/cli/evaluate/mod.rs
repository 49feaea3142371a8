//! `uaic evaluate`: tests a stored model on any data, or any program's predictions.

mod figures;
mod predictions;
mod stored;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::data::Example;
use crate::eval::{Group, Predictions, Rule, by_label, by_length, by_rule, by_unknown};
use crate::predictions::Task;
use crate::predictions::filed::EXPERIMENT;

use super::Global;
use super::stored_model::MODEL_GRAMMAR;

/// Arguments of `uaic evaluate`.
#[derive(Args, Debug)]
#[command(after_help = format!("\
Examples:
  uaic evaluate @                                  the latest final model, on its test split
  uaic evaluate attention --dataset snips          on the test split of another data set
  uaic evaluate attention --split dev --out dev.csv
  uaic evaluate @ --by length                      accuracy by number of words
  uaic evaluate @ --by contains:fare --by unknown

Of any program's predictions (CSV, JSON lines, Parquet, NPZ):
  uaic evaluate --predictions p.csv                the columns and the task are found out, and said
  uaic evaluate --predictions p.csv --gold y --score 'p_*' --plots pictures
  uaic evaluate --predictions p.parquet --gold y --label yhat --task regression
  uaic evaluate --predictions scores.npz --gold y --score logits --logits --classes cat,dog
  uaic evaluate --predictions @:predictions/test.safetensors
  uaic evaluate --predictions b.csv --name forest  keep it as a run; `uaic compare` then tests pairs

{MODEL_GRAMMAR}

Figures have a 95 % interval and their number of texts; `…_calibrated` are those with the run's
temperature. Out-of-scope texts come from ood_SPLIT.tsv (`oos/…`), or are the split itself.
--by divides texts by length (quarters), unknown (share of words the vocabulary lacks), label, or a
rule: contains:TEXT, starts:TEXT, ends:TEXT, words>10, unknown=0 (also < <= >=).
--out writes a line per text: text, gold, predicted, confidence, score (what the out-of-scope
threshold is held against), words, unknown_words.

--predictions takes a file, or RUN:ARTIFACT. --score names a column of scores, one for each class with
a `*` (`p_*`: the class is what it stands for), or a two-dimensional array; for a regression `q_*` are
predicted quantiles. Scores that are no probabilities rank classes, and have the figures of rankings.
--plots writes ROC, precision-recall, lift, gain, calibration and confusion, or of a regression
residuals, predicted against true and error quantiles.

With --json: {{\"schema\": 1, \"run\", \"dataset\", \"split\", \"texts\", \"temperature\", \"threshold\" or null,
  \"notes\": [text], \"metrics\": {{name: value}},
  \"estimates\": {{name: {{\"value\", \"n\", \"low\", \"high\"}}}}, \"absent\": {{name: reason}},
  \"segments\": [{{\"by\", \"name\", \"n\", \"accuracy\": estimate or null, \"mean_confidence\" or null}}]}};
of predictions {{\"schema\": 1, \"predictions\", \"format\", \"task\", \"split\", \"rows\", \"classes\": [name] or null,
  \"positive\" or null, \"notes\", \"resamples\", \"metrics\", \"estimates\", \"absent\", \"plots\": [path],
  \"run\": id or null}}"))]
pub struct EvaluateArgs {
    /// The model: a final run, or a study
    #[arg(value_name = "SEL", required_unless_present = "predictions", conflicts_with = "predictions")]
    pub selector: Option<String>,

    /// What any program predicted, instead of a model: a file, or RUN:ARTIFACT
    #[arg(long, value_name = "FILE", conflicts_with_all = ["dataset", "by", "out"])]
    pub predictions: Option<String>,

    /// Data set: a name in data/, or a folder; the run's own by default
    #[arg(long, value_name = "D")]
    pub dataset: Option<String>,

    /// Split: the name of a file of the data set; of predictions what figures are called
    #[arg(long, value_name = "S", default_value = "test")]
    pub split: String,

    /// Also give figures by length, unknown, label, or a rule such as words>10
    #[arg(long, value_name = "WHAT", value_parser = Division::parse)]
    pub by: Vec<Division>,

    /// Write predictions to a CSV file
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,

    /// Print CSV
    #[arg(long, conflicts_with = "json")]
    pub csv: bool,

    /// Print JSON
    #[arg(long)]
    pub json: bool,

    /// The columns of predictions
    #[command(flatten)]
    pub columns: ColumnArgs,
}

/// Which columns of predictions mean what.
#[derive(Args, Debug)]
#[command(next_help_heading = "With --predictions")]
pub struct ColumnArgs {
    /// The column of right answers
    #[arg(long, value_name = "NAME", requires = "predictions")]
    pub gold: Option<String>,

    /// The column of scores, an array, or with a `*` a column for each class
    #[arg(long, value_name = "NAME", requires = "predictions")]
    pub score: Option<String>,

    /// The column of given answers
    #[arg(long, value_name = "NAME", requires = "predictions")]
    pub label: Option<String>,

    /// The column that says which row is which, to compare programs; else rows are in the same order
    #[arg(long, value_name = "NAME", requires = "predictions")]
    pub id: Option<String>,

    /// What is predicted: binary, multiclass or regression
    #[arg(long, value_name = "TASK", requires = "predictions")]
    pub task: Option<Task>,

    /// The class to be found, of two
    #[arg(long, value_name = "CLASS", requires = "predictions")]
    pub positive: Option<String>,

    /// Classes in the order of a score array
    #[arg(long, value_name = "CLASS,…", value_delimiter = ',', requires = "predictions")]
    pub classes: Vec<String>,

    /// Scores are logits: take softmax, or of one column the logistic function
    #[arg(long, requires = "predictions")]
    pub logits: bool,

    /// Write pictures to a folder
    #[arg(long, value_name = "DIR", requires = "predictions")]
    pub plots: Option<PathBuf>,

    /// Keep predictions and figures with a run; one that has ended gets a part of its own
    #[arg(long, value_name = "SEL", requires = "predictions", conflicts_with = "name")]
    pub run: Option<String>,

    /// Keep predictions and figures as a run of this name
    #[arg(long, value_name = "NAME", requires = "predictions")]
    pub name: Option<String>,

    /// The experiment of that run
    #[arg(long, value_name = "NAME", requires = "name", default_value = EXPERIMENT)]
    pub experiment: String,
}

/// How texts are divided into segments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Division {
    /// By their number of words.
    Length,
    /// By their share of unknown words.
    Unknown,
    /// By their gold label.
    Label,
    /// By whether a rule holds.
    Rule(Rule),
}

impl Division {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "length" => Ok(Self::Length),
            "unknown" => Ok(Self::Unknown),
            "label" => Ok(Self::Label),
            rule => match rule.parse() {
                Ok(rule) => Ok(Self::Rule(rule)),
                Err(error) => Err(format!("{error}; or divide by length, unknown or label")),
            },
        }
    }

    fn title(&self) -> String {
        match self {
            Self::Length => "length".to_owned(),
            Self::Unknown => "unknown".to_owned(),
            Self::Label => "label".to_owned(),
            Self::Rule(rule) => rule.to_string(),
        }
    }

    fn groups(&self, examples: &[Example], predictions: &Predictions) -> Vec<Group> {
        match self {
            Self::Length => by_length(predictions),
            Self::Unknown => by_unknown(predictions),
            Self::Label => by_label(predictions),
            Self::Rule(rule) => {
                let texts: Vec<&str> = examples.iter().map(|example| example.text.as_str()).collect();
                by_rule(rule, &texts, predictions)
            }
        }
    }
}

/// Evaluates it.
pub(super) fn run(global: &Global, args: &EvaluateArgs) -> anyhow::Result<ExitCode> {
    match (&args.predictions, &args.selector) {
        (Some(predictions), _) => predictions::run(global, args, predictions),
        (None, selector) => stored::run(global, args, selector.as_deref().unwrap_or_default()),
    }
}
