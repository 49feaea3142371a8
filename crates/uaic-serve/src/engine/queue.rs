//! Requests that wait, at most so many texts of them.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::{EngineError, EngineSettings, Entry, Observer};

pub(super) struct Queue {
    settings: EngineSettings,
    observer: Arc<dyn Observer>,
    waiting: Mutex<Waiting>,
    /// Told when a request comes or the queue is closed.
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    entries: VecDeque<Entry>,
    /// Texts of all of them.
    texts: usize,
    /// Texts of the batch taken last.
    last: usize,
    closed: bool,
}

impl Queue {
    pub(super) fn new(settings: EngineSettings, observer: Arc<dyn Observer>) -> Self {
        Self { settings, observer, waiting: Mutex::default(), changed: Condvar::new() }
    }

    /// Refuses what does not fit: a request larger than the whole queue fits when nothing waits.
    pub(super) fn push(&self, entry: Entry) -> Result<(), EngineError> {
        let mut waiting = self.lock();
        if waiting.closed {
            return Err(EngineError::Closed);
        }
        let texts = entry.request.texts.len();
        if waiting.texts > 0 && waiting.texts + texts > self.settings.queue {
            return Err(EngineError::Full { waiting: waiting.texts, limit: self.settings.queue });
        }
        waiting.texts += texts;
        waiting.entries.push_back(entry);
        // Before it can be taken.
        self.observer.queued(texts);
        drop(waiting);
        self.changed.notify_one();
        Ok(())
    }

    /// The next batch, oldest requests first; `None` once the queue is closed and empty.
    pub(super) fn take(&self) -> Option<Vec<Entry>> {
        let mut waiting = self.lock();
        loop {
            let Some(oldest) = waiting.entries.front().map(|entry| entry.since) else {
                if waiting.closed {
                    return None;
                }
                // Whoever was idle answers at once.
                waiting.last = 0;
                waiting = self.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            // Under load a moment's patience makes batches as large as the last one.
            let enough = waiting.last.min(self.settings.batch);
            let until = oldest + self.settings.wait;
            let now = Instant::now();
            if waiting.closed || waiting.texts >= enough || now >= until {
                return Some(self.take_from(&mut waiting));
            }
            let left = until - now;
            waiting = self.changed.wait_timeout(waiting, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn take_from(&self, waiting: &mut Waiting) -> Vec<Entry> {
        let (mut entries, mut texts) = (Vec::new(), 0);
        while let Some(entry) = waiting.entries.front() {
            let more = entry.request.texts.len();
            if !entries.is_empty() && texts + more > self.settings.batch {
                break;
            }
            texts += more;
            entries.extend(waiting.entries.pop_front());
        }
        waiting.texts -= texts;
        self.observer.dequeued(texts);
        waiting.last = texts;
        if !waiting.entries.is_empty() {
            self.changed.notify_one();
        }
        entries
    }

    /// Takes no more requests.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    pub(super) fn depth(&self) -> usize {
        self.lock().texts
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
