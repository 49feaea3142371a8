//! What methods have learnt as the bytes of a safetensors file, and back.

use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use super::{Detector, Mahalanobis, Neighbours, ScopeModels};

/// Why bytes are no [`ScopeModels`].
#[derive(Debug, thiserror::Error)]
pub enum ScopeError {
    /// Not a safetensors file.
    #[error("what the out-of-scope method has learnt cannot be read: {0}")]
    Unreadable(#[from] safetensors::SafeTensorError),
    /// A tensor that no method has.
    #[error("no out-of-scope method has a tensor `{0}`")]
    Extra(String),
    /// A tensor of a method that has others is not there.
    #[error("the tensor `{0}` of the out-of-scope method is not there")]
    Missing(&'static str),
    /// A tensor is of another shape or type than it should be.
    #[error("the tensor `{name}` of the out-of-scope method is {dtype} {found:?}, not {wanted}")]
    Misfit {
        /// Its name.
        name: &'static str,
        /// Its type.
        dtype: Dtype,
        /// Its shape.
        found: Vec<usize>,
        /// What it should be.
        wanted: &'static str,
    },
    /// A value that is infinite or no number.
    #[error("the tensor `{0}` of the out-of-scope method has a value that is not a number")]
    Value(&'static str),
}

const MEANS: &str = "mahalanobis.means";
const WHITENING: &str = "mahalanobis.whitening";
const BANK: &str = "neighbours.bank";
const WEIGHTS: &str = "detector.weights";
const BIAS: &str = "detector.bias";

impl ScopeModels {
    /// The bytes of a safetensors file; equal models give equal bytes.
    ///
    /// Tensors, those of each method that was fitted: `mahalanobis.means` F64 `(K, F)` and
    /// `mahalanobis.whitening` F64 `(F, F)`; `neighbours.bank` F32 `(N, F)`; `detector.weights` F64
    /// `(F + 1)` and `detector.bias` F64 `(1)`.
    ///
    /// # Errors
    /// A tensor does not have the size of its shape (a defect).
    pub fn to_safetensors(&self) -> Result<Vec<u8>, ScopeError> {
        let wide = |values: &[f64]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
        let mut tensors: Vec<(&str, Dtype, Vec<usize>, Vec<u8>)> = Vec::new();
        if let Some(Mahalanobis { means, whitening, width }) = &self.mahalanobis {
            tensors.push((MEANS, Dtype::F64, vec![means.len() / width, *width], wide(means)));
            tensors.push((WHITENING, Dtype::F64, vec![*width, *width], wide(whitening)));
        }
        if let Some(Neighbours { bank, width }) = &self.neighbours {
            let bytes = bank.iter().flat_map(|value| value.to_le_bytes()).collect();
            tensors.push((BANK, Dtype::F32, vec![bank.len() / width, *width], bytes));
        }
        if let Some(Detector { weights, bias }) = &self.detector {
            tensors.push((WEIGHTS, Dtype::F64, vec![weights.len()], wide(weights)));
            tensors.push((BIAS, Dtype::F64, vec![1], wide(&[*bias])));
        }
        let mut views = Vec::with_capacity(tensors.len());
        for (name, dtype, shape, bytes) in &tensors {
            views.push((*name, TensorView::new(*dtype, shape.clone(), bytes)?));
        }
        Ok(safetensors::serialize(views, None)?)
    }

    /// What methods have learnt, from the bytes of a safetensors file; everything that scoring relies
    /// on is checked.
    ///
    /// # Errors
    /// The bytes are damaged, or are something else.
    pub fn from_safetensors(bytes: &[u8]) -> Result<Self, ScopeError> {
        let tensors = SafeTensors::deserialize(bytes)?;
        let mut names = tensors.names();
        names.sort_unstable();
        if let Some(extra) = names.iter().find(|name| ![MEANS, WHITENING, BANK, WEIGHTS, BIAS].contains(name))
        {
            return Err(ScopeError::Extra((*extra).to_owned()));
        }
        let has = |wanted: &[&str]| wanted.iter().any(|wanted| names.contains(wanted));
        Ok(Self {
            mahalanobis: has(&[MEANS, WHITENING]).then(|| read_mahalanobis(&tensors)).transpose()?,
            neighbours: has(&[BANK]).then(|| read_neighbours(&tensors)).transpose()?,
            detector: has(&[WEIGHTS, BIAS]).then(|| read_detector(&tensors)).transpose()?,
        })
    }
}

fn read_mahalanobis(tensors: &SafeTensors<'_>) -> Result<Mahalanobis, ScopeError> {
    const WANTED: &str = "F64 of shape [classes, features]";
    let (means, shape) = wide(tensors, MEANS, WANTED, |shape| shape.len() == 2 && !shape.contains(&0))?;
    let width = shape[1];
    let square = |shape: &[usize]| shape == [width, width];
    let (whitening, _) = wide(tensors, WHITENING, "F64 of shape [features, features]", square)?;
    Ok(Mahalanobis { means, whitening, width })
}

fn read_neighbours(tensors: &SafeTensors<'_>) -> Result<Neighbours, ScopeError> {
    let fits = |shape: &[usize]| shape.len() == 2 && !shape.contains(&0);
    let (bytes, shape) = tensor(tensors, BANK, Dtype::F32, "F32 of shape [texts, features]", fits)?;
    let bank: Vec<f32> = bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
    if bank.iter().any(|value| !value.is_finite()) {
        return Err(ScopeError::Value(BANK));
    }
    Ok(Neighbours { bank, width: shape[1] })
}

fn read_detector(tensors: &SafeTensors<'_>) -> Result<Detector, ScopeError> {
    let fits = |shape: &[usize]| shape.len() == 1 && shape[0] > 1;
    let (weights, _) = wide(tensors, WEIGHTS, "F64 of shape [features + 1]", fits)?;
    let (bias, _) = wide(tensors, BIAS, "F64 of shape [1]", |shape| shape == [1])?;
    Ok(Detector { weights, bias: bias[0] })
}

/// The numbers of a tensor of `f64`, and its shape.
fn wide(
    tensors: &SafeTensors<'_>,
    name: &'static str,
    wanted: &'static str,
    fits: impl Fn(&[usize]) -> bool,
) -> Result<(Vec<f64>, Vec<usize>), ScopeError> {
    let (bytes, shape) = tensor(tensors, name, Dtype::F64, wanted, fits)?;
    let values: Vec<f64> = bytes.as_chunks().0.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect();
    if values.iter().any(|value| !value.is_finite()) {
        return Err(ScopeError::Value(name));
    }
    Ok((values, shape))
}

/// The bytes of a tensor of this type whose shape fits, and the shape.
fn tensor<'a>(
    tensors: &SafeTensors<'a>,
    name: &'static str,
    dtype: Dtype,
    wanted: &'static str,
    fits: impl Fn(&[usize]) -> bool,
) -> Result<(&'a [u8], Vec<usize>), ScopeError> {
    let found = tensors.tensor(name).map_err(|_| ScopeError::Missing(name))?;
    if found.dtype() != dtype || !fits(found.shape()) {
        let (dtype, found) = (found.dtype(), found.shape().to_vec());
        return Err(ScopeError::Misfit { name, dtype, found, wanted });
    }
    Ok((found.data(), found.shape().to_vec()))
}

#[cfg(test)]
mod tests {
    use super::super::OutOfScopeMethod;
    use super::super::testing::cloud;
    use super::*;
    use proptest::prelude::*;

    fn models() -> ScopeModels {
        ScopeModels::fit(&cloud(9, 3, 4, 0.0), Some(&cloud(5, 3, 4, 2.0)))
    }

    proptest! {
        #[test]
        fn damaged_bytes_are_refused_or_read_without_a_panic(at in 0_usize..4000, byte: u8, cut in 0_usize..4000) {
            let mut bytes = models().to_safetensors().unwrap();
            let at = at % bytes.len();
            bytes[at] = byte;
            if let Ok(read) = ScopeModels::from_safetensors(&bytes) {
                let table = cloud(3, 3, 4, 0.0);
                for method in OutOfScopeMethod::ALL {
                    let _ = read.scores(method, &table, 1.0);
                }
            }
            bytes.truncate(cut % bytes.len());
            prop_assert!(ScopeModels::from_safetensors(&bytes).is_err());
        }
    }

    #[test]
    fn what_is_written_is_read() {
        for method in OutOfScopeMethod::ALL {
            let models = models().only(method);
            let bytes = models.to_safetensors().unwrap();
            assert_eq!(ScopeModels::from_safetensors(&bytes).unwrap(), models);
        }
        let bytes = models().to_safetensors().unwrap();
        assert_eq!(ScopeModels::from_safetensors(&bytes).unwrap(), models());
    }

    #[test]
    fn parts_that_do_not_fit_each_other_are_named() {
        let mut broken = models();
        broken.mahalanobis.as_mut().unwrap().whitening[1] = f64::NAN;
        let told = |models: &ScopeModels| {
            ScopeModels::from_safetensors(&models.to_safetensors().unwrap()).unwrap_err().to_string()
        };
        assert!(told(&broken).contains("`mahalanobis.whitening`") && told(&broken).contains("not a number"));
        let view = |shape: Vec<usize>, bytes| TensorView::new(Dtype::F64, shape, bytes).unwrap();
        let read = |parts: Vec<(&str, TensorView<'_>)>| {
            let bytes = safetensors::serialize(parts, None).unwrap();
            ScopeModels::from_safetensors(&bytes).unwrap_err().to_string()
        };
        let zeros = [0; 64];
        assert!(read(vec![("a", view(vec![8], &zeros))]).contains("no out-of-scope method has a tensor `a`"));
        assert!(read(vec![(MEANS, view(vec![2, 4], &zeros))]).contains("`mahalanobis.whitening`"));
        let both = vec![(MEANS, view(vec![2, 4], &zeros)), (WHITENING, view(vec![2, 4], &zeros))];
        assert!(read(both).contains("not F64 of shape [features, features]"));
        assert!(read(vec![(BANK, view(vec![2, 4], &zeros))]).contains("is F64 [2, 4], not F32"));
    }
}
