//! Artifacts: listed, sent and taken as streams, whatever their size.

mod download;
mod list;
mod path;
mod place;
mod upload;

use super::route::{Effect, Route};
use super::within::Within;

pub(super) use download::send;
pub(super) use list::below as list_below;
pub(super) use path::checked;
pub(super) use place::{Places, of_path};

pub(super) const ROUTES: &[Route] = &[
    Route::read("GET", "/2.0/mlflow/artifacts/list", list::of_run).within(Within::Handler),
    Route::read("GET", "/2.0/mlflow-artifacts/artifacts", list::of_folder).within(Within::Handler),
    Route::stream("GET", "/2.0/mlflow-artifacts/artifacts/{*path}", Effect::Read, download::by_path)
        .within(Within::Handler),
    Route::stream("PUT", "/2.0/mlflow-artifacts/artifacts/{*path}", Effect::Write, upload::by_path)
        .within(Within::Handler),
    Route::stream("DELETE", "/2.0/mlflow-artifacts/artifacts/{*path}", Effect::Write, upload::remove)
        .within(Within::Handler),
    Route::stream("POST", "/2.0/mlflow/upload-artifact", Effect::Write, upload::of_run)
        .within(Within::Handler),
    Route::write("POST", "/2.0/mlflow-artifacts/mpu/create/{*path}", list::in_parts).within(Within::Nothing),
    Route::write("POST", "/2.0/mlflow-artifacts/mpu/complete/{*path}", list::in_parts)
        .within(Within::Nothing),
    Route::write("POST", "/2.0/mlflow-artifacts/mpu/abort/{*path}", list::in_parts).within(Within::Nothing),
    Route::read("GET", "/2.0/mlflow-artifacts/presigned/{*path}", list::in_parts).within(Within::Nothing),
];

/// Routes at the root, without a mirror.
pub(super) const ROOT: &[Route] =
    &[Route::stream("GET", "/get-artifact", Effect::Read, download::of_run).within(Within::Handler)];
