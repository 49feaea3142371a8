//! Applying the convolutional network, one text after the other.

use candle_core::Result;

use super::input::Input;
use super::leaf::Leaf;
use super::network::{Cnn, Found, Layers};
use crate::model::contract::{Observation, Predictor};
use crate::model::error::ModelError;
use crate::model::weights::Weights;
use crate::text::TokenIds;

pub(super) struct CnnPredictor<'a> {
    network: &'a Cnn,
    weights: &'a Weights,
    /// Made when they are first needed.
    layers: Option<Layers>,
}

impl<'a> CnnPredictor<'a> {
    pub(super) fn new(network: &'a Cnn, weights: &'a Weights) -> Self {
        Self { network, weights, layers: None }
    }

    fn run(&mut self, text: &TokenIds) -> Result<Found> {
        let Self { network, weights, layers } = self;
        let trained = weights.trained();
        let layers = match layers {
            Some(layers) => layers,
            None => layers.insert(network.layers(trained, Leaf::Constant)?),
        };
        let input = Input::look_up(&network.tables, trained, &[text], text.words(), Leaf::Constant)?;
        network.forward(layers, &input, None)
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
                window.iter_mut().for_each(|own| *own += share);
            }
        }
        let total: f32 = shares.iter().sum();
        let even = 1.0 / tokens as f32;
        Ok(shares.into_iter().map(|share| if total > 0.0 { share / total } else { even }).collect())
    }
}

impl Predictor for CnnPredictor<'_> {
    fn logits(&mut self, texts: &[&TokenIds], logits: &mut Vec<f32>) -> std::result::Result<(), ModelError> {
        logits.clear();
        for text in texts {
            logits.extend(self.run(text)?.logits.flatten_all()?.to_vec1::<f32>()?);
        }
        Ok(())
    }

    /// A token's share is that of the maxima whose windows it lies in, each window divided among its
    /// tokens.
    fn observe(
        &mut self,
        texts: &[&TokenIds],
        seen: &mut Observation,
    ) -> std::result::Result<(), ModelError> {
        let Observation { logits, features, shares } = seen;
        logits.clear();
        features.clear();
        shares.clear();
        for text in texts {
            let found = self.run(text)?;
            let own: Vec<f32> = found.features.flatten_all()?.to_vec1()?;
            shares.push(self.shares(&found, &own, text.len())?);
            logits.extend(found.logits.flatten_all()?.to_vec1::<f32>()?);
            features.extend(own);
        }
        Ok(())
    }
}
