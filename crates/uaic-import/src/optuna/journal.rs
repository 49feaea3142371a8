//! Optuna's journals: a line an operation. They are read twice: for what studies are, then for trials,
//! each of which is given when it ends, after which it does not change.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use uaic_platform::fsx::FileError;
use uaic_study::trial::Direction;

use super::replay::{Operation, place, text, values};
use super::study::{Known, Study};
use super::trial::{State, Trial};
use crate::error::ImportError;
use crate::identity;
use crate::json::Json;
use crate::lines::{Line, Lines};
use crate::options::ReadOptions;
use crate::record::Skipped;
use crate::sink::Sink;
use crate::zone::Zone;

/// Bytes between two words of progress.
const STRIDE: u64 = 8 << 20;

/// Whether a line is an operation.
pub(crate) fn is_journal(line: &[u8]) -> bool {
    Json::parse(line).is_ok_and(|json| json.get("op_code").is_some() && json.get("worker_id").is_some())
}

/// Reads every study of a journal.
///
/// # Errors
/// The file cannot be read, or the sink takes no more.
pub(crate) fn read(path: &Path, options: &ReadOptions, sink: &mut dyn Sink) -> Result<(), ImportError> {
    let zone = options.zone.clone().unwrap_or_else(Zone::system);
    let mut plan = Plan { place: identity::place(path, options), ..Plan::default() };
    walk(path, 0, sink, &mut |operation, _| {
        plan.take(&operation, &zone);
        Ok(())
    })?;
    plan.count();
    if plan.is_local && options.zone.is_none() {
        sink.warning(&format!(
            "the times of {} are read in the zone {}: Optuna before 5 wrote local times without a zone; `--zone` \
             names another",
            path.display(),
            zone.name()
        ))?;
    }
    for study in plan.studies.iter().flatten() {
        study.give(sink)?;
    }
    let mut replay = Replay {
        plan: &plan,
        zone,
        counts: HashMap::new(),
        trials: 0,
        open: BTreeMap::new(),
        known: Known::default(),
    };
    let bad = walk(path, 1, sink, &mut |operation, sink| replay.take(operation, sink))?;
    for (_, (study, trial)) in std::mem::take(&mut replay.open) {
        trial.give(study, sink)?;
    }
    if bad > 0 {
        sink.skipped(Skipped::new(
            format!("{bad} lines of {}", path.display()),
            "they are no operations of Optuna",
        ))?;
    }
    Ok(())
}

/// Walks the lines; how many are no operations. Half a line at the end comes with the next import.
fn walk(
    path: &Path,
    pass: u64,
    sink: &mut dyn Sink,
    each: &mut dyn FnMut(Operation, &mut dyn Sink) -> Result<(), ImportError>,
) -> Result<u64, ImportError> {
    let wrong = |error| ImportError::from(FileError::at("read", path)(error));
    let file = File::open(path).map_err(wrong)?;
    let length = file.metadata().map_or(0, |metadata| metadata.len());
    let mut lines = Lines::new(BufReader::with_capacity(1 << 18, file));
    let (mut bad, mut told) = (0, 0);
    loop {
        if lines.offset() >= told {
            sink.progress((pass * length + lines.offset()).min(2 * length), 2 * length)?;
            told = lines.offset() + STRIDE;
        }
        match lines.next().map_err(wrong)? {
            Some(Line::Whole(line)) => match Operation::of(line) {
                Some(operation) => each(operation, sink)?,
                None => bad += u64::from(!line.is_empty()),
            },
            Some(Line::TooLong) => bad += 1,
            Some(Line::Torn(_)) | None => break,
        }
    }
    sink.progress((pass + 1) * length, 2 * length)?;
    Ok(bad)
}

/// What studies are, which is known at the end only.
#[derive(Default)]
struct Plan {
    place: String,
    /// By their number; deleted ones are gone.
    studies: Vec<Option<Study>>,
    /// The study of each trial, and whether it waits.
    trials: Vec<(usize, bool)>,
    known: Known,
    /// There is a time without a zone.
    is_local: bool,
}

