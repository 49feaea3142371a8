//! `uaic export`: writes a model as a package, or runs as other programs read them.

mod runs;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde_json::json;

use crate::fsx;
use crate::onnx;
use crate::package::{Package, Predictor};
use crate::store::RunRecord;
use crate::training::package_of;

use super::exit::Failure;
use super::ls::{QUERY_GRAMMAR, Query, parse_query};
use super::stored_model::{MODEL_GRAMMAR, run_with_model};
use super::{Global, json, printer, table};

/// Arguments of `uaic export`.
#[derive(Args, Debug)]
#[command(after_help = format!("\
Examples:
  uaic export @                                 the newest final model, as EXPERIMENT-RUN.uaic
  uaic export attention --out attention.uaic
  uaic export attention --format dir --out attention
  uaic export attention --format onnx --out attention.onnx
  uaic predict attention.uaic 'flights to oslo'
  uaic export --to mlflow @ sweep --out mlflow       runs, for MLflow 2 and 3: mlflow.db and artifacts/
  uaic export --to csv -w 'experiment = lm' --out lm  runs.csv and points.csv; also jsonl, parquet

{MODEL_GRAMMAR}

A package holds weights, configuration, tokenizer, labels, calibration, the effective spec, a model
card, and a manifest with the lineage and a SHA-256 of every file; docs/package.md is the format. The
same run gives the same bytes, and any unzip opens them. The path is printed.

With --format onnx it is the network alone, for other runtimes: token ids in, logits and calibrated
probabilities out, with labels and tokenizer in the metadata; docs/onnx.md says how to use it.

With --to it is runs and their series instead, of any kind and as many as are selected or found, written
into a new folder; of a study, all of its runs. For MLflow it is a database, with the exact texts of
parameters, notes, tags, nesting, artifacts, NaN and infinities as MLflow has them:
`mlflow ui --backend-store-uri sqlite:///mlflow/mlflow.db` shows it, and brings it to its own format.
MLflow keeps only one of points that are equal in everything. `uaic import` reads all of these.

{QUERY_GRAMMAR}

With --to and --json: {{\"schema\": 1, \"path\", \"to\", \"runs\", \"points\", \"artifacts\", \"doubled\"}}
With --json: {{\"schema\": 1, \"path\", \"format\", \"run\", \"size\", \"sha256\", \"files\": {{name: size}}}};
sha256 is that of the manifest, and names the content. Of onnx there are no files."))]
pub struct ExportArgs {
    /// The model: a final run, or a study; with --to, runs and studies
    #[arg(value_name = "SEL", required_unless_present = "filter")]
    pub selectors: Vec<String>,

    /// Write runs for another program
    #[arg(long, value_enum, value_name = "WHAT", conflicts_with_all = ["format", "force"], requires = "out")]
    pub to: Option<runs::Target>,

    /// Also the runs of which this holds
    #[arg(short = 'w', long = "where", value_name = "QUERY", value_parser = parse_query, requires = "to")]
    pub filter: Option<Query>,

    /// The file or folder to write; EXPERIMENT-RUN.uaic in this folder by default
    #[arg(short, long, value_name = "PATH")]
    pub out: Option<PathBuf>,

    /// One file, a folder, or ONNX
    #[arg(long, value_enum, default_value_t = Format::Uaic)]
    pub format: Format,

    /// Replace what is there
    #[arg(long)]
    pub force: bool,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// What a model is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// One file
    Uaic,
    /// A folder
    Dir,
    /// The network alone, for other runtimes
    Onnx,
}

/// Writes it.
pub(super) fn run(global: &Global, args: &ExportArgs) -> anyhow::Result<ExitCode> {
    let store = global.store.open_read_only()?;
    if let (Some(to), Some(out)) = (args.to, &args.out) {
        return runs::export(&*store, args, to, out);
    }
    let [selector] = args.selectors.as_slice() else {
        let message = "a package has one model; `--to mlflow`, `--to csv` and others take many runs";
        return Err(Failure::usage(message).into());
    };
    let run = run_with_model(&*store, selector, "export")?;
    let path = args.out.clone().unwrap_or_else(|| default_path(&run, args.format));
    // Something may also be a link that leads nowhere.
    if std::fs::symlink_metadata(&path).is_ok() && !args.force {
        let message = format!("{} is there already; `--force` replaces it", path.display());
        return Err(Failure::locked(message).into());
    }
    let package = package_of(&*store, run.id)?;
    // Better told now than to who gets it.
    package.predictor()?;
    let size = write(&package, &path, args.format)?;
    if args.json {
        let is_package = args.format != Format::Onnx;
        let files: serde_json::Map<String, serde_json::Value> = package
            .files()
            .filter(|_| is_package)
            .map(|(name, content)| (name.to_owned(), content.len().into()))
            .collect();
        printer::json(&json!({
            "schema": json::SCHEMA,
            "path": path.display().to_string(),
            "format": args.format.to_possible_value().map(|value| value.get_name().to_owned()),
            "run": run.id,
            "size": size,
            "sha256": package.digest(),
            "files": files,
        }))?;
    } else {
        printer::talk(format!("run {}, {}", run.id.short(), table::bytes(size)));
        printer::data(path.display().to_string())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes a package, and gives its size in bytes.
fn write(package: &Package, path: &Path, format: Format) -> anyhow::Result<u64> {
    match format {
        Format::Uaic => {
            package.write_file(path)?;
            Ok(package.to_bytes().len() as u64)
        }
        Format::Onnx => {
            let bytes = onnx_of(package)?;
            fsx::write_atomic(path, &bytes)?;
            Ok(bytes.len() as u64)
        }
        Format::Dir => {
            package.write_folder(path)?;
            Ok(package.files().map(|(_, content)| content.len() as u64).sum())
        }
    }
}

/// The network of a package, and what its scores mean.
fn onnx_of(package: &Package) -> anyhow::Result<Vec<u8>> {
    let Predictor { classifier, calibration } = package.predictor()?;
    let manifest = package.manifest();
    let mut facts = vec![("architecture", manifest.architecture.clone()), ("package", package.digest())];
    if let Some(calibration) = &calibration {
        facts.push(("temperature", calibration.temperature.to_string()));
        facts.push(("out_of_scope_method", calibration.method.name().to_owned()));
        facts.push(("threshold", calibration.threshold.to_string()));
    }
    let temperature = calibration.map_or(1.0, |calibration| calibration.temperature);
    Ok(onnx::encode(&classifier, temperature, &facts)?)
}

/// `attention-4f2a90c1.uaic`, in this folder.
fn default_path(run: &RunRecord, format: Format) -> PathBuf {
    let plain = |c: char| if c.is_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '_' };
    let name: String = run.experiment.chars().map(plain).collect();
    let ending = match format {
        Format::Uaic => ".uaic",
        Format::Dir => "",
        Format::Onnx => ".onnx",
    };
    PathBuf::from(format!("{}-{}{ending}", name.trim_start_matches(['-', '.']), run.id.short()))
}
