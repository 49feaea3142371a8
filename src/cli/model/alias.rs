//! `uaic model alias`: lets an alias point at a version.

use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::super::{Global, json, printer};
use super::{no_model, version_of};

/// Arguments of `uaic model alias`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  uaic model alias intents@3 champion
  uaic model alias intents challenger --remove

`champion` is what a bare name stands for, and what `uaic model promote` compares with; other aliases
mean what you like. Every change is recorded (`uaic model show`).

With --json: {\"schema\": 1, \"name\", \"alias\", \"version\": number or null}")]
pub(super) struct AliasArgs {
    /// The version: NAME@3 or NAME@ALIAS; NAME is enough to remove an alias
    #[arg(value_name = "NAME@V")]
    pub(super) address: String,

    /// The alias
    #[arg(value_name = "ALIAS")]
    pub(super) alias: String,

    /// Remove the alias
    #[arg(long)]
    pub(super) remove: bool,

    /// Print JSON
    #[arg(long)]
    pub(super) json: bool,
}

/// Sets or removes it.
pub(super) fn run(global: &Global, args: &AliasArgs) -> anyhow::Result<ExitCode> {
    let store = global.store.open_existing()?;
    let (name, version) = if args.remove {
        let name = args.address.split('@').next().unwrap_or_default().to_owned();
        if store.model_versions(Some(&name))?.is_empty() {
            return Err(no_model(&*store, &name)?.into());
        }
        (name, None)
    } else {
        let found = version_of(&*store, &args.address)?;
        (found.name, Some(found.version))
    };
    store.set_model_alias(&name, &args.alias, version, "")?;
    if args.json {
        let alias = &args.alias;
        printer::json(&json!({ "schema": json::SCHEMA, "name": name, "alias": alias, "version": version }))?;
    } else {
        let points = version.map_or("is removed".to_owned(), |version| format!("is {name}@{version}"));
        printer::data(format!("{name}@{} {points}", args.alias))?;
    }
    Ok(ExitCode::SUCCESS)
}
