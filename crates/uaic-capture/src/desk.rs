//! The thread that records: whatever is seen of a program comes together here.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::keeper::{Keeper, Unkept};
use crate::metric::{Counted, Series, SourceId};
use crate::reading::{Place, Reading};
use crate::recorder::{Content, End, Ending, Facts};
use crate::secrets::Secrets;

/// How often to look at the spools.
const LOOK: Duration = Duration::from_millis(20);
/// The same, when nothing has come for a while.
const GLANCE: Duration = Duration::from_millis(100);
const A_WHILE: Duration = Duration::from_secs(1);

/// How long facts that are still being gathered are waited for when the program has ended.
const PATIENCE: Duration = Duration::from_secs(5);

/// Points that are given to the recorder at once, about.
const MANY: usize = 10_000;

/// Where the place up to which all is recorded is remembered.
pub(crate) const CHECKPOINT: &str = "checkpoint.json";

/// What others have seen.
#[derive(Debug)]
pub(crate) enum Event {
    Facts(Facts),
    /// A small file.
    Text(String, Vec<u8>),
    /// A file that lies there.
    File(String, PathBuf),
    /// Values of a source of its own, with its label.
    Values(SourceId, String, Vec<Value>),
    /// Something that could not be seen, and why.
    Trouble(String),
    /// The program has ended, and its streams are in their spools.
    Ended(Ending, Duration),
}

/// A value of a metric.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Value {
    pub(crate) key: String,
    pub(crate) step: Option<i64>,
    pub(crate) time_ms: i64,
    pub(crate) number: f64,
}

/// Where the reading of streams stands.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Checkpoint {
    pub(crate) streams: Vec<Place>,
    pub(crate) series: BTreeMap<String, crate::metric::State>,
}

/// What came of a recording.
#[derive(Debug)]
pub(crate) struct Recorded {
    pub(crate) unkept: Option<Unkept>,
    pub(crate) troubles: Vec<String>,
}

/// What is recorded, and how far.
pub(crate) struct Desk {
    keeper: Keeper,
    readings: Vec<Reading>,
    series: Series,
    secrets: Secrets,
    /// The folder of this recording, if there is one.
    folder: Option<PathBuf>,
    /// What could not be seen, and why.
    pub(crate) troubles: Vec<String>,
    /// Facts that are not kept yet.
    facts: Facts,
}

impl Desk {
    pub(crate) fn new(
        keeper: Keeper,
        readings: Vec<Reading>,
        series: Series,
        secrets: Secrets,
        folder: Option<PathBuf>,
    ) -> Self {
        Self { keeper, readings, series, secrets, folder, troubles: vec![], facts: Facts::new() }
    }

    /// Records until all who see something have said all.
    pub(crate) fn work(mut self, events: &Receiver<Event>) -> Recorded {
        let (mut ended, mut busy) = (None, Instant::now());
        let mut deadline: Option<Instant> = None;
        loop {
            let wait = if busy.elapsed() < A_WHILE { LOOK } else { GLANCE };
            match events.recv_timeout(wait) {
                Ok(Event::Ended(ending, took)) => {
                    ended = Some(End::now(ending, took));
                    deadline = Some(Instant::now() + PATIENCE);
                }
                Ok(event) => self.take(event),
                Err(RecvTimeoutError::Timeout) => self.keep_facts(),
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if self.read(ended.is_some()) {
                busy = Instant::now();
            }
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                self.troubles.push("some facts were not gathered in time".to_owned());
                break;
            }
        }
        self.finish(ended.unwrap_or_else(|| End::now(Ending::Unknown, Duration::ZERO)))
    }

    fn take(&mut self, event: Event) {
        match event {
            // Others come along with them, as a rule.
            Event::Facts(facts) => self.facts.extend(facts),
            Event::Text(name, bytes) => self.keeper.artifact(&name, Content::Bytes(&bytes)),
            Event::File(name, path) => self.keeper.artifact(&name, Content::File(&path)),
            Event::Trouble(why) => self.troubles.push(why),
            Event::Values(source, label, values) => {
                let mut points = Vec::with_capacity(values.len());
                for Value { key, step, time_ms, number } in values {
                    points.extend(self.series.add((source, &label), &key, step, (time_ms, number)));
                }
                self.keep(&mut points);
            }
            Event::Ended(..) => {}
        }
    }

