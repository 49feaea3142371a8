//! The engine of one model version: a bounded queue and threads that answer it in micro-batches.
//!
//! An idle engine answers at once; while it works, what arrives gathers to the next batch. So batches
//! grow with the load, and nobody waits for company that does not come. Inference never runs on the
//! threads that serve connections.

mod queue;
mod worker;

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use queue::Queue;
use uaic_model::inference::{Prediction, Predictor, TokenWeight};

/// How an engine works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EngineSettings {
    /// Threads that answer.
    pub threads: usize,
    /// Most texts that wait; what comes on top is refused.
    pub queue: usize,
    /// Most texts of a batch.
    pub batch: usize,
    /// Longest time that a text waits for company, and only while there is a queue; at most 1 ms.
    pub wait: Duration,
}

impl Default for EngineSettings {
    /// One thread, 1024 texts, batches of 64, no waiting.
    fn default() -> Self {
        Self { threads: 1, queue: 1024, batch: 64, wait: Duration::ZERO }
    }
}

/// What an engine is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineRequest {
    /// The texts, at least one.
    pub texts: Vec<String>,
    /// How many labels each answer names.
    pub top: usize,
    /// Whether to say how much each token had a say.
    pub explain: bool,
    /// When nobody waits for the answer any more.
    pub deadline: Instant,
}

/// What an engine answers.
#[derive(Clone, Debug, PartialEq)]
pub struct EngineResponse {
    /// The texts of the request.
    pub texts: Vec<String>,
    /// One for each text.
    pub predictions: Vec<Prediction>,
    /// The tokens of each, where they were asked for.
    pub tokens: Option<Vec<Vec<TokenWeight>>>,
}

/// Why an engine does not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// Too many texts wait.
    #[error("the queue is full: {waiting} texts wait, and {limit} may")]
    Full {
        /// Texts that wait.
        waiting: usize,
        /// Most that may.
        limit: usize,
    },
    /// It was not its turn in time.
    #[error("the answer was not there in time")]
    Late,
    /// The engine is being taken down.
    #[error("the model is being taken down")]
    Closed,
    /// The model failed.
    #[error("the model failed: {0}")]
    Failed(String),
    /// A defect; only the request that met it is lost.
    #[error("answering panicked, which is a defect; the log says where")]
    Panicked,
}

/// What happened with one batch.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchReport {
    /// Texts of the forward pass.
    pub texts: usize,
    /// How long each request waited.
    pub waits: Vec<Duration>,
    /// How long answering took.
    pub inference: Duration,
}

/// Whoever wants to know what an engine does.
pub trait Observer: Send + Sync {
    /// So many texts begin to wait.
    fn queued(&self, texts: usize);

    /// So many texts wait no longer, whether they are answered or not.
    fn dequeued(&self, texts: usize);

    /// Texts were answered; nobody has the answers yet.
    fn answered(&self, report: &BatchReport);
}

/// What whoever waits gets.
pub type Reply = Result<EngineResponse, EngineError>;

/// A request with somebody who waits.
struct Entry {
    request: EngineRequest,
    since: Instant,
    reply: oneshot::Sender<Reply>,
}

/// A model that answers from a queue. Dropping it answers what waits, then ends its threads.
pub struct Engine {
    queue: Arc<Queue>,
}

impl Engine {
    /// Starts the threads.
    ///
    /// # Errors
    /// The system has no more threads.
    pub fn start(
        predictor: &Arc<Predictor>,
        settings: EngineSettings,
        observer: &Arc<dyn Observer>,
    ) -> std::io::Result<Self> {
        let engine = Self { queue: Arc::new(Queue::new(settings, Arc::clone(observer))) };
        for number in 0..settings.threads.max(1) {
            let (queue, predictor) = (Arc::clone(&engine.queue), Arc::clone(predictor));
            let observer = Arc::clone(observer);
            // Not joined: who drops the last handle may be a thread that serves connections.
            std::thread::Builder::new()
                .name(format!("uaic-model-{number}"))
                .spawn(move || worker::answer_until_closed(&queue, &predictor, &*observer))?;
        }
        Ok(engine)
    }

    /// Queues a request; the receiver gets its answer, or an error when answering panicked.
    ///
    /// # Errors
    /// The queue is full or closed.
    pub fn submit(&self, request: EngineRequest) -> Result<oneshot::Receiver<Reply>, EngineError> {
        let (reply, answer) = oneshot::channel();
        self.queue.push(Entry { request, since: Instant::now(), reply })?;
        Ok(answer)
    }

    /// Asks and waits, on a thread that may block.
    ///
    /// # Errors
    /// It is refused.
    pub fn predict_blocking(&self, request: EngineRequest) -> Result<EngineResponse, EngineError> {
        self.submit(request)?.blocking_recv().unwrap_or(Err(EngineError::Panicked))
    }

    /// Texts that wait.
    pub fn depth(&self) -> usize {
        self.queue.depth()
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.queue.close();
    }
}

#[cfg(test)]
mod tests;
