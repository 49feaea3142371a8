//! Series of metrics, column by column, thinned so that no extreme is lost.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::Uri;
use serde::{Deserialize, Serialize};
use uaic_study::store::{Bucket, Id, Look};
use utoipa::ToSchema;

use super::app::Api;
use super::body;
use super::problem::{ApiProblem, Unanswered, Unchanged};
use super::query::Parameters;
use super::segment::{Segment, id_in_path};
use super::shape::{Float, Whole};

/// Buckets of a series, without a wish.
const USUAL: u32 = 1000;
/// The same, at most.
const MOST: u32 = 100_000;
/// Series of a request.
const SERIES: usize = 200;
/// Buckets of a request.
const ALL_BUCKETS: u64 = 2_000_000;

type Answer<T> = Result<Json<T>, ApiProblem>;

/// Several series.
#[derive(Serialize, ToSchema)]
pub(super) struct ManySeries {
    /// In the order in which they were asked for.
    series: Vec<Series>,
}

/// A series in columns. Each place stands for one point, or for neighbours of which it has the first, the
/// last and the extremes.
#[derive(Default, Serialize, ToSchema)]
pub(super) struct Series {
    /// The run.
    run: String,
    /// The metric.
    key: String,
    /// How many points all places stand for.
    points: u64,
    /// The step of the first point.
    first_step: Vec<Whole>,
    /// Its time, milliseconds since 1970 UTC.
    first_ms: Vec<Whole>,
    /// Its value.
    first: Vec<Float>,
    /// The step of the last point.
    last_step: Vec<Whole>,
    /// Its time.
    last_ms: Vec<Whole>,
    /// Its value.
    last: Vec<Float>,
    /// The smallest value; null where all are NaN.
    min: Vec<Option<Float>>,
    /// The largest value.
    max: Vec<Option<Float>>,
    /// How many points.
    count: Vec<u64>,
}

impl Series {
    fn of(run: Id, key: String, buckets: &[Bucket]) -> Self {
        let mut series = Self { run: run.to_string(), key, ..Self::default() };
        for bucket in buckets {
            series.points += bucket.count;
            series.first_step.push(Whole(bucket.first.step));
            series.first_ms.push(Whole(bucket.first.time_ms));
            series.first.push(Float(bucket.first.value));
            series.last_step.push(Whole(bucket.last.step));
            series.last_ms.push(Whole(bucket.last.time_ms));
            series.last.push(Float(bucket.last.value));
            series.min.push(bucket.smallest.map(Float));
            series.max.push(bucket.largest.map(Float));
            series.count.push(bucket.count);
        }
        series
    }
}

/// Shows series of a run.
#[utoipa::path(
    get, path = "/api/v1/runs/{id}/series", tag = "series",
    params(
        ("id" = String, Path, description = "The id of a run", pattern = "^[0-9a-fA-F]{32}$"),
        ("key" = Vec<String>, Query, description = "A metric", min_items = 1, max_items = 200),
        ("points" = Option<u32>, Query, description = "About how many places for each; 1000 without it", minimum = 1, maximum = 100_000),
        ("from" = Option<i64>, Query, description = "The first step"),
        ("to" = Option<i64>, Query, description = "The last step"),
    ),
    responses((status = 200, body = ManySeries, description = "The series; one that the run does not have is empty"), Unanswered)
)]
pub(super) async fn of_run(
    State(app): State<Arc<Api>>,
    Segment(id): Segment<String>,
    uri: Uri,
) -> Answer<ManySeries> {
    let mut given = Parameters::of(uri.query())?;
    let keys = given.all("key");
    let points = given.count("points", USUAL, MOST)?;
    let step = |text: &str| {
        let digits = text.strip_prefix('-').unwrap_or(text);
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
    };
    let from = given.read("from", "a whole number", step)?;
    let to = given.read("to", "a whole number", step)?;
    given.end()?;
    let run = id_in_path("run", &id)?;
    if keys.is_empty() {
        return Err(ApiProblem::invalid("key", "`key` is missing: it is a metric"));
    }
    let wanted = keys.into_iter().map(|key| (run, key)).collect();
    look(app, wanted, points, from, to).await
}

/// Which series are wanted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// Of which runs and metrics.
    #[schema(min_items = 1, max_items = 200)]
    series: Vec<RunAndKey>,
    /// About how many places for each; 1000 without it.
    #[serde(default = "usual")]
    #[schema(minimum = 1, maximum = 100_000)]
    points: u32,
    /// The first step.
    #[serde(default)]
    from: Option<Whole>,
    /// The last step.
    #[serde(default)]
    to: Option<Whole>,
}

/// A metric of a run.
#[derive(Deserialize, ToSchema)]
#[serde(try_from = "BTreeMap<String, String>", deny_unknown_fields)]
pub(super) struct RunAndKey {
    /// The run.
    #[schema(value_type = String, pattern = "^[0-9a-fA-F]{32}$")]
    run: Id,
    /// The metric.
    key: String,
}

impl TryFrom<BTreeMap<String, String>> for RunAndKey {
    type Error = &'static str;

    /// Not from an array, as structs are.
    fn try_from(mut members: BTreeMap<String, String>) -> Result<Self, Self::Error> {
        let run = members.remove("run").and_then(|run| Id::parse(&run)).ok_or("`run` has to be an id")?;
        let key = members.remove("key").ok_or("`key` is missing")?;
        if members.is_empty() {
            Ok(Self { run, key })
        } else {
            Err("there are other fields than `run` and `key`")
        }
    }
}

fn usual() -> u32 {
    USUAL
}

/// Shows series of several runs. It changes nothing: it is a POST because the question may be long.
#[utoipa::path(
    post, path = "/api/v1/series", tag = "series", request_body = Wanted,
    responses((status = 200, body = ManySeries, description = "The series, in the order of the question"), Unchanged)
)]
pub(super) async fn of_runs(State(app): State<Arc<Api>>, request: Request) -> Answer<ManySeries> {
    Parameters::of(request.uri().query())?.end()?;
    let wanted: Wanted = body::read(request).await?;
    if !(1..=MOST).contains(&wanted.points) {
        return Err(ApiProblem::invalid("points", format!("`points` has to be from 1 to {MOST}")));
    }
    if wanted.series.is_empty() {
        return Err(ApiProblem::invalid("series", "`series` is empty"));
    }
    let all = wanted.series.into_iter().map(|own| (own.run, own.key)).collect();
    let step = |step: Option<Whole>| step.map(|Whole(step)| step);
    look(app, all, wanted.points, step(wanted.from), step(wanted.to)).await
}

async fn look(
    app: Arc<Api>,
    wanted: Vec<(Id, String)>,
    points: u32,
    from: Option<i64>,
    to: Option<i64>,
) -> Answer<ManySeries> {
    if wanted.len() > SERIES || wanted.len() as u64 * u64::from(points) > ALL_BUCKETS {
        let detail = format!("at most {SERIES} series and {ALL_BUCKETS} places can be asked for at once");
        return Err(ApiProblem::invalid("series", detail));
    }
    let look = Look { steps: from.unwrap_or(i64::MIN)..=to.unwrap_or(i64::MAX), buckets: points };
    let work = move |app: &Api| -> Result<ManySeries, ApiProblem> {
        let each = wanted.into_iter().map(|(run, key)| {
            let buckets = app.store.buckets(run, &key, &look)?;
            Ok(Series::of(run, key, &buckets))
        });
        Ok(ManySeries { series: each.collect::<Result<_, ApiProblem>>()? })
    };
    Ok(Json(app.work(work).await??))
}
