//! `uaic gc`: removes for good what has been hidden for long.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};

use crate::number::counted;
use crate::store::{Sweep, SweepMode, Swept};

use super::{Global, json, printer, table};

/// How long a run may take to be brought in.
const A_DAY_MS: i64 = 86_400_000;

/// Arguments of `uaic gc`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  uaic gc                             says what it would remove
  uaic gc --older-than 7d
  uaic gc --older-than 0s --apply     removes all that is hidden, now and for good

What goes: runs of no study that `uaic rm` hid before that time; studies of which every run was, and on
which nobody works; what was left of an import that was killed more than a day ago; then contents of
artifacts, texts and names that nothing uses. A trial goes only with its study. Runs that are versions of
a registered model stay, with their study. A run that came hidden from elsewhere counts as hidden when it
came. Contents younger than an hour stay until the next time. The parts of a run that goes belong to its
own parent then.

With --json: {\"schema\": 1, \"applied\", \"runs\": [id], \"unfinished\", \"studies\": [id], \"points\",
  \"artifacts\", \"blobs\", \"blob_bytes\", \"database_bytes\", \"faults\": [text]}")]
pub struct GcArgs {
    /// Only what has been hidden for so long
    #[arg(long, value_name = "TIME", default_value = "30d", value_parser = parse_age)]
    pub older_than: Duration,

    /// Remove it, for good
    #[arg(long)]
    pub apply: bool,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

fn parse_age(text: &str) -> Result<Duration, String> {
    let age = uaic_wording::duration::parse_time(text).filter(|age| age.as_secs() < 1 << 40);
    age.ok_or_else(|| "use a number and `s`, `m`, `h`, `d` or `w`, such as `30d`".to_owned())
}

/// Removes it, or says what would be removed.
pub(super) fn run(global: &Global, args: &GcArgs) -> anyhow::Result<ExitCode> {
    let store = global.store.open_existing()?;
    let now_ms = jiff::Timestamp::now().as_millisecond();
    let mode = if args.apply { SweepMode::Remove } else { SweepMode::Look };
    let swept = store.sweep(&Sweep {
        // Also what was hidden this very moment, when it may be that young.
        hidden_before_ms: (now_ms + 1).saturating_sub(args.older_than.as_millis() as i64),
        begun_before_ms: now_ms - A_DAY_MS,
        mode,
    })?;
    if args.json {
        printer::json(&shape(&swept, args.apply))?;
    } else {
        tell(&swept, args.apply);
    }
    Ok(ExitCode::SUCCESS)
}

fn shape(swept: &Swept, applied: bool) -> Value {
    json!({
        "schema": json::SCHEMA,
        "applied": applied,
        "runs": swept.runs,
        "unfinished": swept.unfinished,
        "studies": swept.studies,
        "points": swept.points,
        "artifacts": swept.artifacts,
        "blobs": swept.blobs,
        "blob_bytes": swept.blob_bytes,
        "database_bytes": swept.database_bytes,
        "faults": swept.faults,
    })
}

fn tell(swept: &Swept, applied: bool) {
    for fault in &swept.faults {
        printer::talk(format!("note: {fault}"));
    }
    if swept.runs.is_empty() && swept.blobs == 0 && swept.database_bytes == 0 {
        return printer::talk("nothing to remove");
    }
    let studies = match swept.studies.len() {
        0 => String::new(),
        1 => " (with 1 study)".to_owned(),
        more => format!(" (with {more} studies)"),
    };
    let what = format!(
        "{}{studies}, {}, {}; {} in {} and about {} of the database",
        counted(swept.runs.len(), "run"),
        counted(swept.points, "point"),
        counted(swept.artifacts, "artifact"),
        table::bytes(swept.blob_bytes),
        counted(swept.blobs, "file"),
        table::bytes(swept.database_bytes)
    );
    printer::talk(if applied {
        format!("removed {what}")
    } else {
        format!("would remove {what}; `uaic gc --apply` does it, for good")
    });
}
