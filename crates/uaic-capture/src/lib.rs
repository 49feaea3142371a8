//! What can be seen of a program from outside?

pub mod argument;
mod desk;
mod environment;
pub mod facts;
mod files;
mod guard;
mod interpreter;
pub mod json_line;
mod keeper;
pub mod metric;
mod plan;
mod reading;
pub mod record;
mod recorder;
mod recovery;
mod runner;
mod secrets;
mod signals;
mod stream;
pub mod terminal;
mod usage;
mod watchers;

pub use files::{FileKind, FileOpener, FilePoint, SeriesFile};
pub use guard::{GUARD, guard_if_asked};
pub use keeper::{Opening, Unkept};
pub use plan::Plan;
pub use recorder::{Content, End, Ending, Facts, Failure, NullRecorder, Point, Recorder};
pub use runner::{Outcome, RunError, run};
pub use secrets::Secrets;
