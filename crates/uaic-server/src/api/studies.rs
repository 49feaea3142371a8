//! Studies and their trials.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use serde::Serialize;
use uaic_study::store::query::{Attribute, Comparison, Condition, Field, Literal, OrderKey, Relation};
use uaic_study::store::{RunQuery, RunRecord, StudyRecord, Tally};
use utoipa::ToSchema;

use super::app::Api;
use super::problem::{ApiProblem, Unanswered};
use super::query::Parameters;
use super::segment::{Segment, id_in_path};
use super::shape::{Event, Float, Param, Whole, param};

/// Studies of a page, without a wish; at most.
const PAGE: (u32, u32) = (100, 1000);
/// Trials of a page, without a wish; at most.
const TRIALS: (u32, u32) = (10_000, 100_000);

type Answer<T> = Result<Json<T>, ApiProblem>;

/// A study, as listings have it.
#[derive(Serialize, ToSchema)]
pub(super) struct Study {
    /// 32 hexadecimal digits.
    id: String,
    /// The experiment that it belongs to.
    experiment: String,
    /// `RUNNING`, `COMPLETE`, `INTERRUPTED`, `FAILED` or `CRASHED`.
    state: &'static str,
    /// What is optimised, the metric that decides first.
    goals: Vec<Goal>,
    /// How many trials there will be in all.
    trials: u32,
    /// The root of its random numbers, of 64 bits.
    #[schema(pattern = "^[0-9]{1,20}$")]
    seed: String,
    /// When it was created, milliseconds since 1970 UTC.
    created_ms: Whole,
    /// How far it is.
    tally: Progress,
}

/// A metric that is optimised.
#[derive(Serialize, ToSchema)]
pub(super) struct Goal {
    /// The metric.
    metric: String,
    /// `minimize` or `maximize`.
    direction: String,
}

/// How far a study is: trials by state; hidden and excluded ones are counted apart.
#[derive(Serialize, ToSchema)]
pub(super) struct Progress {
    /// With a value.
    complete: u32,
    /// Stopped early.
    pruned: u32,
    /// Failed.
    failed: u32,
    /// Running now.
    running: u32,
    /// Stopped on request.
    interrupted: u32,
    /// Their process died.
    crashed: u32,
    /// Hidden.
    hidden: u32,
    /// Excluded.
    excluded: u32,
    /// The best value.
    best: Option<Float>,
    /// The number of the trial that has it.
    best_trial: Option<u32>,
}

impl From<Tally> for Progress {
    fn from(tally: Tally) -> Self {
        Self {
            complete: tally.complete,
            pruned: tally.pruned,
            failed: tally.failed,
            running: tally.running,
            interrupted: tally.interrupted,
            crashed: tally.crashed,
            hidden: tally.hidden,
            excluded: tally.excluded,
            best: tally.best.map(|best| Float(best.value())),
            best_trial: tally.best.map(|best| best.number()),
        }
    }
}

impl Study {
    fn of(app: &Api, study: StudyRecord) -> Result<Self, ApiProblem> {
        let goal = |goal: &uaic_study::trial::Goal| Goal {
            metric: goal.metric.clone(),
            direction: goal.direction.to_string(),
        };
        Ok(Self {
            id: study.id.to_string(),
            tally: app.store.tally(study.id)?.into(),
            state: study.state.name(),
            goals: study.plan.goals.iter().map(goal).collect(),
            experiment: study.plan.experiment,
            trials: study.plan.trials,
            seed: study.plan.seed.to_string(),
            created_ms: Whole(study.created_ms),
        })
    }
}

/// Some studies.
#[derive(Serialize, ToSchema)]
pub(super) struct Studies {
    /// The newest first.
    studies: Vec<Study>,
    /// How many there are in all.
    count: u64,
}

/// Lists studies.
#[utoipa::path(
    get, path = "/api/v1/studies", tag = "studies",
    params(
        ("experiment" = Option<String>, Query, description = "Only of this experiment"),
        ("limit" = Option<u32>, Query, description = "At most so many; 100 without it", minimum = 1, maximum = 1000),
        ("offset" = Option<u32>, Query, description = "Leave out so many of the newest", minimum = 0, maximum = 2_147_483_647),
    ),
    responses((status = 200, body = Studies, description = "Some studies"), Unanswered)
)]
pub(super) async fn list(State(app): State<Arc<Api>>, uri: Uri) -> Answer<Studies> {
    let mut given = Parameters::of(uri.query())?;
    let experiment = given.text("experiment")?;
    let limit = given.count("limit", PAGE.0, PAGE.1)?;
    let offset = given.offset("offset")?;
    given.end()?;
    let work = move |app: &Api| -> Result<Studies, ApiProblem> {
        let mut all = app.store.studies()?;
        all.retain(|study| experiment.as_ref().is_none_or(|wanted| *wanted == study.plan.experiment));
        let count = all.len() as u64;
        let page = all.into_iter().skip(offset as usize).take(limit as usize);
        let studies = page.map(|study| Study::of(app, study)).collect::<Result<_, _>>()?;
        Ok(Studies { studies, count })
    };
    Ok(Json(app.work(work).await??))
}

/// A study with its spec and history.
#[derive(Serialize, ToSchema)]
pub(super) struct WholeStudy {
    #[serde(flatten)]
    study: Study,
    /// Its spec, to the byte.
    spec: String,
    /// Where that was.
    spec_path: String,
    /// What was set in its place, in order: names and values.
    overrides: Vec<(String, String)>,
    /// Equal studies have equal ones.
    fingerprint: String,
    /// Facts about the surroundings.
    environment: BTreeMap<String, String>,
    /// What happened to it, in order.
    events: Vec<Event>,
}

