//! Fingerprints: what has to be the same for a study to go on.

use super::effective::{Extent, search_toml};
use super::keys::{self, Key};
use super::records::{ObjectiveSpec, Spec};

impl Spec {
    /// A hash (BLAKE3, hexadecimal) of everything in the spec that decides results: all but the
    /// experiment's name and description, and the number of trials, since a study may be extended.
    pub fn fingerprint(&self) -> String {
        self.hash(Extent::Whole)
    }

    /// As [`Spec::fingerprint`], but for the search space, which may change while a study goes on.
    pub fn frame_fingerprint(&self) -> String {
        self.hash(Extent::Frame)
    }

    fn hash(&self, extent: Extent) -> String {
        match (&self.objective, extent) {
            (ObjectiveSpec::Training { training, .. }, _) => {
                let is_exposed = training.data.oos.is_some();
                let text = self.write(|key| self.decides(key, is_exposed), extent);
                blake3::hash(text.as_bytes()).to_hex().to_string()
            }
            (ObjectiveSpec::Command(table), Extent::Frame) => self.frame(&table.to_string()),
            (ObjectiveSpec::Asked, Extent::Frame) => self.frame(""),
            (ObjectiveSpec::Command(_) | ObjectiveSpec::Asked, Extent::Whole) => {
                let mut hasher = blake3::Hasher::new();
                hasher.update(self.hash(Extent::Frame).as_bytes());
                hasher.update(search_toml(&self.search).as_bytes());
                hasher.finalize().to_hex().to_string()
            }
        }
    }

    /// Whether a key of a training decides its results; `is_exposed` is whether it learns from texts of
    /// no intent. What later versions added counts only where it is used, so that earlier studies go on.
    fn decides(&self, key: &Key, is_exposed: bool) -> bool {
        let is_set = |path: &str| {
            self.given
                .get(path)
                .is_some_and(|value| keys::find(path).and_then(Key::default).as_ref() != Some(value))
        };
        match key.path {
            "study.trials" | "study.timeout" => false,
            "study.feasible" | "study.target" | "study.duplicates" => is_set(key.path),
            _ if key.section() == "pruner" => is_set("pruner.kind"),
            // Without such texts their weight decides nothing.
            "train.oos_weight" => is_exposed,
            _ => key.section() != "experiment",
        }
    }

    /// The hash of an objective that is not our own, and of what its study is like.
    fn frame(&self, objective: &str) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher.update(objective.as_bytes()).update(&[0]);
        let (study, pruner) = &self.written;
        hasher.update(format!("{}\n{}", study.fingerprint(&self.study), pruner.fingerprint()).as_bytes());
        hasher.finalize().to_hex().to_string()
    }
}
