//! From what was read to a spec, when nothing is wrong with it.

use serde::de::DeserializeOwned;
use toml::{Table, Value};

use super::effective::filled;
use super::error::SpecErrors;
use super::kind::split_names;
use super::problem::{At, Complaint, Problem};
use super::read::Reading;
use super::records::{ObjectiveSpec, Spec, SpecSource};
use super::value::Given;
use super::{condition, keys, objective};
use crate::trial::Direction;
use uaic_study::StudySpec;
use uaic_study::space::Space;

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
        let mut given: Given =
            reading.values.into_iter().map(|(path, located)| (path, located.value)).collect();
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
        let mut table = take("study");
        let more = more_objectives(&mut table);
        let mut study: StudySpec = typed(table).map_err(&refuse)?;
        study.more_objectives = more;
        let pruner = typed(take("pruner")).map_err(&refuse)?;
        let last = take("final");
        let objective = match program {
            Some(program) => program,
            None => ObjectiveSpec::Training {
                final_stage: typed(last).map_err(&refuse)?,
                training: Box::new(typed(root).map_err(&refuse)?),
            },
        };
        Ok(Self { experiment, objective, search, study, pruner, source, given })
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

/// Takes all metrics but the first, and their directions, out of `[study]`.
fn more_objectives(study: &mut Table) -> Vec<(String, Direction)> {
    let mut split = |name: &str| -> Vec<String> {
        let text = study.get(name).and_then(Value::as_str).unwrap_or_default();
        let mut names: Vec<String> = split_names(text).into_iter().map(str::to_owned).collect();
        if names.len() > 1 {
            let rest = names.split_off(1);
            study.insert(name.to_owned(), names.remove(0).into());
            return rest;
        }
        vec![]
    };
    let (metrics, directions) = (split("metric"), split("direction"));
    let minimize = |direction: String| match direction.as_str() {
        "minimize" => Direction::Minimize,
        _ => Direction::Maximize,
    };
    metrics.into_iter().zip(directions.into_iter().map(minimize)).collect()
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

/// The struct of checked values. The key table agrees with the structs (tested), so this does not
/// fail on anything that a user can write.
fn typed<T: DeserializeOwned>(table: Table) -> Result<T, Problem> {
    T::deserialize(table).map_err(|error| Complaint::new(error.message()).at(At::Start))
}
