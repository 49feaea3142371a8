//! Tensors as safetensors files hold them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use half::{bf16, f16};
use safetensors::tensor::{Dtype, SafeTensors, TensorView, View};

use super::parameter::Source;
use super::{Wanted, WeightsError, inputs};

/// Tensors by name.
pub type Tensors = BTreeMap<String, Tensor>;

/// One tensor of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    kind: Dtype,
    shape: Vec<usize>,
    /// None for a tensor of whole numbers or of other floats than those of 16, 32 and 64 bits.
    values: Option<Vec<f32>>,
}

impl Tensor {
    /// 32-bit floats of a shape, row-major; `None` when they are not as many as it has room for.
    pub fn new(shape: Vec<usize>, values: Vec<f32>) -> Option<Self> {
        let fits = shape.iter().product::<usize>() == values.len();
        fits.then_some(Self { kind: Dtype::F32, shape, values: Some(values) })
    }

    fn read(view: &TensorView<'_>) -> Self {
        let (kind, bytes) = (view.dtype(), view.data());
        let values = match kind {
            Dtype::F32 => Some(numbers(bytes, f32::from_le_bytes)),
            Dtype::F64 => Some(numbers(bytes, |bytes| f64::from_le_bytes(bytes) as f32)),
            Dtype::F16 => Some(numbers(bytes, |bytes| f16::from_le_bytes(bytes).to_f32())),
            Dtype::BF16 => Some(numbers(bytes, |bytes| bf16::from_le_bytes(bytes).to_f32())),
            _ => None,
        };
        Self { kind, shape: view.shape().to_vec(), values }
    }

    /// Its dimensions.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Its values as 32-bit floats, row-major; `None` for whole numbers.
    pub fn values(&self) -> Option<&[f32]> {
        self.values.as_deref()
    }

    /// The same as 32-bit floats; `None` for whole numbers.
    pub fn into_floats(self) -> Option<Self> {
        self.values.is_some().then_some(Self { kind: Dtype::F32, ..self })
    }

    fn misfit(&self, name: &str, wanted: &[usize]) -> WeightsError {
        let found = format!("{:?} of shape {:?}", self.kind, self.shape);
        WeightsError::Misfit { name: name.to_owned(), found, wanted: wanted.to_vec() }
    }
}

fn numbers<const N: usize>(bytes: &[u8], read: impl Fn([u8; N]) -> f32) -> Vec<f32> {
    bytes.as_chunks().0.iter().map(|bytes| read(*bytes)).collect()
}

/// The tensors of a safetensors file.
///
/// # Errors
/// The bytes are damaged.
pub fn read_tensors(bytes: &[u8]) -> Result<Tensors, WeightsError> {
    let file = SafeTensors::deserialize(bytes)?;
    Ok(file.iter().map(|(name, view)| (name.to_owned(), Tensor::read(&view))).collect())
}

/// The bytes of a safetensors file; equal tensors give equal bytes.
pub(super) fn write<'a>(
    tensors: impl Iterator<Item = (&'a str, &'a [usize], Vec<f32>)>,
) -> Result<Vec<u8>, WeightsError> {
    // A sorted map: the format keeps the order that it is given among equal types.
    let tensors: BTreeMap<&str, Written<'a>> = tensors
        .map(|(name, shape, values)| {
            (name, Written { shape, bytes: values.iter().flat_map(|value| value.to_le_bytes()).collect() })
        })
        .collect();
    Ok(safetensors::serialize(tensors, None)?)
}

/// 32-bit floats on their way into a file.
struct Written<'a> {
    shape: &'a [usize],
    bytes: Vec<u8>,
}

impl View for Written<'_> {
    fn dtype(&self) -> Dtype {
        Dtype::F32
    }

    fn shape(&self) -> &[usize] {
        self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.bytes)
    }

    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}

/// The values of a tensor that must be there, as 32-bit floats of this very shape.
pub(super) fn loaded(tensors: &Tensors, name: &str, shape: &[usize]) -> Result<Vec<f32>, WeightsError> {
    let tensor = tensors.get(name).ok_or_else(|| WeightsError::Missing(name.to_owned()))?;
    match &tensor.values {
        Some(values) if tensor.shape == shape && tensor.kind == Dtype::F32 => Ok(values.clone()),
        _ => Err(tensor.misfit(name, shape)),
    }
}

/// The values of a tensor that may be there, as floats of a shape; a table may have more rows than that.
pub(super) fn adapted(tensors: &Tensors, wanted: &Wanted<'_>) -> Result<Option<Vec<f32>>, WeightsError> {
    let Some(tensor) = tensors.get(wanted.name).filter(|_| wanted.source == Source::Adapted) else {
        return Ok(None);
    };
    let (found, shape) = (&tensor.shape[..], wanted.shape);
    let has_rows = found.len() == shape.len() && found[1..] == shape[1..] && found[0] >= shape[0];
    // Only tables lie as they are and have rows of their own.
    let may_be_cut = wanted.columns.is_none() && shape.len() == 2;
    match &tensor.values {
        Some(values) if found == shape || may_be_cut && has_rows => {
            Ok(Some(values[..shape[0] * inputs(shape)].to_vec()))
        }
        _ => Err(tensor.misfit(wanted.name, shape)),
    }
}
