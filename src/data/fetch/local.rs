//! Finding the files of a source in a folder, as originals or as ready TSVs.

use std::path::{Path, PathBuf};

use crate::data::tsv;
use crate::fsx;

use super::convert;
use super::source::Source;
use super::{Event, FetchError, Gathered, Original, sha256, verify};

/// Takes a source from a folder. Looked for, in this order: in a folder of the source's name
/// inside, then in the folder itself; there, ready TSVs, then the originals with as much of their
/// path as is there.
pub(super) fn gather(
    source: &Source,
    folder: &Path,
    observe: &mut dyn FnMut(Event<'_>),
) -> Result<Gathered, FetchError> {
    if !folder.is_dir() {
        return Err(FetchError::NoFolder { folder: folder.to_owned() });
    }
    // `atis-dedup` may be called `atis_dedup`, as a folder.
    let places = [folder.join(source.name), folder.join(source.name.replace('-', "_")), folder.to_owned()];
    for place in &places {
        if place.join("train.tsv").is_file() {
            return ready(source, place, observe);
        }
        if let Some(paths) = find_originals(source, place)? {
            return originals(source, &paths);
        }
    }
    Err(FetchError::NothingThere {
        name: source.name,
        folder: folder.to_owned(),
        originals: source.files.iter().map(|file| shortest_suffix(source, file.path)).collect(),
    })
}

/// Ready TSVs are read strictly. One that is a pinned original all the same is read as such.
fn ready(source: &Source, folder: &Path, observe: &mut dyn FnMut(Event<'_>)) -> Result<Gathered, FetchError> {
    let mut gathered = Gathered { splits: Vec::new(), originals: Vec::new() };
    for &(split, rows) in source.splits {
        let name = format!("{split}.tsv");
        let path = folder.join(&name);
        if !path.is_file() {
            observe(Event::SplitMissing { split, rows });
            continue;
        }
        observe(Event::File { path: &name });
        let bytes = fsx::read(&path)?;
        let hash = sha256(&bytes);
        let pinned = source.files.iter().any(|file| file.sha256 == hash);
        let mut examples =
            if pinned { convert::tagged_tsv(&name, &bytes)? } else { tsv::parse(&bytes, &path)? };
        convert::normalize(source.normalization, &mut examples);
        if examples.len() != rows {
            observe(Event::RowsDiffer { split, found: examples.len(), expected: rows });
        }
        gathered.splits.push((split.to_owned(), examples));
        gathered.originals.push(Original { path: name, bytes: bytes.len() as u64, sha256: hash, pinned });
    }
    Ok(gathered)
}

/// Where each original is; `None` when none of them is there.
fn find_originals(source: &Source, folder: &Path) -> Result<Option<Vec<PathBuf>>, FetchError> {
    let found: Vec<Option<PathBuf>> = source
        .files
        .iter()
        .map(|file| {
            let shortest = shortest_suffix(source, file.path);
            suffixes(file.path)
                .take_while(|suffix| suffix.len() >= shortest.len())
                .map(|suffix| folder.join(suffix))
                .find(|path| path.is_file())
        })
        .collect();
    if found.iter().all(Option::is_none) {
        return Ok(None);
    }
    let missing = source.files.iter().zip(&found).filter(|(_, path)| path.is_none());
    let missing: Vec<&'static str> = missing.map(|(file, _)| shortest_suffix(source, file.path)).collect();
    if missing.is_empty() {
        Ok(Some(found.into_iter().flatten().collect()))
    } else {
        Err(FetchError::Incomplete { folder: folder.to_owned(), missing })
    }
}

fn originals(source: &Source, paths: &[PathBuf]) -> Result<Gathered, FetchError> {
    let mut files = Vec::new();
    for (file, path) in source.files.iter().zip(paths) {
        let bytes = fsx::read(path)?;
        verify(&path.display().to_string(), file, &bytes)?;
        files.push(bytes);
    }
    Gathered::from_pinned(source, &files)
}

/// `a/b/c`, `b/c`, `c`.
fn suffixes(path: &'static str) -> impl Iterator<Item = &'static str> {
    std::iter::once(path).chain(path.match_indices('/').map(|(at, _)| &path[at + 1..]))
}

/// The shortest end of a file's path that no other file of the source shares.
fn shortest_suffix(source: &Source, path: &'static str) -> &'static str {
    let sharing = |suffix: &str| {
        let end = format!("/{suffix}");
        source.files.iter().filter(|file| file.path == suffix || file.path.ends_with(&end)).count()
    };
    suffixes(path).filter(|suffix| sharing(suffix) == 1).last().unwrap_or(path)
}
