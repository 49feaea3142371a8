//! The command line: one file per verb, and the only place that prints.
//!
//! stdout is data, stderr is talk. Exit codes: 0 done, 1 failed, 2 usage or bad spec, 3 not found,
//! 4 locked or conflict, 130 interrupted.

mod address;
mod ask;
mod bench;
mod best;
mod bundle;
mod calibrate;
mod check;
mod compare;
mod completions;
mod data;
mod doctor;
mod edit;
mod errors;
mod evaluate;
mod exec;
mod execute;
mod exit;
mod export;
mod gc;
mod import;
mod init;
mod json;
mod listing;
#[cfg(feature = "serve")]
mod load;
mod log;
mod logging;
mod ls;
mod model;
mod numbers;
mod plot;
mod predict;
mod printer;
mod progress;
mod report;
#[cfg(feature = "serve")]
mod requests;
mod resume;
mod rm;
mod run;
mod schema;
mod sections;
mod selected;
#[cfg(feature = "serve")]
mod serve;
#[cfg(feature = "serve")]
mod server;
mod show;
mod stored_model;
mod study;
mod summary;
mod table;
mod text_input;
mod tracking;
mod trials;
mod work;

use crate::store::StoreAddress;
use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};

/// The whole command line.
#[derive(Debug, Parser)]
#[command(
    name = "uaic",
    version,
    about = "Tune, train and track small models: one offline binary, reproducible to the bit",
    propagate_version = true,
    max_term_width = 100,
    after_help = "Start with `uaic init`, or `uaic run experiments/attention.toml` in a clone.\nExit codes: 0 done, 1 failed, 2 usage or bad spec, 3 not found, 4 locked, 130 interrupted.\nUAIC_KERNELS=scalar|avx2|avx512|neon takes the processor's instructions by name instead of the best."
)]
pub struct Cli {
    /// Options that every verb has.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

const EVERYWHERE: &str = "Options of every verb";

/// Options that every verb has.
#[derive(Args, Clone, Debug)]
pub struct Global {
    /// The store: a folder with `uaic.db` and `blobs/`, or the address of a server (`http://host:5000`)
    #[arg(long, global = true, help_heading = EVERYWHERE, env = "UAIC_STORE", default_value = "runs", value_name = "DIR|URL")]
    pub store: StoreAddress,

    /// Say more: -v for what happens, -vv for everything (also `UAIC_LOG=debug`)
    #[arg(short, long, global = true, help_heading = EVERYWHERE, action = clap::ArgAction::Count)]
    pub verbose: u8,

