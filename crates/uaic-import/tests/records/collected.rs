//! A sink that keeps everything, and checks the order of what comes.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use uaic_import::{
    ImportError, ReadOptions, Sink, SinkError, Skipped, SourcePoint, SourceRun, SourceStudy, detect,
};

/// A run with all that came with it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Run {
    pub(crate) head: SourceRun,
    pub(crate) points: BTreeMap<String, Vec<SourcePoint>>,
    pub(crate) artifacts: BTreeMap<String, PathBuf>,
    pub(crate) skipped: Vec<Skipped>,
}

impl Run {
    /// The values of a series, by the bits of NaN too.
    pub(crate) fn values(&self, key: &str) -> Vec<f64> {
        self.points
            .get(key)
            .unwrap_or_else(|| panic!("no {key} in {:?}", self.points.keys()))
            .iter()
            .map(|point| point.value)
            .collect()
    }

    pub(crate) fn steps(&self, key: &str) -> Vec<Option<i64>> {
        self.points[key].iter().map(|point| point.step).collect()
    }

    /// Its parameters as they are written.
    pub(crate) fn texts(&self) -> Vec<String> {
        self.head.params.iter().map(|(name, param)| format!("{name}={}", param.text())).collect()
    }
}

/// What a source said.
#[derive(Debug, Default)]
pub(crate) struct Collected {
    pub(crate) studies: Vec<SourceStudy>,
    pub(crate) runs: Vec<Run>,
    pub(crate) skipped: Vec<Skipped>,
    pub(crate) warnings: Vec<String>,
    open: Option<Run>,
    progress: (u64, u64),
}

impl Collected {
    /// Reads everything at a path.
    pub(crate) fn read(path: &Path, options: &ReadOptions) -> Result<Self, ImportError> {
        let mut collected = Self::default();
        for source in detect(path)? {
            collected.progress = (0, 0);
            source.read(options, &mut collected)?;
            assert!(collected.open.is_none(), "a run has no end");
        }
        Ok(collected)
    }

    /// The run of a name.
    pub(crate) fn run(&self, name: &str) -> &Run {
        let names = || self.runs.iter().map(|run| &run.head.name).collect::<Vec<_>>();
        self.runs
            .iter()
            .find(|run| run.head.name == name)
            .unwrap_or_else(|| panic!("no {name} in {:?}", names()))
    }

    /// Everything that was left out, a line each.
    pub(crate) fn left_out(&self) -> Vec<String> {
        let of_runs = self.runs.iter().flat_map(|run| &run.skipped);
        self.skipped
            .iter()
            .chain(of_runs)
            .map(|skipped| format!("{}: {}", skipped.what, skipped.why))
            .collect()
    }

    /// Everything, as text: NaN equals itself there.
    pub(crate) fn shown(&self) -> String {
        format!("{:#?}", (&self.studies, &self.runs, &self.skipped, &self.warnings))
    }
}

impl Sink for Collected {
    fn study(&mut self, study: SourceStudy) -> Result<(), SinkError> {
        assert!(self.open.is_none(), "a study within a run");
        self.studies.push(study);
        Ok(())
    }

    fn run(&mut self, head: SourceRun) -> Result<(), SinkError> {
        assert!(self.open.is_none(), "a run within a run");
        if let Some(trial) = &head.trial {
            assert!(self.studies.iter().any(|study| study.origin == trial.study), "a trial before its study");
        }
        self.open = Some(Run { head, points: BTreeMap::new(), artifacts: BTreeMap::new(), skipped: vec![] });
        Ok(())
    }

    fn points(&mut self, key: &str, points: &[SourcePoint]) -> Result<(), SinkError> {
        assert!(!points.is_empty());
        let run = self.open.as_mut().expect("points outside of a run");
        run.points.entry(key.to_owned()).or_default().extend_from_slice(points);
        Ok(())
    }

    fn artifact(&mut self, name: &str, file: &Path) -> Result<(), SinkError> {
        assert!(fs::metadata(file).unwrap().is_file());
        self.open
            .as_mut()
            .expect("an artifact outside of a run")
            .artifacts
            .insert(name.to_owned(), file.to_owned());
        Ok(())
    }

    fn end_run(&mut self) -> Result<(), SinkError> {
        self.runs.push(self.open.take().expect("an end outside of a run"));
        Ok(())
    }

    fn skipped(&mut self, skipped: Skipped) -> Result<(), SinkError> {
        self.open.as_mut().map_or(&mut self.skipped, |run| &mut run.skipped).push(skipped);
        Ok(())
    }

    fn warning(&mut self, text: &str) -> Result<(), SinkError> {
        self.warnings.push(text.to_owned());
        Ok(())
    }

    fn progress(&mut self, done: u64, total: u64) -> Result<(), SinkError> {
        assert!(done <= total && done >= self.progress.0, "{done} of {total} after {:?}", self.progress);
        self.progress = (done, total);
        Ok(())
    }
}
