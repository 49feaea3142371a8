//! `uaic data generate`: writes a data set of a built-in generator.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use crate::cli::exit::Failure;
use crate::cli::printer;
use crate::data::fetch::MANIFEST;
use crate::data::generate::{GENERATORS, by_name};
use crate::data::{DataError, Example, ROOT};

/// Arguments of `uaic data generate`.
#[derive(Args, Debug)]
#[command(
    after_help = "The same name and seed give the same bytes on every machine.\n\nExamples:\n  uaic data generate flights\n  uaic data generate flights --seed 7 --out data/flights-7"
)]
pub(super) struct GenerateArgs {
    /// The generator: flights
    name: String,

    /// Seed of every draw; 1 gives the bundled files
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,

    /// Folder to write into [default: data/NAME]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Replace files of these names that hold something else
    #[arg(long)]
    force: bool,
}

/// Writes the files.
pub(super) fn run(args: &GenerateArgs) -> anyhow::Result<ExitCode> {
    let Some(generated) = by_name(&args.name, args.seed) else {
        return Err(DataError::unknown_name("generate", &args.name, &GENERATORS).into());
    };
    let out = args.out.clone().unwrap_or_else(|| Path::new(ROOT).join(&args.name));
    if out.join(MANIFEST).exists() {
        let message = format!("{} holds a fetched data set; choose another folder with --out", out.display());
        return Err(Failure::locked(message).into());
    }
    let replaced = generated.would_replace(&out)?;
    if !(replaced.is_empty() || args.force) {
        let files: Vec<String> = replaced.iter().map(|file| file.display().to_string()).collect();
        return Err(Failure::locked(format!(
            "what is in {} is not what would be written; add --force to replace it, or choose another folder with --out",
            files.join(", ")
        ))
        .into());
    }
    generated.write(&out)?;
    let rows = |(split, examples): &(String, Vec<Example>)| format!("{split} {}", examples.len());
    let splits: Vec<String> = generated.splits.iter().map(rows).collect();
    printer::talk(format!("wrote {} (seed {}): {}", out.display(), args.seed, splits.join(", ")));
    printer::talk(format!("next: uaic data stats {}", super::argument(&out)));
    Ok(ExitCode::SUCCESS)
}
