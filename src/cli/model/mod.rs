//! `uaic model`: models under names.

mod alias;
mod diff;
mod ls;
mod promote;
mod register;
mod show;

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use crate::store::{ModelVersion, Store};

use super::exit::Failure;
use super::{Global, json};
use crate::select::{model_names, models_hint, registered_or_best};

/// Arguments of `uaic model`.
#[derive(Args, Debug)]
#[command(after_help = "\
A name has versions, numbered from 1 and never used twice, each of which is a run with a model.
Aliases point at versions: NAME@champion, NAME@3. Wherever a run or a package can be named, such an
address will do; a bare NAME is its champion, or else its latest version.

Examples:
  uaic model register attention intents --note 'first try'
  uaic model alias intents@1 champion
  uaic model register lstm intents
  uaic model alias intents@2 challenger
  uaic model diff intents@champion intents@challenger
  uaic model promote intents@challenger
  uaic predict intents 'flights to oslo'")]
pub struct ModelArgs {
    /// What to do.
    #[command(subcommand)]
    verb: ModelVerb,
}

#[derive(Debug, Subcommand)]
enum ModelVerb {
    /// Put a run under a name, as its next version
    Register(register::RegisterArgs),
    /// List names and their versions
    Ls(ls::LsArgs),
    /// Show where a version comes from
    Show(show::ShowArgs),
    /// Let an alias point at a version, or remove it
    Alias(alias::AliasArgs),
    /// Show how two versions differ
    Diff(diff::DiffArgs),
    /// Make a version the champion, unless it is worse
    Promote(promote::PromoteArgs),
}

/// Does what the verb says.
pub(super) fn run(global: &Global, args: &ModelArgs) -> anyhow::Result<ExitCode> {
    match &args.verb {
        ModelVerb::Register(args) => register::run(global, args),
        ModelVerb::Ls(args) => ls::run(global, args),
        ModelVerb::Show(args) => show::run(global, args),
        ModelVerb::Alias(args) => alias::run(global, args),
        ModelVerb::Diff(args) => diff::run(global, args),
        ModelVerb::Promote(args) => promote::run(global, args),
    }
}

/// The version that an address or a bare name means.
///
/// # Errors
/// There is none.
fn version_of(store: &dyn Store, address: &str) -> anyhow::Result<ModelVersion> {
    match registered_or_best(store, address)? {
        Some(version) => Ok(version),
        None => Err(no_model(store, address.split('@').next().unwrap_or(address))?.into()),
    }
}

fn no_model(store: &dyn Store, name: &str) -> anyhow::Result<Failure> {
    let hint = models_hint(name, &model_names(store)?);
    Ok(Failure::not_found(format!("there is no model `{name}`; {hint}")))
}

/// The JSON of a version.
fn shape_of(version: &ModelVersion) -> Map<String, Value> {
    json::object(json!({
        "name": version.name,
        "version": version.version,
        "run": version.run,
        "source": version.source,
        "note": version.note,
        "created_ms": version.created_ms,
        "created": json::iso_time(version.created_ms),
        "aliases": version.aliases,
    }))
}
