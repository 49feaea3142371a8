//! The named tensors of a model: new ones drawn from the seed tree, or loaded ones.

mod file;
mod init;
mod layout;
mod parameter;
mod span;
#[cfg(test)]
mod tests;
mod training;

use std::collections::BTreeMap;
use std::ops::{Index, IndexMut, Range};
use std::sync::Arc;

use super::error::WeightsError;
use super::transformer::FrozenStates;
pub use file::{Tensor, Tensors, read_tensors};
pub use init::Init;
pub use layout::{BufferSlot, Columns, Slot};
use layout::{Entry, inputs};
pub use parameter::{Parameter, Source, Wanted};
pub use span::Span;
use span::Table;
pub use training::Training;
use uaic_kernel::PANEL;
use uaic_kernel::rng::SeedTree;

/// The named tensors of one model: trained ones, frozen ones, and buffers such as running
/// statistics.
///
/// All trained values lie in one slice, so that an optimizer needs a single pass, and matrices in
/// the order in which products read them ([`Columns`]); names and shapes are those of PyTorch,
/// and files hold them in its order. A new tensor is drawn from a stream of its own, keyed by its
/// name, so the order in which layers are built does not matter. Names are unique: sharing must
/// be explicit.
pub struct Weights {
    trained: Vec<f32>,
    buffers: Vec<f32>,
    frozen: Vec<f32>,
    entries: BTreeMap<String, Entry>,
    tables: Vec<Table>,
    spans: Vec<Span>,
    origin: Origin,
    /// Whether every frozen tensor is one of the adapted ones.
    frozen_as_given: bool,
    kept: Option<Arc<FrozenStates>>,
}

enum Origin {
    Drawn(SeedTree),
    Loaded(Tensors),
    /// Loaded where there is something to load, else drawn.
    Adapted(Arc<Tensors>, SeedTree),
}

impl Weights {
    /// New weights, to be drawn as layers ask for them.
    pub fn new(seeds: SeedTree) -> Self {
        Self::from(Origin::Drawn(seeds))
    }

    /// Weights from the bytes of a safetensors file.
    ///
    /// # Errors
    /// The bytes are damaged.
    pub fn from_safetensors(bytes: &[u8]) -> Result<Self, WeightsError> {
        Ok(Self::from(Origin::Loaded(read_tensors(bytes)?)))
    }

    /// New weights for a model that begins as another one: what `loaded` has under a name that is
    /// asked for is taken (of a table, as many rows as are asked for), all else is drawn, and what
    /// nobody asks for is ignored.
    ///
    /// What frozen layers make of texts is kept in `kept`, which must not be shared with weights that
    /// adapt other tensors.
    pub fn adapted(loaded: Arc<Tensors>, seeds: SeedTree, kept: Option<Arc<FrozenStates>>) -> Self {
        Self { kept, ..Self::from(Origin::Adapted(loaded, seeds)) }
    }

    fn from(origin: Origin) -> Self {
        Self {
            trained: Vec::new(),
            buffers: Vec::new(),
            frozen: Vec::new(),
            entries: BTreeMap::new(),
            tables: Vec::new(),
            spans: Vec::new(),
            origin,
            frozen_as_given: true,
            kept: None,
        }
    }

    /// To be called when the model is built: every loaded tensor must have found its place.
    ///
    /// # Errors
    /// [`WeightsError::Extra`].
    pub fn check_all_used(&self) -> Result<(), WeightsError> {
        let Origin::Loaded(loaded) = &self.origin else { return Ok(()) };
        let extra = loaded.keys().find(|name| !self.entries.contains_key(*name));
        extra.map_or(Ok(()), |name| Err(WeightsError::Extra(name.clone())))
    }

    /// A trained tensor as it is, row-major.
    ///
    /// # Errors
    /// The name is taken, or the loaded tensor is missing or has another shape.
    pub fn plain(&mut self, name: &str, shape: &[usize], init: Init) -> Result<Slot, WeightsError> {
        self.add(&wanted(name, shape, None, init), Some(Training::Plain)).map(Slot)
    }

