//! Registered models, their versions and aliases.

mod aliases;
mod models;
mod names;
mod shape;
mod source;
mod versions;

use super::route::Route;

/// Of registered models.
pub(super) const MODELS: &[Route] = models::ROUTES;
/// Of their aliases.
pub(super) const ALIASES: &[Route] = aliases::ROUTES;
/// Of their versions.
pub(super) const VERSIONS: &[Route] = versions::ROUTES;
