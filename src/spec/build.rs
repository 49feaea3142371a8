//! From what was read to a spec, when nothing is wrong with it.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use toml::{Table, Value};

use super::effective::filled;
use super::error::SpecErrors;
use super::kind::{one_of, split_names};
use super::problem::{At, Complaint, Problem};
use super::read::Reading;
use super::records::{METRICS, ObjectiveSpec, Spec, SpecSource};
use super::value::{Given, Located};
use super::written::{WrittenPruner, WrittenStudy};
use super::{condition, keys, objective};
use crate::nearest::nearest;
use crate::trial::ParamValue;
use uaic_study::StudySpec;
use uaic_study::pruner::PrunerSpec;
use uaic_study::space::{Constraint, Space, parse_constraints};

impl Spec {
    /// The spec of a reading, or all that is wrong with it.
    pub(super) fn build(mut reading: Reading, source: SpecSource) -> Result<Self, SpecErrors> {
        let contradictions = contradictions(&reading);
        reading.problems.extend(contradictions);
        let search = space(&mut reading);
        let is_program = reading.search.is_free;
        let program = match is_program.then(|| objective::of_program(&reading)).transpose() {
            Ok(program) => program,
            Err(problem) => {
                reading.problems.push(problem);
                None
            }
        };
        if !reading.problems.is_empty() {
            return Err(source.locate(reading.problems));
        }
        let (mut given, places) = taken_apart(reading.values);
        if is_program {
            objective::add_defaults(&mut given);
        }
        let refuse = |problem| source.locate(vec![problem]);
        let mut root = filled(&given);
        let mut take = |section| match root.remove(section) {
            Some(Value::Table(table)) => table,
            _ => Table::new(),
        };
        let experiment = typed(take("experiment")).map_err(&refuse)?;
        let written = (typed(take("study")).map_err(&refuse)?, typed(take("pruner")).map_err(&refuse)?);
        let (study, pruner) = meaning(&written, &places).map_err(&refuse)?;
        let last = take("final");
        let objective = match program {
            Some(program) => program,
            None => ObjectiveSpec::Training {
                final_stage: typed(last).map_err(&refuse)?,
                training: Box::new(typed(root).map_err(&refuse)?),
            },
        };
        Ok(Self { experiment, objective, search, study, pruner, source, given, written })
    }
}

/// What is legal by itself, but not together.
fn contradictions(reading: &Reading) -> Vec<Problem> {
    let mut found = Vec::new();
    if !reading.search.is_free {
        found.extend(crossed_lengths(reading));
        found.extend(condition::problems(reading));
    }
    found.extend(unequal_objectives(reading));
    if reading.search.is_free {
        found.extend(objective::undirected(reading));
    }
    found
}

/// What is searched; nothing, where something is wrong with it.
fn space(reading: &mut Reading) -> Space {
    match reading.search.space(|name| reading.fixed(name)) {
        Ok(space) if reading.search.is_free => space,
        Ok(space) => condition::among_searched(space),
        Err(problems) => {
            reading.problems.extend(problems);
            Space::default()
        }
    }
}

/// The problem that no n-gram is both as long and as short as a reading wants.
fn crossed_lengths(reading: &Reading) -> Option<Problem> {
    let length = |path: &str| match reading.values.get(path) {
        Some(located) => located.value.as_f64(),
        None => keys::find(path)?.default()?.as_f64(),
    };
    let [shortest, longest] = ["text.ngram_min", "text.ngram_max"];
    if length(shortest)? <= length(longest)? {
        return None;
    }
    let given = reading.values.get(shortest).or_else(|| reading.values.get(longest))?;
    let complaint = Complaint::new(format!("`{shortest}` must not be greater than `{longest}`"));
    Some(complaint.help("the defaults are 3 and 5").at(given.at.clone()))
}

/// The problem that there are more or fewer directions than metrics.
fn unequal_objectives(reading: &Reading) -> Option<Problem> {
    let direction = reading.values.get(keys::DIRECTION)?;
    let count = |text: String| split_names(&text).len();
    let metrics = reading.values.get(keys::METRIC).map_or(1, |metric| count(metric.value.to_string()));
    let directions = count(direction.value.to_string());
    if metrics == directions {
        return None;
    }
    let message = format!("`study.direction` is for {directions}, but `study.metric` names {metrics}");
    let examples: Vec<&str> = ["\"minimize\"", "\"maximize\""].into_iter().cycle().take(metrics).collect();
    let help = format!("give one for each metric, such as `direction = [{}]`", examples.join(", "));
    Some(Complaint::new(message).help(help).at(direction.at.clone()))
}

/// The problem that a condition on the outcome of trials names what is no metric of a training.
pub(super) fn unknown_metric(reading: &Reading) -> Option<Problem> {
    let feasible = reading.values.get("study.feasible").filter(|_| !reading.search.is_free)?;
    let ParamValue::Text(text) = &feasible.value else { return None };
    let constraints = parse_constraints(text).ok()?;
    let name = constraints.iter().flat_map(Constraint::names).find(|name| !METRICS.contains(name))?;
    let message = format!("`study.feasible` names `{name}`, which is no metric of a training");
    let help = match nearest(name, METRICS) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there are {}", one_of(&METRICS).replace(" or ", " and ")),
    };
    Some(Complaint::new(message).help(help).at(feasible.at.clone()))
}

/// Where keys were given.
type Places = BTreeMap<&'static str, At>;

/// The values of a reading, and their places.
fn taken_apart(values: BTreeMap<&'static str, Located<ParamValue>>) -> (Given, Places) {
    values.into_iter().map(|(path, Located { value, at })| ((path, value), (path, at))).unzip()
}

/// What `[study]` and `[pruner]` mean; settings of a pruner that do not go together are refused where
/// they are given.
fn meaning(
    (study, pruner): &(WrittenStudy, WrittenPruner),
    places: &Places,
) -> Result<(StudySpec, PrunerSpec), Problem> {
    let refuse = |message: String| Complaint::new(message).at(At::Start);
    let study = study.meaning().map_err(refuse)?;
    let pruner = pruner.meaning().map_err(refuse)?;
    pruner.check().map_err(|error| {
        let path = format!("pruner.{}", error.setting);
        let at = places.get(path.as_str()).or_else(|| places.get("pruner.kind"));
        Complaint::new(format!("[pruner] {error}")).at(at.cloned().unwrap_or(At::Start))
    })?;
    Ok((study, pruner))
}

/// The struct of checked values. The key table agrees with the structs (tested), so this does not
/// fail on anything that a user can write.
fn typed<T: DeserializeOwned>(table: Table) -> Result<T, Problem> {
    T::deserialize(table).map_err(|error| Complaint::new(error.message()).at(At::Start))
}
