//! Calls on trials.

#![allow(
    clippy::needless_pass_by_value,
    clippy::unnecessary_wraps,
    reason = "calls of one shape, which the table of calls holds"
)]

use prost::Message;
use uaic_import::optuna::param;
use uaic_study::store::{
    Answer, NewOptunaTrial, OptunaAttribute, OptunaChange, OptunaParam, OptunaScope, OptunaState,
    OptunaStore, OptunaTrial,
};

use super::answer::read;
use super::attribute::attribute;
use super::message::{
    NewTrial, Number, OneTrial, Report, SetAttribute, SetParam, SetState, TRIALS_KEY, Trial, TrialOfNumber,
    WhichTrials,
};
use super::status::{Code, Status};
use super::{frame, time};

pub(super) fn create(store: &dyn OptunaStore, new: NewTrial) -> Result<Answer<i64>, Status> {
    let trial = if new.template_is_none {
        NewOptunaTrial::running(time::now())
    } else {
        template(new.template.unwrap_or_default())?
    };
    Ok(store.create_optuna_trial(new.study_id, &trial))
}

/// A trial that is added as it is; its id and its number are its study's to give.
fn template(trial: Trial) -> Result<NewOptunaTrial, Status> {
    let mut distributions = trial.distributions;
    let params = trial.params.into_iter().map(|(name, internal)| {
        let json = distributions.remove(&name).unwrap_or_default();
        known_param(&name, internal, &json)
    });
    let params = params.collect::<Result<_, _>>()?;
    let of = |scope| move |(key, json): (String, String)| attribute(scope, key, json);
    let attributes = trial.user_attributes.into_iter().map(of(OptunaScope::User));
    let attributes: Vec<OptunaAttribute> =
        attributes.chain(trial.system_attributes.into_iter().map(of(OptunaScope::System))).collect();
    Ok(NewOptunaTrial {
        state: state_of(trial.state)?,
        values: trial.values,
        started: time::given(trial.started)?,
        ended: time::given(trial.ended)?,
        params,
        attributes,
        reports: trial.reports.into_iter().collect(),
    })
}

fn state_of(number: i32) -> Result<OptunaState, Status> {
    OptunaState::from_number(number.into())
        .ok_or_else(|| Status::invalid(format!("a trial has a state from 0 to 4, not {number}")))
}

/// A parameter that programs can read back.
fn known_param(name: &str, internal: f64, json: &str) -> Result<OptunaParam, Status> {
    param(name, internal, json).ok_or_else(|| {
        let shown: String = json.chars().take(200).collect();
        Status::invalid(format!("`{name}` has no value {internal} in the distribution `{shown}`"))
    })
}

pub(super) fn set_param(store: &dyn OptunaStore, set: SetParam) -> Result<Answer<()>, Status> {
    match known_param(&set.name, set.internal, &set.distribution) {
        Ok(param) => Ok(store.set_optuna_param(set.trial_id, &param)),
        Err(status) => {
            // What is wrong with the trial comes first.
            let trial = store.optuna_trial(set.trial_id)?;
            let ended = || Status::new(Code::FailedPrecondition, "the trial has ended");
            Err(if trial.state.is_final() { ended() } else { status })
        }
    }
}

pub(super) fn report(store: &dyn OptunaStore, report: Report) -> Result<Answer<()>, Status> {
    Ok(store.report_to_optuna(report.trial_id, report.step, report.value))
}

pub(super) fn set_state(store: &dyn OptunaStore, set: SetState) -> Result<Answer<bool>, Status> {
    let change = OptunaChange { state: state_of(set.state)?, values: set.values, now: time::now() };
    Ok(store.set_optuna_state(set.trial_id, &change))
}

pub(super) fn set_user_attribute(store: &dyn OptunaStore, set: SetAttribute) -> Result<Answer<()>, Status> {
    Ok(store.set_optuna_trial_attribute(set.id, &attribute(OptunaScope::User, set.key, set.value)))
}

pub(super) fn set_system_attribute(store: &dyn OptunaStore, set: SetAttribute) -> Result<Answer<()>, Status> {
    Ok(store.set_optuna_trial_attribute(set.id, &attribute(OptunaScope::System, set.key, set.value)))
}

pub(super) fn of_number(store: &dyn OptunaStore, which: TrialOfNumber) -> Result<Number, Status> {
    Ok(Number { id: store.optuna_trial_numbered(which.study_id, which.number)? })
}

pub(super) fn one(store: &dyn OptunaStore, trial: Number) -> Result<OneTrial, Status> {
    Ok(OneTrial { trial: Some(told(store.optuna_trial(trial.id)?)) })
}

/// The trials of a study, each written as it is read: there may be many.
pub(super) fn some(store: &dyn OptunaStore, message: &[u8]) -> Result<Vec<u8>, Status> {
    let which: WhichTrials = read(message)?;
    let mut buffer = frame::open();
    let mut written = Ok(());
    store.optuna_trials(which.study_id, which.above, &which.among, &mut |trial| {
        buffer.push(TRIALS_KEY);
        // A vector grows.
        written = told(trial).encode_length_delimited(&mut buffer);
    })?;
    written.map_err(|error| Status::new(Code::Internal, error.to_string()))?;
    frame::close(buffer)
}

/// Whether all trials of a study are asked for, and not those that are new.
pub(super) fn are_all(message: &[u8]) -> bool {
    read::<WhichTrials>(message).is_ok_and(|which| which.above < 0 || which.among.len() > 1000)
}

fn told(trial: OptunaTrial) -> Trial {
    let mut message = Trial {
        trial_id: trial.id,
        number: trial.number,
        state: trial.state as i32,
        values: trial.values,
        started: trial.started.unwrap_or_default(),
        ended: trial.ended.unwrap_or_default(),
        user_attributes: trial.user.into_iter().collect(),
        system_attributes: trial.system.into_iter().collect(),
        reports: trial.reports.into_iter().collect(),
        ..Trial::default()
    };
    for (name, internal, json) in trial.params {
        message.params.insert(name.clone(), internal);
        message.distributions.insert(name, json);
    }
    message
}
