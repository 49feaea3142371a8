//! `uaic data fetch`: downloads a public data set or takes it from a folder.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::printer;
use crate::data::ROOT;
use crate::data::fetch::{self, BASE_URL, Event, Fetched, IfThere, Manifest, Origin, Source};

/// Arguments of `uaic data fetch`.
#[derive(Args, Debug)]
#[command(
    after_help = "Known: atis, atis-dedup, banking77, clinc150, snips. Each is pinned to a commit and to SHA-256 hashes; a file that differs is refused. The target appears complete or not at all. Without network, --from DIR takes the same files, or ready train.tsv, dev.tsv, test.tsv, ood.tsv …, from DIR or DIR/NAME.\n\nExamples:\n  uaic data fetch snips\n  uaic data fetch atis --from ~/JointBERT\n  uaic data fetch clinc150 --out /tmp/clinc --force\n  uaic data fetch banking77 --mirror https://mirror.example.org/github"
)]
pub(super) struct FetchArgs {
    /// The data set: atis, atis-dedup, banking77, clinc150 or snips
    name: String,

    /// Take the originals or ready TSVs from this folder instead of the network
    #[arg(long, value_name = "DIR")]
    from: Option<PathBuf>,

    /// Folder to make [default: data/NAME]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Fetch again and replace what is there
    #[arg(long)]
    force: bool,

    /// Download OWNER/REPOSITORY/COMMIT/PATH below this URL
    #[arg(long, value_name = "URL", env = "UAIC_DATA_MIRROR", default_value = BASE_URL)]
    mirror: String,
}

/// Fetches.
pub(super) fn run(args: &FetchArgs) -> anyhow::Result<ExitCode> {
    let source = fetch::by_name(&args.name)?;
    let out = args.out.clone().unwrap_or_else(|| Path::new(ROOT).join(source.name));
    let origin = match &args.from {
        Some(folder) => Origin::Folder(folder),
        None => Origin::Web { base: &args.mirror },
    };
    let if_there = if args.force { IfThere::Replace } else { IfThere::Keep };
    let mut watcher = Watcher::new(source);
    let fetched = fetch::fetch(source, origin, &out, if_there, &mut |event| watcher.see(&event));
    watcher.bar.finish_and_clear();
    let (verb, manifest) = match fetched? {
        Fetched::Written(manifest) => ("wrote", manifest),
        Fetched::AlreadyThere(manifest) => ("already there, complete:", manifest),
    };
    printer::talk(format!("{verb} {}: {}", out.display(), rows(source, &manifest)));
    printer::talk(format!("licence: {}", source.licence));
    printer::talk(format!("next: uaic data stats {}", super::argument(&out)));
    Ok(ExitCode::SUCCESS)
}

/// `train 4478, dev 500, test 893`.
fn rows(source: &Source, manifest: &Manifest) -> String {
    let written = source.splits.iter().filter_map(|&(split, _)| {
        let rows = manifest.splits.get(split)?.rows;
        Some(format!("{split} {rows}"))
    });
    written.collect::<Vec<_>>().join(", ")
}

/// Shows a fetch on stderr: a bar on a terminal, nothing elsewhere but what needs attention.
struct Watcher {
    bar: ProgressBar,
    /// Bytes of the files before the present one.
    before: u64,
    /// Bytes of the present file so far.
    present: u64,
}

impl Watcher {
    fn new(source: &Source) -> Self {
        let bar = ProgressBar::new(source.bytes());
        let style = ProgressStyle::with_template("{bar:20} {bytes}/{total_bytes} {bytes_per_sec} {wide_msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self { bar, before: 0, present: 0 }
    }

    fn see(&mut self, event: &Event<'_>) {
        match event {
            Event::Waiting => self.say("another uaic fetches into the same folder; waiting for it"),
            Event::File { path } => {
                self.before += std::mem::take(&mut self.present);
                self.bar.set_message((*path).to_owned());
            }
            Event::Received { bytes } => {
                self.present = *bytes;
                self.bar.set_position(self.before + bytes);
            }
            Event::Retry { url, reason } => self.say(&format!("{url}: {reason}; trying again")),
            Event::SplitMissing { split, rows } => {
                self.say(&format!("warning: no {split}.tsv there ({rows} rows in the original)"));
            }
            Event::RowsDiffer { split, found, expected } => {
                self.say(&format!("warning: {split}.tsv has {found} rows, the original {expected}"));
            }
        }
    }

    fn say(&self, text: &str) {
        self.bar.suspend(|| printer::talk(text));
    }
}
