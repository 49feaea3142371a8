//! Studies whose trials Optuna programs propose and execute elsewhere, as these programs see them.
//!
//! Such a study is one of ours, and its trials are runs of it: what is written here of a trial is written
//! of its run in the same transaction. Beside that everything is kept as the programs said it, so that
//! they get it back to the bit.

use super::{Answer, Id, NewStudy, Store, StoreError};
use crate::space::Distribution;
use crate::trial::{Goals, ParamValue, RunState};

/// A store in which Optuna programs keep their studies.
///
/// Ids are positive, and those of trials become visible in rising order, over all processes that write to
/// the store; none is given twice. Writes are made in the order of the calls, also where the answers are not
/// waited for; what has been answered is durable. What is read comes at once.
pub trait OptunaStore: Store {
    /// Creates a study under a name that no other has, and gives its number.
    ///
    /// # Errors
    /// [`StoreError::NameTaken`].
    fn create_optuna_study(&self, name: &str, plan: &NewStudy) -> Answer<i64>;

    /// Forgets a study: its name is free again, and its runs are hidden, so that they can be brought back
    /// until they are removed for good. What still ran is interrupted.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    fn delete_optuna_study(&self, study: i64) -> Answer<()>;

    /// The study of a name.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    fn optuna_study_named(&self, name: &str) -> Result<i64, StoreError>;

    /// A study, without its attributes.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    fn optuna_study(&self, study: i64) -> Result<OptunaStudy, StoreError>;

    /// The attributes of a study, by key.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    fn optuna_study_attributes(
        &self,
        study: i64,
        scope: OptunaScope,
    ) -> Result<Vec<(String, String)>, StoreError>;

    /// All studies with their attributes, by number.
    ///
    /// # Errors
    /// The store cannot be read.
    fn optuna_studies(&self) -> Result<Vec<OptunaStudy>, StoreError>;

    /// Sets an attribute of a study, and what the study optimises where the attribute names it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    fn set_optuna_study_attribute(
        &self,
        study: i64,
        attribute: &OptunaAttribute,
        goals: Option<&Goals>,
    ) -> Answer<()>;

    /// Adds a trial, whose number is the next of its study, and gives its id.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    fn create_optuna_trial(&self, study: i64, new: &NewOptunaTrial) -> Answer<i64>;

    /// Sets a parameter of a trial.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Ended`]; [`StoreError::OtherDistribution`] where the study
    /// knows the parameter otherwise.
    fn set_optuna_param(&self, trial: i64, param: &OptunaParam) -> Answer<()>;

    /// Takes a report of a trial; one at a step that was reported before replaces it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Ended`].
    fn report_to_optuna(&self, trial: i64, step: i64, value: f64) -> Answer<()>;

    /// Changes the state of a trial and its values, where there are any; whether it did. Only a trial that
    /// waits is set running: of several that try, one does.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Ended`].
    fn set_optuna_state(&self, trial: i64, change: &OptunaChange) -> Answer<bool>;

    /// Sets an attribute of a trial.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Ended`].
    fn set_optuna_trial_attribute(&self, trial: i64, attribute: &OptunaAttribute) -> Answer<()>;

    /// The trial of a number.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    fn optuna_trial_numbered(&self, study: i64, number: i64) -> Result<i64, StoreError>;

    /// A trial.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    fn optuna_trial(&self, trial: i64) -> Result<OptunaTrial, StoreError>;

    /// Gives the trials of a study whose ids are above one, or among some, by id. All are of one moment.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    fn optuna_trials(
        &self,
        study: i64,
        above: i64,
        among: &[i64],
        each: &mut dyn FnMut(OptunaTrial),
    ) -> Result<(), StoreError>;
}

/// A study as Optuna programs see it.
#[derive(Clone, Debug, PartialEq)]
pub struct OptunaStudy {
    /// Its number.
    pub number: i64,
    /// The study that it is here.
    pub id: Id,
    /// Its name, which may be empty.
    pub name: String,
    /// What it optimises.
    pub goals: Goals,
    /// What users have noted, as JSON, by key.
    pub user: Vec<(String, String)>,
    /// What Optuna has noted.
    pub system: Vec<(String, String)>,
}

/// A state of a trial, with Optuna's number for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OptunaState {
    /// Somebody executes it.
    Running = 0,
    /// Ended with a result.
    Complete = 1,
    /// Stopped early.
    Pruned = 2,
    /// Ended without a result.
    Fail = 3,
    /// Somebody is to execute it.
    Waiting = 4,
}

