//! What each question of a remote store is answered with.

use uaic_study::store::StoreError;
use uaic_study::store::remote::{ReadCall, ServedStore};

use super::message::packed;

/// The answer as a message.
pub(super) fn to_read<S: ServedStore + ?Sized>(store: &S, call: &ReadCall) -> Result<Vec<u8>, StoreError> {
    match call {
        ReadCall::Study(id) => packed(&store.study(*id)?),
        ReadCall::Studies => packed(&store.studies()?),
        ReadCall::Changes(study) => packed(&store.changes(*study)?),
        ReadCall::Run(id) => packed(&store.run(*id)?),
        ReadCall::Runs(query) => packed(&store.runs(query)?),
        ReadCall::CountRuns(query) => packed(&store.count_runs(query)?),
        ReadCall::Tally(study) => packed(&store.tally(*study)?),
        ReadCall::LatestMetrics(run) => packed(&store.latest_metrics(*run)?),
        ReadCall::Series { run, key } => packed(&store.series(*run, key)?),
        ReadCall::Buckets { run, key, look } => packed(&store.buckets(*run, key, look)?),
        ReadCall::Tags(run) => packed(&store.tags(*run)?),
        ReadCall::Artifacts(run) => packed(&store.artifacts(*run)?),
        ReadCall::Events(run) => packed(&store.events(*run)?),
        ReadCall::StudyEvents(study) => packed(&store.study_events(*study)?),
        ReadCall::ModelVersions(name) => packed(&store.model_versions(name.as_deref())?),
        ReadCall::ModelEvents(name) => packed(&store.model_events(name)?),
    }
}
