//! Calls on studies.

#![allow(
    clippy::needless_pass_by_value,
    clippy::unnecessary_wraps,
    reason = "calls of one shape, which the table of calls holds"
)]

use std::collections::BTreeMap;

use uaic_import::optuna::{METRIC_NAMES, goals};
use uaic_study::store::{Answer, Environment, NewStudy, OptunaScope, OptunaStore};
use uaic_study::trial::{Direction, Goals};

use super::attribute::attribute;
use super::message::{
    Attributes, Directions, MAXIMIZE, MINIMIZE, Name, NewStudy as NewStudyMessage, Nothing, Number,
    SetAttribute, Studies, Study,
};
use super::status::Status;

/// The experiment of studies without a name.
const UNNAMED: &str = "optuna";

/// Most directions of a study: each is a value of every trial.
const MOST_DIRECTIONS: usize = 1000;

pub(super) fn create(store: &dyn OptunaStore, new: NewStudyMessage) -> Result<Answer<i64>, Status> {
    let directions: Vec<Direction> =
        new.directions.iter().map(|direction| direction_of(*direction)).collect();
    if directions.is_empty() || directions.len() > MOST_DIRECTIONS {
        return Err(Status::invalid(format!("a study has 1 to {MOST_DIRECTIONS} directions")));
    }
    let plan = plan(&new.study_name, goals(&directions, None));
    Ok(store.create_optuna_study(&new.study_name, &plan))
}

/// A study without a spec and without a budget: what it searches is found out on the way, and kept with
/// every trial.
fn plan(name: &str, goals: Goals) -> NewStudy {
    let origin = format!("optuna:{name}");
    NewStudy {
        experiment: if name.is_empty() { UNNAMED.to_owned() } else { name.to_owned() },
        spec_text: String::new(),
        spec_path: String::new(),
        overrides: Vec::new(),
        fingerprint: format!("outside:{origin}"),
        seed: 0,
        goals,
        trials: 0,
        environment: Environment::from([
            ("import.origin".to_owned(), origin),
            ("import.name".to_owned(), name.to_owned()),
        ]),
    }
}

fn direction_of(number: i32) -> Direction {
    if number == MINIMIZE { Direction::Minimize } else { Direction::Maximize }
}

fn numbers_of(goals: &Goals) -> Vec<i32> {
    let number = |direction| if direction == Direction::Minimize { MINIMIZE } else { MAXIMIZE };
    goals.directions().into_iter().map(number).collect()
}

pub(super) fn delete(store: &dyn OptunaStore, study: Number) -> Result<Answer<()>, Status> {
    Ok(store.delete_optuna_study(study.id))
}

pub(super) fn all(store: &dyn OptunaStore, _: Nothing) -> Result<Studies, Status> {
    let studies = store.optuna_studies()?.into_iter().map(|study| Study {
        study_id: study.number,
        directions: numbers_of(&study.goals),
        study_name: study.name,
        user_attributes: BTreeMap::from_iter(study.user),
        system_attributes: BTreeMap::from_iter(study.system),
    });
    Ok(Studies { studies: studies.collect() })
}

pub(super) fn of_name(store: &dyn OptunaStore, name: Name) -> Result<Number, Status> {
    Ok(Number { id: store.optuna_study_named(&name.name)? })
}

pub(super) fn name(store: &dyn OptunaStore, study: Number) -> Result<Name, Status> {
    Ok(Name { name: store.optuna_study(study.id)?.name })
}

pub(super) fn directions(store: &dyn OptunaStore, study: Number) -> Result<Directions, Status> {
    Ok(Directions { directions: numbers_of(&store.optuna_study(study.id)?.goals) })
}

pub(super) fn user_attributes(store: &dyn OptunaStore, study: Number) -> Result<Attributes, Status> {
    attributes(store, study, OptunaScope::User)
}

pub(super) fn system_attributes(store: &dyn OptunaStore, study: Number) -> Result<Attributes, Status> {
    attributes(store, study, OptunaScope::System)
}

fn attributes(store: &dyn OptunaStore, study: Number, scope: OptunaScope) -> Result<Attributes, Status> {
    let attributes = store.optuna_study_attributes(study.id, scope)?;
    Ok(Attributes { attributes: attributes.into_iter().collect() })
}

pub(super) fn set_user_attribute(store: &dyn OptunaStore, set: SetAttribute) -> Result<Answer<()>, Status> {
    Ok(store.set_optuna_study_attribute(set.id, &attribute(OptunaScope::User, set.key, set.value), None))
}

pub(super) fn set_system_attribute(store: &dyn OptunaStore, set: SetAttribute) -> Result<Answer<()>, Status> {
    let named = if set.key == METRIC_NAMES {
        Some(goals(&store.optuna_study(set.id)?.goals.directions(), Some(&set.value)))
    } else {
        None
    };
    let attribute = attribute(OptunaScope::System, set.key, set.value);
    Ok(store.set_optuna_study_attribute(set.id, &attribute, named.as_ref()))
}
