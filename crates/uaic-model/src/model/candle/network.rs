//! The convolutional network with its places in some weights, and its graph.

use candle_core::{Result, Tensor};
use candle_nn::{Linear, Module};

use super::input::{Input, Tables};
use super::leaf::Leaf;
use crate::model::contract::Dimensions;
use crate::model::error::WeightsError;
use crate::model::head::Head;
use crate::model::spec::CnnSpec;
use crate::model::weights::{Init, Slot, Weights};

/// Filters over neighbouring words; of what each finds in a text the largest value is kept.
#[derive(Clone, Debug)]
pub(super) struct Cnn {
    pub(super) tables: Tables,
    pub(super) filters: usize,
    pub(super) convolutions: Vec<Convolution>,
    pub(super) head: Head,
    pub(super) word_dropout: f64,
    pub(super) dropout: f64,
}

/// The filters of one width.
#[derive(Clone, Debug)]
pub(super) struct Convolution {
    pub(super) width: usize,
    /// `(filters, E, width)`
    pub(super) weight: Slot,
    /// `(filters)`
    pub(super) bias: Slot,
}

impl Convolution {
    /// Words of a window before the one that it stands for; the others come after it.
    pub(super) fn before(&self) -> usize {
        (self.width - 1) / 2
    }
}

/// The network's filters, as candle has them: each set as one product with the windows of a text.
///
/// Not as candle's convolution, whose backward pass gives wrong gradients of the weights (0.11.1: the
/// gradient of its output reaches `conv1d` transposed, and where an operand is not contiguous this
/// multiplies by the operand as it lies in memory).
pub(super) struct Filters(Vec<Linear>);

/// What a pass has found.
pub(super) struct Found {
    /// Which word has the largest value of each filter, `(B, filters, 1)` for each width.
    pub(super) places: Vec<Tensor>,
    /// `(B, F)`
    pub(super) features: Tensor,
}

impl Cnn {
    pub(super) fn new(
        spec: &CnnSpec,
        sizes: Dimensions,
        weights: &mut Weights,
    ) -> std::result::Result<Self, WeightsError> {
        let (embedding_dim, filters) = (spec.embedding_dim as usize, spec.filters as usize);
        let tables = Tables::new(embedding_dim, sizes, weights)?;
        let mut convolution = |width: u32| {
            let (name, width) = (format!("conv{width}"), width as usize);
            let init = Init::Uniform(1.0 / ((embedding_dim * width) as f64).sqrt());
            let weight = weights.plain(&format!("{name}.weight"), &[filters, embedding_dim, width], init)?;
            let bias = weights.plain(&format!("{name}.bias"), &[filters], init)?;
            Ok::<_, WeightsError>(Convolution { width, weight, bias })
        };
        let widths = spec.width_min.max(1)..=spec.width_max;
        let convolutions: Vec<Convolution> =
            widths.map(&mut convolution).collect::<std::result::Result<_, _>>()?;
        let width = filters * convolutions.len();
        Ok(Self {
            tables,
            filters,
            convolutions,
            head: Head::new((width, sizes.classes), spec.head_dropout, weights)?,
            word_dropout: spec.word_dropout,
            dropout: spec.dropout,
        })
    }

    /// Padding before and after a text, in words: what the widest filters need.
    pub(super) fn margins(&self) -> (usize, usize) {
        let widest = self.convolutions.last();
        widest.map_or((0, 0), |widest| (widest.before(), widest.width - 1 - widest.before()))
    }

    pub(super) fn filters(&self, trained: &[f32], leaf: Leaf) -> Result<Filters> {
        let convolution = |of: &Convolution| {
            let weight = leaf.tensor(of.weight.of(trained), &[self.filters, self.tables.width * of.width])?;
            let bias = leaf.tensor(of.bias.of(trained), &[self.filters])?;
            Ok(Linear::new(weight, Some(bias)))
        };
        Ok(Filters(self.convolutions.iter().map(convolution).collect::<Result<_>>()?))
    }

    /// From looked-up words to features.
    pub(super) fn forward(&self, filters: &Filters, input: &Input) -> Result<Found> {
        let vectors = input.vectors(self.margins())?;
        let (mut places, mut maxima) = (Vec::new(), Vec::new());
        for (of, product) in self.convolutions.iter().zip(&filters.0) {
            let windows = self.windows(of, &vectors, input.steps())?;
            // (B, filters, T)
            let found = product.forward(&windows)?.transpose(1, 2)?.contiguous()?;
            let largest = input.unseen(&found.detach())?.argmax_keepdim(2)?;
            // One of equals, where `max` would give each of them the whole gradient.
            maxima.push(found.gather(&largest, 2)?.squeeze(2)?.relu()?);
            places.push(largest);
        }
        Ok(Found { places, features: Tensor::cat(&maxima, 1)? })
    }

    /// What the filters of one width see of each word and its neighbours, `(B, T, E · width)`, of padded
    /// vectors `(B, E, before + T + after)`.
    fn windows(&self, of: &Convolution, vectors: &Tensor, steps: usize) -> Result<Tensor> {
        // Narrower filters need less of the padding.
        let skipped = self.margins().0 - of.before();
        let neighbours = (skipped..skipped + of.width).map(|first| vectors.narrow(2, first, steps));
        // (B, E, width, T)
        let windows = Tensor::stack(&neighbours.collect::<Result<Vec<_>>>()?, 2)?;
        windows.flatten(1, 2)?.transpose(1, 2)?.contiguous()
    }
}

impl Filters {
    /// The leaves that are trained, each with its place in the weights.
    pub(super) fn leaves<'a>(&'a self, network: &'a Cnn) -> impl Iterator<Item = (&'a Slot, &'a Tensor)> {
        let all = network
            .convolutions
            .iter()
            .zip(&self.0)
            .flat_map(|(of, product)| [(&of.weight, Some(product.weight())), (&of.bias, product.bias())]);
        all.filter_map(|(slot, leaf)| Some((slot, leaf?)))
    }
}
