//! Points on their way to a sink: collected by series, so that it gets many at once.

use std::collections::HashMap;

use crate::record::SourcePoint;
use crate::sink::{Sink, SinkError};

/// Points of a series that are given at once.
const BATCH: usize = 4096;

/// Points of all series that are held at most.
const HELD: usize = 1 << 18;

/// Series that are remembered at most.
const SERIES: usize = 1 << 16;

/// Bytes of their names.
const NAMES: usize = 16 << 20;

/// Collects the points of a run.
#[derive(Default)]
pub(crate) struct Series {
    numbers: HashMap<String, usize>,
    batches: Vec<(String, Vec<SourcePoint>)>,
    held: usize,
    /// The series of the last point.
    last: usize,
    /// Bytes of the names.
    names: usize,
}

impl Series {
    /// Takes a point; gives those on that are many.
    pub(crate) fn push(
        &mut self,
        key: &str,
        point: SourcePoint,
        sink: &mut dyn Sink,
    ) -> Result<(), SinkError> {
        let number = self.number(key);
        self.last = number;
        if let Some((key, batch)) = self.batches.get_mut(number) {
            batch.push(point);
            self.held += 1;
            if batch.len() >= BATCH {
                sink.points(key, batch)?;
                self.held -= batch.len();
                batch.clear();
            }
        }
        if self.held >= HELD || self.is_full() { self.flush(sink) } else { Ok(()) }
    }

    /// Series come in turn, as a rule: the same again, or the one that followed it the last time.
    fn number(&mut self, key: &str) -> usize {
        for likely in [self.last, self.last + 1, 0] {
            if self.batches.get(likely).is_some_and(|(name, _)| name == key) {
                return likely;
            }
        }
        if let Some(number) = self.numbers.get(key) {
            return *number;
        }
        let number = self.batches.len();
        self.names += key.len();
        self.numbers.insert(key.to_owned(), number);
        self.batches.push((key.to_owned(), vec![]));
        number
    }

    /// Gives everything on, at the end of a run.
    pub(crate) fn flush(&mut self, sink: &mut dyn Sink) -> Result<(), SinkError> {
        for (key, batch) in &mut self.batches {
            if !batch.is_empty() {
                sink.points(key, batch)?;
                batch.clear();
            }
        }
        self.held = 0;
        if self.is_full() {
            self.forget();
        }
        Ok(())
    }

    fn is_full(&self) -> bool {
        self.numbers.len() > SERIES || self.names > NAMES
    }

    fn forget(&mut self) {
        self.numbers.clear();
        self.batches.clear();
        self.names = 0;
    }

    /// The names that have come so far, as far as they are remembered.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.numbers.contains_key(key)
    }

    /// Gives everything on and forgets the series: another run begins.
    pub(crate) fn end(&mut self, sink: &mut dyn Sink) -> Result<(), SinkError> {
        self.flush(sink)?;
        self.forget();
        Ok(())
    }
}
