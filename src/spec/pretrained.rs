//! Where the pretrained model of a spec lives.

use std::path::{Path, PathBuf};

use super::problem::Complaint;

/// The folder of the pretrained model that a spec names: a path relative to the working directory,
/// or else to the spec's folder.
pub(super) fn find(folder: &str, spec_path: &Path) -> Option<PathBuf> {
    places(folder, spec_path).into_iter().find(|folder| folder.join("config.json").is_file())
}

fn places(folder: &str, spec_path: &Path) -> Vec<PathBuf> {
    let beside = spec_path.parent().unwrap_or(Path::new("")).join(folder);
    let mut places = vec![PathBuf::from(folder)];
    if !places.contains(&beside) {
        places.push(beside);
    }
    places
}

/// What to say when it is not there.
pub(super) fn missing(folder: &str, spec_path: &Path) -> Complaint {
    let files: Vec<String> = places(folder, spec_path)
        .iter()
        .map(|place| place.join("config.json").display().to_string())
        .collect();
    let message = format!("there is no pretrained model `{folder}`; looked for {}", files.join(" and "));
    Complaint::new(message).help(
        "name a folder with config.json, model.safetensors and tokenizer.json, as Hugging Face's \
         `save_pretrained` writes it",
    )
}
