//! Where the pretrained model of a spec lives.

use std::path::{Path, PathBuf};

/// A pretrained model that is not there. Displayed without [`MissingPretrained::HELP`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no pretrained model `{folder}`; looked for {}", configs(looked_for))]
pub struct MissingPretrained {
    /// The folder that was asked for.
    pub folder: String,
    /// The folders that would have done.
    pub looked_for: Vec<PathBuf>,
}

impl MissingPretrained {
    /// What to do.
    pub const HELP: &str = "name a folder with config.json, model.safetensors and tokenizer.json, as Hugging \
                            Face's `save_pretrained` writes it";
}

/// The folder of the pretrained model that a spec names: a path relative to the working directory,
/// or else to the spec's folder.
///
/// # Errors
/// There is none with a `config.json`.
pub fn find_pretrained(folder: &str, spec_path: &Path) -> Result<PathBuf, MissingPretrained> {
    let places = places(folder, spec_path);
    let found = places.iter().find(|folder| folder.join("config.json").is_file()).cloned();
    found.ok_or_else(|| MissingPretrained { folder: folder.to_owned(), looked_for: places })
}

fn places(folder: &str, spec_path: &Path) -> Vec<PathBuf> {
    let beside = spec_path.parent().unwrap_or(Path::new("")).join(folder);
    let mut places = vec![PathBuf::from(folder)];
    if !places.contains(&beside) {
        places.push(beside);
    }
    places
}

fn configs(folders: &[PathBuf]) -> String {
    let files: Vec<String> =
        folders.iter().map(|folder| folder.join("config.json").display().to_string()).collect();
    files.join(" and ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_looked_for_in_the_working_directory_and_beside_the_spec() {
        let root = tempfile::tempdir().unwrap();
        let spec = root.path().join("x.toml");
        let error = find_pretrained("tiny", &spec).unwrap_err().to_string();
        let beside = root.path().join("tiny/config.json");
        let looked_for = format!("looked for tiny/config.json and {}", beside.display());
        assert_eq!(error, format!("there is no pretrained model `tiny`; {looked_for}"));
        std::fs::create_dir(root.path().join("tiny")).unwrap();
        std::fs::write(beside, "{}").unwrap();
        assert_eq!(find_pretrained("tiny", &spec), Ok(root.path().join("tiny")));
    }
}
