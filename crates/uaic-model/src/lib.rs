//! Text classifiers: what becomes of a text ([`text`]), the networks and their weights ([`model`]),
//! how they are trained ([`train`]), written as ONNX files ([`onnx`]), and asked ([`inference`]).
//!
//! The same task gives the same weights to the bit, whatever the number of threads, and an answer does
//! not depend on what texts are asked beside one. The feature `candle` (on unless told otherwise) adds
//! the architectures that are made of candle's operations; without it there is no candle to compile.
//!
//! ```
//! use std::convert::Infallible;
//!
//! use uaic_kernel::rng::SeedTree;
//! use uaic_model::inference::{PredictOptions, Predictor};
//! use uaic_model::model::{ModelSpec, RecurrentSpec};
//! use uaic_model::text::TextSpec;
//! use uaic_model::train::{Example, Flow, Task, TrainSpec, fit};
//!
//! let example = |text: &str, label: &str| Example { text: text.to_owned(), label: label.to_owned() };
//! let examples = [
//!     example("flights from oslo to rome", "flight"),
//!     example("show flights to cairo", "flight"),
//!     example("what does a ticket to rome cost", "fare"),
//!     example("cheapest ticket to oslo", "fare"),
//! ];
//! let model = RecurrentSpec { embedding_dim: 16, hidden_dim: 16, ..RecurrentSpec::default() };
//! let fitted = fit(
//!     &Task {
//!         text: &TextSpec::default(),
//!         model: &ModelSpec::LstmAttention(model),
//!         pretrained: None,
//!         train: &TrainSpec { lr: 0.01, ..TrainSpec::default() },
//!         epochs: 20,
//!         examples: &examples.each_ref(),
//!         outside: &[],
//!         validation: &[],
//!         seeds: SeedTree::new(1),
//!         threads: 1,
//!     },
//!     |_| Ok::<_, Infallible>(Flow::Continue),
//! )?;
//! let predictor = Predictor { classifier: fitted.classifier, calibration: None };
//! let answers = predictor.predict(&["flights to oslo", "a cheap ticket"], PredictOptions::default())?;
//! assert_eq!([&answers[0].label[..], &answers[1].label], ["flight", "fare"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod inference;
pub mod model;
pub mod onnx;
pub mod text;
pub mod train;
