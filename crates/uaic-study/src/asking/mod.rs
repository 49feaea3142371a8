//! Trials that somebody else evaluates: they are asked for, and their results told.

mod error;
mod seen;

use crate::history::{Recorded, View, shown_below};
use crate::outcome::StudyError;
use crate::proposal::{self, NoPoint, Request};
use crate::sampler::Explanation;
use crate::setup::StudySetup;
use crate::store::rules::now_ms;
use crate::store::{
    Attempt, Id, MetricPoint, NewRun, RunEnd, RunKind, Store, StoreError, StudyRecord, StudyState,
};
use crate::trial::{Params, RunState};
pub use error::AskError;
use seen::{SEEN, numbers, ranges};
use uaic_platform::process::ProcessIdentity;

/// A trial that was asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// Its number in the study.
    pub number: u32,
    /// Its run.
    pub run: Id,
    /// The point to evaluate.
    pub params: Params,
}

/// What is told of a trial.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    /// The values of the study's metrics, in their order.
    Values(Vec<f64>),
    /// It was stopped early.
    Pruned,
    /// It failed, and why.
    Failed(String),
}

/// Proposes the next trial of a study and writes its row. The proposal sees all trials that have
/// ended by now; which ones is recorded, so that it can be made again. Where there is no next trial,
/// nothing is changed.
///
/// # Errors
/// The budget is spent, or the space is; no point satisfies the constraints; the store fails.
pub fn ask(store: &dyn Store, study: &StudyRecord, setup: &StudySetup<'_>) -> Result<Asked, AskError> {
    let outside = ProcessIdentity::outside();
    loop {
        let recorded = Recorded::load(store, study.id, setup.reports())?;
        let number = recorded.first_free();
        // Another may have raised the number of trials meanwhile.
        let trials = store.study(study.id)?.plan.trials;
        if number >= trials {
            return Err(AskError::Spent { study: study.id.short(), trials });
        }
        let (params, finished) = next_point(&recorded, study, setup, number)?;
        let new = NewRun {
            home: study.id.into(),
            kind: RunKind::Trial,
            number: Some(number),
            params: params.clone(),
            config: serde_json::json!({ "params": params }),
            process: outside.clone(),
            environment: study.plan.environment.clone(),
        };
        store.acquire_study(study.id, &outside)?;
        match store.start_trial(&new, recorded.changes.len()) {
            // The same trial cannot be given to two who ask at once: its row is new.
            Ok(Attempt { run, number: 1 }) => {
                store.set_tag(run, SEEN, &ranges(finished))?;
                return Ok(Asked { number, run, params });
            }
            Ok(_)
            | Err(
                StoreError::Taken { .. } | StoreError::Outdated { .. } | StoreError::IllegalTransition { .. },
            ) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// The point of a trial that is asked for now, and which trials it sees as finished.
fn next_point(
    recorded: &Recorded,
    study: &StudyRecord,
    setup: &StudySetup<'_>,
    number: u32,
) -> Result<(Params, Vec<u32>), AskError> {
    let view = View::at(number, setup.space(), recorded, |_| true);
    let mut rng = setup.trial_seeds(number).rng("sampler");
    let request = Request {
        number,
        history: view.history(setup.directions()),
        wanted: view.enqueued.as_ref(),
        duplicates: setup.duplicates(),
    };
    match proposal::propose(&mut *setup.sampler(), &request, &mut rng) {
        Ok(params) => Ok((params, view.known.finished().iter().map(|trial| trial.number).collect())),
        Err(NoPoint::Spent) => Err(AskError::Exhausted { study: study.id.short() }),
        Err(NoPoint::Forbidden) => Err(StudyError::forbidden(study.id, number, view.known.space()).into()),
    }
}

/// Raises the number of trials of a study whose trials are asked for. One that was complete can go on.
///
/// # Errors
/// The store fails.
pub fn extend(store: &dyn Store, study: &StudyRecord, trials: u32) -> Result<(), StoreError> {
    store.extend_study(study.id, trials)?;
    if study.state == StudyState::Complete && trials > study.plan.trials {
        let outside = ProcessIdentity::outside();
        store.acquire_study(study.id, &outside)?;
        store.release_study(study.id, &outside, StudyState::Interrupted)?;
    }
    Ok(())
}

/// Makes a study complete that nobody works on any more.
fn complete(store: &dyn Store, study: &StudyRecord) -> Result<(), AskError> {
    match store.release_study(study.id, &ProcessIdentity::outside(), StudyState::Complete) {
        Err(StoreError::NotHeld { .. }) | Ok(()) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Records the result of a trial that was asked for; whether that is news: telling the same again
/// changes nothing. Values that miss `study.feasible` rank behind all others.
///
/// # Errors
/// There is no such trial, it has ended otherwise, or the number of values is wrong.
pub fn tell(
    store: &dyn Store,
    study: &StudyRecord,
    setup: &StudySetup<'_>,
    number: u32,
    told: &Told,
) -> Result<bool, AskError> {
    let recorded = Recorded::load(store, study.id, setup.reports())?;
    let run = recorded.runs.iter().find(|run| run.start.number == Some(number));
    let run = run.ok_or_else(|| AskError::Absent { number, study: study.id.short() })?;
    let metrics = study.goals().metrics();
    let (state, values, reason) = match told {
        Told::Values(values) if values.iter().any(|value| value.is_nan()) => {
            (RunState::Failed, &[][..], Some("the objective's value is NaN".to_owned()))
        }
        Told::Values(values) => (RunState::Complete, &values[..], None),
        Told::Pruned => (RunState::Pruned, &[][..], None),
        Told::Failed(reason) => (RunState::Failed, &[][..], Some(reason.clone())),
    };
    if let Told::Values(values) = told
        && values.len() != metrics.len()
    {
        let metrics = metrics.into_iter().map(str::to_owned).collect();
        return Err(AskError::Count { found: values.len(), metrics });
    }
    if run.state.is_final() {
        let same = run.state == state && run.values == values;
        return if same { Ok(false) } else { Err(AskError::Otherwise { number, state: run.state }) };
    }
    let attempt = Attempt { run: run.id, number: run.attempts };
    let time_ms = now_ms();
    let point = |(metric, value): (&&str, &f64)| MetricPoint {
        key: (*metric).to_owned(),
        step: 0,
        time_ms,
        value: *value,
    };
    store.log_metrics(attempt, &metrics.iter().zip(values).map(point).collect::<Vec<_>>())?;
    let value_of = |name: &str| Some(values[metrics.iter().position(|metric| *metric == name)?]);
    let feasible = setup.feasible();
    let missed = feasible.iter().map(|constraint| constraint.violation(value_of));
    // An empty sum is −0, which is 0 but has other bits.
    let violation = if values.is_empty() { 0.0 } else { missed.sum::<f64>() + 0.0 };
    store.finish_run(attempt, &RunEnd { state, values: values.to_vec(), violation, reason })?;
    close_when_done(store, study, setup)?;
    Ok(true)
}

/// Makes a study complete whose last trial has been told: the last of its number, or of its points.
fn close_when_done(store: &dyn Store, study: &StudyRecord, setup: &StudySetup<'_>) -> Result<(), AskError> {
    let recorded = Recorded::load(store, study.id, setup.reports())?;
    let number = recorded.first_free();
    if recorded.runs.iter().any(|run| !run.state.is_final()) {
        return Ok(());
    }
    let is_done = number >= store.study(study.id)?.plan.trials
        || matches!(next_point(&recorded, study, setup, number), Err(AskError::Exhausted { .. }));
    if is_done { complete(store, study) } else { Ok(()) }
}

/// What led to the point of a trial: its proposal is made again, from what it could see.
///
/// # Errors
/// There is no such trial; the store fails.
pub fn explain(
    store: &dyn Store,
    study: &StudyRecord,
    setup: &StudySetup<'_>,
    number: u32,
) -> Result<Explanation, AskError> {
    let recorded = Recorded::load(store, study.id, setup.reports())?;
    let run = recorded.runs.iter().find(|run| run.start.number == Some(number));
    let run = run.ok_or_else(|| AskError::Absent { number, study: study.id.short() })?;
    let seen = store.tags(run.id)?.get(SEEN).map(|text| numbers(text));
    let sees = |other: u32| match &seen {
        Some(seen) => seen.contains(&other),
        None => other < shown_below(number, setup.parallel()),
    };
    let view = View::at(number, setup.space(), &recorded, sees);
    let history = view.history(setup.directions());
    let mut explanation = setup.sampler().explain(number, &history, &run.start.params);
    if view.enqueued.is_some() {
        explanation.reason = format!("enqueued by the user. Without that: {}", explanation.reason);
    }
    Ok(explanation)
}
