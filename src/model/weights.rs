//! The named tensors of a model: new ones drawn from the seed tree, or loaded ones.

use std::collections::{BTreeMap, HashMap};

use candle_core::{Device, Tensor, Var};
use rand::RngExt;

use crate::rng::SeedTree;

/// The named tensors of one model: trained variables, and buffers such as running statistics.
///
/// A new tensor is drawn from a stream of its own, keyed by its name, so the order in which layers
/// are built does not matter. Names are unique: sharing must be explicit.
pub struct Weights {
    trained: BTreeMap<String, Var>,
    buffers: BTreeMap<String, Var>,
    origin: Origin,
}

enum Origin {
    Drawn(SeedTree),
    Loaded(HashMap<String, Tensor>),
}

/// Why weights cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    /// Not a safetensors file, or tensors that do not fit the model.
    #[error("the weights cannot be used: {0}")]
    Tensor(#[from] candle_core::Error),
    /// A tensor that the model does not have.
    #[error("the weights have a tensor `{0}` that the model does not know")]
    Extra(String),
}

impl Weights {
    /// New weights, to be drawn as layers ask for them.
    pub fn new(seeds: SeedTree) -> Self {
        Self { trained: BTreeMap::new(), buffers: BTreeMap::new(), origin: Origin::Drawn(seeds) }
    }

    /// Weights from the bytes of a safetensors file.
    ///
    /// # Errors
    /// The bytes are damaged.
    pub fn from_safetensors(bytes: &[u8]) -> Result<Self, WeightsError> {
        let loaded = candle_core::safetensors::load_buffer(bytes, &Device::Cpu)?;
        Ok(Self { trained: BTreeMap::new(), buffers: BTreeMap::new(), origin: Origin::Loaded(loaded) })
    }

    /// To be called when the model is built: every loaded tensor must have found its place.
    ///
    /// # Errors
    /// [`WeightsError::Extra`].
    pub fn check_all_used(&self) -> Result<(), WeightsError> {
        let Origin::Loaded(loaded) = &self.origin else { return Ok(()) };
        let mut extra: Vec<_> = loaded
            .keys()
            .filter(|name| !self.trained.contains_key(*name) && !self.buffers.contains_key(*name))
            .collect();
        extra.sort();
        extra.first().map_or(Ok(()), |name| Err(WeightsError::Extra((*name).clone())))
    }

    /// A trained tensor, new ones uniform in ±`bound`.
    ///
    /// # Errors
    /// The name is taken, or the loaded tensor is missing or has another shape.
    pub fn uniform(&mut self, name: &str, shape: &[usize], bound: f64) -> candle_core::Result<Tensor> {
        self.add_trained(name, shape, |rng| rng.random_range(-bound..bound) as f32)
    }

    /// A trained tensor, new ones standard normal (Box–Muller).
    ///
    /// # Errors
    /// As [`Weights::uniform`].
    pub fn normal(&mut self, name: &str, shape: &[usize]) -> candle_core::Result<Tensor> {
        self.add_trained(name, shape, |rng| {
            let radius = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt();
            (radius * (std::f64::consts::TAU * rng.random::<f64>()).cos()) as f32
        })
    }

    /// A trained tensor, new ones filled with one value.
    ///
    /// # Errors
    /// As [`Weights::uniform`].
    pub fn constant(&mut self, name: &str, shape: &[usize], value: f32) -> candle_core::Result<Tensor> {
        self.add_trained(name, shape, |_| value)
    }

    /// A tensor that belongs to the model but is not trained, new ones filled with one value.
    ///
    /// # Errors
    /// As [`Weights::uniform`].
    pub fn buffer(&mut self, name: &str, shape: &[usize], value: f32) -> candle_core::Result<Var> {
        let variable = self.make(name, shape, |_| value)?;
        self.buffers.insert(name.to_owned(), variable.clone());
        Ok(variable)
    }

    fn add_trained(
        &mut self,
        name: &str,
        shape: &[usize],
        draw: impl FnMut(&mut crate::rng::ChaCha8Rng) -> f32,
    ) -> candle_core::Result<Tensor> {
        let variable = self.make(name, shape, draw)?;
        let tensor = variable.as_tensor().clone();
        self.trained.insert(name.to_owned(), variable);
        Ok(tensor)
    }

    fn make(
        &self,
        name: &str,
        shape: &[usize],
        mut draw: impl FnMut(&mut crate::rng::ChaCha8Rng) -> f32,
    ) -> candle_core::Result<Var> {
        if self.trained.contains_key(name) || self.buffers.contains_key(name) {
            candle_core::bail!("two tensors are named `{name}`")
        }
        match &self.origin {
            Origin::Drawn(seeds) => {
                let mut rng = seeds.rng(name);
                let values = (0..shape.iter().product()).map(|_| draw(&mut rng)).collect();
                Var::from_vec(values, shape, &Device::Cpu)
            }
            Origin::Loaded(loaded) => match loaded.get(name) {
                Some(tensor) if tensor.dims() == shape => Var::from_tensor(tensor),
                Some(tensor) => candle_core::bail!("`{name}` has shape {:?}, not {shape:?}", tensor.dims()),
                None => candle_core::bail!("tensor `{name}` is missing"),
            },
        }
    }

    /// Trained variables, sorted by name.
    pub fn trained(&self) -> impl Iterator<Item = (&str, &Var)> {
        self.trained.iter().map(|(name, variable)| (name.as_str(), variable))
    }

    fn all(&self) -> impl Iterator<Item = (&String, &Var)> {
        self.trained.iter().chain(&self.buffers)
    }

    /// All tensors, trained ones and buffers, in a fixed order.
    pub fn tensors(&self) -> impl Iterator<Item = &Tensor> {
        self.all().map(|(_, variable)| variable.as_tensor())
    }

    /// A copy of all values, to go back to.
    ///
    /// # Errors
    /// Out of memory.
    pub fn snapshot(&self) -> candle_core::Result<Vec<Tensor>> {
        // `copy`, not `clone`: a clone would share its storage with the variable.
        self.all().map(|(_, variable)| variable.as_tensor().copy()).collect()
    }

    /// Goes back to a snapshot of these weights.
    ///
    /// # Errors
    /// The snapshot is of other weights.
    pub fn restore(&self, snapshot: &[Tensor]) -> candle_core::Result<()> {
        self.all().zip(snapshot).try_for_each(|((_, variable), tensor)| variable.set(tensor))
    }

    /// The bytes of a safetensors file; equal weights give equal bytes.
    ///
    /// # Errors
    /// A tensor cannot be written (a defect).
    pub fn to_safetensors(&self) -> candle_core::Result<Vec<u8>> {
        // A sorted map: the format keeps the order that it is given among equal types.
        let tensors: BTreeMap<&String, &Tensor> =
            self.all().map(|(name, variable)| (name, variable.as_tensor())).collect();
        Ok(safetensors::serialize(tensors, None)?)
    }

    /// Whether every value is a number.
    ///
    /// # Errors
    /// A tensor cannot be read (a defect).
    pub fn are_finite(&self) -> candle_core::Result<bool> {
        for (_, variable) in self.all() {
            if !variable.flatten_all()?.to_vec1::<f32>()?.iter().all(|value| value.is_finite()) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
