//! Waiting to the microsecond.
//!
//! The timers of tokio tick once a millisecond, which would be the largest part of a latency that is
//! measured from a scheduled time. On Linux a timer of the kernel wakes the thread instead, as another
//! file that becomes readable; elsewhere it is the timer of tokio.

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use self::alarm::Alarm;

/// Wakes those who wait, in the order of their times.
pub(super) struct Timer {
    waiting: Mutex<VecDeque<(Instant, Waker)>>,
    alarm: Alarm,
}

impl Timer {
    /// # Errors
    /// The system gives no timer.
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self { waiting: Mutex::default(), alarm: Alarm::new()? })
    }

    /// Waits until a time. Who begins to wait later must not wait for an earlier time: turns are
    /// handed out in order.
    pub(super) fn until(&self, at: Instant) -> Until<'_> {
        Until { timer: self, at, is_queued: false }
    }

    /// Wakes whoever is due, for ever.
    pub(super) async fn run(&self) {
        while self.alarm.rung().await.is_ok() {
            let mut waiting = self.lock();
            let now = Instant::now();
            while let Some((at, _)) = waiting.front()
                && *at <= now
            {
                if let Some((_, waker)) = waiting.pop_front() {
                    waker.wake();
                }
            }
            if let Some((at, _)) = waiting.front() {
                self.alarm.set(*at);
            }
        }
    }

    fn queue(&self, at: Instant, waker: Waker) {
        let mut waiting = self.lock();
        waiting.push_back((at, waker));
        if waiting.len() == 1 {
            self.alarm.set(at);
        }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<(Instant, Waker)>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// See [`Timer::until`].
pub(super) struct Until<'a> {
    timer: &'a Timer,
    at: Instant,
    is_queued: bool,
}

impl Future for Until<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if Instant::now() >= self.at {
            return Poll::Ready(());
        }
        if !self.is_queued {
            self.is_queued = true;
            self.timer.queue(self.at, context.waker().clone());
        }
        Poll::Pending
    }
}

#[cfg(target_os = "linux")]
mod alarm {
    use std::io;
    use std::os::fd::OwnedFd;
    use std::time::{Duration, Instant};

    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
        timerfd_settime,
    };
    use tokio::io::Interest;
    use tokio::io::unix::AsyncFd;

    /// Rings once at the time that was set last.
    pub(super) struct Alarm(AsyncFd<OwnedFd>);

    impl Alarm {
        pub(super) fn new() -> io::Result<Self> {
            let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
            let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
            // Deprecated because it takes things that may not own a file; an `OwnedFd` does, and the
            // other constructor is unsafe.
            #[allow(deprecated)]
            let timer = AsyncFd::with_interest(timer, Interest::READABLE)?;
            Ok(Self(timer))
        }

        pub(super) fn set(&self, at: Instant) {
            // A timer of 0 is none.
            let left = at.saturating_duration_since(Instant::now()).max(Duration::from_nanos(1));
            let zero = Timespec { tv_sec: 0, tv_nsec: 0 };
            let Ok(it_value) = Timespec::try_from(left) else { return };
            // It fails for malformed times only.
            let timer = Itimerspec { it_interval: zero, it_value };
            let _ = timerfd_settime(self.0.get_ref(), TimerfdTimerFlags::empty(), &timer);
        }

        /// Setting it again makes it unread, so nothing has to be read.
        pub(super) async fn rung(&self) -> io::Result<()> {
            self.0.readable().await?.clear_ready();
            Ok(())
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod alarm {
    use std::io;
    use std::sync::{Mutex, PoisonError};
    use std::time::Instant;

    use tokio::sync::Notify;

    /// Rings once at the time that was set last.
    #[derive(Default)]
    pub(super) struct Alarm {
        at: Mutex<Option<Instant>>,
        is_set: Notify,
    }

    impl Alarm {
        pub(super) fn new() -> io::Result<Self> {
            Ok(Self::default())
        }

        pub(super) fn set(&self, at: Instant) {
            *self.at.lock().unwrap_or_else(PoisonError::into_inner) = Some(at);
            self.is_set.notify_one();
        }

        pub(super) async fn rung(&self) -> io::Result<()> {
            loop {
                let at = self.at.lock().unwrap_or_else(PoisonError::into_inner).take();
                match at {
                    Some(at) => {
                        tokio::time::sleep_until(at.into()).await;
                        return Ok(());
                    }
                    None => self.is_set.notified().await,
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::time::Duration;

    #[test]
    fn all_who_wait_are_woken_in_order_and_none_too_early() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let timer = Arc::new(Timer::new().unwrap());
            let ringing = Arc::clone(&timer);
            tokio::spawn(async move { ringing.run().await });
            let start = Instant::now();
            let woken = Arc::new(Mutex::new(Vec::new()));
            let mut tasks = tokio::task::JoinSet::new();
            for number in 0..200_u64 {
                let (timer, woken) = (Arc::clone(&timer), Arc::clone(&woken));
                tasks.spawn(async move {
                    let at = start + Duration::from_micros(200 * number);
                    timer.until(at).await;
                    assert!(Instant::now() >= at);
                    woken.lock().unwrap().push(number);
                });
            }
            while let Some(task) = tasks.join_next().await {
                task.unwrap();
            }
            assert_eq!(*woken.lock().unwrap(), (0..200).collect::<Vec<_>>());
        });
    }
}
