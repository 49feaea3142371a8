//! Bringing in what an origin has.

use std::collections::BTreeMap;
use std::path::Path;

use super::origin::{Incoming, Origin};
use super::verdict::{self, Difference, Verdict};
use super::{BundleError, Series};
use crate::fsx::FileError;
use crate::store::{ArtifactRecord, Id, Point, RunCopy, Store, StoreError, StudyCopy, StudyState};

/// Points that are written at once.
const AT_ONCE: usize = 16_384;

/// What came in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BroughtIn {
    /// Studies that were not here.
    pub studies: u64,
    /// Runs that were not here.
    pub new: u64,
    /// Runs that have more than before.
    pub grown: u64,
    /// Runs that are as before.
    pub same: u64,
    /// Runs of which more is here than came.
    pub older: u64,
    /// Points that were not here.
    pub points: u64,
    /// Artifacts that were not here.
    pub artifacts: u64,
}

/// What is known of what comes in before anything is written.
#[derive(Default)]
struct Judged {
    studies: BTreeMap<Id, Verdict>,
    /// Of the runs that are here.
    runs: BTreeMap<Id, Verdict>,
    diverged: Vec<String>,
}

/// Brings in what an origin has that is not here: all of it is judged first, and nothing is written when a
/// copy has diverged. Contents of artifacts pass through files in `staging`.
///
/// # Errors
/// [`BundleError::Diverged`], [`BundleError::Busy`]; the origin cannot be read, or the store not be written.
pub fn bring_in(
    store: &dyn Store,
    origin: &dyn Origin,
    staging: &Path,
    here: &str,
) -> Result<BroughtIn, BundleError> {
    let studies = origin.studies()?;
    let mut judged = Judged::default();
    judge_studies(store, origin, &studies, here, &mut judged)?;
    origin.runs(&mut |run| judge_run(store, origin, &run, here, &mut judged))?;
    if !judged.diverged.is_empty() {
        return Err(BundleError::Diverged { copies: judged.diverged });
    }
    let mut done = BroughtIn::default();
    for study in &studies {
        match judged.studies.get(&study.record.id) {
            None => {
                store.put_study_copy(study)?;
                done.studies += 1;
            }
            Some(Verdict::Grown) => store.put_study_copy(study)?,
            Some(Verdict::Same | Verdict::Older) => {}
        }
    }
    origin.runs(&mut |run| {
        let count = match judged.runs.get(&run.copy.record.id) {
            None => &mut done.new,
            Some(Verdict::Grown) => &mut done.grown,
            Some(Verdict::Same) => {
                done.same += 1;
                return Ok(());
            }
            Some(Verdict::Older) => {
                done.older += 1;
                return Ok(());
            }
        };
        *count += 1;
        put_run(store, origin, &run, staging, &mut done)
    })?;
    store.flush()?;
    Ok(done)
}

/// What is not here, as nothing.
fn found<T>(result: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(StoreError::NotFound { .. }) => Ok(None),
        Err(other) => Err(other),
    }
}

fn judge_studies(
    store: &dyn Store,
    origin: &dyn Origin,
    studies: &[StudyCopy],
    here: &str,
    judged: &mut Judged,
) -> Result<(), BundleError> {
    for there in studies {
        let id = there.record.id;
        let Some(own) = found(StudyCopy::of(store, id))? else { continue };
        match verdict::studies(&own, there) {
            Ok(Verdict::Grown) if store.study(id)?.state == StudyState::Running => {
                return Err(BundleError::Busy { study: id.short() });
            }
            Ok(verdict) => _ = judged.studies.insert(id, verdict),
            Err(why) => judged.diverged.push(verdict::told("study", id, here, &origin.name(), &why)),
        }
    }
    Ok(())
}

fn judge_run(
    store: &dyn Store,
    origin: &dyn Origin,
    run: &Incoming,
    here: &str,
    judged: &mut Judged,
) -> Result<(), BundleError> {
    let id = run.copy.record.id;
    let Some(own) = found(RunCopy::of(store, id))? else { return Ok(()) };
    let study = run.copy.record.start.home.study();
    let study = study.and_then(|study| judged.studies.get(&study)).copied().unwrap_or(Verdict::Same);
    match compare(store, origin, &own, run, study)? {
        Ok(verdict) => _ = judged.runs.insert(id, verdict),
        Err(why) => judged.diverged.push(verdict::told("run", id, here, &origin.name(), &why)),
    }
    Ok(())
}

