//! Records of other tools become runs and studies of a store.
//!
//! | file | what it answers |
//! |---|---|
//! | `store_sink` | how does what a reader says get into a store, once and whole? |
//! | `study` | what is a study that was proposed elsewhere? |
//! | `summary` | what came in, and what did not, and why? |

mod store_sink;
mod study;
mod summary;

pub use store_sink::{StoreSink, Watch};
pub use summary::Summary;
pub use uaic_import::{
    Format, ImportError, MlflowDatabase, MlflowPoint, MlflowRun, ReadOptions, Skipped, Source, TableRows,
    Zone, detect,
};