    /// A trained matrix `(out, in)` or vector `(out)`, as panels.
    ///
    /// # Errors
    /// As [`Weights::plain`].
    pub fn panels(
        &mut self,
        name: &str,
        shape: &[usize],
        columns: Columns,
        init: Init,
    ) -> Result<Slot, WeightsError> {
        self.add(&wanted(name, shape, Some(columns), init), Some(Training::Plain)).map(Slot)
    }

    /// A tensor that is trained or frozen.
    ///
    /// # Errors
    /// As [`Weights::plain`].
    pub fn parameter(&mut self, wanted: &Wanted<'_>) -> Result<Parameter, WeightsError> {
        let range = self.add(wanted, Some(wanted.training))?;
        Ok(match wanted.training {
            Training::Frozen => Parameter::Frozen(range),
            _ => Parameter::Trained(Slot(range)),
        })
    }

    /// A tensor that belongs to the model but is not trained, filled with one value.
    ///
    /// # Errors
    /// As [`Weights::plain`].
    pub fn buffer(&mut self, name: &str, shape: &[usize], value: f32) -> Result<BufferSlot, WeightsError> {
        self.add(&wanted(name, shape, None, Init::Constant(value)), None).map(BufferSlot)
    }

    fn add(&mut self, wanted: &Wanted<'_>, training: Option<Training>) -> Result<Range<usize>, WeightsError> {
        let Wanted { name, shape, columns, .. } = *wanted;
        if self.entries.contains_key(name) {
            return Err(WeightsError::Twice(name.to_owned()));
        }
        let values = self.values(wanted)?;
        let size = columns.map_or(values.len(), |columns| columns.panels(shape[0]) * inputs(shape) * PANEL);
        let arena = match training {
            None => &mut self.buffers,
            Some(Training::Frozen) => &mut self.frozen,
            Some(_) => &mut self.trained,
        };
        let start = arena.len();
        arena.resize(start + size, 0.0);
        let range = start..start + size;
        let entry = Entry { shape: shape.to_vec(), columns, range: range.clone(), training };
        for (value, at) in values.into_iter().zip(entry.places()) {
            arena[start + at] = value;
        }
        self.entries.insert(name.to_owned(), entry);
        if let Some(Training::Table { depth }) = training {
            self.tables.push(Table::new(range.clone(), inputs(shape), depth));
        }
        self.list_spans();
        Ok(range)
    }

    /// The values that a tensor begins with.
    fn values(&mut self, wanted: &Wanted<'_>) -> Result<Vec<f32>, WeightsError> {
        let seeds = match &self.origin {
            Origin::Drawn(seeds) => seeds,
            Origin::Loaded(loaded) => return file::loaded(loaded, wanted.name, wanted.shape),
            Origin::Adapted(loaded, seeds) => match file::adapted(loaded, wanted)? {
                Some(values) => return Ok(values),
                None => seeds,
            },
        };
        let mut rng = seeds.rng(wanted.name);
        self.frozen_as_given &= wanted.training != Training::Frozen;
        Ok((0..wanted.shape.iter().product()).map(|_| wanted.init.draw(&mut rng)).collect())
    }

    /// What is known of texts after frozen layers, where all frozen tensors are those of the adapted
    /// weights: then it holds for every model that adapts them.
    pub(super) fn kept_states(&self) -> Option<Arc<FrozenStates>> {
        self.kept.clone().filter(|_| self.frozen_as_given)
    }

    /// All trained values, in the order of the slots; padding is zero.
    pub fn trained(&self) -> &[f32] {
        &self.trained
    }

    /// All trained values, to be moved by an optimizer. Padding must stay zero.
    pub fn trained_mut(&mut self) -> &mut [f32] {
        &mut self.trained
    }

