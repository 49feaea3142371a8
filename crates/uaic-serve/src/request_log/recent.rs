//! The newest answers, in memory: what feedback that comes soon is compared with.

use std::sync::{Mutex, PoisonError};

use super::entry::{Entry, Predicted, SHADOW};

/// Parts, each with a lock of its own, so that threads that answer rarely meet.
const SHARDS: usize = 16;
/// Answers of a part. 16,384 answers in all, 1 MB when full.
const SLOTS: usize = 1024;

/// A table of bounded size in which an answer stays until another takes its slot.
pub(super) struct Recent {
    shards: Vec<Mutex<Vec<Option<Slot>>>>,
}

struct Slot {
    hash: u64,
    predicted: Predicted,
}

impl Recent {
    pub(super) fn new() -> Self {
        Self { shards: (0..SHARDS).map(|_| Mutex::new(Vec::new())).collect() }
    }

    /// Remembers what was answered, unless nobody saw it.
    pub(super) fn remember(&self, entry: &Entry) {
        if entry.role == SHADOW {
            return;
        }
        let predicted = Predicted {
            model: entry.model.clone(),
            version: entry.version.clone(),
            label: entry.label.clone(),
            out_of_scope: entry.out_of_scope,
        };
        let (hash, shard, slot) = place(&entry.id, entry.position);
        let mut slots = self.shards[shard].lock().unwrap_or_else(PoisonError::into_inner);
        // Memory for those who use it.
        if slots.is_empty() {
            slots.resize_with(SLOTS, || None);
        }
        let replaced = slots[slot].replace(Slot { hash, predicted });
        drop(slots);
        drop(replaced);
    }

    /// What was answered to a text of a request, if it is still known.
    pub(super) fn find(&self, id: &str, position: u32) -> Option<Predicted> {
        let (hash, shard, slot) = place(id, position);
        let slots = self.shards[shard].lock().unwrap_or_else(PoisonError::into_inner);
        let found = slots.get(slot)?.as_ref()?;
        (found.hash == hash).then(|| found.predicted.clone())
    }
}

/// Hash, part and slot of a text.
fn place(id: &str, position: u32) -> (u64, usize, usize) {
    let hash = hash(id, position);
    (hash, (hash >> 32) as usize % SHARDS, hash as usize % SLOTS)
}

/// FNV-1a with 64 bits (Fowler, Noll and Vo), and a multiplication that mixes its upper half into the
/// lower one. Two ids of the same hash would be taken for one, at the price of one wrong count.
fn hash(id: &str, position: u32) -> u64 {
    let bytes = id.as_bytes().iter().copied().chain(position.to_le_bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let mixed = (hash ^ hash >> 32).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^ mixed >> 29
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request_log::testing::entry;

    #[test]
    fn the_newest_answer_of_an_id_and_position_is_found() {
        let recent = Recent::new();
        recent.remember(&Entry { label: "old".into(), ..entry(1) });
        recent.remember(&Entry { label: "new".into(), ..entry(1) });
        recent.remember(&Entry { position: 1, label: "second".into(), ..entry(1) });
        assert_eq!(&*recent.find(&entry(1).id, 0).unwrap().label, "new");
        assert_eq!(&*recent.find(&entry(1).id, 1).unwrap().label, "second");
        assert_eq!(recent.find(&entry(2).id, 0), None);
    }

    #[test]
    fn what_a_shadow_says_was_not_answered() {
        let recent = Recent::new();
        recent.remember(&Entry { role: SHADOW, ..entry(1) });
        assert_eq!(recent.find(&entry(1).id, 0), None);
    }

    #[test]
    fn it_is_bounded_and_keeps_most_of_what_is_new() {
        let recent = Recent::new();
        (0..100_000).for_each(|number| recent.remember(&entry(number)));
        let held: usize =
            recent.shards.iter().map(|shard| shard.lock().unwrap().iter().flatten().count()).sum();
        assert!(held <= SHARDS * SLOTS);
        let known = (98_000..100_000).filter(|&number| recent.find(&entry(number).id, 0).is_some()).count();
        assert!(known > 1800, "{known} of the newest 2000");
        assert!(recent.find(&entry(5).id, 0).is_none());
    }
}
