//! Changing what is served, on an address of its own and for holders of a token.
//!
//! | route | what it does |
//! |---|---|
//! | `GET /admin/models` | what is served |
//! | `POST /admin/models/{m}/load` | puts `{"address"}`, or what its own address stands for now, in the place of the live version |
//! | `POST /admin/models/{m}/rollback` | puts the version before back |
//! | `POST /admin/models/{m}/canary` | gives `{"address", "share"}` a share of the requests |
//! | `POST /admin/models/{m}/promote` | makes the canary the live version |
//! | `POST /admin/models/{m}/shadow` | asks `{"address"}` as well |
//! | `DELETE /admin/models/{m}/canary`, `…/shadow` | takes it away |

use std::sync::Arc;

use axum::extract::{Extension, Path, Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, Method};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::app::App;
use super::body::read;
use super::health::{self, ModelsResponse, describe};
use super::problem::HttpProblem;
use super::{fields, telemetry};

/// The admin routes: what is served, and changing it.
pub(super) const PATHS: [&str; 2] = ["/admin/models", "/admin/models/{model}/{action}"];

/// The token of the admin routes; only its hash is kept.
#[derive(Clone, Copy)]
pub struct AdminToken {
    hash: blake3::Hash,
}

impl std::fmt::Debug for AdminToken {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Token(…)")
    }
}

impl AdminToken {
    /// Of a secret.
    pub fn new(secret: &str) -> Self {
        Self { hash: blake3::hash(secret.as_bytes()) }
    }

    /// Whether a request has it; hashes are compared in constant time.
    fn is_in(self, headers: &HeaderMap) -> bool {
        let value = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let Some((scheme, secret)) = value.split_once(' ') else { return false };
        scheme.eq_ignore_ascii_case("bearer") && blake3::hash(secret.trim().as_bytes()) == self.hash
    }
}

/// The admin routes.
pub(crate) fn router(app: &Arc<App>, token: AdminToken) -> Router {
    let [models, change_model] = PATHS;
    Router::new()
        .route(models, get(list))
        .route(change_model, any(change))
        .route("/livez", get(health::livez))
        .fallback(health::nowhere)
        .layer(middleware::from_fn(admit))
        .layer(Extension(token))
        .layer(middleware::from_fn_with_state(Arc::clone(app), telemetry::observe))
        .with_state(Arc::clone(app))
}

async fn admit(Extension(token): Extension<AdminToken>, request: Request, next: Next) -> Response {
    if token.is_in(request.headers()) {
        next.run(request).await
    } else {
        HttpProblem::unauthorized().into_response()
    }
}

async fn list(State(app): State<Arc<App>>) -> Json<ModelsResponse> {
    Json(describe(&app))
}

/// What a change has led to.
#[derive(Serialize)]
struct Changed {
    /// Whether anything is different now.
    changed: bool,
    #[serde(flatten)]
    now: ModelsResponse,
}

/// What a change may need.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct ChangeRequest {
    address: Option<String>,
    share: Option<f64>,
}

async fn change(
    State(app): State<Arc<App>>,
    Path((model, action)): Path<(String, String)>,
    request: Request,
) -> Result<Json<Changed>, HttpProblem> {
    let (parts, body) = request.into_parts();
    let bytes = read(&app, body).await?;
    let object: Map<String, Value> = if bytes.is_empty() {
        Map::new()
    } else {
        serde_json::from_slice(&bytes)
            .map_err(|error| HttpProblem::malformed(format!("the body is no JSON object: {error}")))?
    };
    let ChangeRequest { address, share } = fields::read(object)?;
    let order = Order { method: parts.method, model, action, address, share };
    let shown = Arc::clone(&app);
    // Loading reads files and warms up, which takes a while.
    let done = tokio::task::spawn_blocking(move || order.carry_out(&app)).await;
    let changed = done.map_err(|_| HttpProblem::panicked())??;
    Ok(Json(Changed { changed, now: describe(&shown) }))
}

/// What is to be changed.
struct Order {
    method: Method,
    model: String,
    action: String,
    address: Option<String>,
    share: Option<f64>,
}

/// What can be done with a model.
const ACTIONS: [&str; 5] = ["load", "rollback", "canary", "promote", "shadow"];

impl Order {
    /// Does it; tells whether anything has changed.
    fn carry_out(&self, app: &App) -> Result<bool, HttpProblem> {
        let (fleet, model) = (&app.fleet, &*self.model);
        fleet.slot(model)?;
        match (self.method.as_str(), &*self.action) {
            ("POST", "load") => Ok(fleet.load(model, self.address.as_deref())?),
            ("POST", "rollback") => Ok(fleet.roll_back(model).map(|()| true)?),
            ("POST", "promote") => Ok(fleet.promote_canary(model).map(|()| true)?),
            ("POST", "canary") => {
                let share =
                    self.share.ok_or_else(|| HttpProblem::invalid("/share", "there is no `share`"))?;
                Ok(fleet.set_canary(model, self.address()?, share).map(|()| true)?)
            }
            ("POST", "shadow") => Ok(fleet.set_shadow(model, self.address()?).map(|()| true)?),
            ("DELETE", "canary") => Ok(fleet.remove_canary(model).map(|()| true)?),
            ("DELETE", "shadow") => Ok(fleet.remove_shadow(model).map(|()| true)?),
            (_, action) if ACTIONS.contains(&action) => {
                Err(HttpProblem::method(if matches!(action, "canary" | "shadow") {
                    "POST, DELETE"
                } else {
                    "POST"
                }))
            }
            (_, action) => {
                let shown: String = action.chars().take(60).collect();
                let hint = uaic_wording::nearest::nearest(action, ACTIONS).map_or_else(
                    || format!("there are {}", ACTIONS.join(", ")),
                    |close| format!("did you mean `{close}`?"),
                );
                Err(HttpProblem::not_found(format!("there is no action `{}`; {hint}", shown.escape_debug())))
            }
        }
    }

    fn address(&self) -> Result<&str, HttpProblem> {
        let missing = "there is no `address`, such as NAME@challenger or the path of a package";
        self.address.as_deref().ok_or_else(|| HttpProblem::invalid("/address", missing))
    }
}
