//! Models as a service: HTTP in front of an engine that answers in micro-batches, a request log,
//! metrics, drift, and swaps of models that drop no request; and [`load`], which measures it.
//!
//! A [`Server`] knows only addresses; a [`ModelSource`] says which models they stand for.
//!
//! ```
//! use std::sync::Arc;
//!
//! use uaic_kernel::rng::SeedTree;
//! use uaic_model::inference::Predictor;
//! use uaic_model::model::{Classifier, ModelSpec, RecurrentSpec, Weights};
//! use uaic_model::text::{TextSpec, Tokenizer};
//! use uaic_serve::{Listen, LoadedModel, ModelSource, Server, Settings, Setup, SourceError};
//!
//! /// An untrained model, at whatever address.
//! struct Untrained;
//!
//! impl ModelSource for Untrained {
//!     fn identify(&self, address: &str) -> Result<String, SourceError> {
//!         Ok(address.to_owned())
//!     }
//!
//!     fn load(&self, address: &str) -> Result<LoadedModel, SourceError> {
//!         let unusable = |message: String| SourceError { kind: uaic_wording::ErrorKind::Failed, message };
//!         let tokenizer = Tokenizer::build(["flights to oslo", "what is the fare"], &TextSpec::default());
//!         let tokenizer = tokenizer.map_err(|error| unusable(error.to_string()))?;
//!         let spec = ModelSpec::LstmAttention(RecurrentSpec::default());
//!         let labels = ["fare", "flight"].map(String::from).to_vec();
//!         let classifier = Classifier::new(&spec, tokenizer, labels, Weights::new(SeedTree::new(0)));
//!         let classifier = classifier.map_err(|error| unusable(error.to_string()))?;
//!         Ok(LoadedModel {
//!             version: "1".to_owned(),
//!             digest: "0".repeat(64),
//!             architecture: "lstm-attention".to_owned(),
//!             fingerprint: address.to_owned(),
//!             predictor: Predictor { classifier, calibration: None },
//!         })
//!     }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let setup = Setup {
//!     settings: Settings::default(),
//!     source: Arc::new(Untrained),
//!     models: vec![("intents".to_owned(), "untrained".to_owned())],
//!     sidecars: Vec::new(),
//!     log: None,
//!     lines_dropped: None,
//!     listen: Listen::Tcp("127.0.0.1:0".to_owned()),
//!     admin: None,
//!     watch: false,
//! };
//! let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
//! runtime.block_on(async {
//!     let server = Server::start(setup).await?;
//!     println!("POST http://{}/v1/predict", server.address().expect("a TCP address"));
//!     assert!(server.stop().await);
//!     Ok(())
//! })
//! # }
//! ```

pub mod drift;
pub mod engine;
mod error;
mod fleet;
mod http;
pub mod load;
pub mod log_file;
pub mod metrics;
pub mod request_log;
mod server;
mod settings;
mod source;

pub use error::ServeError;
pub use fleet::{Deployment, Fleet, FleetError, Model, Picked, Slot};
pub use http::admin::AdminToken;
pub use http::routes::{openapi, paths as routes};
pub use server::{Admin, CountLines, Server, Setup, Sidecar};
pub use settings::{Limits, Settings};
pub use source::{LoadedModel, ModelSource, SourceError};
pub use uaic_http::{ConnectionLimits, Listen, ListenError};
