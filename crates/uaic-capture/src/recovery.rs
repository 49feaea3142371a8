//! What is left when a recorder was killed.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::desk::{self, Desk};
use crate::environment;
use crate::keeper::Keeper;
use crate::metric::{LineReader, Pattern, STREAMS, Series};
use crate::reading::Reading;
use crate::record::Head;
use crate::recorder::{End, Ending};
use crate::stream::{Log, Stream};

/// In the folder of a recording: what is needed to go on with it.
const RUN: &str = "run.json";

/// What is needed to go on with a recording.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Left {
    pub(crate) id: String,
    pub(crate) name: Option<String>,
    pub(crate) experiment: Option<String>,
    pub(crate) parent: Option<String>,
    pub(crate) time_ms: i64,
    /// Where what could not be recorded goes.
    pub(crate) spill: PathBuf,
    pub(crate) pattern: Option<String>,
    pub(crate) log_limit: u64,
}

impl Left {
    /// Leaves it in a folder.
    pub(crate) fn leave(&self, folder: &Path) -> std::io::Result<()> {
        fs::write(folder.join(RUN), serde_json::to_vec(self)?)
    }

    pub(crate) fn head(&self) -> Head {
        let Self { id, name, experiment, parent, time_ms, .. } = self.clone();
        Head { id, name, experiment, parent, time_ms }
    }
}

/// Writes what the streams of a recording have and was perhaps not recorded to its file.
pub(crate) fn recover(folder: &Path, streams: &[Arc<Stream>]) {
    let read = fs::read(folder.join(RUN)).ok();
    let Some(left) = read.and_then(|bytes| serde_json::from_slice::<Left>(&bytes).ok()) else { return };
    let checkpoint = desk::checkpoint(folder);
    let mut series = Series::default();
    let mut readings = readings(streams, Some(folder), left.pattern.as_deref(), left.log_limit);
    if let Some(checkpoint) = checkpoint {
        series.go_on(checkpoint.series);
        for (reading, place) in readings.iter_mut().zip(&checkpoint.streams) {
            reading.go_on(place);
        }
    }
    let keeper = Keeper::without(left.head(), left.spill.clone());
    let (secrets, folder) = (environment::secrets(), folder.to_owned());
    let desk = Desk::new(keeper, readings, series, secrets, Some(folder.clone()));
    desk.finish(End::now(Ending::Unknown, Duration::ZERO));
    // What was in it is in the record now.
    let _ = fs::remove_dir_all(folder);
}

/// Readers of all streams, each with a log in the folder.
pub(crate) fn readings(
    streams: &[Arc<Stream>],
    folder: Option<&Path>,
    pattern: Option<&str>,
    log_limit: u64,
) -> Vec<Reading> {
    let pattern = pattern.and_then(|pattern| Pattern::new(pattern).ok());
    let reading = |stream: &Arc<Stream>| {
        let path = folder.map(|folder| folder.join(format!("{}.txt", stream.name)));
        let log = path.and_then(|path| Log::create(&path, log_limit).ok());
        Reading::new(Arc::clone(stream), STREAMS, LineReader::new(pattern.clone()), log)
    };
    streams.iter().map(reading).collect()
}
