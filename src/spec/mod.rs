//! The experiment spec: the text of a TOML file in, a [`Spec`] that is valid by construction out,
//! or all that is wrong with the text, each with its place and its fix.
//!
//! `keys/` is the table of all keys. `read/` and `search/` walk the text against it; only when
//! nothing is wrong does `build.rs` make the structs of `records.rs`. `uaic schema` and `uaic init`
//! are written from the same table. No file but the spec's own is looked at: whether the data set
//! that it names is there is for the caller to find out, and for [`Spec::refuse_key`] to say where.

mod asked;
mod build;
mod condition;
mod distribution;
mod effective;
mod error;
mod fingerprint;
mod keys;
mod kind;
mod objective;
mod problem;
mod read;
mod records;
mod refuse;
mod schema;
mod search;
mod source;
mod suggest;
mod template;
mod value;
mod written;

use std::path::Path;

pub use asked::asked_toml;
pub use effective::{PointError, check_section};
pub use error::{Place, SpecError, SpecErrors};
pub use records::*;
pub use refuse::{Named, SpecProblem};
pub use schema::json_schema;
pub use source::split_override;
pub use template::commented;

pub use uaic_model::model::{
    ARCHITECTURES, BertPooling, BertSpec, CnnSpec, ModelSpec, Pooling, RecurrentSpec, poolings,
};
pub use uaic_model::text::{Numbers, Punctuation, TextSpec, TokenizerKind};
pub use uaic_model::train::{ClassWeights, Optimizer, Schedule, TrainSpec};
pub use uaic_study::pruner::{PRUNERS, PrunerSpec};
pub use uaic_study::space::{Constraint, ConstraintError, Distribution, Interval, Space, Steps, When};
pub use uaic_study::{Duplicates, SAMPLERS, StudySpec};
pub use uaic_wording::duration::parse_time;

use crate::store::NewStudy;

impl Spec {
    /// Reads and checks a spec file; `-` is the standard input. What the spec names, such as its data
    /// set, is not looked for.
    ///
    /// # Errors
    /// All that is wrong with the file and the overrides, at once.
    pub fn load(path: &Path, overrides: &[(String, String)]) -> Result<Self, SpecErrors> {
        Self::load_with(path, overrides, |_| Vec::new())
    }

    /// As [`Spec::load`]; `look` says what is wrong with what the spec names.
    ///
    /// # Errors
    /// As [`Spec::load`], with what `look` finds among the rest.
    pub fn load_with(
        path: &Path,
        overrides: &[(String, String)],
        look: impl FnOnce(&Named<'_>) -> Vec<SpecProblem>,
    ) -> Result<Self, SpecErrors> {
        let mut source = source::read(path)?;
        source.overrides = overrides.to_vec();
        let mut reading = read::read(&source.text, overrides);
        let found = look(&reading.named(&source.path));
        let placed: Vec<_> = found.into_iter().map(|problem| reading.place(problem)).collect();
        reading.problems.extend(placed);
        reading.problems.extend(build::unknown_metric(&reading));
        Self::build(reading, source)
    }

    /// Checks the text of a spec; needs no disk. `path` is what errors name, and where the search
    /// for the data set starts from.
    ///
    /// # Errors
    /// All that is wrong with the text and the overrides, at once.
    pub fn parse(text: &str, path: &Path, overrides: &[(String, String)]) -> Result<Self, SpecErrors> {
        let source =
            SpecSource { path: path.to_owned(), text: text.to_owned(), overrides: overrides.to_vec() };
        Self::build(read::read(text, overrides), source)
    }

    /// The spec that a study was created from.
    ///
    /// # Errors
    /// The study has none, or this version reads it otherwise.
    pub fn of_study(study: &NewStudy) -> Result<Self, SpecErrors> {
        Self::parse(&study.spec_text, Path::new(&study.spec_path), &study.overrides)
    }

    /// Whether the trials of a study are evaluated by others than us: its spec has an `[objective]`, or it
    /// has no spec.
    pub fn is_of_program(study: &NewStudy) -> bool {
        study.spec_text.is_empty() || Self::of_study(study).is_ok_and(|spec| spec.training().is_none())
    }

    /// This spec with further overrides, which come after those it was read with. Setting a key
    /// takes it out of the search.
    ///
    /// # Errors
    /// As [`Spec::parse`].
    pub fn with(&self, overrides: &[(String, String)]) -> Result<Self, SpecErrors> {
        let overrides = [&self.source.overrides, overrides].concat();
        Self::parse(&self.source.text, &self.source.path, &overrides)
    }
}
