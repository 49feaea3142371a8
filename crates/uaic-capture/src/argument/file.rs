//! Files of parameters: JSON, TOML or YAML, flattened with dots.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde_json::Value;
use uaic_study::trial::{ParamValue, Params};

use super::yaml;

/// Larger files are no settings.
const LARGEST: u64 = 1 << 20;

/// Values that lie deeper are kept as JSON.
const DEEPEST: usize = 16;

/// Longer texts are no settings.
const LONGEST_TEXT: usize = 4000;

/// Why a file of parameters was not read.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// There is none, or it cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is not what its name says.
    #[error("{} is no {format} of parameters: {why}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// `JSON`, `TOML` or `YAML`.
        format: &'static str,
        /// Why.
        why: String,
    },
}

/// Reads a file of parameters by the ending of its name; one with another ending gives none.
pub(super) fn read(path: &Path) -> Result<Params, FileError> {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_ascii_lowercase();
    let format = match ending.as_str() {
        "json" => "JSON",
        "toml" => "TOML",
        "yaml" | "yml" => "YAML",
        _ => return Ok(Params::new()),
    };
    let text = text_of(path).map_err(|source| FileError::Unreadable { path: path.to_owned(), source })?;
    let read = match format {
        "JSON" => serde_json::from_str(&text).map_err(|error| error.to_string()),
        "TOML" => toml::from_str(&text).map_err(|error| error.message().to_owned()),
        _ => yaml::read(&text),
    };
    let malformed = |why| FileError::Malformed { path: path.to_owned(), format, why };
    let value: Value = read.map_err(malformed)?;
    let mut params = Params::new();
    flatten("", value, 0, &mut params);
    Ok(params)
}

fn text_of(path: &Path) -> io::Result<String> {
    let file = File::open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no plain file"));
    }
    let mut text = String::new();
    if file.take(LARGEST + 1).read_to_string(&mut text)? as u64 > LARGEST {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it has more than {LARGEST} bytes")));
    }
    Ok(text)
}

fn flatten(name: &str, value: Value, depth: usize, params: &mut Params) {
    let value = match value {
        Value::Object(object) if depth < DEEPEST && !(object.is_empty() && depth > 0) => {
            for (key, value) in object {
                let name = if name.is_empty() { key } else { format!("{name}.{key}") };
                flatten(&name, value, depth + 1, params);
            }
            return;
        }
        // A list of all is no table of parameters.
        _ if name.is_empty() => return,
        Value::Bool(value) => ParamValue::Bool(value),
        Value::String(text) => ParamValue::Text(text),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => ParamValue::Int(whole),
            (None, Some(number)) => ParamValue::Float(number),
            (None, None) => return,
        },
        other => ParamValue::Text(other.to_string()),
    };
    let is_short = !matches!(&value, ParamValue::Text(text) if text.len() > LONGEST_TEXT);
    if is_short && name.len() <= super::LONGEST_NAME && !name.contains(char::is_control) {
        params.insert(name.to_owned(), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_table_or_too_large_is_refused_or_empty() {
        let folder = tempfile::tempdir().unwrap();
        let read = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            super::read(&path)
        };
        assert!(read("a.json", "[1, 2]").unwrap().is_empty());
        assert!(read("a.txt", "lr: 1").unwrap().is_empty());
        assert!(read("a.json", "{").unwrap_err().to_string().contains("is no JSON of parameters: EOF"));
        assert!(read("a.toml", "a = ").unwrap_err().to_string().contains("is no TOML"));
        let large = format!("a: {}", "x".repeat(LARGEST as usize));
        assert!(read("a.yaml", &large).unwrap_err().to_string().contains("more than 1048576 bytes"));
        let deep = format!("{}1{}", "{\"a\":".repeat(100), "}".repeat(100));
        let params = read("deep.json", &deep).unwrap();
        assert_eq!(params.len(), 1);
        assert!(super::read(folder.path()).unwrap().is_empty());
    }
}
