//! Many dimensions on a map of a few: what embeddings look like.

mod pca;
mod symmetric;
mod tsne;

pub use pca::{Pca, pca};
pub use tsne::{TsneOptions, tsne};
