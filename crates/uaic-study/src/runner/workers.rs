//! The threads that evaluate trials: a pool of rayon's with the feature `rayon`, else the standard
//! library's, so that who wants the search engine alone needs no more.

use std::io;

/// Lets so many threads do the same work, and waits for all of them; a panic is passed on.
///
/// # Errors
/// The system gives no more threads. Then none has begun.
#[cfg(feature = "rayon")]
pub(super) fn employ(jobs: usize, work: impl Fn() + Sync) -> io::Result<()> {
    // A pool of its own, and `broadcast` rather than `spawn`: a worker that waits for rayon inside
    // an objective may take over other tasks of its pool, and here there are none to take.
    rayon::ThreadPoolBuilder::new()
        .num_threads(jobs)
        .thread_name(|worker| format!("trial-worker-{worker}"))
        .build()
        .map_err(io::Error::other)?
        .broadcast(|_| work());
    Ok(())
}

/// Lets so many threads do the same work, and waits for all of them; a panic is passed on.
///
/// # Errors
/// The system gives no more threads. Then none has begun.
#[cfg(not(feature = "rayon"))]
pub(super) fn employ(jobs: usize, work: impl Fn() + Sync) -> io::Result<()> {
    use std::panic::resume_unwind;
    use std::sync::{Mutex, PoisonError};
    use std::thread;

    // Whether the work begins; held until all threads are there.
    let gate = Mutex::new(false);
    let begins = || *gate.lock().unwrap_or_else(PoisonError::into_inner);
    let life = || {
        if begins() {
            work();
        }
    };
    thread::scope(|scope| {
        let mut open = gate.lock().unwrap_or_else(PoisonError::into_inner);
        let start =
            |worker| thread::Builder::new().name(format!("trial-worker-{worker}")).spawn_scoped(scope, life);
        let threads = (0..jobs).map(start).collect::<io::Result<Vec<_>>>()?;
        *open = true;
        drop(open);
        let ended: Vec<_> = threads.into_iter().map(thread::ScopedJoinHandle::join).collect();
        ended.into_iter().find_map(Result::err).map_or(Ok(()), |panic| resume_unwind(panic))
    })
}
