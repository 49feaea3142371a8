//! Which runs and studies go together.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use crate::store::{Id, RunQuery, RunRecord, Store, StoreError};

/// Runs and studies that can stand for themselves: a study has all of its runs, a run all of its parts and
/// all that it is part of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Studies, by the time of their creation.
    pub(super) studies: Vec<Id>,
    /// Runs, by their start, each behind the one that it is part of.
    pub(super) runs: Vec<Id>,
}

/// What decides the place of a run.
#[derive(Clone, Copy)]
struct Place {
    started_ms: i64,
    parent: Option<Id>,
    study: Option<Id>,
}

impl From<&RunRecord> for Place {
    fn from(run: &RunRecord) -> Self {
        Self { started_ms: run.started_ms, parent: run.parent, study: run.start.home.study() }
    }
}

impl Selection {
    /// These runs and studies, and what belongs to them.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn of(store: &dyn Store, runs: &[Id], studies: &[Id]) -> Result<Self, StoreError> {
        let (mut found, mut whole, mut known) = (BTreeMap::new(), BTreeSet::new(), BTreeSet::new());
        // With its parts, or only because another is part of it.
        let mut next: Vec<(Id, bool)> = runs.iter().map(|run| (*run, true)).collect();
        let mut next_studies = studies.to_vec();
        loop {
            if let Some(study) = next_studies.pop() {
                if known.insert(study) {
                    let own = RunQuery { study: Some(study), include_hidden: true, ..RunQuery::default() };
                    next.extend(store.runs(&own)?.iter().map(|run| (run.id, true)));
                }
                continue;
            }
            let Some((id, with_parts)) = next.pop() else { break };
            if let Entry::Vacant(entry) = found.entry(id) {
                let place = *entry.insert(Place::from(&store.run(id)?));
                next.extend(place.parent.map(|parent| (parent, false)));
                next_studies.extend(place.study);
            }
            if with_parts && whole.insert(id) {
                let parts = RunQuery { parent: Some(id), include_hidden: true, ..RunQuery::default() };
                next.extend(store.runs(&parts)?.iter().map(|part| (part.id, true)));
            }
        }
        Self::sorted(store, &found, known)
    }

    /// All of a store.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn all(store: &dyn Store) -> Result<Self, StoreError> {
        let every = RunQuery { include_hidden: true, ..RunQuery::default() };
        let mut found = BTreeMap::new();
        for run in store.runs(&every)? {
            found.insert(run.id, Place::from(&run));
        }
        let studies = store.studies()?.into_iter().map(|study| study.id).collect();
        Self::sorted(store, &found, studies)
    }

    fn sorted(
        store: &dyn Store,
        found: &BTreeMap<Id, Place>,
        studies: BTreeSet<Id>,
    ) -> Result<Self, StoreError> {
        let mut times = Vec::new();
        for study in studies {
            times.push((store.study(study)?.created_ms, study));
        }
        times.sort_unstable();
        let mut order: Vec<(usize, i64, Id)> =
            found.iter().map(|(id, place)| (depth(found, *id), place.started_ms, *id)).collect();
        order.sort_unstable();
        Ok(Self {
            studies: times.into_iter().map(|(_, study)| study).collect(),
            runs: order.into_iter().map(|(_, _, run)| run).collect(),
        })
    }
}

/// How many runs a run is part of, one within the other.
fn depth(found: &BTreeMap<Id, Place>, run: Id) -> usize {
    let mut above = found.get(&run).and_then(|place| place.parent);
    let mut depth = 0;
    while let Some(parent) = above.filter(|_| depth <= found.len()) {
        depth += 1;
        above = found.get(&parent).and_then(|place| place.parent);
    }
    depth
}
