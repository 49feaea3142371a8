//! The store at a server, method by method.

use std::collections::BTreeMap;
use std::io::{Cursor, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use uaic_platform::process::ProcessIdentity;
use uaic_study::store::remote::{ReadCall, RemoveCall, WriteAnswer, WriteCall};
use uaic_study::store::rules::{check_alias, check_model_name, no_model};
use uaic_study::store::{
    ArtifactRecord, Attempt, Bucket, Change, Environment, EventRecord, Id, Known, LatestMetric, Look,
    MetricPoint, ModelVersion, NewRun, NewStudy, OutsideRun, Point, RunCopy, RunEdit, RunEnd, RunQuery,
    RunRecord, Store, StoreError, StudyChange, StudyCopy, StudyRecord, StudyState, Sweep, Swept, Tally,
};
use uaic_study::trial::Params;

use super::artifact;
use super::connection::Connection;
use super::outbox::Outbox;
use super::shared::Remote;

/// Points that go in one request when a run is brought in.
const PART: usize = 50_000;
/// How long removing may be asked again: it is not done twice, but told twice.
const REMOVING: Duration = Duration::ZERO;

/// Whether a text is the address of a server, and no folder.
pub fn is_address(text: &str) -> bool {
    ["http://", "https://"]
        .iter()
        .any(|scheme| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)))
}

/// A [`Store`] at a server of uaic, for any number of processes of any machines at once.
///
/// Metric points are queued and go in batches; everything else is at the server, durable, before the call
/// returns. Requests are made again while the server is away for a moment; each write has a key, so that
/// it is done once. A process that executes runs says every ten seconds that it lives.
pub struct RemoteStore {
    remote: Remote,
}

impl RemoteStore {
    /// The store of the server at an address; `token` says who asks.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`]: nobody answers; [`StoreError::NotAllowed`]: it needs another token;
    /// [`StoreError::OtherVersion`]: it is no server of uaic, or of another version.
    pub fn open(address: &str, token: Option<&str>) -> Result<Self, StoreError> {
        let connection = Arc::new(Connection::open(address, token)?);
        Ok(Self { remote: Remote { outbox: Outbox::new(Arc::clone(&connection)), connection } })
    }

    /// The address of the server.
    pub fn address(&self) -> &str {
        self.remote.connection.server()
    }

    /// A write that answers nothing.
    fn done(&self, call: &WriteCall) -> Result<(), StoreError> {
        self.remote.write(call).map(drop)
    }

    /// The same for an attempt.
    fn done_for(&self, attempt: Attempt, call: &WriteCall) -> Result<(), StoreError> {
        self.remote.write_for(attempt, call).map(drop)
    }

    /// A write that starts a run.
    fn started(&self, call: &WriteCall) -> Result<Attempt, StoreError> {
        self.remote.outbox.beat()?;
        match self.remote.write(call)? {
            WriteAnswer::Attempt(attempt) => Ok(attempt),
            other => Err(self.remote.unexpected(&other)),
        }
    }

    /// A write that answers what is known of a run.
    fn known(&self, call: &WriteCall) -> Result<Known, StoreError> {
        match self.remote.write(call)? {
            WriteAnswer::Known(known) => Ok(known),
            other => Err(self.remote.unexpected(&other)),
        }
    }
}

impl Store for RemoteStore {
    fn create_study(&self, new: &NewStudy) -> Result<StudyRecord, StoreError> {
        match self.remote.write(&WriteCall::CreateStudy(new.clone()))? {
            WriteAnswer::Study(id) => self.study(id),
            other => Err(self.remote.unexpected(&other)),
        }
    }

    fn study(&self, id: Id) -> Result<StudyRecord, StoreError> {
        self.remote.read(&ReadCall::Study(id))
    }

    fn studies(&self) -> Result<Vec<StudyRecord>, StoreError> {
        self.remote.read(&ReadCall::Studies)
    }

    fn acquire_study(&self, id: Id, owner: &ProcessIdentity) -> Result<(), StoreError> {
        self.remote.outbox.beat()?;
        self.done(&WriteCall::AcquireStudy { study: id, owner: owner.clone() })
    }

    fn release_study(&self, id: Id, owner: &ProcessIdentity, state: StudyState) -> Result<(), StoreError> {
        self.done(&WriteCall::ReleaseStudy { study: id, owner: owner.clone(), state })
    }

    fn extend_study(&self, id: Id, trials: u32) -> Result<(), StoreError> {
        self.done(&WriteCall::ExtendStudy { study: id, trials })
    }