/// A run that comes in beside the one that is here.
fn compare(
    store: &dyn Store,
    origin: &dyn Origin,
    own: &RunCopy,
    run: &Incoming,
    study: Verdict,
) -> Result<Result<Verdict, Difference>, BundleError> {
    let id = own.record.id;
    let mut verdict = match verdict::runs(own, &run.copy, study) {
        Ok(verdict) => verdict,
        Err(why) => return Ok(Err(why)),
    };
    // What an earlier attempt has recorded is gone with the next.
    if own.record.attempts != run.copy.record.attempts {
        return Ok(Ok(verdict));
    }
    let here: BTreeMap<String, u64> =
        store.latest_metrics(id)?.into_iter().map(|metric| (metric.key, metric.count)).collect();
    let there = run.series.iter().map(|series| (series.key.clone(), series.points)).collect();
    let counts = verdict::counts(&here, &there);
    verdict = match counts.and_then(|counts| verdict::join(verdict, counts, "points")) {
        Ok(verdict) => verdict,
        Err(why) => return Ok(Err(why)),
    };
    for series in run.series.iter().filter(|series| here.contains_key(&series.key)) {
        if !begins_alike(&store.series(id, &series.key)?, origin, id, series)? {
            return Ok(Err(format!("the points of `{}` differ", series.key)));
        }
    }
    let hashes = |artifacts: &[ArtifactRecord]| {
        artifacts.iter().map(|artifact| (artifact.name.clone(), artifact.hash.clone())).collect()
    };
    Ok(verdict::artifacts(&hashes(&store.artifacts(id)?), &hashes(&run.artifacts), verdict))
}

/// Whether the shorter of two series is the beginning of the longer one.
fn begins_alike(own: &[Point], origin: &dyn Origin, run: Id, series: &Series) -> Result<bool, BundleError> {
    let mut rest = own;
    let mut is_alike = true;
    origin.points(run, series, &mut |part| {
        let (shared, behind) = rest.split_at(rest.len().min(part.len()));
        is_alike &= shared.iter().zip(&part).all(|(one, other)| verdict::is_same(one, other));
        rest = behind;
        Ok(())
    })?;
    Ok(is_alike)
}

fn put_run(
    store: &dyn Store,
    origin: &dyn Origin,
    run: &Incoming,
    staging: &Path,
    done: &mut BroughtIn,
) -> Result<(), BundleError> {
    let id = run.copy.record.id;
    let mut copy = run.copy.clone();
    if let Some(own) = found(store.tags(id))? {
        for (key, value) in own {
            copy.tags.entry(key).or_insert(value);
        }
    }
    let known = store.begin_run_copy(&copy)?;
    let mut batch: BTreeMap<String, Vec<Point>> = BTreeMap::new();
    let mut held = 0;
    for series in &run.series {
        let mut there = known.points.get(&series.key).copied().unwrap_or_default() as usize;
        if there as u64 == series.points {
            continue;
        }
        origin.points(id, series, &mut |mut part| {
            let skipped = there.min(part.len());
            there -= skipped;
            part.drain(..skipped);
            held += part.len();
            done.points += part.len() as u64;
            batch.entry(series.key.clone()).or_default().append(&mut part);
            if held >= AT_ONCE {
                store.add_outside_points(id, &std::mem::take(&mut batch))?;
                held = 0;
            }
            Ok(())
        })?;
    }
    if held > 0 {
        store.add_outside_points(id, &batch)?;
    }
    put_artifacts(store, origin, run, staging, done)?;
    Ok(store.end_run_copy(&copy)?)
}

fn put_artifacts(
    store: &dyn Store,
    origin: &dyn Origin,
    run: &Incoming,
    staging: &Path,
    done: &mut BroughtIn,
) -> Result<(), BundleError> {
    let id = run.copy.record.id;
    let here = store.artifacts(id)?;
    for artifact in run.artifacts.iter().filter(|artifact| !here.contains(artifact)) {
        let mut staged = tempfile::NamedTempFile::new_in(staging).map_err(FileError::at("write", staging))?;
        origin.artifact(id, artifact, staged.as_file_mut())?;
        let stored = store.add_outside_artifact(id, &artifact.name, staged.path())?;
        if stored.hash != artifact.hash {
            let (name, hash) = (artifact.name.clone(), artifact.hash.clone());
            return Err(StoreError::Damaged { name, hash }.into());
        }
        done.artifacts += 1;
    }
    Ok(())
}
