//! The statements of traces.

mod assessment;
mod edit;
mod read;
mod row;
mod search;
mod spans;

use uaic_study::store::StoreError;
use uaic_study::store::rules::now_ms;
use uaic_study::store::tracking::{
    Assessment, AssessmentEdit, ExperimentId, SpanRecord, Trace, TraceDeletion, TraceInfo, TraceSearch,
    TraceStore,
};

use super::super::SqliteStore;

impl TraceStore for SqliteStore {
    fn put_trace(&self, info: &TraceInfo) -> Result<TraceInfo, StoreError> {
        let info = info.clone();
        self.writer()?.call(move |connection| {
            let row = edit::put(connection, &info)?;
            read::one(connection, row, &info.id)
        })
    }

    fn put_spans(
        &self,
        experiment: ExperimentId,
        run: Option<&str>,
        spans: Vec<SpanRecord>,
    ) -> Result<(), StoreError> {
        let run = run.map(str::to_owned);
        self.writer()?.call(move |connection| spans::put(connection, experiment, run.as_deref(), &spans))
    }

    fn trace_infos(&self, ids: &[String]) -> Result<Vec<TraceInfo>, StoreError> {
        self.read(|snapshot| {
            let rows = read::rows(snapshot.connection(), ids)?;
            read::infos(snapshot.connection(), &rows)
        })
    }

    fn traces(&self, ids: &[String]) -> Result<Vec<Trace>, StoreError> {
        self.read(|snapshot| {
            let rows = read::rows(snapshot.connection(), ids)?;
            let infos = read::infos(snapshot.connection(), &rows)?;
            let whole = |(row, info)| Ok(Trace { info, spans: spans::contents(snapshot.connection(), row)? });
            rows.into_iter().zip(infos).map(whole).collect()
        })
    }

    fn search_traces(&self, search: &TraceSearch) -> Result<Vec<TraceInfo>, StoreError> {
        self.read(|snapshot| {
            let rows = search::rows(snapshot.connection(), search)?;
            read::infos(snapshot.connection(), &rows)
        })
    }

    fn set_trace_tag(&self, id: &str, key: &str, value: Option<&str>) -> Result<(), StoreError> {
        let (id, key, value) = (id.to_owned(), key.to_owned(), value.map(str::to_owned));
        self.writer()?.call(move |connection| edit::set_tag(connection, &id, &key, value.as_deref()))
    }

    fn delete_traces(&self, experiment: ExperimentId, which: &TraceDeletion) -> Result<u64, StoreError> {
        let which = which.clone();
        self.writer()?.call(move |connection| edit::delete(connection, experiment, &which))
    }

    fn link_traces(&self, ids: &[String], run: &str) -> Result<(), StoreError> {
        let (ids, run) = (ids.to_vec(), run.to_owned());
        self.writer()?.call(move |connection| ids.iter().try_for_each(|id| edit::link(connection, id, &run)))
    }

    fn add_assessment(&self, trace: &str, new: &Assessment) -> Result<(), StoreError> {
        let (trace, new) = (trace.to_owned(), new.clone());
        self.writer()?.call(move |connection| assessment::add(connection, &trace, &new))
    }

    fn assessment(&self, trace: &str, id: &str) -> Result<Assessment, StoreError> {
        self.read(|snapshot| Ok(assessment::find(snapshot.connection(), trace, id)?.1))
    }

    fn edit_assessment(
        &self,
        trace: &str,
        id: &str,
        edit: &AssessmentEdit,
    ) -> Result<Assessment, StoreError> {
        let (trace, id, edit) = (trace.to_owned(), id.to_owned(), edit.clone());
        self.writer()?.call(move |connection| assessment::edit(connection, &trace, &id, &edit, now_ms()))
    }

    fn remove_assessment(&self, trace: &str, id: &str) -> Result<(), StoreError> {
        let (trace, id) = (trace.to_owned(), id.to_owned());
        self.writer()?.call(move |connection| assessment::remove(connection, &trace, &id))
    }
}
