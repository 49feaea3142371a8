//! `uaic exec`: runs any program and records what is seen of it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use crate::platform;
use crate::recording::{
    Beginning, Ending, Opening, Outcome, Plan, RunError, StoreRecorder, argument, metric, opener,
    run as run_program,
};
use crate::select::{self, RUN_GRAMMAR};
use crate::store::{Attempt, Id, RunEnd, StoreAddress};
use crate::trial::{Params, RunState};

use super::exit::Failure;
use super::tracking::{MLFLOW_RUN, MLFLOW_URI, Tracking};
use super::{Global, printer};

/// The variable with the id of the run, for the program and for `uaic log`.
pub(super) const RUN_ID: &str = "UAIC_RUN_ID";

/// uaic itself could not do its part.
const OWN_FAILURE: u8 = 125;
/// As shells have it: the program cannot be started, or is not there.
const UNSTARTED: u8 = 126;
const MISSING: u8 = 127;

/// Arguments of `uaic exec`.
#[derive(Args, Debug)]
#[command(after_help = format!("\
Examples:
  uaic exec -- python train.py --lr 3e-4           a run with the parameter lr
  uaic exec --name baseline --tag team=nlp -- ./train --config base.yaml
  uaic exec --artifacts out -- sh train.sh         keeps the files that are written below out/
  uaic exec --metric-pattern 'r=(?P<reward>\\S+)' -- ./play
  uaic exec --name sweep -- sh -c 'for s in 1 2 3; do uaic exec -- python train.py --seed $s; done'

The program runs in the foreground as if it stood there alone: input, output, signals and exit code
are its own. What is recorded: arguments (--lr 3e-4, --lr=3e-4, --amp, key=value, and the files of
--config) as parameters; the commit, branch, remote and difference of the code; the Python and its packages,
chosen environment variables, the machine; its output; metrics that it prints, as JSON lines or as
`epoch 3 - loss: 0.41`, and those that it writes to event files of TensorBoard or CSV logs below the
working folder; its use of processor, memory, disks and GPUs; its end. Values of secrets are masked.

If the store cannot be written, the program goes on; what could not be recorded is in a file then,
which `uaic import` reads. The program has UAIC_RUN_ID and UAIC_STORE: `uaic log` in it adds to the run, and
an `exec` within it is a part of it.

{RUN_GRAMMAR}

Exit code: the program's own; 128 and the number of a signal; 127 there is no such program, 126 it cannot
be started, 125 uaic failed before it was."))]
pub struct ExecArgs {
    /// What the run is called
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,

    /// The experiment that it belongs to [default: the name of the working folder]
    #[arg(long, value_name = "NAME")]
    pub experiment: Option<String>,

    /// A parameter; wins over what the arguments say
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = pair)]
    pub params: Vec<(String, String)>,

    /// A tag
    #[arg(long = "tag", value_name = "NAME=VALUE", value_parser = pair)]
    pub tags: Vec<(String, String)>,

    /// A note, in Markdown
    #[arg(long, value_name = "TEXT")]
    pub note: Option<String>,

    /// The run that this one is part of [default: the one of an `exec` around it]
    #[arg(long, value_name = "SEL")]
    pub parent: Option<String>,

    /// Look for event files and CSV logs below this folder [default: the working folder]
    #[arg(long, value_name = "DIR")]
    pub watch: Vec<PathBuf>,

    /// Look for no such files
    #[arg(long, conflicts_with = "watch")]
    pub no_watch: bool,

    /// Keep the files that are written below this folder
    #[arg(long, value_name = "DIR")]
    pub artifacts: Vec<PathBuf>,

    /// A regular expression whose named groups are metrics (or `key` and `value`; `step` says where), in place
    /// of `name: value` and `name=value`
    #[arg(long, value_name = "REGEX")]
    pub metric_pattern: Option<String>,

    /// A variable for the program, such as `WANDB_MODE=offline`
    #[arg(long = "env", value_name = "NAME=VALUE", value_parser = pair)]
    pub env: Vec<(String, String)>,

    /// Start a server for the program, which finds it in `MLFLOW_TRACKING_URI`: what it logs to MLflow is logged
    /// to this very run
    #[arg(long)]
    pub server: bool,

    /// Seconds between two looks at the use of the machine; 0 for none
    #[arg(long, value_name = "SECONDS", default_value_t = 5)]
    pub sample_every: u32,

    /// MiB of a log that are kept
    #[arg(long, value_name = "MIB", default_value_t = 1024)]
    pub log_limit: u32,

    /// The program and its arguments
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_name = "PROGRAM")]
    pub program: Vec<OsString>,
}

/// A name and a value.
pub(super) fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write NAME=VALUE".to_owned()),
    }
}

/// Parameters as they were given.
pub(super) fn params(pairs: &[(String, String)]) -> Params {
    pairs.iter().map(|(name, value)| (name.clone(), argument::value_of(value))).collect()
}

