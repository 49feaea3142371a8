//! Studies: propose, evaluate in parallel, record, resume.
//!
//! [`run`] takes a [`StudyPlan`], an [`Objective`] and the [`Surroundings`]; the plan and the
//! objective alone decide what comes out. A [`sampler`] proposes the points.
//!
//! ```
//! use uaic_study::Study;
//! use uaic_study::store::MemoryStore;
//!
//! let store = MemoryStore::new();
//! let study = Study::builder("quadratic").seed(7).create(&store)?;
//! let outcome = study.optimize(30, |trial| {
//!     let x = trial.uniform("x", -5.0, 5.0)?;
//!     Ok((x - 2.0).powi(2))
//! })?;
//! assert!(outcome.best().unwrap().trial.value().unwrap() < 0.1);
//! # Ok::<(), uaic_study::StudyError>(())
//! ```

mod asking;
pub mod bench;
pub mod event;
mod free_run;
mod history;
pub mod importance;
pub mod objective;
mod outcome;
mod panics;
pub mod pareto;
mod promise;
mod proposal;
pub mod pruner;
pub mod run_log;
mod runner;
pub mod sampler;
mod schedule;
mod setup;
pub mod space;
mod spec;
pub mod store;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod trial;
mod tuning;

pub use asking::{AskError, Asked, Told, ask, explain, extend, tell};
pub use event::{Event, Observer};
pub use free_run::{DEFAULT_EXPERIMENT, NewFreeRun, Run};
pub use objective::{Evaluation, Objective, ObjectiveError, Trial, drawn_config};
pub use outcome::{StudyError, StudyOutcome, TrialResult};
pub use panics::caught;
pub use promise::{PromiseError, promise};
pub use proposal::{points_in, unsatisfied};
pub use runner::{Drawn, Pruning, StudyPlan, Surroundings, drawn_in, run};
pub use sampler::{SAMPLERS, SamplerKind, UnknownSampler};
pub use setup::{SetupError, StudySetup};
pub use spec::{Duplicates, StudySpec};
pub use tuning::{Draw, Study, StudyBuilder};
