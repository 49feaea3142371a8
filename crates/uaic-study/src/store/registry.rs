//! Models by name: versions, and aliases that point at them.

use serde::{Deserialize, Serialize};

use super::tracking::FilePlace;
use super::{Id, StoreError};

/// Longest name of a model or an alias.
const LONGEST: usize = 64;

/// A version of a model: a run, or something that one has made, under a name and a number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelVersion {
    /// The name of the model.
    pub name: String,
    /// Its number, from 1; numbers are never used again.
    pub version: u32,
    /// The run that keeps the model, or has made it; `None` where that is none of this store.
    pub run: Option<Id>,
    /// Where it is, as a client of MLflow has said it; `None` where it is the run as a whole.
    pub source: Option<String>,
    /// Why it was registered.
    pub note: String,
    /// When, milliseconds since 1970 UTC.
    pub created_ms: i64,
    /// The aliases that point at it, sorted.
    pub aliases: Vec<String>,
}

impl ModelVersion {
    /// `intents@3`.
    pub fn address(&self) -> String {
        format!("{}@{}", self.name, self.version)
    }

    /// The run that keeps the model.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]: it is none of this store.
    pub fn kept_by(&self) -> Result<Id, StoreError> {
        self.run.ok_or_else(|| StoreError::NotFound { what: "run of the version", id: self.address() })
    }

    /// Where the files of the model are: a folder, or a file, among the artifacts of a run or of a logged
    /// model; `None` where they are elsewhere.
    pub fn place(&self) -> Option<FilePlace> {
        let Some(source) = &self.source else {
            return self.run.map(|run| FilePlace::Artifact { run, name: String::new() });
        };
        if let Some(rest) = source.strip_prefix("runs:/") {
            let (run, name) = rest.trim_start_matches('/').split_once('/')?;
            return Some(FilePlace::Artifact { run: Id::parse(run)?, name: plain(name)? });
        }
        let path = source.strip_prefix("mlflow-artifacts:")?;
        let path = match path.strip_prefix("//") {
            Some(behind_host) => behind_host.split_once('/')?.1,
            None => path,
        };
        let path = path.trim_start_matches('/');
        let (above, name) =
            path.split_once("/artifacts").filter(|(_, name)| name.is_empty() || name.starts_with('/'))?;
        let name = name.trim_start_matches('/');
        match Id::parse(above.rsplit('/').next().unwrap_or_default()) {
            Some(run) if name.is_empty() => Some(FilePlace::Artifact { run, name: String::new() }),
            Some(run) => Some(FilePlace::Artifact { run, name: plain(name)? }),
            None => Some(FilePlace::Loose { path: plain(path)? }),
        }
    }
}

/// A path of plain names.
fn plain(path: &str) -> Option<String> {
    let path = path.trim_end_matches('/');
    let is_plain = !path.is_empty() && path.split('/').all(|part| !matches!(part, "" | "." | ".."));
    is_plain.then(|| path.to_owned())
}

/// Refuses names that an address (`NAME@ALIAS`) or a path could take for something else.
///
/// # Errors
/// It is none that a model can have.
pub fn check_model_name(name: &str) -> Result<(), StoreError> {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    let is_fine =
        name.starts_with(char::is_alphanumeric) && name.len() <= LONGEST && name.chars().all(is_part);
    if is_fine { Ok(()) } else { Err(StoreError::BadModelName { name: name.to_owned() }) }
}

/// As [`check_model_name`]; numbers are versions.
///
/// # Errors
/// It is none that an alias can have.
pub fn check_alias(alias: &str) -> Result<(), StoreError> {
    let is_number = alias.chars().all(|c| c.is_ascii_digit());
    if is_number { Err(StoreError::BadModelName { name: alias.to_owned() }) } else { check_model_name(alias) }
}

/// The error of a version that is not there.
pub fn no_version(name: &str, version: u32) -> StoreError {
    StoreError::NotFound { what: "model version", id: format!("{name}@{version}") }
}

/// The error of a model that is not there.
pub fn no_model(name: &str) -> StoreError {
    StoreError::NotFound { what: "model", id: name.to_owned() }
}

/// The error of an alias that is not there.
pub fn no_alias(name: &str, alias: &str) -> StoreError {
    StoreError::NotFound { what: "alias", id: format!("{name}@{alias}") }
}

/// What is told of an alias that is set: where it pointed, where it points, and why.
pub fn alias_detail(alias: &str, before: Option<u32>, after: Option<u32>, why: &str) -> String {
    let side = |version: Option<u32>| version.map_or("nothing".to_owned(), |version| version.to_string());
    let why = if why.is_empty() { String::new() } else { format!(": {why}") };
    format!("{alias} from {} to {}{why}", side(before), side(after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_says_where_its_files_are() {
        let run = Id([7; 16]);
        let at = |source: Option<String>| {
            let version = ModelVersion {
                name: "intents".to_owned(),
                version: 1,
                run: Some(run),
                source,
                note: String::new(),
                created_ms: 0,
                aliases: Vec::new(),
            };
            version.place()
        };
        let artifact = |name: &str| Some(FilePlace::Artifact { run, name: name.to_owned() });
        assert_eq!(at(None), artifact(""));
        assert_eq!(at(Some(format!("runs:/{run}/model"))), artifact("model"));
        assert_eq!(at(Some(format!("mlflow-artifacts:/3/{run}/artifacts/a/b.uaic"))), artifact("a/b.uaic"));
        assert_eq!(at(Some(format!("mlflow-artifacts://host:5000/3/{run}/artifacts"))), artifact(""));
        let loose = format!("3/models/m-{run}/artifacts");
        assert_eq!(at(Some(format!("mlflow-artifacts:/{loose}"))), Some(FilePlace::Loose { path: loose }));
        for source in
            ["s3://bucket/a", "runs:/xyz/model", "models:/m-1", "mlflow-artifacts:/3/../x/artifacts/y"]
        {
            assert_eq!(at(Some(source.to_owned())), None, "{source}");
        }
    }

    #[test]
    fn names_cannot_be_taken_for_paths_or_versions() {
        for name in ["intents", "a", "3rd", "größe", "v1.2_x-y"] {
            assert!(check_model_name(name).is_ok(), "{name}");
        }
        for name in ["", "@", "a@b", ".a", "-a", "a/b", "a b", "a\n", &"a".repeat(65)] {
            assert!(check_model_name(name).is_err(), "{name}");
        }
        assert!(check_alias("champion").is_ok() && check_alias("3").is_err() && check_alias("").is_err());
    }
}