    fn start_run(&self, new: &NewRun) -> Result<Attempt, StoreError> {
        self.started(&WriteCall::StartRun { new: new.clone(), changes: None })
    }

    fn start_run_as(&self, id: Id, new: &NewRun) -> Result<Attempt, StoreError> {
        self.started(&WriteCall::StartRunAs { id, new: new.clone() })
    }

    fn add_facts(&self, attempt: Attempt, facts: &Environment) -> Result<(), StoreError> {
        self.done_for(attempt, &WriteCall::AddFacts { attempt, facts: facts.clone() })
    }

    fn start_trial(&self, new: &NewRun, changes: usize) -> Result<Attempt, StoreError> {
        self.started(&WriteCall::StartRun { new: new.clone(), changes: Some(changes as u64) })
    }

    fn set_params(
        &self,
        attempt: Attempt,
        params: &Params,
        config: &serde_json::Value,
    ) -> Result<(), StoreError> {
        let call = WriteCall::SetParams { attempt, params: params.clone(), config: config.clone() };
        self.done_for(attempt, &call)
    }

    fn change_study(&self, study: Id, change: &Change) -> Result<StudyChange, StoreError> {
        match self.remote.write(&WriteCall::ChangeStudy { study, change: change.clone() })? {
            WriteAnswer::Change(change) => Ok(change),
            other => Err(self.remote.unexpected(&other)),
        }
    }

    fn copy_change(&self, study: Id, change: &StudyChange) -> Result<(), StoreError> {
        self.done(&WriteCall::CopyChange { study, change: change.clone() })
    }

    fn changes(&self, study: Id) -> Result<Vec<StudyChange>, StoreError> {
        self.remote.read(&ReadCall::Changes(study))
    }

    fn log_metrics(&self, attempt: Attempt, points: &[MetricPoint]) -> Result<(), StoreError> {
        self.remote.outbox.queue(attempt, points)
    }

    fn set_tag(&self, run: Id, key: &str, value: &str) -> Result<(), StoreError> {
        self.done(&WriteCall::SetTag { run, key: key.to_owned(), value: value.to_owned() })
    }

    fn put_artifact(
        &self,
        attempt: Attempt,
        name: &str,
        content: &[u8],
    ) -> Result<ArtifactRecord, StoreError> {
        self.remote.outbox.settle();
        self.remote.outbox.earlier_failure(attempt)?;
        let content: Arc<[u8]> = content.into();
        let open = || Ok(Cursor::new(Arc::clone(&content)));
        artifact::put(&self.remote.connection, attempt.run, Some(attempt.number), name, open)
    }

    fn finish_run(&self, attempt: Attempt, end: &RunEnd) -> Result<(), StoreError> {
        self.done_for(attempt, &WriteCall::FinishRun { attempt, end: end.clone() })
    }

    fn run(&self, id: Id) -> Result<RunRecord, StoreError> {
        self.remote.read(&ReadCall::Run(id))
    }

    fn runs(&self, query: &RunQuery) -> Result<Vec<RunRecord>, StoreError> {
        self.remote.read(&ReadCall::Runs(query.clone()))
    }

    fn count_runs(&self, query: &RunQuery) -> Result<u64, StoreError> {
        self.remote.read(&ReadCall::CountRuns(query.clone()))
    }

    fn tally(&self, study: Id) -> Result<Tally, StoreError> {
        self.remote.read(&ReadCall::Tally(study))
    }

    fn latest_metrics(&self, run: Id) -> Result<Vec<LatestMetric>, StoreError> {
        self.remote.read(&ReadCall::LatestMetrics(run))
    }

    fn series(&self, run: Id, key: &str) -> Result<Vec<Point>, StoreError> {
        self.remote.read(&ReadCall::Series { run, key: key.to_owned() })
    }

    fn buckets(&self, run: Id, key: &str, look: &Look) -> Result<Vec<Bucket>, StoreError> {
        self.remote.read(&ReadCall::Buckets { run, key: key.to_owned(), look: look.clone() })
    }

    fn tags(&self, run: Id) -> Result<BTreeMap<String, String>, StoreError> {
        self.remote.read(&ReadCall::Tags(run))
    }

    fn artifacts(&self, run: Id) -> Result<Vec<ArtifactRecord>, StoreError> {
        self.remote.read(&ReadCall::Artifacts(run))
    }

    fn read_artifact(&self, run: Id, name: &str) -> Result<Vec<u8>, StoreError> {
        let mut content = Vec::new();
        self.copy_artifact(run, name, &mut content)?;
        Ok(content)
    }

