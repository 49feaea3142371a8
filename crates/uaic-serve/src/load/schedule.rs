//! Whose turn it is, and when it is due.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::plan::{End, Pace};

/// Hands out turns to all connections of all threads.
#[derive(Debug)]
pub(super) struct Schedule {
    pace: Pace,
    end: End,
    warm_up: Duration,
    start: OnceLock<Instant>,
    taken: AtomicU64,
    /// Turns of a closed loop that count.
    counted: AtomicU64,
}

/// One request to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Turn {
    /// Its number, warm-up included.
    pub(super) number: u64,
    /// When it is to be sent; in a closed loop, now.
    pub(super) due: Instant,
    /// Whether it counts.
    pub(super) counts: bool,
}

impl Schedule {
    pub(super) fn new(pace: Pace, end: End, warm_up: Duration) -> Self {
        let (taken, counted) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { pace, end, warm_up, start: OnceLock::new(), taken, counted }
    }

    /// Starts the clock, unless it is running.
    pub(super) fn start(&self) {
        self.start.get_or_init(Instant::now);
    }

    /// When the first request that counts is due; none before the start.
    pub(super) fn counts_from(&self) -> Option<Instant> {
        self.start.get().map(|start| after(*start, self.warm_up))
    }

    /// The next turn; none when there are no more.
    pub(super) fn next(&self, now: Instant) -> Option<Turn> {
        let start = *self.start.get_or_init(Instant::now);
        match self.pace {
            Pace::Closed => self.next_closed(now, after(start, self.warm_up)),
            Pace::Open(rate) => self.next_open(rate, start),
        }
    }

    fn next_closed(&self, now: Instant, counts_from: Instant) -> Option<Turn> {
        let counts = now >= counts_from;
        let is_over = counts
            && match self.end {
                End::Requests(all) => self.counted.fetch_add(1, Ordering::Relaxed) >= all,
                End::Duration(duration) => now >= after(counts_from, duration),
            };
        let number = || self.taken.fetch_add(1, Ordering::Relaxed);
        (!is_over).then(|| Turn { number: number(), due: now, counts })
    }

    fn next_open(&self, rate: f64, start: Instant) -> Option<Turn> {
        let warm_up = turns_before(self.warm_up, rate);
        let all = match self.end {
            End::Requests(count) => warm_up.saturating_add(count),
            End::Duration(duration) => turns_before(self.warm_up.saturating_add(duration), rate),
        };
        let number = self.taken.fetch_add(1, Ordering::Relaxed);
        // The product of a number and the interval, so that no error adds up.
        let due = start.checked_add(Duration::try_from_secs_f64(number as f64 / rate).ok()?)?;
        (number < all).then_some(Turn { number, due, counts: number >= warm_up })
    }
}

/// A time later, or a century later where that is sooner.
pub(super) fn after(start: Instant, time: Duration) -> Instant {
    const CENTURY: Duration = Duration::from_secs(3_155_760_000);
    start.checked_add(time.min(CENTURY)).unwrap_or(start)
}

/// How many turns are due within a time from the start, of which the first is due at 0.
fn turns_before(time: Duration, rate: f64) -> u64 {
    let turns = time.as_secs_f64() * rate;
    // 0.1 s at 30 a second are 3 turns, though the product is 3.0000000000000004.
    (turns - turns * 1e-12).ceil() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn turns(schedule: &Schedule, at: Instant, most: usize) -> Vec<Turn> {
        std::iter::from_fn(|| schedule.next(at)).take(most).collect()
    }

    #[test]
    fn an_open_loop_is_due_at_even_times_whenever_it_is_asked() {
        let schedule = Schedule::new(Pace::Open(1000.0), End::Requests(3000), Duration::ZERO);
        schedule.start();
        let start = schedule.counts_from().unwrap();
        let turns = turns(&schedule, start + 99 * SECOND, 5000);
        assert_eq!(turns.len(), 3000);
        for (place, turn) in turns.iter().enumerate() {
            assert_eq!(turn.number, place as u64);
            let off = turn.due.duration_since(start).abs_diff(Duration::from_millis(place as u64));
            assert!(off <= Duration::from_nanos(1), "{place}: {off:?}");
        }
    }

    #[test]
    fn the_turns_of_an_open_loop_are_rate_times_time() {
        for (rate, duration, expected) in
            [(30.0, 100, 3), (1000.0, 1000, 1000), (0.5, 1000, 1), (3.0, 1000, 3), (1e5, 3, 300)]
        {
            let end = End::Duration(Duration::from_millis(duration));
            let schedule = Schedule::new(Pace::Open(rate), end, Duration::ZERO);
            assert_eq!(turns(&schedule, Instant::now(), 10_000).len(), expected, "{rate} for {duration} ms");
        }
    }

    #[test]
    fn requests_of_the_warm_up_do_not_count() {
        let schedule = Schedule::new(Pace::Open(10.0), End::Requests(5), SECOND);
        let found = turns(&schedule, Instant::now(), 100);
        assert_eq!((found.len(), found.iter().filter(|turn| turn.counts).count()), (15, 5));

        let schedule = Schedule::new(Pace::Closed, End::Requests(5), SECOND);
        schedule.start();
        let counts_from = schedule.counts_from().unwrap();
        let early = counts_from.checked_sub(SECOND / 2).unwrap();
        assert!(turns(&schedule, early, 7).iter().all(|turn| !turn.counts));
        let counted = turns(&schedule, counts_from, 100);
        assert!(counted.len() == 5 && counted.iter().all(|turn| turn.counts));
    }

    #[test]
    fn a_closed_loop_ends_by_the_clock() {
        let schedule = Schedule::new(Pace::Closed, End::Duration(SECOND), SECOND);
        schedule.start();
        let start = schedule.counts_from().unwrap();
        assert!(schedule.next(start + SECOND / 2).is_some());
        assert!(schedule.next(start + SECOND).is_none());
    }

    #[test]
    fn odd_rates_and_times_never_panic() {
        for rate in [1e-300, 1e-9, 1e18] {
            for end in [End::Requests(u64::MAX), End::Duration(Duration::MAX)] {
                for (pace, warm_up) in [(Pace::Open(rate), SECOND), (Pace::Closed, Duration::MAX)] {
                    let schedule = Schedule::new(pace, end, warm_up);
                    assert!(turns(&schedule, Instant::now(), 3).len() <= 3);
                }
            }
        }
    }
}
