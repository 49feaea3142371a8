//! Studies of Optuna programs: what these see is in tables of its own, what everybody else sees in those
//! of studies and runs, and both are written in one transaction.
//!
//! Nothing is kept in memory: a look at a trial takes microseconds, and is right whatever other processes
//! write.

mod codec;
pub(super) mod forget;
mod read;
mod run;
pub(super) mod seen;
mod study;
#[cfg(test)]
mod tests;
mod trial;

use uaic_study::store::rules::now_ms;
use uaic_study::store::{
    Answer, Id, NewOptunaTrial, NewStudy, OptunaAttribute, OptunaChange, OptunaParam, OptunaScope,
    OptunaStore, OptunaStudy, OptunaTrial, StoreError,
};
use uaic_study::trial::Goals;

use rusqlite::Connection;

use super::readers::Readers;
use super::{Fault, SqliteStore};

impl SqliteStore {
    /// Short looks, with connections of their own: they wait for no search.
    fn look<T>(&self, look: impl FnOnce(&Connection) -> Result<T, Fault>) -> Result<T, StoreError> {
        self.look_with(&self.looks, look)
    }

    /// Reads what calls have written, whoever lives.
    fn look_with<T>(
        &self,
        readers: &Readers,
        look: impl FnOnce(&Connection) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        let lent = readers.lend()?;
        let connection = lent.connection()?;
        let answer = || -> Result<T, Fault> { look(&*connection.unchecked_transaction()?) };
        answer().map_err(|fault| fault.at(&self.path))
    }

    /// Writes, and answers when that is durable.
    fn submit<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Answer<T> {
        match self.writer() {
            Ok(writer) => writer.submit(work),
            Err(error) => Box::pin(std::future::ready(Err(error))),
        }
    }
}

impl OptunaStore for SqliteStore {
    fn create_optuna_study(&self, name: &str, plan: &NewStudy) -> Answer<i64> {
        let (id, name, plan) = (Id::random(), name.to_owned(), plan.clone());
        self.submit(move |connection| study::create(connection, id, &name, &plan, now_ms()))
    }

    fn delete_optuna_study(&self, study: i64) -> Answer<()> {
        self.submit(move |connection| study::delete(connection, study, now_ms()))
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
        self.look_with(&self.readers, study::all)
    }

    fn set_optuna_study_attribute(
        &self,
        study: i64,
        attribute: &OptunaAttribute,
        goals: Option<&Goals>,
    ) -> Answer<()> {
        let (attribute, goals) = (attribute.clone(), goals.cloned());
        self.submit(move |connection| study::set_attribute(connection, study, &attribute, goals.as_ref()))
    }

    fn create_optuna_trial(&self, study: i64, new: &NewOptunaTrial) -> Answer<i64> {
        let (id, new) = (Id::random(), new.clone());
        self.submit(move |connection| trial::create(connection, id, study, &new, now_ms()))
    }

    fn set_optuna_param(&self, trial: i64, param: &OptunaParam) -> Answer<()> {
        let param = param.clone();
        self.submit(move |connection| trial::set_param(connection, trial, &param))
    }

    fn report_to_optuna(&self, trial: i64, step: i64, value: f64) -> Answer<()> {
        self.submit(move |connection| trial::report(connection, trial, step, value, now_ms()))
    }

    fn set_optuna_state(&self, trial: i64, change: &OptunaChange) -> Answer<bool> {
        let change = change.clone();
        self.submit(move |connection| trial::set_state(connection, trial, &change))
    }

    fn set_optuna_trial_attribute(&self, trial: i64, attribute: &OptunaAttribute) -> Answer<()> {
        let attribute = attribute.clone();
        self.submit(move |connection| trial::set_attribute(connection, trial, &attribute))
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
        // All of them take long; those that are new do not.
        let readers = if above < 0 { &self.readers } else { &self.looks };
        self.look_with(readers, |connection| read::some(connection, study, above, among, each))
    }
}