impl Plan {
    fn take(&mut self, operation: &Operation, zone: &Zone) {
        match operation {
            Operation::CreateStudy(json) => self.create(json),
            Operation::DeleteStudy(json) => {
                if let Some(study) = place(json, "study_id").and_then(|id| self.studies.get_mut(id)) {
                    *study = None;
                }
            }
            Operation::StudyUser(json) => self.attributes(json, "user_attr", |study| &mut study.user),
            Operation::StudySystem(json) => self.attributes(json, "system_attr", |study| &mut study.system),
            Operation::CreateTrial(json) => self.create_trial(json, zone),
            Operation::Param(json) => {
                let name = text(json, "param_name").unwrap_or_default();
                let drawn = self.known.read(text(json, "distribution").unwrap_or_default());
                if let Some(study) = place(json, "trial_id").and_then(|id| self.study_of(id)) {
                    study.space.take(name, drawn.as_deref());
                }
            }
            Operation::StateValues(json) => self.begin(json, zone),
            Operation::Report(_) | Operation::TrialUser(_) | Operation::TrialSystem(_) | Operation::Other => {
            }
        }
    }

    /// A name that is there already is refused.
    fn create(&mut self, json: &Json) {
        let name = text(json, "study_name").unwrap_or_default();
        if self.studies.iter().flatten().any(|study| study.name == name) {
            return;
        }
        let directions = json.get("directions").map(Json::items).unwrap_or_default().iter();
        let direction =
            |json: &Json| if json.as_i64() == Some(2) { Direction::Maximize } else { Direction::Minimize };
        self.studies.push(Some(Study::new(name, &self.place, directions.map(direction).collect())));
    }

    fn attributes(&mut self, json: &Json, key: &str, of: fn(&mut Study) -> &mut super::study::Attributes) {
        if let Some(Some(study)) = place(json, "study_id").and_then(|id| self.studies.get_mut(id)) {
            for (key, value) in json.get(key).map(Json::entries).unwrap_or_default() {
                of(study).take_value(key.clone(), value.clone());
            }
        }
    }

    fn create_trial(&mut self, json: &Json, zone: &Zone) {
        let Some(id) = place(json, "study_id") else { return };
        let Some(Some(study)) = self.studies.get_mut(id) else { return };
        let is_waiting = json.get("state").and_then(Json::as_i64) == Some(4);
        for (name, distribution) in json.get("distributions").map(Json::entries).unwrap_or_default() {
            let drawn = self.known.read(distribution.as_str().unwrap_or_default());
            study.space.take(name, drawn.as_deref());
        }
        self.trials.push((id, is_waiting));
        self.start(id, json, zone);
    }

    /// A waiting trial begins, or ends without.
    fn begin(&mut self, json: &Json, zone: &Zone) {
        let Some(trial) = place(json, "trial_id").and_then(|id| self.trials.get_mut(id)) else { return };
        let id = trial.0;
        let state = json.get("state").and_then(Json::as_i64).and_then(State::numbered);
        trial.1 &= state.is_none_or(|state| state == State::Waiting);
        self.start(id, json, zone);
    }

    /// Counts the numbers that trials take up, at the end: waiting ones do not come.
    fn count(&mut self) {
        let mut next = vec![0u32; self.studies.len()];
        for (study, is_waiting) in &self.trials {
            let Some(number) = next.get_mut(*study) else { continue };
            *number = number.saturating_add(1);
            if let Some(Some(study)) = self.studies.get_mut(*study).filter(|_| !is_waiting) {
                study.trials = *number;
            }
        }
    }

    fn start(&mut self, study: usize, json: &Json, zone: &Zone) {
        let Some(time) = text(json, "datetime_start") else { return };
        // Times that name their zone are the same in all.
        self.is_local |=
            Zone::utc().millis(time) != Zone::named("+01:00").ok().and_then(|zone| zone.millis(time));
        if let Some(Some(study)) = self.studies.get_mut(study) {
            study.started_ms = study.started_ms.or_else(|| zone.millis(time));
        }
    }

    fn study_of(&mut self, trial: usize) -> Option<&mut Study> {
        let (id, _) = *self.trials.get(trial)?;
        self.studies.get_mut(id)?.as_mut()
    }
}

/// The trials that have not ended, while the journal is read.
struct Replay<'p> {
    plan: &'p Plan,
    zone: Zone,
    /// How many trials each study has so far.
    counts: HashMap<usize, u32>,
    /// How many trials have been created.
    trials: usize,
    open: BTreeMap<usize, (&'p Study, Trial)>,
    known: Known,
}

