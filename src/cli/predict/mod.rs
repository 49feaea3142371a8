//! `uaic predict`: what a model makes of texts, line in, line out.

mod model;
mod stream;

use std::fmt::Write;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use crate::package::{PredictOptions, Prediction, Predictor, TokenWeight};

use super::exit::Failure;
use super::text_input::{self, Kind};
use super::{Global, json, table};

/// Arguments of `uaic predict`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  uaic predict attention.uaic 'flights from boston to denver'
  uaic predict attention.uaic --file texts.txt > answers.tsv
  uaic predict intents@champion - --json < texts.txt
  uaic predict @ 'how to bake a cake?' --explain --top 1

PACKAGE is a file or folder of `uaic export`, a registered version (NAME@ALIAS, NAME@3; NAME is its
champion, or else its latest), or a run of the store (`uaic help export` has the selectors).

Each text gives one line, in order, as soon as it is known: what reads from a pipe is answered while
the pipe waits. A .tsv file has texts in its first column, a .jsonl file objects with \"text\", any
other file one text per line.

A line has, between tabs: label, confidence, in_scope or out_of_scope (- without a calibration),
score, then further labels as label=confidence, and with --explain token=weight for each token.

With --json one object per line: {\"schema\": 1, \"text\", \"label\", \"confidence\",
  \"out_of_scope\": true, false or null, \"score\": number or null,
  \"top\": [{\"label\", \"confidence\"}]} and with --explain \"tokens\": [{\"token\", \"weight\"}].
Confidence is calibrated; a text is out of scope when its score is below the model's threshold; both
are null without a calibration. The weights of the tokens sum to 1.")]
pub struct PredictArgs {
    /// The model: a package, a registered version, or a run
    #[arg(value_name = "PACKAGE")]
    pub package: String,

    /// The texts; `-`, or none, for lines of stdin
    #[arg(value_name = "TEXT", conflicts_with = "file")]
    pub texts: Vec<String>,

    /// Read texts from a file: .tsv, .jsonl, or lines
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,

    /// How many labels each answer names
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    pub top: u32,

    /// Say how much each token had a say
    #[arg(long)]
    pub explain: bool,

    /// Threads that share the work; all cores by default. Answers do not depend on it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub threads: Option<u32>,

    /// Print JSON lines
    #[arg(long)]
    pub json: bool,
}

/// Answers them.
pub(super) fn run(global: &Global, args: &PredictArgs) -> anyhow::Result<ExitCode> {
    let predictor = model::open(global, &args.package)?;
    let threads = args.threads.map_or_else(crate::platform::cores, |threads| threads as usize);
    let task =
        Task { predictor: &predictor, args, options: PredictOptions { top: args.top as usize, threads } };
    if let Some(path) = &args.file {
        let file = text_input::open(path)?;
        let size = file.metadata().ok().filter(std::fs::Metadata::is_file).map(|metadata| metadata.len());
        stream::answer(file, &path.display().to_string(), Kind::of(path), size, &task)?;
    } else if args.texts.is_empty() || args.texts == ["-"] {
        if args.texts.is_empty() && std::io::stdin().is_terminal() {
            let message = "there is no text; give one, or `-` to type lines, or `--file FILE`";
            return Err(Failure::usage(message).into());
        }
        stream::answer(std::io::stdin(), "stdin", Kind::Lines, None, &task)?;
    } else {
        stream::write(&task.lines(&args.texts)?)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// What is asked, and how answers look.
struct Task<'a> {
    predictor: &'a Predictor,
    args: &'a PredictArgs,
    options: PredictOptions,
}

/// The JSON of one answer.
#[derive(Serialize)]
struct Shape<'a> {
    schema: u32,
    text: &'a str,
    label: &'a str,
    confidence: f64,
    out_of_scope: Option<bool>,
    score: Option<f64>,
    top: Vec<ShapeOfCandidate<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tokens: Option<Vec<ShapeOfToken<'a>>>,
}

#[derive(Serialize)]
struct ShapeOfCandidate<'a> {
    label: &'a str,
    confidence: f64,
}

#[derive(Serialize)]
struct ShapeOfToken<'a> {
    token: &'a str,
    weight: f64,
}

impl Task<'_> {
    /// The lines that answer some texts, one after the other.
    fn lines(&self, texts: &[String]) -> anyhow::Result<String> {
        let made =
            self.predictor.predict_with(texts, self.options, |text, answer| self.line(text, &answer))?;
        let mut all = String::new();
        for line in made {
            all.push_str(&line?);
            all.push('\n');
        }
        Ok(all)
    }

    fn line(&self, text: &str, answer: &Prediction) -> anyhow::Result<String> {
        let tokens = if self.args.explain { Some(self.predictor.explain(text)?) } else { None };
        if self.args.json {
            json(text, answer, tokens.as_deref())
        } else {
            Ok(plain(answer, tokens.as_deref()))
        }
    }
}

fn json(text: &str, answer: &Prediction, tokens: Option<&[TokenWeight]>) -> anyhow::Result<String> {
    Ok(serde_json::to_string(&Shape {
        schema: json::SCHEMA,
        text,
        label: &answer.label,
        confidence: answer.confidence,
        out_of_scope: answer.is_out_of_scope,
        score: answer.score,
        top: answer
            .top
            .iter()
            .map(|one| ShapeOfCandidate { label: &one.label, confidence: one.confidence })
            .collect(),
        tokens: tokens.map(|tokens| {
            tokens.iter().map(|one| ShapeOfToken { token: &one.token, weight: one.weight }).collect()
        }),
    })?)
}

fn plain(answer: &Prediction, tokens: Option<&[TokenWeight]>) -> String {
    let scope = match answer.is_out_of_scope {
        Some(true) => "out_of_scope",
        Some(false) => "in_scope",
        None => "-",
    };
    let score = answer.score.map_or("-".to_owned(), |score| format!("{score:.4}"));
    let mut line = format!("{}\t{:.4}\t{scope}\t{score}", table::one_line(&answer.label), answer.confidence);
    let others = answer.top.iter().skip(1).map(|one| (&*one.label, one.confidence));
    let tokens = tokens.unwrap_or_default().iter().map(|one| (&*one.token, one.weight));
    for (name, number) in others.chain(tokens) {
        line.push('\t');
        line.push_str(&table::one_line(name));
        // Writing to a string cannot fail.
        let _ = write!(line, "={number:.4}");
    }
    line
}
