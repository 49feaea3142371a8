//! The LSTM as one candle operation per layer, for models that are built of candle operations.
//!
//! Built of single operations, every step would allocate a dozen tensors, and its gradients would
//! be padded to the whole sequence. Here a layer is one node of the graph, and what it does is what
//! [`lstm`](super::lstm) does for the models of this crate.

#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use candle_core::{CpuStorage, CustomOp2, DType, Device, Error, Layout, Result, Shape, Tensor};
use candle_nn::{Init, VarBuilder};

use super::gradients::Parts;
use super::lstm::{Lstm, Tape, Transposed};
use super::{Batch, Weights};
use uaic_kernel::Kernels;
use uaic_kernel::rng::SeedTree;

/// The sizes of a [`FusedLstm`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LstmConfig {
    /// Values of an input, E.
    pub inputs: usize,
    /// Units of one direction, H.
    pub hidden: usize,
    /// Layers on top of each other, at least one.
    pub layers: usize,
    /// Read each text from its end as well.
    pub bidirectional: bool,
}

impl LstmConfig {
    /// Values of a state: D·H, where D is the number of directions.
    pub fn width(&self) -> usize {
        if self.bidirectional { 2 * self.hidden } else { self.hidden }
    }
}

/// A stack of LSTM layers over packed batches, differentiable by candle.
///
/// Parameters, their names, gate order (i, f, g, o) and initialisation are those of PyTorch's
/// `torch.nn.LSTM`, so its weights can be loaded as they are: `weight_ih_l0` `(4H, E)`,
/// `weight_hh_l0` `(4H, H)`, `bias_ih_l0` and `bias_hh_l0` `(4H)`; `weight_ih_l0_reverse` and so
/// on for the direction that reads from the end; `weight_ih_l1` `(4H, D·H)` and so on for the next
/// layer.
///
/// 32-bit floats on the CPU only.
///
/// ```
/// use candle_core::{DType, Device, Tensor};
/// use candle_nn::{Module, VarBuilder, VarMap};
/// use uaic_model::model::{Batch, FusedLstm, LstmConfig};
/// use uaic_model::text::TokenIds;
///
/// let variables = VarMap::new();
/// let vb = VarBuilder::from_varmap(&variables, DType::F32, &Device::Cpu);
/// let embedding = candle_nn::embedding(10, 4, vb.pp("embedding"))?;
/// let config = LstmConfig { inputs: 4, hidden: 8, layers: 2, bidirectional: true };
/// let lstm = FusedLstm::new(&config, vb.pp("lstm"))?;
///
/// let texts = [&[1, 2][..], &[3, 4, 5]].map(TokenIds::of_words);
/// let batch = Batch::pack(&texts.each_ref());
/// let inputs = embedding.forward(&Tensor::new(batch.words(), &Device::Cpu)?)?;
/// let states = lstm.forward(&inputs, &batch)?;
/// assert_eq!(states.dims(), [5, 16]);
///
/// // The last state of each text, in the batch's order: the longest text first.
/// let ends: Vec<u32> = (0..batch.len()).map(|row| batch.row(row)[batch.row(row).len() - 1] as u32).collect();
/// let last = states.index_select(&Tensor::new(ends, &Device::Cpu)?, 0)?;
/// let gradients = last.sqr()?.sum_all()?.backward()?;
/// assert!(variables.all_vars().iter().all(|variable| gradients.get(variable).is_some()));
/// # Ok::<(), candle_core::Error>(())
/// ```
#[derive(Clone)]
pub struct FusedLstm {
    layers: Vec<Layer>,
}

impl FusedLstm {
    /// A stack with parameters from `vb`.
    ///
    /// # Errors
    /// There is no layer, a size is zero, `vb` is not for 32-bit floats on the CPU, or it has no
    /// parameter of a name and shape.
    #[allow(clippy::needless_pass_by_value)] // as candle's own layers take it
    pub fn new(config: &LstmConfig, vb: VarBuilder<'_>) -> Result<Self> {
        if [config.inputs, config.hidden, config.layers].contains(&0) {
            candle_core::bail!("an LSTM needs inputs, units and layers: {config:?}")
        }
        if vb.dtype() != DType::F32 || !vb.device().is_cpu() {
            candle_core::bail!("the fused LSTM is for 32-bit floats on the CPU only")
        }
        let layers = (0..config.layers).map(|number| Layer::new(config, number, &vb));
        Ok(Self { layers: layers.collect::<Result<_>>()? })
    }

