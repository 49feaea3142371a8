//! Trials that workers elsewhere evaluate: asked for, and their results told.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use serde::{Deserialize, Serialize};
use uaic_study::store::query::{Attribute, Comparison, Condition, Field, Literal, OrderKey, Relation};
use uaic_study::store::{Id, RunQuery, RunRecord};
use uaic_study::{AskError, Told};
use uaic_wording::ErrorKind;
use utoipa::ToSchema;

use super::app::Api;
use super::body;
use super::desk::{Desk, DeskError};
use super::problem::{ApiProblem, Kind, Unchanged};
use super::query::Parameters;
use super::segment::{Segment, id_in_path};
use super::shape::{Float, Param, params};

/// Trials of a request.
const MOST: u32 = 1000;
/// The tag of a trial that was asked for with a key.
const KEY: &str = "asked";
/// Letters of a reason.
const LONGEST: usize = 10_000;
/// Values of a trial.
const VALUES: usize = 1000;

type Answer<T> = Result<Json<T>, ApiProblem>;

impl From<DeskError> for ApiProblem {
    fn from(error: DeskError) -> Self {
        let kind = match &error {
            DeskError::Spec(_) => Kind::Conflict,
            DeskError::Asked(AskError::Count { .. }) => Kind::Invalid,
            DeskError::Asked(asked) => match asked.kind() {
                ErrorKind::NotFound => Kind::NotFound,
                ErrorKind::Usage => Kind::Invalid,
                ErrorKind::Locked => Kind::Conflict,
                _ => Kind::Internal,
            },
        };
        Self::new(kind, error.to_string())
    }
}

/// How many trials are wanted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Wish {
    /// How many; 1 without it.
    #[serde(default = "one")]
    #[schema(minimum = 1, maximum = 1000)]
    count: u32,
}

fn one() -> u32 {
    1
}

/// Trials to be evaluated.
#[derive(Serialize, ToSchema)]
pub(super) struct Given {
    /// As many as were wanted, or as there are.
    trials: Vec<GivenTrial>,
    /// Why there are fewer than were wanted.
    note: Option<String>,
}

/// A trial to be evaluated.
#[derive(Serialize, ToSchema)]
pub(super) struct GivenTrial {
    /// Its number in the study: what its result is told with.
    number: u32,
    /// Its id as a run.
    run: String,
    /// The point to evaluate.
    params: BTreeMap<String, Param>,
}

/// Asks for trials. Each is given out once, to whoever asks, and runs until its result is told. Who asks again
/// with the same `Idempotency-Key` gets the same trials.
#[utoipa::path(
    post, path = "/api/v1/studies/{id}/ask", tag = "workers", request_body = Wish,
    params(
        ("id" = String, Path, description = "The id of a study", pattern = "^[0-9a-fA-F]{32}$"),
        ("Idempotency-Key" = Option<String>, Header, description = "Another for each question", pattern = "^[!-~]{1,128}$"),
    ),
    responses((status = 200, body = Given, description = "The trials"), Unchanged)
)]
pub(super) async fn ask(
    State(app): State<Arc<Api>>,
    Segment(id): Segment<String>,
    request: Request,
) -> Answer<Given> {
    Parameters::of(request.uri().query())?.end()?;
    let id = id_in_path("study", &id)?;
    let key = key(request.headers())?;
    let wish: Wish = body::read(request).await?;
    if !(1..=MOST).contains(&wish.count) {
        return Err(ApiProblem::invalid("count", format!("`count` has to be from 1 to {MOST}")));
    }
    Ok(Json(app.work(move |app| give(app, id, wish.count, key.as_deref())).await??))
}

fn key(headers: &HeaderMap) -> Result<Option<String>, ApiProblem> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let is_plain = value.as_bytes().iter().all(u8::is_ascii_graphic);
    match value.to_str() {
        Ok(text) if is_plain && (1..=128).contains(&text.len()) => Ok(Some(text.to_owned())),
        _ => Err(ApiProblem::invalid("Idempotency-Key", "it has to be 1 to 128 letters of ASCII")),
    }
}