    /// How log lines on stderr look
    #[arg(long, global = true, help_heading = EVERYWHERE, env = "UAIC_LOG_FORMAT", default_value = "text", value_name = "FORMAT")]
    pub log_format: logging::LogFormat,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Tune, train, record and test what a spec describes
    Run(run::RunArgs),
    /// Go on with a study that was stopped or killed
    Resume(resume::ResumeArgs),
    /// Run any program and record what is seen of it
    Exec(Box<exec::ExecArgs>),
    /// Add metrics, files, tags or notes to a run, from a script
    Log(log::LogArgs),
    /// List runs, newest first
    Ls(ls::LsArgs),
    /// Show everything recorded of a run
    Show(show::ShowArgs),
    /// Show the best trials
    Best(best::BestArgs),
    /// Test a stored model on any data, or measure any program's predictions
    Evaluate(evaluate::EvaluateArgs),
    /// Fit a stored model's temperature and out-of-scope threshold again, on other data
    Calibrate(calibrate::CalibrateArgs),
    /// List what a stored model gets wrong, most confident first
    Errors(errors::ErrorsArgs),
    /// Say what a model makes of texts: line in, line out
    Predict(predict::PredictArgs),
    /// Send requests to a server and measure how it does
    #[cfg(feature = "serve")]
    Load(load::LoadArgs),
    /// Serve models over HTTP
    #[cfg(feature = "serve")]
    Serve(Box<serve::ServeArgs>),
    /// Open a store to a team: MLflow's and Optuna's programs record into it
    #[cfg(feature = "serve")]
    Server(server::ServerArgs),
    /// Write a model as a package, one file that runs anywhere
    Export(export::ExportArgs),
    /// Put a package into the store, as a run
    Import(import::ImportArgs),
    /// Write runs and studies into one file, to be imported elsewhere
    Bundle(bundle::BundleArgs),
    /// Take in all of another store
    Merge(bundle::MergeArgs),
    /// Keep models under names: versions, aliases, promotion
    Model(model::ModelArgs),
    /// Draw a picture of a study or a model
    Plot(plot::PlotArgs),
    /// Compare runs: what differs, and whether the difference is real
    Compare(compare::CompareArgs),
    /// Write a page with pictures and tables that explains a study and its model, or runs
    Report(report::ReportArgs),
    /// Hide runs from listings (nothing is lost: see `restore`)
    Rm(rm::RmArgs),
    /// Bring hidden runs back
    Restore(rm::RestoreArgs),
    /// Find out whether the store is sound, and mend it
    Doctor(doctor::DoctorArgs),
    /// Remove for good what has been hidden for long
    Gc(gc::GcArgs),
    /// Name a run, write a note about it, tag it, make it part of another
    Edit(edit::EditArgs),
    /// Create, show and change studies; which parameters matter
    Study(study::StudyArgs),
    /// Show what led to the point of a trial
    Explain(study::ExplainArgs),
    /// Ask for trials that are evaluated elsewhere
    Ask(ask::AskArgs),
    /// Tell the result of a trial that was asked for
    Tell(ask::TellArgs),
    /// Check a spec and say all that is wrong with it
    Check(check::CheckArgs),
    /// Print a JSON Schema of specs, for editors
    Schema(schema::SchemaArgs),
    /// Write a commented spec and the folders around it
    Init(init::InitArgs),
    /// What a server was asked: list it, count it, correct it, train on it
    #[cfg(feature = "serve")]
    Requests(requests::RequestsArgs),
    /// Generate, fetch and look at data sets
    Data(data::DataArgs),
    /// Measure samplers on known functions, and say which differences are real
    Bench(bench::BenchArgs),
    /// Print a completion script for a shell
    Completions(completions::CompletionsArgs),
}

impl Verb {
    /// Does it.
    fn run(&self, global: &Global) -> anyhow::Result<ExitCode> {
        match self {
            Self::Run(args) => run::run(global, args),
            Self::Resume(args) => resume::run(global, args),
            Self::Exec(args) => exec::run(global, args),
            Self::Log(args) => log::run(global, args),
            Self::Ls(args) => ls::run(global, args),
            Self::Show(args) => show::run(global, args),
            Self::Best(args) => best::run(global, args),
            Self::Evaluate(args) => evaluate::run(global, args),
            Self::Calibrate(args) => calibrate::run(global, args),
            Self::Errors(args) => errors::run(global, args),
            Self::Predict(args) => predict::run(global, args),
            #[cfg(feature = "serve")]
            Self::Load(args) => load::run(global, args),
            #[cfg(feature = "serve")]
            Self::Serve(args) => serve::run(global, args),
            #[cfg(feature = "serve")]
            Self::Server(args) => server::run(global, args),
            Self::Export(args) => export::run(global, args),
            Self::Import(args) => import::run(global, args),
            Self::Bundle(args) => bundle::write(global, args),
            Self::Merge(args) => bundle::merge(global, args),
            Self::Model(args) => model::run(global, args),
            Self::Plot(args) => plot::run(global, args),
            Self::Compare(args) => compare::run(global, args),
            Self::Report(args) => report::run(global, args),
            Self::Rm(args) => rm::remove(global, args),
            Self::Restore(args) => rm::restore(global, args),
            Self::Doctor(args) => doctor::run(global, args),
            Self::Gc(args) => gc::run(global, args),
            Self::Edit(args) => edit::run(global, args),
            Self::Study(args) => study::run(global, args),
            Self::Explain(args) => study::explain(global, args),
            Self::Ask(args) => ask::ask(global, args),
            Self::Tell(args) => ask::tell(global, args),
            Self::Check(args) => check::run(global, args),
            Self::Schema(args) => schema::run(global, args),
            Self::Init(args) => init::run(global, args),
            #[cfg(feature = "serve")]
            Self::Requests(args) => requests::run(global, args),
            Self::Data(args) => data::run(global, args),
            Self::Bench(args) => bench::run(global, args),
            Self::Completions(args) => completions::run(global, args),
        }
    }
}

/// The command line; one that cannot be read ends the process, as one that asks for help does.
fn parse(arguments: impl IntoIterator<Item = OsString>) -> Cli {
    let matches = numbers::allow(Cli::command()).get_matches_from(numbers::readable(arguments));
    Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
}

/// Parses the command line and does what it says.
pub fn main() -> ExitCode {
    // A verb that is not for users, and whose arguments belong to another program.
    if let Some(code) = crate::command::supervise_if_asked(std::env::args_os()) {
        return code;
    }
    if let Some(code) = crate::recording::guard_if_asked(std::env::args_os()) {
        return code;
    }
    let cli = parse(std::env::args_os());
    let global = &cli.global;
    // A server logs to files as well.
    #[cfg(feature = "serve")]
    let is_server = matches!(cli.verb, Verb::Serve(_));
    #[cfg(not(feature = "serve"))]
    let is_server = false;
    if !is_server {
        logging::start(global.verbose, global.log_format);
    }
    if let Err(error) = crate::kernel::Kernels::chosen() {
        return exit::code_of(Err(exit::Failure::usage(error.to_string()).into()));
    }
    exit::code_of(cli.verb.run(global))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        numbers::allow(Cli::command()).debug_assert();
    }

    #[test]
    fn a_negative_number_may_stand_wherever_a_value_may() {
        let values = |line: &str| {
            let arguments = line.split(' ').map(OsString::from);
            match parse(arguments).verb {
                Verb::Tell(args) => args.values,
                _ => vec![],
            }
        };
        assert_eq!(values("uaic tell @ 0 -7.5e-05"), [-7.5e-05]);
        assert_eq!(values("uaic tell @ 0 -1e-3 -inf -5 0.5 --json"), [-1e-3, f64::NEG_INFINITY, -5.0, 0.5]);
        assert_eq!(values("uaic tell --json @ 0 -.5 -- -1E-3"), [-0.5, -1e-3]);
        assert!(values("uaic tell @ 0 -nan")[0].is_nan());
    }
}
