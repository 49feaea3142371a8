//! Applying the convolutional network, one text after the other.

use candle_core::Result;

use super::input::Input;
use super::leaf::Leaf;
use super::network::{Cnn, Filters, Found};
use crate::model::contract::{Observation, Predictor};
use crate::model::error::ModelError;
use crate::model::head::Applied;
use crate::model::weights::Weights;
use crate::text::TokenIds;
use uaic_kernel::Kernels;

pub(super) struct CnnPredictor<'a> {
    network: &'a Cnn,
    kernels: Kernels,
    weights: &'a Weights,
    /// Made when they are first needed.
    filters: Option<Filters>,
    /// `(B, F)`
    features: Vec<f32>,
    applied: Applied,
}

impl<'a> CnnPredictor<'a> {
    pub(super) fn new(network: &'a Cnn, kernels: Kernels, weights: &'a Weights) -> Self {
        let (features, applied) = (Vec::new(), Applied::default());
        Self { network, kernels, weights, filters: None, features, applied }
    }

    fn run(&mut self, text: &TokenIds) -> Result<Found> {
        let Self { network, weights, filters, .. } = self;
        let trained = weights.trained();
        let filters = match filters {
            Some(filters) => filters,
            None => filters.insert(network.filters(trained, Leaf::Constant)?),
        };
        let input = Input::look_up(&network.tables, trained, &[text], text.words(), Leaf::Constant)?;
        network.forward(filters, &input)
    }

    /// From features to logits; normalises the features.
    fn head(&mut self, logits: &mut Vec<f32>) {
        let Self { network, kernels, weights, features, applied, .. } = self;
        network.head.apply((*kernels, weights), features, applied, logits);
    }

    fn shares(&self, found: &Found, features: &[f32], tokens: usize) -> Result<Vec<f32>> {
        let mut shares = vec![0.0; tokens];
        let convolutions = self.network.convolutions.iter().zip(&found.places);
        for ((convolution, places), features) in convolutions.zip(features.chunks(self.network.filters)) {
            let places: Vec<u32> = places.flatten_all()?.to_vec1()?;
            // What is cut off at zero says nothing.
            for (place, _) in places.into_iter().zip(features).filter(|(_, value)| **value > 0.0) {
                let (place, before) = (place as usize, convolution.before());
                let end = (place + convolution.width - before).min(tokens);
                let window = &mut shares[place.saturating_sub(before)..end];
                let share = 1.0 / window.len() as f32;
                for own in window {
                    *own += share;
                }
            }
        }
        let total: f32 = shares.iter().sum();
        let even = 1.0 / tokens as f32;
        Ok(shares.into_iter().map(|share| if total > 0.0 { share / total } else { even }).collect())
    }
}

impl Predictor for CnnPredictor<'_> {
    fn logits(&mut self, texts: &[&TokenIds], logits: &mut Vec<f32>) -> std::result::Result<(), ModelError> {
        self.features.clear();
        for text in texts {
            let own: Vec<f32> = self.run(text)?.features.flatten_all()?.to_vec1()?;
            self.features.extend(own);
        }
        self.head(logits);
        Ok(())
    }

    /// A token's share is that of the maxima whose windows it lies in, each window divided among its
    /// tokens.
    fn observe(
        &mut self,
        texts: &[&TokenIds],
        seen: &mut Observation,
    ) -> std::result::Result<(), ModelError> {
        self.features.clear();
        seen.shares.clear();
        for text in texts {
            let found = self.run(text)?;
            let own: Vec<f32> = found.features.flatten_all()?.to_vec1()?;
            seen.shares.push(self.shares(&found, &own, text.len())?);
            self.features.extend(own);
        }
        seen.features.clone_from(&self.features);
        self.head(&mut seen.logits);
        Ok(())
    }
}
