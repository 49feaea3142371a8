//! Threads that share one training.

use candle_core::Error;

/// Up to so many threads for parts of one step. What is split never depends on how many there are,
/// so neither do results.
pub struct Crew {
    /// `None`: the caller's thread alone.
    pool: Option<rayon::ThreadPool>,
}

impl Crew {
    /// A crew of `threads`, the caller's included.
    ///
    /// # Errors
    /// The system gives no more threads.
    pub fn new(threads: usize) -> Result<Self, Error> {
        let build =
            || rayon::ThreadPoolBuilder::new().num_threads(threads).thread_name(|n| format!("crew-{n}"));
        let pool = (threads > 1).then(|| build().build()).transpose();
        Ok(Self { pool: pool.map_err(Error::wrap)? })
    }

    /// Does `work` for each item, in any order.
    pub(super) fn each<T: Send>(&self, items: &mut [T], work: impl Fn(&mut T) + Send + Sync) {
        use rayon::prelude::*;
        match &self.pool {
            Some(pool) if items.len() > 1 => pool.install(|| items.par_iter_mut().for_each(work)),
            _ => items.iter_mut().for_each(work),
        }
    }
}
