//! Any program that runs, recorded in a store.
//!
//! | file | what it answers |
//! |---|---|
//! | `store_recorder` | how does what is seen of a program get into a store? |
//! | `series_files` | who reads the files with metrics that it writes? |
//! | `record_file` | how does what could not be recorded come in later? |

mod record_file;
mod series_files;
mod store_recorder;

pub use record_file::{RecordFileError, bring_in, is_record};
pub use series_files::opener;
pub use store_recorder::{Beginning, StoreRecorder};
pub use uaic_capture::{Ending, GUARD, Opening, Outcome, Plan, RunError, Unkept, guard_if_asked, run};
pub use uaic_capture::{argument, metric};
