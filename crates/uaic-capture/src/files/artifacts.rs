//! Files that are kept at the end.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::desk::Event;

/// More files are not kept.
const MOST_FILES: usize = 10_000;

/// The longest name.
const LONGEST_NAME: usize = 255;

/// The system's clock for files is coarser than ours.
const COARSE: Duration = Duration::from_millis(20);

/// Tells all plain files below some folders that were written since a time, in the order of their names.
pub(crate) fn collect(folders: &[PathBuf], since: SystemTime, tell: &dyn Fn(Event) -> bool) {
    let since = since.duration_since(UNIX_EPOCH).unwrap_or_default().saturating_sub(COARSE);
    let (mut kept, mut left_out) = (0, 0);
    for folder in folders {
        let name = match folder.file_name().and_then(|name| name.to_str()) {
            Some(name) if folders.len() > 1 => format!("artifacts/{name}"),
            _ => "artifacts".to_owned(),
        };
        if !folder.is_dir() {
            tell(Event::Trouble(format!("there is no folder {} to keep files of", folder.display())));
        }
        let mut open = vec![(name, folder.clone())];
        while let Some((name, path)) = open.pop() {
            let Ok(metadata) = path.symlink_metadata() else { continue };
            if metadata.is_dir() {
                open.extend(inside(&name, &path));
            } else if !metadata.is_file() || !is_written_since(&metadata, since) {
            } else if kept >= MOST_FILES {
                left_out += 1;
            } else if let Some(why) = objection(&name) {
                tell(Event::Trouble(format!("{} is not kept: {why}", path.display())));
            } else {
                kept += 1;
                if !tell(Event::File(name, path)) {
                    return;
                }
            }
        }
    }
    if left_out > 0 {
        tell(Event::Trouble(format!("{left_out} files are not kept: a run has at most {MOST_FILES}")));
    }
}

/// Changed, or put there: what is unpacked keeps its old time.
fn is_written_since(metadata: &fs::Metadata, since: Duration) -> bool {
    let time =
        |seconds: i64, nanoseconds: i64| Duration::new(seconds.max(0) as u64, nanoseconds.max(0) as u32);
    let changed = time(metadata.ctime(), metadata.ctime_nsec());
    time(metadata.mtime(), metadata.mtime_nsec()).max(changed) >= since
}

/// Why a name cannot be that of an artifact.
fn objection(name: &str) -> Option<&'static str> {
    let is_odd = |letter: char| letter == '\\' || letter == ':' || letter.is_control();
    match name {
        _ if name.len() > LONGEST_NAME => Some("its name is too long"),
        _ if name.contains(is_odd) => Some("its name has letters that not every system takes"),
        _ => None,
    }
}

/// What a folder holds, the last name first.
fn inside(name: &str, folder: &Path) -> Vec<(String, PathBuf)> {
    let entries = folder.read_dir().into_iter().flatten().flatten();
    let named =
        entries.filter_map(|entry| Some((format!("{name}/{}", entry.file_name().to_str()?), entry.path())));
    let mut entries: Vec<_> = named.collect();
    entries.sort_by(|a, b| b.cmp(a));
    entries
}