    /// Packed inputs `(N, E)` to packed states `(N, D·H)`, from zero states. Row n is of token n of
    /// `batch`; the direction that reads from the end begins at each text's own last token.
    ///
    /// # Errors
    /// The inputs are not 32-bit floats of that shape on the CPU.
    pub fn forward(&self, inputs: &Tensor, batch: &Batch) -> Result<Tensor> {
        self.apply(inputs, batch, Tensor::apply_op2)
    }

    /// As [`FusedLstm::forward`], to the same bits, but nothing is kept for a backward pass, and
    /// no gradient goes through.
    ///
    /// # Errors
    /// As [`FusedLstm::forward`].
    pub fn forward_without_gradient(&self, inputs: &Tensor, batch: &Batch) -> Result<Tensor> {
        self.apply(inputs, batch, |inputs, parameters, op| inputs.apply_op2_no_bwd(parameters, &op))
    }

    fn apply(
        &self,
        inputs: &Tensor,
        batch: &Batch,
        apply: impl Fn(&Tensor, &Tensor, Application) -> Result<Tensor>,
    ) -> Result<Tensor> {
        check(inputs, batch, self.layers[0].inputs)?;
        let batch = Arc::new(batch.clone());
        let mut states = inputs.contiguous()?;
        for Layer { parameters, fused, .. } in &self.layers {
            let application = Application::new(Arc::clone(fused), Arc::clone(&batch));
            states = apply(&states, &flat(parameters)?, application)?;
        }
        Ok(states)
    }
}

fn check(inputs: &Tensor, batch: &Batch, width: usize) -> Result<()> {
    let wanted = [batch.tokens(), width];
    if inputs.dims() != wanted {
        candle_core::bail!("the inputs of the LSTM have shape {:?}, not {wanted:?}", inputs.dims())
    }
    if inputs.dtype() != DType::F32 || !inputs.device().is_cpu() {
        let (dtype, device) = (inputs.dtype(), inputs.device().location());
        candle_core::bail!("the inputs of the LSTM are {dtype:?} on {device:?}, not 32-bit floats on the CPU")
    }
    Ok(())
}

/// All values, one tensor after the other.
fn flat(tensors: &[Tensor]) -> Result<Tensor> {
    let flat: Vec<Tensor> = tensors.iter().map(Tensor::flatten_all).collect::<Result<_>>()?;
    Tensor::cat(&flat, 0)
}

#[derive(Clone)]
struct Layer {
    inputs: usize,
    /// In PyTorch's order.
    parameters: Vec<Tensor>,
    fused: Arc<Fused>,
}

impl Layer {
    fn new(config: &LstmConfig, number: usize, vb: &VarBuilder<'_>) -> Result<Self> {
        let hidden = config.hidden;
        let inputs = if number == 0 { config.inputs } else { config.width() };
        // Of these weights only the layout is used, never a value.
        let mut layout = Weights::new(SeedTree::new(0));
        let lstm = Lstm::new("lstm", (inputs, hidden), config.bidirectional, &mut layout);
        let lstm = lstm.map_err(Error::wrap)?;
        let bound = 1.0 / (hidden as f64).sqrt();
        let init = Init::Uniform { lo: -bound, up: bound };
        let (mut parameters, mut places) = (Vec::new(), Vec::new());
        let directions = if config.bidirectional { &["", "_reverse"][..] } else { &[""] };
        for direction in directions {
            let matrices = [("weight_ih", inputs), ("weight_hh", hidden)].map(|(part, n)| (part, Some(n)));
            for (part, columns) in matrices.into_iter().chain([("bias_ih", None), ("bias_hh", None)]) {
                let shape: Vec<usize> = [4 * hidden].into_iter().chain(columns).collect();
                parameters.push(vb.get_with_hints(shape, &format!("{part}_l{number}{direction}"), init)?);
                places.extend(layout.places(&format!("lstm.{part}{direction}")).into_iter().flatten());
            }
        }
        let fused = Fused { kernels: Kernels::detect(), lstm, layout, places, spare: Mutex::default() };
        Ok(Self { inputs, parameters, fused: Arc::new(fused) })
    }
}

/// What all applications of a layer share.
struct Fused {
    kernels: Kernels,
    lstm: Lstm,
    /// Where the kernels want the parameters.
    layout: Weights,
    /// The place in it of each of the flat parameters.
    places: Vec<usize>,
    /// Memory of past applications: the system is slow to give and take large pieces.
    spare: Mutex<Vec<Memory>>,
}