impl OptunaState {
    /// The inverse of its number.
    pub fn from_number(number: i64) -> Option<Self> {
        [Self::Running, Self::Complete, Self::Pruned, Self::Fail, Self::Waiting]
            .into_iter()
            .find(|state| *state as i64 == number)
    }

    /// Ended trials do not change any more.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Complete | Self::Pruned | Self::Fail)
    }

    /// The state of its run. That of a trial that waits is not seen.
    pub fn run_state(self) -> RunState {
        match self {
            Self::Running | Self::Waiting => RunState::Running,
            Self::Complete => RunState::Complete,
            Self::Pruned => RunState::Pruned,
            Self::Fail => RunState::Failed,
        }
    }
}

/// A time as a program wrote it, and when that is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptunaTime {
    /// A local time without a zone, such as `2026-11-30 00:00:00.000001`.
    pub text: String,
    /// Milliseconds since 1970 UTC.
    pub ms: i64,
}

/// Whose attribute it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OptunaScope {
    /// The user's.
    User = 0,
    /// Optuna's own.
    System = 1,
}

/// An attribute of a study or a trial.
#[derive(Clone, Debug, PartialEq)]
pub struct OptunaAttribute {
    /// Whose it is.
    pub scope: OptunaScope,
    /// Its key.
    pub key: String,
    /// Its value, as JSON.
    pub json: String,
    /// What it is besides to us.
    pub meaning: OptunaMeaning,
}

/// What an attribute is to us.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OptunaMeaning {
    /// The tag that it becomes: name and value.
    pub tag: Option<(String, String)>,
    /// By how much constraints are missed that it says the values of.
    pub missed: Option<f64>,
    /// Why the trial failed.
    pub reason: Option<String>,
}

/// What a parameter is drawn from.
#[derive(Clone, Debug, PartialEq)]
pub struct OptunaDistribution {
    /// As the program wrote it.
    pub json: String,
    /// What may not change from trial to trial, in any form: its kind, its choices.
    pub kind: String,
    /// The same as one of ours, where there is one.
    pub ours: Option<Distribution>,
}

/// A parameter of a trial.
#[derive(Clone, Debug, PartialEq)]
pub struct OptunaParam {
    /// Its name.
    pub name: String,
    /// Its value; of a choice, which one.
    pub internal: f64,
    /// What it is drawn from.
    pub distribution: OptunaDistribution,
    /// The value as one of ours, where it is one of its distribution.
    pub ours: Option<ParamValue>,
}

/// A trial to be added.
#[derive(Clone, Debug, PartialEq)]
pub struct NewOptunaTrial {
    /// Its state.
    pub state: OptunaState,
    /// Its values.
    pub values: Vec<f64>,
    /// When it began.
    pub started: Option<OptunaTime>,
    /// When it ended.
    pub ended: Option<OptunaTime>,
    /// Its parameters.
    pub params: Vec<OptunaParam>,
    /// Its attributes.
    pub attributes: Vec<OptunaAttribute>,
    /// Reported values by step.
    pub reports: Vec<(i64, f64)>,
}

impl NewOptunaTrial {
    /// One that begins now, with nothing.
    pub fn running(now: OptunaTime) -> Self {
        Self {
            state: OptunaState::Running,
            values: vec![],
            started: Some(now),
            ended: None,
            params: vec![],
            attributes: vec![],
            reports: vec![],
        }
    }
}

/// A change of the state of a trial.
#[derive(Clone, Debug, PartialEq)]
pub struct OptunaChange {
    /// What it becomes.
    pub state: OptunaState,
    /// Its values; those that it has stay where there are none.
    pub values: Vec<f64>,
    /// Now.
    pub now: OptunaTime,
}

/// A trial as Optuna programs see it.
#[derive(Clone, Debug, PartialEq)]
pub struct OptunaTrial {
    /// Its id, over all studies.
    pub id: i64,
    /// Its number in its study.
    pub number: i64,
    /// Its state.
    pub state: OptunaState,
    /// Its values.
    pub values: Vec<f64>,
    /// When it began, as the program wrote it.
    pub started: Option<String>,
    /// When it ended.
    pub ended: Option<String>,
    /// Names, values and distributions (as JSON), in the order in which they were set.
    pub params: Vec<(String, f64, String)>,
    /// What users have noted, as JSON, by key.
    pub user: Vec<(String, String)>,
    /// What Optuna has noted.
    pub system: Vec<(String, String)>,
    /// Reported values by step.
    pub reports: Vec<(i64, f64)>,
}
