//! Threads that share one training.

use std::sync::Arc;

use super::error::ModelError;

/// Up to so many threads for parts of one step. What is split never depends on how many there are,
/// so neither do results.
///
/// A clone is the same crew.
#[derive(Clone)]
pub struct Crew {
    /// `None`: the caller's thread alone.
    pool: Option<Arc<rayon::ThreadPool>>,
}

/// A piece of work that is done once.
pub(super) type Job<'a> = Box<dyn FnMut() + Send + 'a>;

impl Crew {
    /// The caller's thread alone.
    pub fn alone() -> Self {
        Self { pool: None }
    }

    /// A crew of `threads`, the caller's included.
    ///
    /// # Errors
    /// The system gives no more threads.
    pub fn new(threads: usize) -> Result<Self, ModelError> {
        let build =
            || rayon::ThreadPoolBuilder::new().num_threads(threads).thread_name(|n| format!("crew-{n}"));
        let pool = (threads > 1).then(|| build().build()).transpose();
        let pool = pool.map_err(|cause| ModelError::Threads { wanted: threads, cause })?;
        Ok(Self { pool: pool.map(Arc::new) })
    }

    /// Does `work` for each item, in any order.
    pub fn each<T: Send>(&self, items: &mut [T], work: impl Fn(&mut T) + Send + Sync) {
        use rayon::prelude::*;
        match &self.pool {
            Some(pool) if items.len() > 1 => pool.install(|| items.par_iter_mut().for_each(work)),
            _ => items.iter_mut().for_each(work),
        }
    }

    /// Does all jobs, in any order.
    pub(super) fn run(&self, mut jobs: Vec<Job<'_>>) {
        self.each(&mut jobs, |job| job());
    }

    /// Does `work` on a thread of the crew, so that handing parts of it to the others costs less.
    pub(super) fn enter<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        match &self.pool {
            Some(pool) => pool.install(work),
            None => work(),
        }
    }
}