impl Replay<'_> {
    fn take(&mut self, operation: Operation, sink: &mut dyn Sink) -> Result<(), ImportError> {
        match operation {
            Operation::CreateTrial(json) => return self.create(&json, sink),
            Operation::StateValues(json) => return self.change(&json, sink),
            Operation::Param(json) => {
                let drawn = self.known.read(text(&json, "distribution").unwrap_or_default());
                let value = json.get("param_value_internal").and_then(Json::as_f64).unwrap_or(f64::NAN);
                if let Some(trial) = self.trial(&json) {
                    let name = text(&json, "param_name").unwrap_or_default();
                    trial.params.insert(name.to_owned(), (value, drawn));
                }
            }
            Operation::Report(json) => {
                let step = json.get("step").and_then(Json::as_i64).unwrap_or_default();
                let value = json.get("intermediate_value").and_then(Json::as_f64).unwrap_or(f64::NAN);
                if let Some(trial) = self.trial(&json) {
                    trial.reports.take(step, value);
                }
            }
            Operation::TrialUser(json) => {
                if let Some(trial) = self.trial(&json) {
                    for (key, value) in json.get("user_attr").map(Json::entries).unwrap_or_default() {
                        trial.user.take_value(key.clone(), value.clone());
                    }
                }
            }
            Operation::TrialSystem(json) => {
                if let Some(trial) = self.trial(&json) {
                    for (key, value) in json.get("system_attr").map(Json::entries).unwrap_or_default() {
                        trial.system.take_value(key.clone(), value.clone());
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn trial(&mut self, json: &Json) -> Option<&mut Trial> {
        Some(&mut self.open.get_mut(&place(json, "trial_id")?)?.1)
    }

    fn create(&mut self, json: &Json, sink: &mut dyn Sink) -> Result<(), ImportError> {
        // The same trials as in the plan: those of studies that were there, be they deleted later.
        let Some(&(id, _)) = self.plan.trials.get(self.trials) else { return Ok(()) };
        if place(json, "study_id") != Some(id) {
            return Ok(());
        }
        let count = self.counts.entry(id).or_default();
        let number = *count;
        *count += 1;
        let created = self.trials;
        self.trials += 1;
        let Some(Some(study)) = self.plan.studies.get(id) else { return Ok(()) };
        let state = json.get("state").and_then(Json::as_i64).and_then(State::numbered);
        let mut trial = Trial::new(number, state.unwrap_or(State::Running));
        trial.started_ms = text(json, "datetime_start").and_then(|time| self.zone.millis(time));
        trial.ended_ms = text(json, "datetime_complete").and_then(|time| self.zone.millis(time));
        trial.values = values(json);
        self.take_template(json, &mut trial);
        if trial.state.is_final() {
            return trial.give(study, sink);
        }
        self.open.insert(created, (study, trial));
        Ok(())
    }

    /// What a trial has that was added as a whole.
    fn take_template(&mut self, json: &Json, trial: &mut Trial) {
        let distributions = json.get("distributions");
        for (name, value) in json.get("params").map(Json::entries).unwrap_or_default() {
            let distribution = distributions.and_then(|all| all.get(name)).and_then(Json::as_str);
            let drawn = self.known.read(distribution.unwrap_or_default());
            trial.params.insert(name.clone(), (value.as_f64().unwrap_or(f64::NAN), drawn));
        }
        for (step, value) in json.get("intermediate_values").map(Json::entries).unwrap_or_default() {
            if let (Ok(step), Some(value)) = (step.parse(), value.as_f64()) {
                trial.reports.take(step, value);
            }
        }
        for (key, value) in json.get("user_attrs").map(Json::entries).unwrap_or_default() {
            trial.user.take_value(key.clone(), value.clone());
        }
        for (key, value) in json.get("system_attrs").map(Json::entries).unwrap_or_default() {
            trial.system.take_value(key.clone(), value.clone());
        }
    }

    fn change(&mut self, json: &Json, sink: &mut dyn Sink) -> Result<(), ImportError> {
        let Some(id) = place(json, "trial_id") else { return Ok(()) };
        let Some((study, trial)) = self.open.get_mut(&id) else { return Ok(()) };
        let Some(state) = json.get("state").and_then(Json::as_i64).and_then(State::numbered) else {
            return Ok(());
        };
        if state == State::Running && trial.state == State::Running {
            // Somebody else has claimed it.
            return Ok(());
        }
        trial.state = state;
        if let Some(time) = text(json, "datetime_start") {
            trial.started_ms = self.zone.millis(time);
        }
        if let Some(time) = text(json, "datetime_complete") {
            trial.ended_ms = self.zone.millis(time);
        }
        let values = values(json);
        if !values.is_empty() {
            trial.values = values;
        }
        if !state.is_final() {
            return Ok(());
        }
        trial.give(study, sink)?;
        self.open.remove(&id);
        Ok(())
    }
}