/// Runs the program.
pub(super) fn run(global: &Global, args: &ExecArgs) -> anyhow::Result<ExitCode> {
    if let Some(pattern) = &args.metric_pattern {
        metric::Pattern::new(pattern).map_err(|error| Failure::usage(error.to_string()))?;
    }
    let store = global.store.absolute()?;
    let beginning = Beginning {
        id: Id::random(),
        experiment: args.experiment.clone().unwrap_or_else(folder_name),
        name: args.name.clone(),
        parent: parent(&store, args.parent.as_deref())?,
    };
    let tracking = Tracking::of(&store, args.server)?;
    let mut plan = plan(args, &store, &beginning);
    if let Some(tracking) = &tracking {
        follow(&mut plan, tracking, beginning.id);
    }
    let id = beginning.id;
    let is_begun = tracking.is_some();
    match run_program(plan, opening(store.clone(), beginning, is_begun)) {
        Ok(outcome) => {
            tell(&outcome, id);
            tracing::info!("run {} has ended: {}", id.short(), outcome.ending);
            Ok(ExitCode::from(outcome.ending.code()))
        }
        Err(error) => {
            let code = match &error {
                RunError::Unstarted { source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
                    MISSING
                }
                RunError::Unstarted { .. } => UNSTARTED,
                RunError::Unprepared { .. } => OWN_FAILURE,
            };
            printer::talk(format!("error: {error}"));
            if is_begun {
                let end = RunEnd::without_values(RunState::Failed, Some(error.to_string()));
                store.open_existing()?.finish_run(Attempt { run: id, number: 1 }, &end)?;
            }
            Ok(ExitCode::from(code))
        }
    }
}

/// Lets the program log to a server, and to its run there, unless it is told of another.
fn follow(plan: &mut Plan, tracking: &Tracking, id: Id) {
    let is_set =
        |name: &str| std::env::var_os(name).is_some() || plan.environment.iter().any(|(set, _)| set == name);
    if is_set(MLFLOW_URI) {
        return;
    }
    plan.environment.push((MLFLOW_URI.into(), OsString::from(&tracking.url)));
    plan.environment.push((MLFLOW_RUN.into(), OsString::from(id.to_string())));
}

/// How the run begins: when the program has started, or before, where the program may ask for it at once.
fn opening(store: StoreAddress, beginning: Beginning, is_asked_for: bool) -> Opening {
    if !is_asked_for {
        return Box::new(move || Ok(Box::new(StoreRecorder::begin(&store, &beginning)?) as Box<_>));
    }
    let begun = StoreRecorder::begin(&store, &beginning);
    Box::new(move || Ok(Box::new(begun?) as Box<_>))
}

fn plan(args: &ExecArgs, store: &StoreAddress, beginning: &Beginning) -> Plan {
    let id = beginning.id.to_string();
    let given = args.env.iter().map(|(name, value)| (name.into(), value.into()));
    let ours = [(RUN_ID.into(), OsString::from(&id)), ("UAIC_STORE".into(), store.to_string().into())];
    // Python would keep what it prints until it ends, and with it the metrics.
    let unbuffered = ("PYTHONUNBUFFERED".into(), "1".into());
    let unbuffered = std::env::var_os("PYTHONUNBUFFERED").is_none().then_some(unbuffered);
    let watch = match (args.no_watch, args.watch.is_empty()) {
        (true, _) => vec![],
        (false, true) => vec![PathBuf::from(".")],
        (false, false) => args.watch.clone(),
    };
    Plan {
        environment: unbuffered.into_iter().chain(given).chain(ours).collect(),
        name: args.name.clone(),
        experiment: Some(beginning.experiment.clone()),
        parent: beginning.parent.map(|parent| parent.to_string()),
        params: params(&args.params),
        tags: args.tags.clone(),
        note: args.note.clone(),
        pattern: args.metric_pattern.clone(),
        watch,
        opener: Some(opener()),
        artifacts: args.artifacts.clone(),
        log_limit: u64::from(args.log_limit) << 20,
        sample_every: Duration::from_secs(u64::from(args.sample_every)),
        guard: platform::own_program(),
        ..Plan::new(args.program.clone(), &id)
    }
}

/// What the working folder is called.
fn folder_name() -> String {
    let folder = std::env::current_dir().ok();
    let name = folder.as_deref().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
    name.unwrap_or_else(|| "programs".to_owned())
}

/// The run that this one is part of.
fn parent(store: &StoreAddress, selector: Option<&str>) -> anyhow::Result<Option<Id>> {
    match selector {
        Some(selector) => {
            let store = store.open_read_only()?;
            Ok(Some(select::resolve(&*store, selector)?.id))
        }
        None => Ok(std::env::var(RUN_ID).ok().and_then(|id| Id::parse(&id))),
    }
}

/// Says what was not recorded.
fn tell(outcome: &Outcome, id: Id) {
    for trouble in &outcome.troubles {
        printer::talk(format!("warning: {trouble}"));
    }
    let Some(unkept) = &outcome.unkept else { return };
    printer::talk(format!("warning: run {} is not recorded whole: {}", id.short(), unkept.reason));
    match (&unkept.file, &unkept.lost) {
        (Some(file), _) => {
            printer::talk(format!("help: `uaic import {}` brings in the rest", file.display()));
        }
        (None, _) if outcome.ending == Ending::Unknown => {}
        (None, _) => {}
    }
    if let Some(lost) = &unkept.lost {
        printer::talk(format!("warning: a part of it is lost: {lost}"));
    }
}
