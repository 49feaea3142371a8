//! Selectors: how runs and studies are named, on the command line and in programs.
//!
//! | run | meaning |
//! |---|---|
//! | `3fa2b1c4` | the run with an id that starts like this; at least 4 digits |
//! | `@`, `latest` | the latest run; `@-1` is the one before, and so on |
//! | `best`, `best:STUDY` | the best complete trial of the latest study, or of another |
//! | `name:attention` | the latest run of an experiment, or the run that is called so |
//! | `longer context` | the run that is called so, where it means nothing else |
//! | `STUDY/3`, `STUDY/final`, `STUDY/imported`, `STUDY/best` | a run of a study |
//! | `intents@champion`, `intents@3` | the run of a registered version |
//!
//! A study is an id prefix, `@` (the latest), `@-1`, `name:attention` or just `attention` (the
//! latest of an experiment).

mod error;
mod hints;
mod label;
mod models;
mod parse;
mod resolve;
mod trials;

pub use error::SelectError;
pub use hints::models_hint;
pub use label::{FINAL_METRIC, metric_of, path_in_study, place};
pub use models::{model_names, registered, registered_or_best};
pub use resolve::{Target, resolve, resolve_any, resolve_many, resolve_model, resolve_study};
pub use trials::{Hidden, best_trials, model_run};

/// The grammar, for the help texts of verbs that take selectors.
pub const RUN_GRAMMAR: &str = "\
Runs are selected by:
  3fa2b1c4       the beginning of the id, at least 4 digits
  @, @-1         the latest run, the one before
  best           the best trial of the latest study (best:STUDY: of another)
  name:attention the latest run of an experiment, or the run of this name
  NAME           the run of this name, where it means nothing else
  STUDY/3        trial 3 of a study; also STUDY/final, STUDY/best, STUDY/imported
  NAME@champion  the run of a registered version, by alias or number (NAME@3)";

/// As [`RUN_GRAMMAR`], for studies.
pub const STUDY_GRAMMAR: &str = "\
Studies are selected by:
  9c1e22aa       the beginning of the id, at least 4 digits
  @, @-1         the latest study, the one before
  attention      the latest study of an experiment (also name:attention)";