/// What an application keeps, and what it works in.
#[derive(Default)]
struct Memory {
    /// Whether there was a forward pass since the last backward pass, which uses the tapes up.
    has_tapes: bool,
    tapes: Vec<Tape>,
    /// The parameters, and their gradients, in the kernels' order.
    parameters: Vec<f32>,
    gradients: Vec<f32>,
    transposed: Vec<Transposed>,
}

/// Inputs `(N, in)` and flat parameters to states `(N, D·H)`.
struct Application {
    fused: Arc<Fused>,
    batch: Arc<Batch>,
    memory: Mutex<Memory>,
}

impl Application {
    fn new(fused: Arc<Fused>, batch: Arc<Batch>) -> Self {
        let memory = lock(&fused.spare).pop().unwrap_or_default();
        Self { fused, batch, memory: Mutex::new(Memory { has_tapes: false, ..memory }) }
    }

    fn run(&self, inputs: &[f32], parameters: &[f32], memory: &mut Memory) -> Vec<f32> {
        let Fused { kernels, lstm, layout, places, .. } = &*self.fused;
        memory.parameters.resize(layout.trained().len(), 0.0);
        for (&place, value) in places.iter().zip(parameters) {
            memory.parameters[place] = *value;
        }
        let mut states = Vec::new();
        let Memory { parameters, tapes, .. } = memory;
        lstm.forward(*kernels, parameters, &self.batch, inputs, tapes, &mut states);
        memory.has_tapes = true;
        states
    }

    /// From gradients of the states to those of the inputs and of the flat parameters.
    fn run_back(
        &self,
        inputs: &[f32],
        states: &[f32],
        mut grad: Vec<f32>,
        memory: &mut Memory,
    ) -> (Vec<f32>, Vec<f32>) {
        let Fused { kernels, lstm, layout, places, .. } = &*self.fused;
        let Memory { has_tapes, tapes, parameters, gradients, transposed } = memory;
        *has_tapes = false;
        let mut grad_inputs = Vec::new();
        lstm.transpose(parameters, transposed);
        lstm.back(*kernels, transposed, &self.batch, states, tapes, &mut grad, &mut grad_inputs);
        gradients.resize(parameters.len(), 0.0);
        let mut tasks = Vec::new();
        lstm.tasks(&[(&self.batch, inputs, tapes)], &mut Parts::cut(layout, gradients), &mut tasks);
        for task in &mut tasks {
            task.run(*kernels);
        }
        (grad_inputs, places.iter().map(|&place| gradients[place]).collect())
    }
}

impl Drop for Application {
    fn drop(&mut self) {
        let memory = std::mem::take(&mut *lock(&self.memory));
        lock(&self.fused.spare).push(memory);
    }
}

impl CustomOp2 for Application {
    fn name(&self) -> &'static str {
        "lstm"
    }

    fn cpu_fwd(
        &self,
        inputs: &CpuStorage,
        inputs_layout: &Layout,
        parameters: &CpuStorage,
        parameters_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let inputs = contiguous(inputs, inputs_layout)?;
        let parameters = contiguous(parameters, parameters_layout)?;
        let states = self.run(inputs, parameters, &mut lock(&self.memory));
        let shape = Shape::from((self.batch.tokens(), self.fused.lstm.width()));
        Ok((CpuStorage::F32(states), shape))
    }

    fn bwd(
        &self,
        inputs: &Tensor,
        parameters: &Tensor,
        states: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let mut memory = lock(&self.memory);
        let (x, states) = (values(inputs)?, values(states)?);
        // A second backward pass through the same graph.
        if !memory.has_tapes {
            self.run(&x, &values(parameters)?, &mut memory);
        }
        let (grad_inputs, grad_parameters) = self.run_back(&x, &states, values(grad)?, &mut memory);
        let tensor = |values, like: &Tensor| Tensor::from_vec(values, like.shape(), &Device::Cpu);
        Ok((Some(tensor(grad_inputs, inputs)?), Some(tensor(grad_parameters, parameters)?)))
    }
}

fn values(tensor: &Tensor) -> Result<Vec<f32>> {
    tensor.flatten_all()?.to_vec1()
}

fn contiguous<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(&storage.as_slice::<f32>()?[start..end]),
        None => candle_core::bail!("the operands of the LSTM must be contiguous"),
    }
}

/// The memory of an application that panicked is as good as any: it is written before it is read.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
