//! The registry of models of a store in memory.

use std::collections::BTreeMap;

use super::super::rules::{alias_detail, no_alias, no_version, now_ms};
use super::super::{EventRecord, Id, ModelVersion, StoreError};

/// A name of the registry. Versions are numbered by their place, from 1.
#[derive(Debug, Default)]
pub(super) struct RegisteredModel {
    versions: Vec<ModelVersion>,
    aliases: BTreeMap<String, u32>,
    pub(super) events: Vec<EventRecord>,
}

impl RegisteredModel {
    pub(super) fn seen(&self) -> impl Iterator<Item = ModelVersion> {
        self.versions.iter().map(|version| {
            let own = self.aliases.iter().filter(|(_, number)| **number == version.version);
            ModelVersion { aliases: own.map(|(alias, _)| alias.clone()).collect(), ..version.clone() }
        })
    }

    /// Whether a run is one of its versions.
    pub(super) fn has(&self, run: Id) -> bool {
        self.versions.iter().any(|version| version.run == Some(run))
    }

    fn tell(&mut self, kind: &str, detail: String) {
        self.events.push(EventRecord { time_ms: now_ms(), kind: kind.to_owned(), detail });
    }

    /// Puts a run under this name, unless it has a version of it.
    pub(super) fn register(&mut self, name: &str, run: Id, note: &str) -> ModelVersion {
        if let Some(known) = self.seen().find(|version| version.run == Some(run)) {
            return known;
        }
        let version = ModelVersion {
            name: name.to_owned(),
            version: self.versions.len() as u32 + 1,
            run: Some(run),
            source: None,
            note: note.to_owned(),
            created_ms: now_ms(),
            aliases: Vec::new(),
        };
        self.versions.push(version.clone());
        self.tell("registered", format!("version {}, run {}", version.version, run.short()));
        version
    }

    /// Lets an alias point at a version, or at nothing.
    pub(super) fn set_alias(
        &mut self,
        name: &str,
        alias: &str,
        version: Option<u32>,
        why: &str,
    ) -> Result<(), StoreError> {
        let before = match version {
            Some(version) if self.versions.iter().all(|known| known.version != version) => {
                return Err(no_version(name, version));
            }
            Some(version) => self.aliases.insert(alias.to_owned(), version),
            None => Some(self.aliases.remove(alias).ok_or_else(|| no_alias(name, alias))?),
        };
        self.tell("alias", alias_detail(alias, before, version, why));
        Ok(())
    }
}
