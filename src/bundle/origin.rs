//! Where runs and studies come from: a bundle or another store.

use std::io::Write;

use serde::{Deserialize, Serialize};

use super::{BundleError, Selection};
use crate::store::{ArtifactRecord, Id, Point, RunCopy, Store, StudyCopy};

/// Points of one part of a series, and of one line of a bundle.
const POINTS: usize = 4096;

/// A series of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Series {
    /// Its name.
    pub key: String,
    /// How many points it has.
    pub points: u64,
    /// Where its lines begin among the points of a bundle, in bytes.
    pub at: u64,
    /// How long they are, in bytes.
    pub bytes: u64,
}

/// A run that comes in, with what it has that may be large.
#[derive(Clone, Debug, PartialEq)]
pub struct Incoming {
    /// The run.
    pub copy: RunCopy,
    /// Its series, sorted by name.
    pub series: Vec<Series>,
    /// Its artifacts, sorted by name.
    pub artifacts: Vec<ArtifactRecord>,
}

/// Where runs and studies come from.
pub trait Origin {
    /// What it is called in messages.
    fn name(&self) -> String;

    /// Its studies.
    ///
    /// # Errors
    /// They cannot be read.
    fn studies(&self) -> Result<Vec<StudyCopy>, BundleError>;

    /// Its runs, each behind the one that it is part of.
    ///
    /// # Errors
    /// They cannot be read, or `each` says no.
    fn runs(&self, each: &mut dyn FnMut(Incoming) -> Result<(), BundleError>) -> Result<(), BundleError>;

    /// The points of a series, by step, part by part.
    ///
    /// # Errors
    /// They cannot be read, or `each` says no.
    fn points(
        &self,
        run: Id,
        series: &Series,
        each: &mut dyn FnMut(Vec<Point>) -> Result<(), BundleError>,
    ) -> Result<(), BundleError>;

    /// Writes the content of an artifact, and checks it against its hash.
    ///
    /// # Errors
    /// It cannot be read, is damaged, or `to` says no.
    fn artifact(&self, run: Id, artifact: &ArtifactRecord, to: &mut dyn Write) -> Result<(), BundleError>;
}

/// Some runs and studies of a store.
pub struct StoreOrigin<'a> {
    store: &'a dyn Store,
    name: String,
    selection: Selection,
}

impl<'a> StoreOrigin<'a> {
    /// What is selected of a store that is called `name`.
    pub fn new(store: &'a dyn Store, name: impl Into<String>, selection: Selection) -> Self {
        Self { store, name: name.into(), selection }
    }

    /// How many runs it has.
    pub fn count(&self) -> u64 {
        self.selection.runs.len() as u64
    }
}

impl Origin for StoreOrigin<'_> {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn studies(&self) -> Result<Vec<StudyCopy>, BundleError> {
        Ok(self
            .selection
            .studies
            .iter()
            .map(|id| StudyCopy::of(self.store, *id))
            .collect::<Result<_, _>>()?)
    }

    fn runs(&self, each: &mut dyn FnMut(Incoming) -> Result<(), BundleError>) -> Result<(), BundleError> {
        for &id in &self.selection.runs {
            let copy = RunCopy::of(self.store, id)?;
            let series = |metric: crate::store::LatestMetric| Series {
                key: metric.key,
                points: metric.count,
                at: 0,
                bytes: 0,
            };
            let mut series: Vec<Series> = self.store.latest_metrics(id)?.into_iter().map(series).collect();
            series.sort_by(|a, b| a.key.cmp(&b.key));
            each(Incoming { copy, series, artifacts: self.store.artifacts(id)? })?;
        }
        Ok(())
    }

    fn points(
        &self,
        run: Id,
        series: &Series,
        each: &mut dyn FnMut(Vec<Point>) -> Result<(), BundleError>,
    ) -> Result<(), BundleError> {
        let mut points = self.store.series(run, &series.key)?;
        // A run that goes on may have more by now.
        points.truncate(series.points as usize);
        for part in points.chunks(POINTS) {
            each(part.to_vec())?;
        }
        Ok(())
    }

    fn artifact(&self, run: Id, artifact: &ArtifactRecord, to: &mut dyn Write) -> Result<(), BundleError> {
        Ok(self.store.copy_artifact(run, &artifact.name, to)?)
    }
}
