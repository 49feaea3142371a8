//! `uaic bench samplers`: plays studies of known functions with several samplers.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::exit::Failure;
use crate::cli::printer;
use crate::nearest::suggestion;
use crate::platform;
use crate::spec::SAMPLERS;
use crate::study::bench::{FUNCTIONS, Function, Plan, play_all};

use super::results::Results;
use super::{against, sheets};

/// Arguments of `uaic bench samplers`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  uaic bench samplers                                  every sampler on every function
  uaic bench samplers --samplers tpe,cma-es --functions branin,levy8
  uaic bench samplers --trials 200 --at 50,200 --parallel 8
  uaic bench samplers --samplers tpe --against optuna.json --baseline optuna:tpe
  uaic bench samplers --json > bench.json

Each sampler plays one study per seed on each function. Shown are the medians over the seeds of the
smallest value so far, after as many trials as --at says, and for the last of these the middle half of
the seeds, the mean rank (1 is best), how many of the others it is better and worse than beyond chance
(two-sided Mann-Whitney test, p < 0.05, not corrected for the number of tests), and how it stands to
the baseline. The same arguments give the same stdout, whatever --jobs; times go to stderr.

With --parallel P a proposal sees P - 1 trials less, as it would with P trials at once.

--against reads {function: {sampler: {seed: [value at each of --at]}}}, or a list instead of the
object of seeds; its samplers compete as FILE:SAMPLER on the functions that are played.

With --csv: function, sampler, seed, at, best: the smallest value of each study after so many trials.
With --json: {\"schema\": 1, \"trials\", \"seeds\", \"parallel\", \"at\": [trials], \"baseline\": {a name},
  \"functions\": [{\"function\", \"about\", \"minimum\",
    \"samplers\": [{\"sampler\", \"lower\", \"median\", \"upper\": [{one for each of at}], \"rank\", \"better\",
      \"worse\", \"baseline\": {\"verdict\", \"p\"} or null, \"best\": [[{at}] of each seed],
      \"ms_per_proposal\": {null for those of --against}}],
    \"duels\": [{\"a\", \"b\", \"verdict\": {of a}, \"u\", \"p\"}]}],
  \"overall\": [{\"sampler\", \"functions\", \"rank\", \"better\", \"worse\"}]}")]
pub(super) struct SamplersArgs {
    /// Samplers, with commas between [default: all]
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    samplers: Vec<String>,

    /// Functions, with commas between [default: all]
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    functions: Vec<String>,

    /// Trials of a study
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    trials: u32,

    /// Studies of each sampler on each function
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    seeds: u32,

    /// After how many trials to look [default: a quarter, half and all]
    #[arg(long, value_name = "TRIALS", value_delimiter = ',')]
    at: Vec<u32>,

    /// Trials at once, in simulation
    #[arg(long, value_name = "P", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    parallel: u32,

    /// Studies at once; does not change the results [default: the number of cores]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    jobs: Option<u16>,

    /// What the others are compared with [default: tpe, or else the first]
    #[arg(long, value_name = "NAME")]
    baseline: Option<String>,

    /// Results of other samplers, to compete with
    #[arg(long, value_name = "FILE.json")]
    against: Option<PathBuf>,

    /// Print CSV
    #[arg(long, conflicts_with = "json")]
    csv: bool,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Plays and prints.
pub(super) fn run(args: &SamplersArgs) -> anyhow::Result<ExitCode> {
    let plan = plan(args)?;
    let at = checkpoints(args)?;
    let others = match &args.against {
        Some(path) => against::read(path, &plan.functions, at.len())?,
        None => Vec::new(),
    };
    let names = plan.samplers.iter().chain(others.iter().map(|other| &other.name));
    let baseline = baseline(args, &names.map(String::as_str).collect::<Vec<_>>())?;
    let results = Results::new(&plan, at, &played(args, &plan)?, &others, baseline);
    if args.json {
        printer::json(&results.json())?;
    } else if args.csv {
        results.listing().print_csv()?;
        printer::talk(sheets::times(&results));
    } else {
        printer::data(sheets::functions(&results))?;
        printer::data(format!("\n{}", sheets::overall(&results)))?;
        printer::talk(sheets::times(&results));
    }
    Ok(ExitCode::SUCCESS)
}

fn played(args: &SamplersArgs, plan: &Plan) -> anyhow::Result<Vec<Vec<Vec<crate::study::bench::Game>>>> {
    let jobs = args.jobs.map_or_else(platform::cores, usize::from);
    let studies = plan.functions.len() as u64 * plan.samplers.len() as u64 * u64::from(plan.seeds);
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} studies {eta} left");
    let bar = ProgressBar::new(studies).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    let games = play_all(plan, jobs, &|| bar.inc(1))
        .with_context(|| format!("cannot start {jobs} threads; try a smaller `--jobs`"))?;
    bar.finish_and_clear();
    Ok(games)
}

fn plan(args: &SamplersArgs) -> anyhow::Result<Plan> {
    let samplers = if args.samplers.is_empty() {
        SAMPLERS.map(str::to_owned).into()
    } else {
        chosen("sampler", &args.samplers, &SAMPLERS)?
    };
    let known: Vec<&str> = FUNCTIONS.iter().map(|function| function.name).collect();
    let functions = if args.functions.is_empty() {
        FUNCTIONS.iter().collect()
    } else {
        let names = chosen("function", &args.functions, &known)?;
        names.iter().filter_map(|name| Function::by_name(name)).collect()
    };
    Ok(Plan { functions, samplers, trials: args.trials, seeds: args.seeds, parallel: args.parallel })
}

/// The names, each once.
fn chosen(what: &str, names: &[String], known: &[&str]) -> anyhow::Result<Vec<String>> {
    let mut chosen: Vec<String> = Vec::with_capacity(names.len());
    for name in names {
        if !known.contains(&name.as_str()) {
            return Err(unknown(what, name, known).into());
        }
        if !chosen.contains(name) {
            chosen.push(name.clone());
        }
    }
    Ok(chosen)
}

fn unknown(what: &str, name: &str, known: &[&str]) -> Failure {
    let help =
        suggestion(name, known.iter().copied()).unwrap_or_else(|| format!("there are {}", known.join(", ")));
    Failure::usage(format!("unknown {what} `{name}`: {help}"))
}

/// After how many trials to look, in order.
fn checkpoints(args: &SamplersArgs) -> anyhow::Result<Vec<u32>> {
    let mut at = args.at.clone();
    if at.is_empty() {
        at = vec![args.trials.div_ceil(4), args.trials.div_ceil(2), args.trials];
    }
    at.sort_unstable();
    at.dedup();
    match at.iter().find(|&&at| at == 0 || at > args.trials) {
        Some(at) => {
            let trials = args.trials;
            let why = format!("--at {at} is not among the trials 1 to {trials}; `--trials {at}` plays more");
            Err(Failure::usage(if *at == 0 { "--at counts trials from 1".to_owned() } else { why }).into())
        }
        None => Ok(at),
    }
}

/// The place of the baseline among the names.
fn baseline(args: &SamplersArgs, names: &[&str]) -> anyhow::Result<usize> {
    let place = |wanted: &str| names.iter().position(|name| *name == wanted);
    match &args.baseline {
        Some(name) => Ok(place(name).ok_or_else(|| unknown("baseline", name, names))?),
        None => Ok(place("tpe").unwrap_or(0)),
    }
}
