//! `uaic errors`: lists what a stored model gets wrong.

use std::process::ExitCode;

use clap::Args;
use owo_colors::OwoColorize;
use serde_json::{Value, json};

use crate::data::{Example, is_out_of_scope};
use crate::report::mistakes::{TextIndex, mistakes};
use crate::training::predict;

use super::listing::{Field, Listing, column};
use super::stored_model::{MODEL_GRAMMAR, Material, StoredModel};
use super::{Global, json, printer, table};

/// Arguments of `uaic errors`.
#[derive(Args, Debug)]
#[command(after_help = format!("\
Examples:
  uaic errors @                     the 20 most confident mistakes on the test split
  uaic errors attention -n 0        all of them
  uaic errors @ --split ood_test    out-of-scope texts that would be answered
  uaic errors @ --json | jq -r '.mistakes[].text'

{MODEL_GRAMMAR}

Each mistake comes with the training text that is most like it (cosine of words, pairs of words and
parts of words, rare ones weighing more) and that text's label: a wrong label, a gap in the training
data and a model that reads badly look different.

With --json: {{\"schema\": 1, \"run\", \"dataset\", \"split\", \"texts\", \"wrong\", \"notes\": [text],
  \"mistakes\": [{{\"row\", \"text\", \"gold\", \"predicted\", \"confidence\",
    \"nearest\": {{\"text\", \"label\", \"similarity\"}} or null}}]}}; rows are lines of the split, from 1;
the gold of an out-of-scope text is null."))]
pub struct ErrorsArgs {
    /// The model: a final run, or a study
    #[arg(value_name = "SEL")]
    pub selector: String,

    /// Data set: a name in data/, or a folder; the run's own by default
    #[arg(long, value_name = "D")]
    pub dataset: Option<String>,

    /// Split: the name of a file of the data set
    #[arg(long, value_name = "S", default_value = "test")]
    pub split: String,

    /// At most so many; 0 for all
    #[arg(short = 'n', long, default_value_t = 20, value_name = "N")]
    pub limit: usize,

    /// Print CSV
    #[arg(long, conflicts_with = "json")]
    pub csv: bool,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// A mistake in words.
struct Described<'a> {
    row: usize,
    text: &'a str,
    /// `None` for a text without an intent.
    gold: Option<&'a str>,
    predicted: String,
    confidence: f64,
    /// The training text that is most like it, and how much.
    nearest: Option<(&'a Example, f64)>,
}

/// Lists them.
pub(super) fn run(global: &Global, args: &ErrorsArgs) -> anyhow::Result<ExitCode> {
    let store = global.store.open_read_only()?;
    let model = StoredModel::open(&*store, &args.selector, "errors")?;
    let material = model.material(args.dataset.as_deref())?;
    let examples = material.split(&args.split)?;
    let (described, wrong) = describe(&model, &material, examples, args)?;
    let notes = model.notes(&material, &args.split)?;
    if args.json {
        printer::json(&json!({
            "schema": json::SCHEMA,
            "run": model.run.id,
            "dataset": material.dataset.name,
            "split": args.split,
            "texts": examples.len(),
            "wrong": wrong,
            "notes": notes,
            "mistakes": described.iter().map(Described::json).collect::<Vec<_>>(),
        }))?;
        return Ok(ExitCode::SUCCESS);
    }
    printer::talk(format!(
        "run {} is wrong on {wrong} of {} {} texts of {}",
        model.run.id.short(),
        examples.len(),
        table::one_line(&args.split),
        table::one_line(&material.dataset.name),
    ));
    for note in &notes {
        printer::talk(format!("note: {}", table::one_line(note)));
    }
    if args.csv {
        listing(&described).print_csv()?;
    } else if !described.is_empty() {
        printer::data(described.iter().map(Described::text).collect::<Vec<_>>().join("\n"))?;
    }
    if described.len() < wrong {
        printer::talk(format!("{} more; `-n 0` lists all", wrong - described.len()));
    }
    Ok(ExitCode::SUCCESS)
}

fn listing(described: &[Described<'_>]) -> Listing {
    let names =
        ["row", "text", "gold", "predicted", "confidence", "nearest_text", "nearest_label", "similarity"];
    let mut listing = Listing::new(names.map(|name| column("", name)));
    for mistake in described {
        let nearest = mistake.nearest.as_ref();
        listing.add([
            Field::plain(mistake.row),
            Field::name(mistake.text),
            Field::name(mistake.gold.unwrap_or_default()),
            Field::name(&mistake.predicted),
            Field::number(Some(mistake.confidence)),
            Field::name(nearest.map_or("", |(example, _)| &example.text)),
            Field::name(nearest.map_or("", |(example, _)| &example.label)),
            Field::number(nearest.map(|(_, similarity)| *similarity)),
        ]);
    }
    listing
}

/// The mistakes that are listed, and how many there are in all.
fn describe<'a>(
    model: &StoredModel,
    material: &'a Material,
    examples: &'a [Example],
    args: &ErrorsArgs,
) -> anyhow::Result<(Vec<Described<'a>>, usize)> {
    let predictions = predict(&model.classifier, &args.split, examples, model.features())?;
    let all = mistakes(&predictions, model.calibration())?;
    let limit = if args.limit == 0 { all.len() } else { args.limit };
    let train = material.train.as_deref().unwrap_or_default();
    let tokens = |example: &Example| model.classifier.tokenizer.tokens(&example.text);
    let index = TextIndex::new(&train.iter().map(tokens).collect::<Vec<_>>());
    let outside = is_out_of_scope(&args.split);
    let described = all.iter().take(limit).map(|mistake| {
        let example = &examples[mistake.text];
        let nearest = index.nearest(&tokens(example));
        Described {
            row: mistake.text + 1,
            text: &example.text,
            gold: (!outside).then_some(example.label.as_str()),
            predicted: predictions.labels[mistake.predicted].clone(),
            confidence: mistake.confidence,
            nearest: nearest.map(|found| (&train[found.text], found.similarity)),
        }
    });
    Ok((described.collect(), all.len()))
}

impl Described<'_> {
    fn text(&self) -> String {
        let (gold, predicted) = (self.gold.unwrap_or("out of scope"), table::one_line(&self.predicted));
        let head = format!(
            "{}  {}\n        {} taken for {}",
            format!("{:.4}", self.confidence).dimmed(),
            table::one_line(self.text).bold(),
            table::one_line(gold).green(),
            predicted.red(),
        );
        match &self.nearest {
            Some((example, similarity)) => format!(
                "{head}\n        {}",
                format!(
                    "nearest in train ({similarity:.2}): {} = {}",
                    table::one_line(&example.text),
                    table::one_line(&example.label)
                )
                .dimmed()
            ),
            None => head,
        }
    }

    fn json(&self) -> Value {
        let nearest = self.nearest.as_ref().map(|(example, similarity)| {
            json!({ "text": example.text, "label": example.label, "similarity": json::number(*similarity) })
        });
        json!({
            "row": self.row,
            "text": self.text,
            "gold": self.gold,
            "predicted": self.predicted,
            "confidence": json::number(self.confidence),
            "nearest": nearest,
        })
    }
}
