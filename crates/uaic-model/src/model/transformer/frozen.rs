//! What the frozen layers make of texts, kept from epoch to epoch and from training to training.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::model::spec::BertPooling;
use uaic_kernel::Row;

/// States after the frozen layers of one source of weights, text by text, shared by all models that
/// begin with it. They depend on nothing that is trained, so they hold for every epoch, fold and
/// trial; a model without them computes the same, to the bit.
pub struct FrozenStates {
    limit: usize,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    bytes: usize,
    states: HashMap<Key, Arc<TextStates>>,
}

/// What states depend on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    /// How many layers are frozen.
    pub(super) layers: u32,
    /// How the last states are pooled, when all layers are frozen.
    pub(super) pooling: Option<BertPooling>,
    /// Token ids.
    pub(super) words: Vec<u32>,
}

/// The states of one text.
#[derive(Debug, PartialEq)]
pub(super) struct TextStates {
    /// `[⌈H/64⌉][tokens][64]`, or `[⌈H/64⌉][64]` when they are pooled.
    pub(super) states: Vec<Row>,
    /// The say of each token in them, when they are pooled.
    pub(super) shares: Vec<f32>,
}

impl FrozenStates {
    /// Room for so many bytes; when they are full, further texts are computed each time.
    pub fn new(limit: usize) -> Self {
        Self { limit, kept: Mutex::default() }
    }

    /// How many texts there are.
    pub fn len(&self) -> usize {
        self.lock().states.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many bytes they take.
    pub fn bytes(&self) -> usize {
        self.lock().bytes
    }

    pub(super) fn get(&self, key: &Key) -> Option<Arc<TextStates>> {
        self.lock().states.get(key).cloned()
    }

    pub(super) fn keep(&self, key: Key, states: &Arc<TextStates>) {
        let mut kept = self.lock();
        let bytes = size_of_val(&states.states[..]) + size_of_val(&states.shares[..]);
        // The key, and what a map needs for an entry.
        let bytes = bytes + size_of_val(&key.words[..]) + 128;
        if kept.bytes + bytes <= self.limit && kept.states.insert(key, Arc::clone(states)).is_none() {
            kept.bytes += bytes;
        }
    }

    /// States are whole or not there, so a panic beside them leaves nothing broken.
    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for FrozenStates {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kept = self.lock();
        formatter
            .debug_struct("FrozenStates")
            .field("limit", &self.limit)
            .field("bytes", &kept.bytes)
            .field("texts", &kept.states.len())
            .finish_non_exhaustive()
    }
}
