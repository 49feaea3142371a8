//! A stream that is read: its spool becomes a log and points.

use serde::{Deserialize, Serialize};

use std::sync::Arc;

use crate::metric::{Counted, LineReader, Series, SourceId};
use crate::recorder::now_ms;
use crate::secrets::Secrets;
use crate::stream::{Cooked, Log, Piece, Stream};
use crate::terminal;

/// What is read at a time.
const CHUNK: usize = 1 << 18;

/// Names of metrics that are longer are none.
const LONGEST_KEY: usize = 200;

/// Where a reader stands, for another one to go on from.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Place {
    /// The beginning of the first line that is not read.
    at: u64,
    /// Bytes of the log up to there.
    log: u64,
    announced: Option<i64>,
}

/// Reads one stream.
pub(crate) struct Reading {
    pub(crate) stream: Arc<Stream>,
    source: SourceId,
    /// Where the spool is read next, and where the open line begins.
    at: u64,
    line_at: u64,
    cooked: Cooked,
    lines: LineReader,
    pub(crate) log: Option<Log>,
    chunk: Vec<u8>,
}

impl Reading {
    pub(crate) fn new(stream: Arc<Stream>, source: SourceId, lines: LineReader, log: Option<Log>) -> Self {
        let (cooked, chunk) = (Cooked::default(), vec![0; CHUNK]);
        Self { stream, source, at: 0, line_at: 0, cooked, lines, log, chunk }
    }

    /// Goes on where another reader stood.
    pub(crate) fn go_on(&mut self, place: &Place) {
        (self.at, self.line_at) = (place.at, place.at);
        self.lines.go_on(place.announced);
        if let Some(log) = &mut self.log {
            log.go_on(place.log);
        }
    }

    /// Where it stands.
    pub(crate) fn place(&mut self) -> Place {
        let log = self.log.as_mut().map_or(0, Log::flushed);
        Place { at: self.line_at, log, announced: self.lines.announced() }
    }

    /// Reads the next bytes, if there are any, and adds the points that they say.
    pub(crate) fn read_some(
        &mut self,
        series: &mut Series,
        secrets: &Secrets,
        points: &mut Vec<Counted>,
    ) -> bool {
        let Ok(read @ 1..) = self.stream.spool.read_at(&mut self.chunk, self.at) else { return false };
        self.at += read as u64;
        let chunk = std::mem::take(&mut self.chunk);
        self.take(Some(&chunk[..read]), series, secrets, points);
        self.chunk = chunk;
        if !self.cooked.is_open() {
            self.line_at = self.at;
        } else if let Some(end) = memchr::memrchr(b'\n', &self.chunk[..read]) {
            self.line_at = self.at - (read - end - 1) as u64;
        }
        true
    }

    /// Gives back to the disk what is read, now and then; says whether it did, since then the place where
    /// it stands has to be remembered.
    pub(crate) fn forget(&mut self) -> bool {
        self.stream.spool.forget_before(self.line_at)
    }

    /// Ends the last line.
    pub(crate) fn finish(&mut self, series: &mut Series, secrets: &Secrets, points: &mut Vec<Counted>) {
        if self.cooked.is_open() {
            self.take(None, series, secrets, points);
        }
        if let Some(log) = &mut self.log {
            log.finish();
        }
    }

    /// Takes bytes, or the end of the last line.
    fn take(
        &mut self,
        bytes: Option<&[u8]>,
        series: &mut Series,
        secrets: &Secrets,
        points: &mut Vec<Counted>,
    ) {
        let Self { cooked, lines, log, source, stream, .. } = self;
        let time_ms = now_ms();
        // A secret within a line that is open is in what comes next, too, when that ends the line.
        let secrets =
            Some(secrets).filter(|_| cooked.is_open() || bytes.is_some_and(|bytes| secrets.is_in(bytes)));
        let mut on_piece = |piece: Piece<'_>| match piece {
            Piece::Part(part) => {
                if let Some(log) = log {
                    log.add(part);
                }
            }
            Piece::Line(line) => {
                if let Some(log) = log {
                    log.add_line(line, secrets);
                }
                let add = |key: &str, step: Option<i64>, value: f64| {
                    points.extend(series.add((*source, &stream.name), key, step, (time_ms, value)));
                };
                read_line(line, lines, add);
            }
        };
        match bytes {
            Some(bytes) => cooked.push(bytes, &mut on_piece),
            None => cooked.finish(&mut on_piece),
        }
    }
}

/// Reads a line as a terminal shows it.
fn read_line(line: &[u8], lines: &mut LineReader, mut add: impl FnMut(&str, Option<i64>, f64)) {
    let text = String::from_utf8_lossy(line);
    let shown = terminal::shown(&text);
    let Some(said) = lines.read(&shown) else { return };
    for (key, value) in &said.values {
        if key.len() <= LONGEST_KEY && !key.contains(char::is_control) {
            add(key, said.step, *value);
        }
    }
}
