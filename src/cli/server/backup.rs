//! `uaic server backup` and `restore`: a whole copy of a store.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use crate::number::counted;
use crate::store::{BackedUp, back_up, back_up_database};

use super::super::exit::Failure;
use super::super::{Global, json, printer, table};
use super::local;

/// Databases beside the store's own that belong to it.
const BESIDE: [&str; 2] = ["access.db", "requests.db"];

/// Arguments of `uaic server backup`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  uaic server backup /mnt/backup/uaic              while the server and trials go on
  uaic --store /mnt/backup/uaic ls                 a backup is a store
  uaic --store runs server restore /mnt/backup/uaic

The copy is the store as it was at one moment: its database, copied by SQLite itself, the contents of all
artifacts, and users, tokens and the request log where there are any. A backup that is in OUT already is
brought up to date: contents that it has are not copied again, and until the end it stays as it was.

With --json: {\"schema\": 1, \"folder\", \"database_bytes\", \"copied\", \"copied_bytes\", \"kept\"}")]
pub(super) struct BackupArgs {
    /// The folder of the copy
    #[arg(value_name = "OUT")]
    out: PathBuf,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Arguments of `uaic server restore`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  uaic --store runs server restore /mnt/backup/uaic

The folder of --store must not have a store: what is there is not written over. Move it aside first.

With --json: {\"schema\": 1, \"folder\", \"database_bytes\", \"copied\", \"copied_bytes\", \"kept\"}")]
pub(super) struct RestoreArgs {
    /// The folder of the backup
    #[arg(value_name = "BACKUP")]
    backup: PathBuf,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Makes a copy.
pub(super) fn back_up_store(global: &Global, args: &BackupArgs) -> anyhow::Result<ExitCode> {
    let folder = local(global)?;
    let is_same =
        folder.canonicalize().ok().is_some_and(|folder| args.out.canonicalize().ok() == Some(folder));
    if is_same {
        return Err(Failure::usage("a store is no backup of itself; name another folder").into());
    }
    let done = copy(folder, &args.out)?;
    tell(&args.out, done, args.json, "backed up to")
}

/// Brings a copy back.
pub(super) fn restore(global: &Global, args: &RestoreArgs) -> anyhow::Result<ExitCode> {
    let folder = local(global)?;
    if folder.join("uaic.db").exists() {
        let message = format!(
            "{0} has a store, and nothing is written over; `mv {0} {0}.old` puts it aside",
            folder.display()
        );
        return Err(Failure::locked(message).into());
    }
    let done = copy(&args.backup, folder)?;
    tell(folder, done, args.json, "restored to")
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<BackedUp> {
    let done = back_up(from, to)?;
    for name in BESIDE {
        let (from, to) = (from.join(name), to.join(name));
        if from.is_file() {
            back_up_database(&from, &to)?;
        }
    }
    Ok(done)
}

fn tell(folder: &Path, done: BackedUp, as_json: bool, verb: &str) -> anyhow::Result<ExitCode> {
    let BackedUp { database_bytes, copied, copied_bytes, kept } = done;
    if as_json {
        printer::json(&json!({
            "schema": json::SCHEMA,
            "folder": folder,
            "database_bytes": database_bytes,
            "copied": copied,
            "copied_bytes": copied_bytes,
            "kept": kept,
        }))?;
    } else {
        printer::talk(format!(
            "{verb} {}: a database of {}, {} of {}, {kept} there already",
            folder.display(),
            table::bytes(database_bytes),
            counted(copied, "content"),
            table::bytes(copied_bytes),
        ));
    }
    Ok(ExitCode::SUCCESS)
}
