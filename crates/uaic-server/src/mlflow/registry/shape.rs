//! Registered models and versions, as clients read them.

use serde::Serialize;

use super::super::shape::{Pair, pairs};
use uaic_study::store::tracking::{RegisteredModel, RegisteredVersion};

/// A registered model.
#[derive(Debug, Serialize)]
pub(super) struct Model<'a> {
    name: &'a str,
    creation_timestamp: i64,
    last_updated_timestamp: i64,
    #[serde(skip_serializing_if = "str::is_empty")]
    description: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    latest_versions: Vec<Version<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<Pair<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    aliases: Vec<Alias<'a>>,
}

#[derive(Debug, Serialize)]
struct Alias<'a> {
    alias: &'a str,
    version: String,
}

/// A version.
#[derive(Debug, Serialize)]
#[allow(clippy::struct_field_names, reason = "names of MLflow")]
pub(super) struct Version<'a> {
    name: &'a str,
    version: String,
    creation_timestamp: i64,
    last_updated_timestamp: i64,
    current_stage: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    description: &'a str,
    source: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    run_id: &'a str,
    status: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<Pair<'a>>,
    #[serde(skip_serializing_if = "str::is_empty")]
    run_link: &'a str,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    aliases: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    model_id: Option<&'a str>,
}

impl<'a> Model<'a> {
    pub(super) fn of(model: &'a RegisteredModel) -> Self {
        let alias = |(alias, version): (&'a String, &u32)| Alias { alias, version: version.to_string() };
        Self {
            name: &model.name,
            creation_timestamp: model.created_ms,
            last_updated_timestamp: model.updated_ms,
            description: &model.description,
            latest_versions: model.latest.iter().map(Version::of).collect(),
            tags: pairs(&model.tags),
            aliases: model.aliases.iter().map(alias).collect(),
        }
    }
}

impl<'a> Version<'a> {
    pub(super) fn of(version: &'a RegisteredVersion) -> Self {
        Self {
            name: &version.name,
            version: version.version.to_string(),
            creation_timestamp: version.created_ms,
            last_updated_timestamp: version.updated_ms,
            current_stage: version.stage.name(),
            description: &version.description,
            source: &version.source,
            run_id: version.run.as_deref().unwrap_or_default(),
            // There is nothing to wait for.
            status: "READY",
            tags: pairs(&version.tags),
            run_link: version.run_link.as_deref().unwrap_or_default(),
            aliases: &version.aliases,
            model_id: version.model.as_deref(),
        }
    }
}
