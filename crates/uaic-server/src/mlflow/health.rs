//! What clients ask of the server itself.

#![expect(clippy::unnecessary_wraps, reason = "all calls have one shape")]

use serde_json::json;

use super::app::App;
use super::route::Route;
use super::wire::{Answer, Fields, Problem};
use super::within::Within;

/// The version that clients are told: that of the interface that is served.
const VERSION: &str = "3.17.2";

/// Routes at the root, without a mirror.
pub(super) const ROOT: &[Route] =
    &[Route::open("GET", "/health", health), Route::open("GET", "/version", version)];

/// Routes under both prefixes.
pub(super) const ROUTES: &[Route] =
    &[Route::read("GET", "/3.0/mlflow/server-info", server_info).within(Within::Nothing)];

fn health(_: &App, _: &Fields<'_>) -> Result<Answer, Problem> {
    Ok(Answer::Text("OK"))
}

fn version(_: &App, _: &Fields<'_>) -> Result<Answer, Problem> {
    Ok(Answer::Text(VERSION))
}

fn server_info(_: &App, _: &Fields<'_>) -> Result<Answer, Problem> {
    Answer::of(&json!({
        "store_type": "SqlStore",
        "workspaces_enabled": false,
        "trace_archival_enabled": false,
        "multipart_uploads_enabled": false,
        "multipart_downloads_enabled": false,
        "artifact_serving_enabled": true,
        "artifacts_presigned_only": false,
        "features_enabled": {"gateway": false},
    }))
}