fn give(app: &Api, id: Id, count: u32, key: Option<&str>) -> Result<Given, ApiProblem> {
    let study = app.store.study(id)?;
    let desk = desk(app)?;
    let mut given = Given { trials: Vec::new(), note: None };
    if let Some(key) = key {
        given.trials = given_before(app, id, key)?;
    }
    while given.trials.len() < count as usize {
        match desk.ask(&*app.store, &study) {
            Ok(asked) => {
                if let Some(key) = key {
                    app.store.set_tag(asked.run, KEY, key)?;
                }
                given.trials.push(GivenTrial {
                    number: asked.number,
                    run: asked.run.to_string(),
                    params: params(asked.params),
                });
            }
            // What has been given out already must reach whoever asked.
            Err(error) if !given.trials.is_empty() => {
                given.note = Some(error.to_string());
                break;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(given)
}

/// The trials that this question was answered with before.
fn given_before(app: &Api, study: Id, key: &str) -> Result<Vec<GivenTrial>, ApiProblem> {
    let same = Relation::Compare(Comparison::Equal, Literal::Text(key.to_owned()));
    let number = Field::Attribute(Attribute::Number);
    let query = RunQuery {
        condition: Some(Condition::Test(Field::Tag(KEY.to_owned()), same)),
        order: vec![OrderKey { field: number, descending: false }],
        ..RunQuery::trials_of(study)
    };
    let given = |run: RunRecord| GivenTrial {
        number: run.start.number.unwrap_or_default(),
        run: run.id.to_string(),
        params: params(run.start.params),
    };
    Ok(app.store.runs(&query)?.into_iter().map(given).collect())
}

fn desk(app: &Api) -> Result<&Arc<dyn Desk>, ApiProblem> {
    app.desk.as_ref().ok_or_else(|| {
        ApiProblem::new(Kind::Unsupported, "this server cannot read specs, and proposes no trials")
    })
}

/// The result of a trial.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TrialResult {
    /// The number of the trial.
    number: u32,
    /// How it ended.
    #[serde(default)]
    state: EndState,
    /// The value of each metric of the study, in order, of a complete trial.
    #[serde(default)]
    #[schema(max_items = 1000)]
    values: Vec<Float>,
    /// Why it failed.
    #[serde(default)]
    #[schema(max_length = 10000)]
    reason: Option<String>,
}

/// How a trial ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum EndState {
    /// With values.
    #[default]
    Complete,
    /// Stopped early.
    Pruned,
    /// Failed.
    Failed,
}

/// Whether a result was news.
#[derive(Serialize, ToSchema)]
pub(super) struct News {
    /// Whether it was not known before: telling the same again changes nothing.
    news: bool,
}

/// Tells the result of a trial.
#[utoipa::path(
    post, path = "/api/v1/studies/{id}/tell", tag = "workers", request_body = TrialResult,
    params(("id" = String, Path, description = "The id of a study", pattern = "^[0-9a-fA-F]{32}$")),
    responses((status = 200, body = News, description = "It is recorded"), Unchanged)
)]
pub(super) async fn tell(
    State(app): State<Arc<Api>>,
    Segment(id): Segment<String>,
    request: Request,
) -> Answer<News> {
    Parameters::of(request.uri().query())?.end()?;
    let id = id_in_path("study", &id)?;
    let result: TrialResult = body::read(request).await?;
    let number = result.number;
    let told = result.told()?;
    let work = move |app: &Api| -> Result<News, ApiProblem> {
        let study = app.store.study(id)?;
        Ok(News { news: desk(app)?.tell(&*app.store, &study, number, &told)? })
    };
    Ok(Json(app.work(work).await??))
}

impl TrialResult {
    fn told(self) -> Result<Told, ApiProblem> {
        let is_complete = self.state == EndState::Complete;
        if self.values.len() > VALUES || self.values.is_empty() == is_complete {
            let detail = "a complete trial has the value of each metric, and no other trial has any";
            return Err(ApiProblem::invalid("values", detail));
        }
        if self.reason.as_ref().is_some_and(|reason| reason.chars().count() > LONGEST) {
            return Err(ApiProblem::invalid("reason", format!("it has more than {LONGEST} letters")));
        }
        if self.reason.is_some() && self.state != EndState::Failed {
            return Err(ApiProblem::invalid("reason", "only a failed trial has a reason"));
        }
        Ok(match self.state {
            EndState::Complete => Told::Values(self.values.into_iter().map(|Float(value)| value).collect()),
            EndState::Pruned => Told::Pruned,
            EndState::Failed => Told::Failed(self.reason.unwrap_or_else(|| "no reason was told".to_owned())),
        })
    }
}
