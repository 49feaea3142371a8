//! `uaic report`: writes a folder that explains a study and its model.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::Context;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use crate::fsx;
use crate::report::page::{html, markdown};
use crate::report::plot::KINDS;
use crate::report::study_report::{Report, report};

use super::plot::subjects;
use super::{Global, printer};
use crate::select::RUN_GRAMMAR;

/// Arguments of `uaic report`.
#[derive(Args, Debug)]
#[command(after_help = format!("\
Examples:
  uaic report                            the latest study
  uaic report attention --open           the latest study of an experiment, in the browser
  uaic report 9c1e22aa --out for-review  into another folder

The folder gets index.html (one file, pictures inside, no network), report.md with its pictures (PNG;
SVG where names have letters that the font of PNGs lacks), metrics.json, trials.csv and, of a study that
trains a model here, predictions.csv. The same study gives the same bytes. Its path is printed.

metrics.json: {{\"schema\": 1, \"experiment\", \"study\", \"run\",
  \"metrics\": {{name: {{\"value\", \"n\", \"low\", \"high\"}}}}, \"absent\": {{name: why}}}}
trials.csv: the columns of `uaic ls --csv`
predictions.csv: text, hash, label, predicted, right, confidence, words, unknown_words

{RUN_GRAMMAR}
An id or the name of an experiment that belongs to a study means the study."))]
pub struct ReportArgs {
    /// The study, or a run of it; the latest study by default
    #[arg(value_name = "SEL")]
    pub selector: Option<String>,

    /// The folder; reports/EXPERIMENT-ID by default
    #[arg(short, long, value_name = "DIR")]
    pub out: Option<PathBuf>,

    /// Show it in the browser
    #[arg(long)]
    pub open: bool,
}

/// Writes it.
pub(super) fn run(global: &Global, args: &ReportArgs) -> anyhow::Result<ExitCode> {
    let store = global.store.open_read_only()?;
    let selectors: Vec<String> = args.selector.iter().cloned().collect();
    let mut subjects = subjects(&*store, &selectors)?;
    let subject = subjects.remove(0);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let bar = ProgressBar::new(0).with_style(style());
    let made = report(&subject, threads, &|all| {
        bar.set_length(all as u64);
        bar.inc(1);
    });
    bar.finish_and_clear();
    let made = made?;
    let folder = args.out.clone().unwrap_or_else(|| Path::new("reports").join(&made.name));
    write(&made, &folder)?;
    printer::data(folder.display().to_string())?;
    if args.open {
        open(&folder.join("index.html"))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn style() -> ProgressStyle {
    let plain = ProgressStyle::with_template("pictures {bar:24} {pos}/{len}");
    plain.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("━╸─")
}

fn write(report: &Report, folder: &Path) -> anyhow::Result<()> {
    fsx::create_dir_all(folder)?;
    // Pictures of an earlier report that this one does not have would be taken for its own.
    let names = KINDS.iter().flat_map(|kind| ["png", "svg"].map(|ending| format!("{}.{ending}", kind.name)));
    for name in names {
        let path = folder.join(&name);
        if path.exists() && report.pictures().all(|picture| picture.file() != name) {
            std::fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
    }
    for picture in report.pictures() {
        fsx::write_atomic(&folder.join(picture.file()), &picture.bytes)?;
    }
    let metrics = serde_json::to_string_pretty(&report.metrics)? + "\n";
    fsx::write_atomic(&folder.join("metrics.json"), metrics.as_bytes())?;
    fsx::write_atomic(&folder.join("trials.csv"), &report.trials)?;
    if let Some(predictions) = &report.predictions {
        fsx::write_atomic(&folder.join("predictions.csv"), predictions)?;
    }
    fsx::write_atomic(&folder.join("report.md"), markdown(&report.page).as_bytes())?;
    fsx::write_atomic(&folder.join("index.html"), html(&report.page).as_bytes())?;
    Ok(())
}

/// Hands a page to whatever shows pages on this system.
fn open(page: &Path) -> anyhow::Result<()> {
    let (program, first): (&str, &[&str]) = match std::env::consts::OS {
        "macos" => ("open", &[]),
        "windows" => ("cmd", &["/C", "start", ""]),
        _ => ("xdg-open", &[]),
    };
    Command::new(program)
        .args(first)
        .arg(page)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| format!("cannot start `{program}`; open {} yourself", page.display()))?;
    Ok(())
}
