//! Studies of Optuna programs: what these see is in tables of its own, what everybody else sees in those
//! of studies and runs, and both are written in one transaction.
//!
//! Nothing is kept in memory: a look at a trial takes microseconds, and is right whatever other processes
//! write.

mod codec;
pub(super) mod forget;
mod read;
mod run;
mod study;
pub(super) mod tags;
#[cfg(test)]
mod tests;
mod trial;

use uaic_study::store::rules::now_ms;
use uaic_study::store::{
    Id, NewOptunaTrial, NewStudy, OptunaAttribute, OptunaChange, OptunaParam, OptunaScope, OptunaStore,
    OptunaStudy, OptunaTrial, StoreError,
};
use uaic_study::trial::Goals;

use super::SqliteStore;

impl OptunaStore for SqliteStore {
    fn create_optuna_study(&self, name: &str, plan: &NewStudy) -> Result<i64, StoreError> {
        let (id, name, plan) = (Id::random(), name.to_owned(), plan.clone());
        self.writer()?.call(move |connection| study::create(connection, id, &name, &plan, now_ms()))
    }

    fn delete_optuna_study(&self, study: i64) -> Result<(), StoreError> {
        self.writer()?.call(move |connection| study::delete(connection, study, now_ms()))
    }

    fn optuna_study_named(&self, name: &str) -> Result<i64, StoreError> {
        self.look(|connection| study::named(connection, name))
    }

    fn optuna_study(&self, study: i64) -> Result<OptunaStudy, StoreError> {
        self.look(|connection| study::read(connection, study))
    }

    fn optuna_study_attributes(
        &self,
        study: i64,
        scope: OptunaScope,
    ) -> Result<Vec<(String, String)>, StoreError> {
        self.look(|connection| {
            study::row(connection, study)?;
            study::attributes(connection, study, scope)
        })
    }

    fn optuna_studies(&self) -> Result<Vec<OptunaStudy>, StoreError> {
        self.look(study::all)
    }

    fn set_optuna_study_attribute(
        &self,
        study: i64,
        attribute: &OptunaAttribute,
        goals: Option<&Goals>,
    ) -> Result<(), StoreError> {
        let (attribute, goals) = (attribute.clone(), goals.cloned());
        self.writer()?
            .call(move |connection| study::set_attribute(connection, study, &attribute, goals.as_ref()))
    }

    fn create_optuna_trial(&self, study: i64, new: &NewOptunaTrial) -> Result<i64, StoreError> {
        let (id, new) = (Id::random(), new.clone());
        self.writer()?.call(move |connection| trial::create(connection, id, study, &new, now_ms()))
    }

    fn set_optuna_param(&self, trial: i64, param: &OptunaParam) -> Result<(), StoreError> {
        let param = param.clone();
        self.writer()?.call(move |connection| trial::set_param(connection, trial, &param))
    }

    fn report_to_optuna(&self, trial: i64, step: i64, value: f64) -> Result<(), StoreError> {
        self.writer()?.call(move |connection| trial::report(connection, trial, step, value, now_ms()))
    }

    fn set_optuna_state(&self, trial: i64, change: &OptunaChange) -> Result<bool, StoreError> {
        let change = change.clone();
        self.writer()?.call(move |connection| trial::set_state(connection, trial, &change))
    }

    fn set_optuna_trial_attribute(&self, trial: i64, attribute: &OptunaAttribute) -> Result<(), StoreError> {
        let attribute = attribute.clone();
        self.writer()?.call(move |connection| trial::set_attribute(connection, trial, &attribute))
    }

    fn optuna_trial_numbered(&self, study: i64, number: i64) -> Result<i64, StoreError> {
        self.look(|connection| read::numbered(connection, study, number))
    }

    fn optuna_trial(&self, trial: i64) -> Result<OptunaTrial, StoreError> {
        self.look(|connection| read::one(connection, trial))
    }

    fn optuna_trials(
        &self,
        study: i64,
        above: i64,
        among: &[i64],
        each: &mut dyn FnMut(OptunaTrial),
    ) -> Result<(), StoreError> {
        self.look(|connection| read::some(connection, study, above, among, each))
    }
}
