//! `uaic resume`: goes on with a study that was stopped or killed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::execute::execute;
use super::exit::Failure;
use super::run::HowArgs;
use super::summary::Summary;
use super::tracking::Tracking;
use super::work::Work;
use super::{Global, printer};
use crate::select;
use crate::spec::{Space, split_override};
use crate::store::{Change, NewStudy, RunKind, RunQuery, Store, StudyChange, StudyRecord, StudyState};
use crate::study::{self, StudyOutcome, promise};
use crate::trial::RunState;

/// Arguments of `uaic resume`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  uaic resume                     the newest study
  uaic resume 3f2a9c              by the start of its id
  uaic resume --trials 50         and raise its number of trials
  uaic resume --spec wider.toml --trials 50
  uaic resume -P search.train.lr='{ log = [1e-5, 1] }' --trials 50

The study goes on from its stored spec: finished trials are kept, the others are repeated with the
same parameters and seeds, so the result is that of an uninterrupted run. Data that have changed
since are refused. Of a study whose trials are asked for, --trials raises their number, and nothing is
evaluated: `uaic ask` gives them out.

With --json, as `uaic run --json`: {\"schema\": 1, \"study\": {…}, \"final\": {…} or null}, with the
trials of earlier processes in it.")]
pub struct ResumeArgs {
    /// The study: the start of its id, an experiment's name, or nothing for the newest
    pub study: Option<String>,

    /// Go on with the search space of this spec: a range was widened, a choice added
    #[arg(long, value_name = "SPEC")]
    pub spec: Option<PathBuf>,

    /// Go on with another range, such as search.train.lr='{ log = [1e-5, 1] }'
    #[arg(short = 'P', long = "param", value_name = "KEY=VALUE", value_parser = split_override)]
    pub params: Vec<(String, String)>,

    /// Raise the study's number of trials to N
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub trials: Option<u32>,

    #[command(flatten)]
    pub how: HowArgs,
}

/// Goes on with a study.
pub(super) fn run(global: &Global, args: &ResumeArgs) -> anyhow::Result<ExitCode> {
    // Looked up read-only first, so that a wrong name creates no store.
    let reader = global.store.open_read_only()?;
    let found = select::resolve_study(&*reader, args.study.as_deref())?;
    drop(reader);
    let store = global.store.open()?;
    let mut work = Work::of_study(&found)?;
    if work.fingerprint() != found.plan.fingerprint {
        return Err(Failure::locked(changed(&found, &work)).into());
    }
    if args.spec.is_some() || !args.params.is_empty() {
        change_space(&*store, &found, args)?;
    }
    if work.is_asked() {
        return asked(global, &*store, &found, &work, args);
    }
    if let Some(trials) = args.trials.filter(|trials| *trials <= found.plan.trials && !args.how.quiet) {
        printer::talk(format!(
            "note: study {} has {} trials; --trials {trials} does not lower that",
            found.id.short(),
            found.plan.trials
        ));
    } else if found.state == StudyState::Complete && args.trials.is_none() && !args.how.quiet {
        printer::talk(format!("study {} is complete; showing its results", found.id.short()));
    }
    if !args.how.quiet {
        tell_of_open(&*store, &found)?;
    }
    let tracking = Tracking::of(&global.store, args.how.server)?;
    if let Some(tracking) = &tracking {
        work.tracked_at(&tracking.url);
    }
    execute(&work, &*store, found.id, args.how.execution(global, args.trials))
}

/// That a study waits for trials which somebody has asked for.
fn tell_of_open(store: &dyn Store, found: &StudyRecord) -> anyhow::Result<()> {
    let query = RunQuery {
        study: Some(found.id),
        kind: Some(RunKind::Trial),
        state: Some(RunState::Running),
        include_hidden: true,
        ..RunQuery::default()
    };
    let runs = store.runs(&query)?;
    let mut open: Vec<u32> =
        runs.iter().filter(|run| run.start.process.is_outside()).filter_map(|run| run.start.number).collect();
    open.sort_unstable();
    if let Some(first) = open.first() {
        let open: Vec<String> = open.iter().map(u32::to_string).collect();
        printer::talk(format!(
            "note: somebody has asked for trials {}; the study ends when they are told: `uaic tell {} {first} VALUE`",
            open.join(", "),
            found.id.short()
        ));
    }
    Ok(())
}

/// Raises the number of trials of a study whose trials are asked for, and evaluates nothing.
fn asked(
    global: &Global,
    store: &dyn Store,
    found: &StudyRecord,
    work: &Work,
    args: &ResumeArgs,
) -> anyhow::Result<ExitCode> {
    let id = found.id.short();
    let is_changed = args.spec.is_some() || !args.params.is_empty();
    if let Some(trials) = args.trials {
        study::extend(store, found, trials)?;
    } else if found.state != StudyState::Complete && !is_changed {
        return Err(Failure::usage(format!(
            "the trials of study {id} are asked for and told, so there is nothing to resume: `uaic ask {id}` gives \
             the next one, `uaic tell {id} NUMBER VALUE` takes a result, `uaic resume {id} --trials N` raises \
             their number"
        ))
        .into());
    }
    let study = store.study(found.id)?;
    if !args.how.quiet {
        let trials = study.plan.trials;
        printer::talk(match args.trials {
            Some(wanted) if wanted < trials => {
                format!("note: study {id} has {trials} trials; --trials {wanted} does not lower that")
            }
            _ if study.state == StudyState::Complete => {
                format!(
                    "study {id} is complete; `uaic resume {id} --trials N` raises the number of its trials"
                )
            }
            _ => format!("study {id} has {trials} trials; `uaic ask {id}` gives the next one"),
        });
    }
    let outcome = StudyOutcome::recorded(store, &study)?;
    let summary =
        Summary { work, study: &study, outcome: &outcome, final_report: None, store: &global.store };
    if args.how.json {
        printer::json(&summary.json())?;
    } else if study.state == StudyState::Complete {
        printer::data(summary.text())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Lets the trials to come be proposed in another space. What has been tried stays known to the
/// sampler, as far as it lies within.
fn change_space(store: &dyn Store, found: &StudyRecord, args: &ResumeArgs) -> anyhow::Result<()> {
    let changes = store.changes(found.id)?;
    let earlier = changes.iter().rev().find_map(|change| match &change.change {
        Change::Space { overrides, .. } => Some(overrides.clone()),
        _ => None,
    });
    let mut overrides = earlier.unwrap_or_else(|| found.plan.overrides.clone());
    overrides.extend(args.params.clone());
    let wanted = if let Some(path) = &args.spec {
        Work::load(path, &overrides)?
    } else {
        let plan = NewStudy { overrides: overrides.clone(), ..found.plan.clone() };
        Work::of_study(&StudyRecord { plan, ..found.clone() })?
    };
    let known = Work::of_study(found)?;
    if wanted.frame_fingerprint() != known.frame_fingerprint() {
        let message = format!(
            "study {} can go on with another [search], but with nothing else changed: its old and new trials \
             could not be compared. {}",
            found.id.short(),
            anew(args.spec.as_deref().unwrap_or(Path::new(&found.plan.spec_path)))
        );
        return Err(Failure::locked(message).into());
    }
    if *wanted.space() == known.latest_space(&changes) {
        return Ok(());
    }
    wanted.check_constraints()?;
    keep_promises(store, found, &changes, wanted.space())?;
    let space = wanted.space().clone();
    let change = store.change_study(found.id, &Change::Space { space, overrides })?;
    printer::talk(format!("the new search space counts from trial {} on", change.from_trial));
    Ok(())
}

/// That enqueued points which wait for their trials can be had in another space, too.
fn keep_promises(
    store: &dyn Store,
    found: &StudyRecord,
    changes: &[StudyChange],
    space: &Space,
) -> anyhow::Result<()> {
    let query = RunQuery {
        study: Some(found.id),
        kind: Some(RunKind::Trial),
        include_hidden: true,
        ..RunQuery::default()
    };
    let started: BTreeSet<u32> = store.runs(&query)?.iter().filter_map(|run| run.start.number).collect();
    for StudyChange { from_trial, change, .. } in changes {
        let Change::Enqueue { params } = change else { continue };
        if started.contains(from_trial) {
            continue;
        }
        if let Err(error) = promise(space, params) {
            let id = found.id.short();
            let message = format!(
                "the point that is enqueued for trial {from_trial} of study {id} does not lie in that space: {error}. \
                 `uaic resume {id} --trials {}` evaluates it first",
                from_trial + 1
            );
            return Err(Failure::locked(message).into());
        }
    }
    Ok(())
}

/// Says why the spec and the data of a study no longer give what they gave.
fn changed(study: &StudyRecord, work: &Work) -> String {
    let (then, now) = (&study.plan.environment, work.environment());
    let files: Vec<&str> = then
        .keys()
        .chain(now.keys())
        .filter(|fact| then.get(*fact) != now.get(*fact))
        .filter_map(|fact| fact.strip_prefix("data.")?.strip_suffix(".hash"))
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    let id = study.id.short();
    let what = if files.is_empty() {
        let version = then.get("uaic.version").map_or("another version", String::as_str);
        format!("uaic {version}, which started study {id}, read its spec otherwise")
    } else {
        format!("the data of study {id} have changed since it was started ({})", files.join(", "))
    };
    format!(
        "{what}; new trials could not be compared with its old ones. {}",
        anew(Path::new(&study.plan.spec_path))
    )
}

/// How to start a spec anew; one that came through a pipe is not there any more.
fn anew(spec: &Path) -> String {
    if spec.is_file() {
        return format!("Start anew: `uaic run {}`", spec.display());
    }
    "Start anew: `uaic run` with the spec".to_owned()
}
