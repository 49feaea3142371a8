//! `uaic model promote`: makes a version the champion, unless it is worse.

use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};

use crate::ErrorKind;
use crate::store::ModelVersion;

use super::super::compare::Pair;
use super::super::compare::gates::{self, Gate};
use super::super::{Global, json, printer};
use super::version_of;

/// Arguments of `uaic model promote`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  uaic model promote intents@challenger
  uaic model promote intents@3 --to staging
  uaic model promote intents@challenger --fail-if 'oos/auroc < baseline - 0.01'
  uaic model promote intents@4 --force

The version is held against the one that the alias points at, on the same test texts. It is refused
(exit 1) when it is worse beyond chance (p < 0.05) by test/accuracy, when that cannot be judged (one of
the two keeps no predictions, or was tested on other texts), or when a rule of --fail-if is true of
it; `uaic help compare` has their grammar. --force promotes all the same, and is recorded with what it
overrode. Without a present holder there is nothing to be worse than.

With --json: {\"schema\": 1, \"name\", \"alias\", \"version\", \"before\": number or null,
  \"promoted\": true or false, \"forced\": true or false,
  \"gates\": [{\"rule\", \"broken\": true or false, \"why\"}]}")]
pub(super) struct PromoteArgs {
    /// The version: NAME@challenger or NAME@3
    #[arg(value_name = "NAME@V")]
    pub(super) address: String,

    /// The alias that is to point at it
    #[arg(long, value_name = "ALIAS", default_value = "champion")]
    pub(super) to: String,

    /// Refuse when this is true of the version; may be given several times
    #[arg(long, value_name = "RULE")]
    pub(super) fail_if: Vec<String>,

    /// Promote it whatever the gates say
    #[arg(long)]
    pub(super) force: bool,

    /// Print JSON
    #[arg(long)]
    pub(super) json: bool,
}

/// Promotes it, or says why not.
pub(super) fn run(global: &Global, args: &PromoteArgs) -> anyhow::Result<ExitCode> {
    let rules = gates::rules(&args.fail_if)?;
    let store = global.store.open_existing()?;
    let version = version_of(&*store, &args.address)?;
    let versions = store.model_versions(Some(&version.name))?;
    let holder = versions.iter().find(|known| known.aliases.contains(&args.to));
    let gates = match holder {
        Some(holder) if holder.version != version.version => {
            let pair = Pair::load(&*store, store.run(holder.kept_by()?)?, store.run(version.kept_by()?)?)?;
            gates::check(&pair.comparison, &rules, true)?
        }
        _ => Vec::new(),
    };
    let broken: Vec<&Gate> = gates.iter().filter(|gate| gate.broken).collect();
    let is_promoted = broken.is_empty() || args.force;
    let is_forced = is_promoted && !broken.is_empty();
    let is_new = holder.is_none_or(|holder| holder.version != version.version);
    if is_promoted && is_new {
        let told: Vec<String> = broken.iter().map(|gate| format!("{}: {}", gate.rule, gate.why)).collect();
        let why =
            if is_forced { format!("forced against {}", told.join("; ")) } else { "promoted".to_owned() };
        store.set_model_alias(&version.name, &args.to, Some(version.version), &why)?;
    }
    if args.json {
        let gate = |gate: &Gate| json!({ "rule": gate.rule, "broken": gate.broken, "why": gate.why });
        printer::json(&json!({
            "schema": json::SCHEMA,
            "name": version.name,
            "alias": args.to,
            "version": version.version,
            "before": holder.map(|holder| holder.version),
            "promoted": is_promoted,
            "forced": is_forced,
            "gates": gates.iter().map(gate).collect::<Vec<Value>>(),
        }))?;
    } else {
        for gate in &gates {
            printer::talk(gate.told());
        }
        if is_promoted {
            printer::data(told(&version, holder, &args.to))?;
        } else {
            let (address, alias) = (version.address(), &args.to);
            printer::talk(format!("{address} is not promoted to {alias}; `--force` does it all the same"));
        }
    }
    Ok(if is_promoted { ExitCode::SUCCESS } else { ErrorKind::Failed.into() })
}

fn told(version: &ModelVersion, before: Option<&ModelVersion>, alias: &str) -> String {
    let (name, address) = (&version.name, version.address());
    match before {
        Some(before) if before.version == version.version => format!("{name}@{alias} is {address} already"),
        Some(before) => format!("{name}@{alias} is {address}, and was {}", before.address()),
        None => format!("{name}@{alias} is {address}"),
    }
}
