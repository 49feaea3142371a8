//! `uaic plot`: draws one picture of a study or a model.

mod runs;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::fsx;
use crate::predictions::filed;
use crate::report::draw::{Format, Options, draw, missing_letters};
use crate::report::figure::Figure;
use crate::report::plot::{self, KINDS, Kind, PlotOptions};
use crate::report::predicted;
use crate::report::subject::ReportSubject;
use crate::store::Store;

use super::exit::Failure;
use super::ls::{QUERY_GRAMMAR, Query, parse_direction, parse_field, parse_query};
use super::{Global, printer};
use crate::select::{self, RUN_GRAMMAR, Target};
use crate::store::query::Field;
use crate::trial::Direction;

/// Arguments of `uaic plot`.
// Each is a flag of the command line.
#[allow(clippy::struct_excessive_bools)]
#[derive(Args, Debug)]
#[command(after_help = format!("\
Examples:
  uaic plot history                              the latest study
  uaic plot parallel attention --out study.png   the latest study of an experiment
  uaic plot contour @ --params lr,dropout        one pair of parameters
  uaic plot edf 9c1e22aa 4f2a90c1                several studies in one picture
  uaic plot slice @ --svg --dark
  uaic plot curves -w 'experiment = sweep' --metric loss --group-by params.opt --smooth 0.6 --log-y
  uaic plot scatter -w 'started > -7d' --x params.lr --y metrics.val/accuracy --log-x
  uaic plot parallel -w 'tags.team = nlp' --metric val/accuracy

Kinds:
{}
{RUN_GRAMMAR}
An id or the name of an experiment that belongs to a study means the study. Of a run that keeps any program's
predictions (`uaic evaluate --predictions`): roc, precision_recall, lift, gain, calibration, confusion,
confusion_share, f1, risk_coverage; predicted_against_true, residuals, error_quantiles.
With --where, of runs of any kind: curves, scatter, and history, parallel, contour, slice, rank, edf,
timeline, importance with the runs in place of trials.
{QUERY_GRAMMAR}
The path of the picture is printed; `--out -` prints the picture itself.", kinds()))]
pub struct PlotArgs {
    /// What to draw
    #[arg(value_name = "KIND")]
    pub kind: String,

    /// Studies or runs; the latest study by default
    #[arg(value_name = "SEL")]
    pub selectors: Vec<String>,

    /// Of the runs that a query finds
    #[arg(short = 'w', long = "where", value_name = "QUERY", conflicts_with = "selectors", value_parser = parse_query)]
    pub filter: Option<Query>,

    /// The metric: the one that decides, or those whose curves are drawn
    #[arg(long, value_name = "NAME", requires = "filter")]
    pub metric: Vec<String>,

    /// Which end of the metric is better; by its name otherwise
    #[arg(long, value_name = "END", requires = "filter", value_parser = parse_direction)]
    pub direction: Option<Direction>,

    /// Of curves: step, time or a metric; of a scatter: any field
    #[arg(long, value_name = "FIELD", requires = "filter")]
    pub x: Option<String>,

    /// Of a scatter: any field
    #[arg(long, value_name = "FIELD", requires = "filter")]
    pub y: Option<String>,

    /// Curves with the same value here as their mean, with a band of one standard deviation
    #[arg(long, value_name = "FIELD", requires = "filter", value_parser = parse_field)]
    pub group_by: Option<Field>,

    /// Weight of what came before in smoothed curves, from 0 to 1
    #[arg(long, value_name = "WEIGHT", default_value_t = 0.0, requires = "filter", value_parser = parse_weight)]
    pub smooth: f64,

    /// A logarithmic horizontal axis
    #[arg(long, requires = "filter")]
    pub log_x: bool,

    /// A logarithmic vertical axis
    #[arg(long, requires = "filter")]
    pub log_y: bool,

    /// Parameters to show, by full name or the last part of it
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    pub params: Vec<String>,

    /// The split of the model's predictions; test by default
    #[arg(long, value_name = "SPLIT")]
    pub split: Option<String>,

    /// A sentence to show the attention of; may be given several times
    #[arg(long = "text", value_name = "TEXT")]
    pub texts: Vec<String>,

    /// The file; KIND.png in the current folder by default
    #[arg(short, long, value_name = "FILE")]
    pub out: Option<PathBuf>,

    /// Width and height in pixels
    #[arg(long, value_name = "WxH", value_parser = parse_size)]
    pub size: Option<(u32, u32)>,

    /// Bright on dark
    #[arg(long)]
    pub dark: bool,

    /// Shapes instead of pixels
    #[arg(long)]
    pub svg: bool,
}

/// The kinds and what they show, for the help text.
fn kinds() -> String {
    let widest = KINDS.iter().map(|kind| kind.name.len()).max().unwrap_or_default();
    let line = |kind: &Kind| format!("  {:widest$}  {}\n", kind.name, kind.shows);
    KINDS.iter().map(line).collect::<Vec<_>>().concat()
}

