//! Series: which step a value has that names none, and whose a name is.

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::recorder::Point;

/// More names than this are no metrics any more, but something else that changes.
const MOST_SERIES: usize = 10_000;

/// Where values come from: one of the program's streams, a file, this machine.
pub(crate) type SourceId = u32;

/// The streams of a program are one source: it may say the same by either.
pub(crate) const STREAMS: SourceId = 0;

/// A point, and how many its series had before.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Counted {
    pub(crate) point: Point,
    pub(crate) before: u64,
}

/// All series of a run.
#[derive(Debug, Default)]
pub(crate) struct Series {
    of: HashMap<Arc<str>, State>,
    /// Values that were not taken, because there were too many names.
    pub(crate) refused: u64,
}

/// What is known of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct State {
    source: SourceId,
    /// Of the newest value.
    step: i64,
    count: u64,
}

impl Series {
    /// Takes a value. One without a step has the step after the last, the first of all 1. Where the name is
    /// another source's, it gets `label/` before it: two sources never share a series.
    pub(crate) fn add(
        &mut self,
        (source, label): (SourceId, &str),
        key: &str,
        step: Option<i64>,
        (time_ms, value): (i64, f64),
    ) -> Option<Counted> {
        if self.of.get(key).is_some_and(|state| state.source != source) {
            let own = format!("{label}/{key}");
            return self.add_own(source, &own, step, (time_ms, value));
        }
        self.add_own(source, key, step, (time_ms, value))
    }

    fn add_own(
        &mut self,
        source: SourceId,
        key: &str,
        step: Option<i64>,
        (time_ms, value): (i64, f64),
    ) -> Option<Counted> {
        let Some((known, _)) = self.of.get_key_value(key) else {
            if self.of.len() >= MOST_SERIES {
                self.refused += 1;
                return None;
            }
            let (key, step): (Arc<str>, _) = (key.into(), step.unwrap_or(1));
            self.of.insert(Arc::clone(&key), State { source, step, count: 1 });
            return Some(Counted { point: Point { key, step, time_ms, value }, before: 0 });
        };
        let key = Arc::clone(known);
        let state = self.of.get_mut(&key)?;
        state.step = step.unwrap_or(state.step.saturating_add(1));
        state.count += 1;
        let point = Point { key, step: state.step, time_ms, value };
        Some(Counted { point, before: state.count - 1 })
    }

    /// All states, to go on from elsewhere.
    pub(crate) fn states(&self) -> impl Iterator<Item = (&str, State)> {
        self.of.iter().map(|(key, state)| (&**key, *state))
    }

    /// Goes on where another has stopped.
    pub(crate) fn go_on(&mut self, states: impl IntoIterator<Item = (String, State)>) {
        self.of.extend(states.into_iter().take(MOST_SERIES).map(|(key, state)| (key.into(), state)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(series: &mut Series, source: SourceId, key: &str, step: Option<i64>) -> (String, i64, u64) {
        let counted = series.add((source, "val"), key, step, (0, 0.5)).unwrap();
        (counted.point.key.to_string(), counted.point.step, counted.before)
    }

    #[test]
    fn steps_count_up_and_go_on_from_given_ones() {
        let mut series = Series::default();
        assert_eq!(add(&mut series, 0, "a", None), ("a".into(), 1, 0));
        assert_eq!(add(&mut series, 0, "a", Some(-7)), ("a".into(), -7, 1));
        assert_eq!(add(&mut series, 0, "a", None), ("a".into(), -6, 2));
        assert_eq!(add(&mut series, 0, "b", Some(i64::MAX)).1, i64::MAX);
        assert_eq!(add(&mut series, 0, "b", None).1, i64::MAX, "there is no step after the last");
    }

    #[test]
    fn a_name_is_that_of_its_first_source() {
        let mut series = Series::default();
        assert_eq!(add(&mut series, 0, "loss", None).0, "loss");
        assert_eq!(add(&mut series, 1, "loss", None), ("val/loss".into(), 1, 0));
        assert_eq!(add(&mut series, 0, "loss", None), ("loss".into(), 2, 1));
    }

    #[test]
    fn names_without_end_cost_no_memory() {
        let mut series = Series::default();
        for i in 0..MOST_SERIES + 5 {
            series.add((0, ""), &i.to_string(), None, (0, 0.0));
        }
        assert_eq!((series.of.len(), series.refused), (MOST_SERIES, 5));
        assert!(series.add((0, ""), "7", None, (0, 0.0)).is_some());
    }
}