    fn keep_facts(&mut self) {
        let facts = std::mem::take(&mut self.facts);
        if !facts.is_empty() {
            self.keeper.facts(&facts);
        }
    }

    /// Reads what has come; once the program has ended, all of it.
    fn read(&mut self, to_the_end: bool) -> bool {
        let (mut points, mut is_any) = (vec![], false);
        loop {
            let mut is_more = false;
            for reading in &mut self.readings {
                is_more |= reading.read_some(&mut self.series, &self.secrets, &mut points);
            }
            is_any |= is_more;
            if !is_more || points.len() >= MANY {
                self.keep(&mut points);
            }
            if !is_more {
                break;
            }
            self.forget();
            // Others want to be heard, too.
            if !to_the_end && points.is_empty() {
                break;
            }
        }
        if is_any {
            for log in self.readings.iter_mut().filter_map(|reading| reading.log.as_mut()) {
                log.flush();
            }
        }
        is_any
    }

    fn keep(&mut self, points: &mut Vec<Counted>) {
        if !points.is_empty() {
            self.keeper.points(points);
            points.clear();
        }
    }

    /// Gives back what is read; before that what comes after must be found again.
    fn forget(&mut self) {
        let mut is_forgotten = false;
        for reading in &mut self.readings {
            is_forgotten |= reading.forget();
        }
        if let (true, Some(folder)) = (is_forgotten, &self.folder) {
            let streams = self.readings.iter_mut().map(Reading::place).collect();
            let series = self.series.states().map(|(key, state)| (key.to_owned(), state)).collect();
            let checkpoint = serde_json::to_vec(&Checkpoint { streams, series }).unwrap_or_default();
            let staged = folder.join("checkpoint.new");
            // Where it fails, what comes after a kill may be counted anew.
            let _ =
                fs::write(&staged, checkpoint).and_then(|()| fs::rename(&staged, folder.join(CHECKPOINT)));
        }
    }

    /// Records what is left, and the end.
    pub(crate) fn finish(mut self, mut end: End) -> Recorded {
        self.keep_facts();
        self.read(true);
        let mut points = vec![];
        for reading in &mut self.readings {
            reading.finish(&mut self.series, &self.secrets, &mut points);
        }
        self.keep(&mut points);
        for reading in &self.readings {
            self.troubles.extend(trouble(reading));
            if let Some(log) = &reading.log
                && !log.is_empty()
            {
                let name = format!("output/{}.txt", reading.stream.name);
                self.keeper.artifact(&name, Content::File(log.path()));
            }
        }
        if self.series.refused > 0 {
            let refused = self.series.refused;
            self.troubles.push(format!("{refused} values were left out: their metrics have too many names"));
        }
        if end.ending != Ending::Exit(0) {
            end.last_lines = self.last_lines();
        }
        self.keeper.finish(&end);
        Recorded { unkept: self.keeper.unkept(), troubles: self.troubles }
    }

    /// The last lines of the last stream that has any: of stderr, where there are two.
    fn last_lines(&self) -> Vec<String> {
        let logs = self.readings.iter().rev().filter_map(|reading| reading.log.as_ref());
        logs.map(crate::stream::Log::last_lines).find(|lines| !lines.is_empty()).unwrap_or_default()
    }
}

fn trouble(reading: &Reading) -> Vec<String> {
    let Reading { stream, log, .. } = reading;
    let spool =
        stream.spool.trouble().map(|why| format!("a part of {} was not recorded: {why}", stream.name));
    let log = match log {
        Some(log) => log.trouble().map(str::to_owned),
        None => Some("there is no folder for it".to_owned()),
    };
    let log = log.map(|why| format!("the log of {} is not whole: {why}", stream.name));
    spool.into_iter().chain(log).collect()
}

/// What a checkpoint of a folder says.
pub(crate) fn checkpoint(folder: &Path) -> Option<Checkpoint> {
    serde_json::from_slice(&fs::read(folder.join(CHECKPOINT)).ok()?).ok()
}