fn parse_size(text: &str) -> Result<(u32, u32), String> {
    let sides = text
        .split_once(['x', 'X', '×'])
        .and_then(|(width, height)| Some((width.trim().parse().ok()?, height.trim().parse().ok()?)));
    sides.ok_or_else(|| "write width and height in pixels, such as 1200x800".to_owned())
}

fn parse_weight(text: &str) -> Result<f64, String> {
    let weight = text.parse().ok().filter(|weight| (0.0..1.0).contains(weight));
    weight.ok_or_else(|| "a weight is from 0 (raw) to below 1, such as 0.6".to_owned())
}

/// Draws it.
pub(super) fn run(global: &Global, args: &PlotArgs) -> anyhow::Result<ExitCode> {
    let store = global.store.open_read_only()?;
    let known =
        runs::figure(&*store, args)?.map_or_else(|| of_rows(&*store, args), |figure| Ok(Some(figure)))?;
    let figure = if let Some(figure) = known {
        figure
    } else {
        let subjects = subjects(&*store, &args.selectors)?;
        let wanted =
            PlotOptions { params: args.params.clone(), split: args.split.clone(), texts: args.texts.clone() };
        plot::figure(&args.kind, &subjects, &wanted)?
    };
    let is_svg =
        args.svg || args.out.as_ref().is_some_and(|out| out.extension().is_some_and(|end| end == "svg"));
    let format = if is_svg { Format::Svg } else { Format::Png };
    let bytes = draw(&figure, &Options { format, size: args.size, dark: args.dark })?;
    let missing = missing_letters(&figure);
    if format == Format::Png && !missing.is_empty() {
        printer::talk(told_of_letters(&missing));
    }
    if args.out.as_ref().is_some_and(|out| out.as_os_str() == "-") {
        printer::write_content(&bytes)?;
        return Ok(ExitCode::SUCCESS);
    }
    let ending = if is_svg { "svg" } else { "png" };
    let path = args.out.clone().unwrap_or_else(|| PathBuf::from(format!("{}.{ending}", args.kind)));
    fsx::write_atomic(&path, &bytes)?;
    printer::data(path.display().to_string())?;
    Ok(ExitCode::SUCCESS)
}

/// The picture of any program's predictions that a run keeps; `None` where it keeps none, or is not the only
/// one named.
fn of_rows(store: &dyn Store, args: &PlotArgs) -> anyhow::Result<Option<Figure>> {
    let [selector] = &args.selectors[..] else { return Ok(None) };
    let Ok(Target::Run(run)) = select::resolve_any(store, selector) else { return Ok(None) };
    let split = args.split.as_deref().unwrap_or("test");
    let Some(predicted) = filed::load(store, run.id, split)? else { return Ok(None) };
    let name = run.name.clone().unwrap_or_else(|| run.id.short());
    let about = format!("{name} · {split}, {} rows", crate::number::grouped(predicted.len()));
    let mut all = predicted::pictures(&predicted.rows, &about);
    let kind = args.kind.replace('-', "_");
    if let Some(place) = all.iter().position(|(name, _)| *name == kind) {
        return Ok(Some(all.swap_remove(place).1));
    }
    let names: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
    if KINDS.iter().any(|known| known.name == kind) {
        return Ok(None);
    }
    let hint = crate::nearest::suggestion(&kind, names.iter().copied());
    let hint = hint.unwrap_or_else(|| format!("of these predictions there are {}", names.join(", ")));
    Err(Failure::usage(format!("there is no picture `{}`; {hint}", args.kind)).into())
}

/// That a PNG has boxes for some letters, and what has them.
fn told_of_letters(missing: &[char]) -> String {
    const SHOWN: usize = 20;
    let more = if missing.len() > SHOWN { " …" } else { "" };
    let letters: String = missing.iter().take(SHOWN).collect();
    format!(
        "note: the font of PNGs has no letters for {letters}{more}: boxes stand for them. `--svg` has them as text, \
         which browsers show in fonts of their own"
    )
}

/// What the selectors mean; the latest study without any.
fn subjects<'a>(store: &'a dyn Store, selectors: &[String]) -> anyhow::Result<Vec<ReportSubject<'a>>> {
    if selectors.is_empty() {
        return Ok(vec![ReportSubject::of_study(store, select::resolve_study(store, None)?)?]);
    }
    let subject = |selector: &String| {
        // `@` alone is the latest run, which is of the latest study.
        Ok(match select::resolve_any(store, selector)? {
            Target::Study(study) => ReportSubject::of_study(store, *study)?,
            Target::Run(run) => ReportSubject::of_run(store, *run)?,
        })
    };
    selectors.iter().map(subject).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_two_numbers() {
        assert_eq!(parse_size("1200x800"), Ok((1200, 800)));
        assert!(parse_size("1200").is_err() && parse_size("axb").is_err());
    }
}
