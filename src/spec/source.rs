//! Where specs come from: files and `-P key=value`.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::error::SpecErrors;
use super::records::SpecSource;
use crate::nearest::nearest;

/// No spec is near this size; a larger file is something else.
const LARGEST: u64 = 1 << 20;

/// Reads a spec file, once: it may come through a pipe. `-` is the standard input. The path of a pipe is
/// a name in the present folder, where what the spec names is looked for.
pub(super) fn read(path: &Path) -> Result<SpecSource, SpecErrors> {
    let is_input = path == Path::new("-");
    let path = if is_input { Path::new("/dev/stdin") } else { path };
    let text = text_of(path)?;
    let is_pipe = path.starts_with("/dev") || path.starts_with("/proc");
    let name = if path == Path::new("/dev/stdin") { "<stdin>" } else { "<pipe>" };
    let path = if is_pipe { PathBuf::from(name) } else { path.to_owned() };
    Ok(SpecSource { path, text, overrides: Vec::new() })
}

fn text_of(path: &Path) -> Result<String, SpecErrors> {
    let refuse = |message: String, help: Option<String>| SpecErrors::unreadable(path, message, help);
    if path.is_dir() {
        let help = match specs_in(path).first() {
            Some(first) => format!("name a file in it, such as {}", first.display()),
            None => "name a .toml file; `uaic init` writes one".to_owned(),
        };
        return Err(refuse("the spec is a folder, not a file".to_owned(), Some(help)));
    }
    let mut bytes = Vec::new();
    fs::File::open(path).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes)).map_err(
        |error| match error.kind() {
            std::io::ErrorKind::NotFound => {
                refuse("there is no such spec".to_owned(), Some(other_specs(path)))
            }
            _ => refuse(format!("cannot read the spec: {error}"), None),
        },
    )?;
    if bytes.len() as u64 > LARGEST {
        let help = "is it the right file? A spec has some 50 lines".to_owned();
        return Err(refuse("the file is larger than 1 MiB, which no spec is".to_owned(), Some(help)));
    }
    String::from_utf8(bytes).map_err(|error| {
        let (valid, _) = error.as_bytes().split_at(error.utf8_error().valid_up_to());
        SpecErrors::undecodable(path, &String::from_utf8_lossy(valid))
    })
}

/// The nearest spec to one that is not there, or the command that writes one.
fn other_specs(path: &Path) -> String {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let specs = specs_in(folder);
    let names: Vec<String> = specs
        .iter()
        .filter_map(|spec| spec.file_stem())
        .map(|stem| stem.to_string_lossy().into_owned())
        .collect();
    let wanted = path.file_stem().unwrap_or_default().to_string_lossy();
    let near = nearest(&wanted, names.iter().map(String::as_str))
        .and_then(|near| names.iter().position(|name| name == near))
        .and_then(|at| specs.get(at));
    match (near, specs.first()) {
        (Some(near), _) => format!("did you mean {}?", near.display()),
        (None, Some(_)) => {
            let list: Vec<_> = specs.iter().map(|spec| spec.display().to_string()).collect();
            format!("there are {}; `uaic init` writes a new one", list.join(", "))
        }
        (None, None) => "`uaic init` writes a commented one".to_owned(),
    }
}

/// The specs of a folder, sorted.
fn specs_in(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut specs: Vec<PathBuf> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.file_name()))
        .filter(|name| Path::new(name).extension().is_some_and(|extension| extension == "toml"))
        .map(|name| if folder == Path::new(".") { PathBuf::from(name) } else { folder.join(name) })
        .collect();
    specs.sort();
    specs
}

/// Splits `train.lr=0.002` of the command line into key and value. Parts of the key may be in quotes, as
/// in TOML.
///
/// # Errors
/// There is no `=`, or nothing before it.
pub fn split_override(text: &str) -> Result<(String, String), String> {
    let (mut key, mut quote, mut is_start) = (String::new(), None, true);
    for (at, letter) in text.char_indices() {
        match (quote, letter) {
            (Some(open), letter) if letter == open => quote = None,
            (None, '"' | '\'') if is_start => quote = Some(letter),
            (None, '=') if !key.trim().is_empty() => {
                return Ok((key.trim().to_owned(), text[at + 1..].trim().to_owned()));
            }
            (None, '=') => break,
            _ => key.push(letter),
        }
        is_start = letter == '.' || (is_start && letter.is_whitespace());
    }
    Err("write `key=value`, such as `train.lr=0.002`".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_override_is_split_at_its_first_sign_outside_of_quotes() {
        for (text, key, value) in [
            ("train.lr=0.002", "train.lr", "0.002"),
            (" a = b = c", "a", "b = c"),
            ("\"train.lr\"=0.002", "train.lr", "0.002"),
            ("search.\"train.lr\"={ log = [1, 2] }", "search.train.lr", "{ log = [1, 2] }"),
            ("'a=b'=\"c\"", "a=b", "\"c\""),
            ("it's=1", "it's", "1"),
            ("x=", "x", ""),
        ] {
            assert_eq!(split_override(text), Ok((key.to_owned(), value.to_owned())), "{text}");
        }
        for text in ["", "x", "=1", "\"\"=1", "\"open=1"] {
            assert!(split_override(text).is_err(), "{text}");
        }
    }
}
