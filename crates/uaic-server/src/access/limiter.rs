//! How often somebody may ask, and how often guess.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How many are remembered; of more, those that have been quiet the longest are forgotten.
const REMEMBERED: usize = 10_000;

/// How many requests somebody may make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Requests a second, in the long run.
    pub per_second: u32,
    /// Requests at once, after a pause.
    pub burst: u32,
}

/// Who is counted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Who {
    /// A user.
    Name(String),
    /// Whoever is at an address; `None` for this machine without one.
    Address(Option<IpAddr>),
}

/// Something for each of many, none of whom can make it large.
struct Kept<T> {
    all: HashMap<Who, (T, Instant)>,
}

impl<T> Kept<T> {
    fn new() -> Self {
        Self { all: HashMap::new() }
    }

    fn get(&mut self, who: &Who, now: Instant, first: impl FnOnce() -> T) -> &mut (T, Instant) {
        if self.all.len() >= REMEMBERED && !self.all.contains_key(who) {
            let mut times: Vec<Instant> = self.all.values().map(|(_, at)| *at).collect();
            let middle = times.len() / 2;
            let cut = *times.select_nth_unstable(middle).1;
            self.all.retain(|_, (_, at)| *at > cut);
        }
        self.all.entry(who.clone()).or_insert_with(|| (first(), now))
    }
}

/// Counts requests: each has a bucket that fills with time, and takes one from it.
pub(super) struct Requests {
    rate: Rate,
    buckets: Mutex<Kept<f64>>,
}

impl Requests {
    pub(super) fn new(rate: Rate) -> Self {
        Self { rate, buckets: Mutex::new(Kept::new()) }
    }

    /// Takes one request.
    ///
    /// # Errors
    /// There is none to be had before so long.
    pub(super) fn take(&self, who: &Who, now: Instant) -> Result<(), Duration> {
        let (speed, full) = (f64::from(self.rate.per_second.max(1)), f64::from(self.rate.burst.max(1)));
        let mut buckets = lock(&self.buckets);
        let (left, at) = buckets.get(who, now, || full);
        *left = (*left + now.saturating_duration_since(*at).as_secs_f64() * speed).min(full);
        *at = now;
        if *left >= 1.0 {
            *left -= 1.0;
            return Ok(());
        }
        Err(Duration::from_secs_f64((1.0 - *left) / speed))
    }
}

/// Failures that cost nothing: people mistype.
const FREE: u32 = 3;
/// Failures after which an address has to wait.
const BARRED: u32 = 20;
/// The first wait, and the longest, of a login that is taken.
const SLOWEST: Duration = Duration::from_secs(2);
/// The longest time that an address is barred.
const LONGEST: Duration = Duration::from_secs(60);
/// After so long without a failure, all are forgotten.
const FORGOTTEN: Duration = Duration::from_secs(15 * 60);

/// Counts logins that failed, by address and by name.
pub(super) struct Failures(Mutex<Kept<u32>>);

/// What a login has to bear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patience {
    /// It is taken after so long.
    After(Duration),
    /// It is not taken before so long.
    Refused(Duration),
}

impl Failures {
    pub(super) fn new() -> Self {
        Self(Mutex::new(Kept::new()))
    }

    /// What a login from an address under a name has to bear. A name is never barred: anybody could bar
    /// anybody else.
    pub(super) fn patience(&self, address: &Who, name: &Who, now: Instant) -> Patience {
        let of_address = self.count(address, now);
        if of_address.0 >= BARRED {
            let wait = doubled(Duration::from_secs(1), of_address.0 - BARRED, LONGEST);
            let passed = now.saturating_duration_since(of_address.1);
            if passed < wait {
                return Patience::Refused(wait.saturating_sub(passed));
            }
        }
        let failures = of_address.0.max(self.count(name, now).0);
        if failures < FREE {
            return Patience::After(Duration::ZERO);
        }
        Patience::After(doubled(Duration::from_millis(100), failures - FREE, SLOWEST))
    }