    fn copy_artifact(&self, run: Id, name: &str, to: &mut dyn Write) -> Result<(), StoreError> {
        self.remote.outbox.settle();
        artifact::copy(&self.remote.connection, run, name, to)
    }

    fn events(&self, run: Id) -> Result<Vec<EventRecord>, StoreError> {
        self.remote.read(&ReadCall::Events(run))
    }

    fn study_events(&self, study: Id) -> Result<Vec<EventRecord>, StoreError> {
        self.remote.read(&ReadCall::StudyEvents(study))
    }

    fn set_hidden(&self, run: Id, hidden: bool) -> Result<(), StoreError> {
        self.done(&WriteCall::SetHidden { run, hidden })
    }

    fn edit_run(&self, run: Id, edit: &RunEdit) -> Result<(), StoreError> {
        self.done(&WriteCall::EditRun { run, edit: edit.clone() })
    }

    fn delete_run(&self, run: Id) -> Result<(), StoreError> {
        self.remote.outbox.settle();
        self.remote.connection.ask("/api/v1/store/remove", &RemoveCall::DeleteRun(run), None, REMOVING)
    }

    fn begin_outside_run(&self, run: &OutsideRun) -> Result<Known, StoreError> {
        self.known(&WriteCall::BeginOutsideRun(run.clone()))
    }

    fn add_outside_points(&self, run: Id, series: &BTreeMap<String, Vec<Point>>) -> Result<(), StoreError> {
        for (key, points) in series {
            for part in points.chunks(PART) {
                let series = [(key.clone(), part.to_vec())].into();
                self.done(&WriteCall::AddOutsidePoints { run, series })?;
            }
        }
        Ok(())
    }

    fn add_outside_artifact(&self, run: Id, name: &str, file: &Path) -> Result<ArtifactRecord, StoreError> {
        artifact::put_file(&self.remote.connection, run, name, file)
    }

    fn end_outside_run(&self, run: Id) -> Result<(), StoreError> {
        self.done(&WriteCall::EndOutsideRun(run))
    }

    fn put_study_copy(&self, copy: &StudyCopy) -> Result<(), StoreError> {
        self.done(&WriteCall::PutStudyCopy(copy.clone()))
    }

    fn begin_run_copy(&self, copy: &RunCopy) -> Result<Known, StoreError> {
        self.known(&WriteCall::BeginRunCopy(copy.clone()))
    }

    fn end_run_copy(&self, copy: &RunCopy) -> Result<(), StoreError> {
        self.done(&WriteCall::EndRunCopy(copy.clone()))
    }

    fn sweep(&self, sweep: &Sweep) -> Result<Swept, StoreError> {
        self.remote.outbox.settle();
        self.remote.connection.ask("/api/v1/store/remove", &RemoveCall::Sweep(*sweep), None, REMOVING)
    }

    fn register_model(&self, name: &str, run: Id, note: &str) -> Result<ModelVersion, StoreError> {
        check_model_name(name)?;
        let call = WriteCall::RegisterModel { name: name.to_owned(), run, note: note.to_owned() };
        self.done(&call)?;
        let found = self.model_versions(Some(name))?.into_iter().find(|version| version.run == Some(run));
        found.ok_or_else(|| no_model(name))
    }

    fn model_versions(&self, name: Option<&str>) -> Result<Vec<ModelVersion>, StoreError> {
        self.remote.read(&ReadCall::ModelVersions(name.map(str::to_owned)))
    }

    fn set_model_alias(
        &self,
        name: &str,
        alias: &str,
        version: Option<u32>,
        why: &str,
    ) -> Result<(), StoreError> {
        check_alias(alias)?;
        let (name, alias, why) = (name.to_owned(), alias.to_owned(), why.to_owned());
        self.done(&WriteCall::SetModelAlias { name, alias, version, why })
    }

    fn model_events(&self, name: &str) -> Result<Vec<EventRecord>, StoreError> {
        self.remote.read(&ReadCall::ModelEvents(name.to_owned()))
    }

    fn flush(&self) -> Result<(), StoreError> {
        self.remote.outbox.settle();
        self.remote.outbox.any_failure()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_folders() {
        for text in ["http://host:5000", "https://host/prefix", "HTTP://host"] {
            assert!(is_address(text), "{text}");
        }
        for text in ["runs", "/tmp/http:/x", "http:", "ftp://host", "größe"] {
            assert!(!is_address(text), "{text}");
        }
    }
}