    /// All values that stay as they are.
    pub fn frozen(&self) -> &[f32] {
        &self.frozen
    }

    /// All values that are not trained, but change with training.
    pub fn buffers(&self) -> &[f32] {
        &self.buffers
    }

    /// The names of all trained tensors with their places, sorted.
    pub fn slots(&self) -> impl Iterator<Item = (&str, Slot)> {
        let is_trained = |training| !matches!(training, None | Some(Training::Frozen));
        let trained = self.entries.iter().filter(move |(_, entry)| is_trained(entry.training));
        trained.map(|(name, entry)| (name.as_str(), Slot(entry.range.clone())))
    }

    /// A copy of all values that may change, to go back to.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot { trained: self.trained.clone(), buffers: self.buffers.clone() }
    }

    /// Trades all values that may change with those of a snapshot of these weights.
    pub fn swap(&mut self, snapshot: &mut Snapshot) {
        std::mem::swap(&mut self.trained, &mut snapshot.trained);
        std::mem::swap(&mut self.buffers, &mut snapshot.buffers);
    }

    /// The values of a tensor in the order of its shape; `None` when there is no such tensor.
    pub fn tensor(&self, name: &str) -> Option<Vec<f32>> {
        let arena = match self.entries.get(name)?.training {
            None => &self.buffers,
            Some(Training::Frozen) => &self.frozen,
            Some(_) => &self.trained,
        };
        self.arrange(name, arena)
    }

    /// As [`Weights::tensor`], of values that lie as these weights do, such as gradients.
    pub fn arrange(&self, name: &str, values: &[f32]) -> Option<Vec<f32>> {
        let places = self.places(name)?;
        Some(places.map(|at| values[at]).collect())
    }

    /// Where each value of a tensor, in the order of its shape, is among the values of all.
    pub(super) fn places(&self, name: &str) -> Option<impl Iterator<Item = usize> + '_> {
        let entry = self.entries.get(name)?;
        Some(entry.places().map(|at| entry.range.start + at))
    }

    /// How many values are learnt or were, buffers left out.
    pub fn parameters(&self) -> usize {
        let learnt = self.entries.values().filter(|entry| entry.training.is_some());
        learnt.map(|entry| entry.shape.iter().product::<usize>()).sum()
    }

    /// The shape of a tensor; `None` when there is no such tensor.
    pub fn shape(&self, name: &str) -> Option<&[usize]> {
        Some(&self.entries.get(name)?.shape)
    }

    /// The bytes of a safetensors file; equal weights give equal bytes.
    ///
    /// # Errors
    /// A tensor cannot be written (a defect).
    pub fn to_safetensors(&self) -> Result<Vec<u8>, WeightsError> {
        let values = |name: &str| self.tensor(name).unwrap_or_default();
        let tensors = self.entries.iter();
        file::write(tensors.map(|(name, entry)| (name.as_str(), &entry.shape[..], values(name))))
    }

    /// Whether every value is a number.
    pub fn are_finite(&self) -> bool {
        self.trained.iter().chain(&self.buffers).all(|value| value.is_finite())
    }
}

/// A copy of all values of some weights that may change.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// As [`Weights::trained`].
    pub trained: Vec<f32>,
    /// As [`Weights::buffers`].
    pub buffers: Vec<f32>,
}

/// As one of the group of all.
fn wanted<'a>(name: &'a str, shape: &'a [usize], columns: Option<Columns>, init: Init) -> Wanted<'a> {
    Wanted { name, shape, columns, init, training: Training::Plain, source: Source::Adapted }
}

impl Index<&BufferSlot> for Weights {
    type Output = [f32];

    fn index(&self, slot: &BufferSlot) -> &[f32] {
        &self.buffers[slot.0.clone()]
    }
}

impl IndexMut<&BufferSlot> for Weights {
    fn index_mut(&mut self, slot: &BufferSlot) -> &mut [f32] {
        &mut self.buffers[slot.0.clone()]
    }
}
