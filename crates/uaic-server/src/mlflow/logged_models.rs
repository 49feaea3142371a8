//! Logged models. There are none yet; clients look for them beside the artifacts of every run.

#![expect(clippy::unnecessary_wraps, reason = "all calls have one shape")]

use super::app::App;
use super::route::Route;
use super::wire::{Answer, Fields, Problem};
use super::within::Within;

pub(super) const ROUTES: &[Route] =
    &[Route::read("POST", "/2.0/mlflow/logged-models/search", search).within(Within::Nothing)];

fn search(_: &App, _: &Fields<'_>) -> Result<Answer, Problem> {
    Ok(Answer::empty())
}