    fn count(&self, who: &Who, now: Instant) -> (u32, Instant) {
        let kept = lock(&self.0);
        let found = kept.all.get(who).filter(|(_, at)| now.saturating_duration_since(*at) < FORGOTTEN);
        found.map_or((0, now), |(count, at)| (*count, *at))
    }

    /// One more has failed.
    pub(super) fn add(&self, who: &Who, now: Instant) {
        let mut kept = lock(&self.0);
        let (count, at) = kept.get(who, now, || 0);
        if now.saturating_duration_since(*at) >= FORGOTTEN {
            *count = 0;
        }
        *count = count.saturating_add(1);
        *at = now;
    }

    /// Somebody has got in.
    pub(super) fn forget(&self, who: &Who) {
        lock(&self.0).all.remove(who);
    }
}

/// A time doubled so many times.
fn doubled(first: Duration, times: u32, most: Duration) -> Duration {
    first.checked_mul(1_u32.checked_shl(times.min(31)).unwrap_or(u32::MAX)).unwrap_or(most).min(most)
}

fn lock<T>(kept: &Mutex<Kept<T>>) -> MutexGuard<'_, Kept<T>> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> Who {
        Who::Address(Some(IpAddr::from([10, 0, 0, last])))
    }

    #[test]
    fn a_bucket_empties_and_fills() {
        let requests = Requests::new(Rate { per_second: 10, burst: 5 });
        let now = Instant::now();
        for _ in 0..5 {
            assert_eq!(requests.take(&address(1), now), Ok(()));
        }
        let wait = requests.take(&address(1), now).unwrap_err();
        assert!(wait > Duration::from_millis(99) && wait <= Duration::from_millis(101), "{wait:?}");
        assert_eq!(requests.take(&address(2), now), Ok(()));
        assert_eq!(requests.take(&address(1), now + Duration::from_millis(101)), Ok(()));
        assert!(requests.take(&address(1), now + Duration::from_millis(102)).is_err());
    }

    #[test]
    fn guessing_becomes_slow_and_then_stops() {
        let (failures, start) = (Failures::new(), Instant::now());
        let (from, name) = (address(1), Who::Name("ada".into()));
        assert_eq!(failures.patience(&from, &name, start), Patience::After(Duration::ZERO));
        let mut slowest = Duration::ZERO;
        for _ in 0..BARRED {
            if let Patience::After(wait) = failures.patience(&from, &name, start) {
                assert!(wait >= slowest && wait <= SLOWEST);
                slowest = wait;
            }
            failures.add(&from, start);
            failures.add(&name, start);
        }
        assert_eq!(slowest, SLOWEST);
        assert_eq!(failures.patience(&from, &name, start), Patience::Refused(Duration::from_secs(1)));
        failures.add(&from, start);
        assert_eq!(failures.patience(&from, &name, start), Patience::Refused(Duration::from_secs(2)));
        let later = start + Duration::from_secs(3);
        assert_eq!(failures.patience(&from, &name, later), Patience::After(SLOWEST));
        // From elsewhere the name is slow, and open.
        assert_eq!(failures.patience(&address(2), &name, start), Patience::After(SLOWEST));
        let much_later = start + FORGOTTEN;
        assert_eq!(failures.patience(&from, &name, much_later), Patience::After(Duration::ZERO));
        failures.forget(&name);
        assert_eq!(failures.patience(&address(2), &name, start), Patience::After(Duration::ZERO));
    }

    #[test]
    fn nobody_fills_the_memory() {
        let (failures, start) = (Failures::new(), Instant::now());
        for number in 0..3 * REMEMBERED {
            failures.add(&Who::Name(number.to_string()), start + Duration::from_micros(number as u64));
        }
        assert!(lock(&failures.0).all.len() <= REMEMBERED);
    }
}
