//! `uaic doctor`: whether a store is sound.

use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};

use crate::number::counted;
use crate::store::{Ailment, Care, Checkup, Depth, check};

use super::exit::Failure;
use super::{Global, json, printer, table};

/// Arguments of `uaic doctor`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  uaic doctor                    reads all of the store, and says what is wrong
  uaic doctor --quick            all but the bytes of artifacts
  uaic doctor --repair           mends what can be mended without losing anything

Looked at: the pages of the database; rows that refer to what is not there; series that have not as many
points as they say; contents of artifacts that are missing or are not what their hash says; contents that
belong to nothing. Others may go on writing meanwhile.

With --json: {\"schema\": 1, \"contents\", \"bytes\", \"series\", \"mended\",
  \"ailments\": [{\"kind\", \"what\", \"advice\", \"mendable\"}]}

Exit code: 0 sound, or all is mended; 1 something is wrong.")]
pub struct DoctorArgs {
    /// Do not read the contents of artifacts, only see that they are there
    #[arg(long)]
    pub quick: bool,

    /// Mend what can be mended
    #[arg(long)]
    pub repair: bool,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Looks, and says what it has found.
pub(super) fn run(global: &Global, args: &DoctorArgs) -> anyhow::Result<ExitCode> {
    let Some(folder) = global.store.folder() else {
        let message = format!("{} is behind a server; run `uaic doctor` where its folder is", global.store);
        return Err(Failure::usage(message).into());
    };
    let depth = if args.quick { Depth::Quick } else { Depth::Full };
    let care = if args.repair { Care::Mend } else { Care::Look };
    let found = check(folder, depth, care)?;
    if args.json {
        printer::json(&shape(&found))?;
    } else {
        tell(&found, args.repair)?;
    }
    let is_well = found.ailments.iter().all(|ailment| args.repair && ailment.is_mendable);
    Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn tell(found: &Checkup, repaired: bool) -> anyhow::Result<()> {
    for Ailment { kind, what, advice, is_mendable } in &found.ailments {
        let end = match (is_mendable, repaired) {
            (true, true) => "mended".to_owned(),
            (true, false) => "`uaic doctor --repair` mends it".to_owned(),
            (false, _) => (*advice).to_owned(),
        };
        printer::data(format!("{kind}: {what}; {end}"))?;
    }
    let looked = format!(
        "{} of {}, {}",
        counted(found.contents, "content"),
        table::bytes(found.bytes),
        counted_series(found.series)
    );
    printer::talk(match found.ailments.len() {
        0 => format!("sound: {looked}"),
        more => format!("{looked}: {}, {} mended", counted(more, "fault"), found.mended),
    });
    Ok(())
}

/// "series" has no other plural.
fn counted_series(count: u64) -> String {
    format!("{count} series")
}

fn shape(found: &Checkup) -> Value {
    let ailment = |ailment: &Ailment| {
        json!({
            "kind": ailment.kind,
            "what": ailment.what,
            "advice": ailment.advice,
            "mendable": ailment.is_mendable,
        })
    };
    json!({
        "schema": json::SCHEMA,
        "contents": found.contents,
        "bytes": found.bytes,
        "series": found.series,
        "mended": found.mended,
        "ailments": found.ailments.iter().map(ailment).collect::<Vec<_>>(),
    })
}