/// Shows a study.
#[utoipa::path(
    get, path = "/api/v1/studies/{id}", tag = "studies",
    params(("id" = String, Path, description = "The id of a study", pattern = "^[0-9a-fA-F]{32}$")),
    responses((status = 200, body = WholeStudy, description = "The study"), Unanswered)
)]
pub(super) async fn show(
    State(app): State<Arc<Api>>,
    Segment(id): Segment<String>,
    uri: Uri,
) -> Answer<WholeStudy> {
    Parameters::of(uri.query())?.end()?;
    let id = id_in_path("study", &id)?;
    let work = move |app: &Api| -> Result<WholeStudy, ApiProblem> {
        let mut record = app.store.study(id)?;
        let plan = &mut record.plan;
        Ok(WholeStudy {
            spec: std::mem::take(&mut plan.spec_text),
            spec_path: std::mem::take(&mut plan.spec_path),
            overrides: std::mem::take(&mut plan.overrides),
            fingerprint: std::mem::take(&mut plan.fingerprint),
            environment: std::mem::take(&mut plan.environment),
            events: app.store.study_events(id)?.into_iter().map(Event::from).collect(),
            study: Study::of(app, record)?,
        })
    };
    Ok(Json(app.work(work).await??))
}

/// Trials in columns, by number: each place is a trial.
#[derive(Default, Serialize, ToSchema)]
pub(super) struct Trials {
    /// Their numbers.
    number: Vec<u32>,
    /// Their ids as runs.
    run: Vec<String>,
    /// Their states.
    state: Vec<&'static str>,
    /// The values of each metric of the study, in the order of its goals; null where there is none.
    values: Vec<Vec<Option<Float>>>,
    /// By how much constraints are missed.
    violation: Vec<Float>,
    /// When they started, milliseconds since 1970 UTC.
    started_ms: Vec<Whole>,
    /// When they ended.
    ended_ms: Vec<Option<Whole>>,
    /// Whether they are hidden.
    hidden: Vec<bool>,
    /// Whether they are left out of the study.
    excluded: Vec<bool>,
    /// The values of each parameter; null where a trial does not have it.
    params: BTreeMap<String, Vec<Option<Param>>>,
    /// The number that the next page begins with; null behind the last.
    next: Option<u32>,
}

/// Shows the trials of a study.
#[utoipa::path(
    get, path = "/api/v1/studies/{id}/trials", tag = "studies",
    params(
        ("id" = String, Path, description = "The id of a study", pattern = "^[0-9a-fA-F]{32}$"),
        ("from" = Option<u32>, Query, description = "The first number", minimum = 0, maximum = 2_147_483_647),
        ("limit" = Option<u32>, Query, description = "At most so many; 10000 without it", minimum = 1, maximum = 100_000),
    ),
    responses((status = 200, body = Trials, description = "Trials, hidden ones too"), Unanswered)
)]
pub(super) async fn trials(
    State(app): State<Arc<Api>>,
    Segment(id): Segment<String>,
    uri: Uri,
) -> Answer<Trials> {
    let mut given = Parameters::of(uri.query())?;
    let from = given.offset("from")?;
    let limit = given.count("limit", TRIALS.0, TRIALS.1)?;
    given.end()?;
    let id = id_in_path("study", &id)?;
    let work = move |app: &Api| -> Result<Trials, ApiProblem> {
        let metrics = app.store.study(id)?.goals().metrics().len();
        let number = || Field::Attribute(Attribute::Number);
        let behind = Relation::Compare(Comparison::AtLeast, Literal::Number(from.into()));
        let query = RunQuery {
            condition: Some(Condition::Test(number(), behind)),
            order: vec![OrderKey { field: number(), descending: false }],
            limit: Some(limit + 1),
            ..RunQuery::trials_of(id)
        };
        let mut found = app.store.runs(&query)?;
        let next = found.get(limit as usize).and_then(|trial| trial.start.number);
        found.truncate(limit as usize);
        Ok(Trials { next, ..Trials::of(found, metrics) })
    };
    Ok(Json(app.work(work).await??))
}

impl Trials {
    fn of(trials: Vec<RunRecord>, metrics: usize) -> Self {
        let mut own = Self { values: (0..metrics).map(|_| Vec::new()).collect(), ..Self::default() };
        for (at, trial) in trials.into_iter().enumerate() {
            own.number.push(trial.start.number.unwrap_or_default());
            own.run.push(trial.id.to_string());
            own.state.push(trial.state.name());
            for (metric, column) in own.values.iter_mut().enumerate() {
                column.push(trial.values.get(metric).copied().map(Float));
            }
            own.violation.push(Float(trial.violation));
            own.started_ms.push(Whole(trial.started_ms));
            own.ended_ms.push(trial.ended_ms.map(Whole));
            own.hidden.push(trial.hidden);
            own.excluded.push(trial.excluded);
            for (name, value) in trial.start.params {
                let column = own.params.entry(name).or_default();
                column.resize_with(at, || None);
                column.push(Some(param(value)));
            }
        }
        let count = own.number.len();
        for column in own.params.values_mut() {
            column.resize_with(count, || None);
        }
        own
    }
}
