//! Which of two copies of the same thing is the later one, if either is.

use std::collections::BTreeMap;

use crate::store::{Id, Point, RunCopy, RunRecord, StudyCopy};
use crate::trial::RunState;

/// What a copy that comes in is beside the one that is here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The same.
    Same,
    /// What the one here became.
    Grown,
    /// What the one here was.
    Older,
}

use Verdict::{Grown, Older, Same};

/// Why neither is what the other was: a part in which they differ.
pub(super) type Difference = String;

/// Two parts of the same copies.
pub(super) fn join(one: Verdict, other: Verdict, part: &str) -> Result<Verdict, Difference> {
    match (one, other) {
        (Same, verdict) | (verdict, Same) => Ok(verdict),
        (one, other) if one == other => Ok(one),
        _ => Err(format!("each has more than the other, one of them {part}")),
    }
}

/// Lists that only grow.
pub(super) fn lists<T: PartialEq>(here: &[T], there: &[T], part: &str) -> Result<Verdict, Difference> {
    let shared = here.len().min(there.len());
    if here[..shared] != there[..shared] {
        return Err(format!("{part} differ"));
    }
    Ok(match here.len().cmp(&there.len()) {
        std::cmp::Ordering::Less => Grown,
        std::cmp::Ordering::Equal => Same,
        std::cmp::Ordering::Greater => Older,
    })
}

/// Two copies of a study.
pub(super) fn studies(here: &StudyCopy, there: &StudyCopy) -> Result<Verdict, Difference> {
    let fixed = |copy: &StudyCopy| {
        let mut plan = copy.record.plan.clone();
        plan.trials = 0;
        (plan, copy.record.created_ms)
    };
    if fixed(here) != fixed(there) {
        return Err("what was planned differs".to_owned());
    }
    let changes = lists(&here.changes, &there.changes, "its changes")?;
    let verdict = join(changes, lists(&here.events, &there.events, "its events")?, "events")?;
    let last = |copy: &StudyCopy| (copy.record.plan.trials, copy.record.state, copy.record.owner.clone());
    if verdict == Same && last(here) != last(there) {
        return Err("its state differs".to_owned());
    }
    Ok(verdict)
}

fn has_ended(record: &RunRecord) -> bool {
    record.state != RunState::Running
}

/// What differs between a run that goes on and one that has ended, or by a change of its study.
fn by_end(here: &RunRecord, there: &RunRecord, study: Verdict, part: &str) -> Result<Verdict, Difference> {
    match (has_ended(here), has_ended(there)) {
        (false, _) => Ok(Grown),
        (true, false) => Ok(Older),
        (true, true) if study != Same => Ok(study),
        (true, true) => Err(format!("{part} differs")),
    }
}

/// How a run ended, to the bit.
fn end(record: &RunRecord) -> (RunState, Vec<u64>, u64, bool, Option<&str>, Option<i64>) {
    let bits = |value: f64| if value.is_nan() { f64::NAN.to_bits() } else { value.to_bits() };
    let values = record.values.iter().map(|value| bits(*value)).collect();
    (record.state, values, bits(record.violation), record.excluded, record.reason.as_deref(), record.ended_ms)
}

/// Two copies of a run, but for what they may have that is large. `study` is the verdict on its study.
pub(super) fn runs(here: &RunCopy, there: &RunCopy, study: Verdict) -> Result<Verdict, Difference> {
    let (own, other) = (&here.record, &there.record);
    let place = |record: &RunRecord| (record.start.home.clone(), record.start.kind, record.start.number);
    if place(own) != place(other) {
        return Err("what it belongs to differs".to_owned());
    }
    if own.attempts != other.attempts {
        let (fewer, verdict) = if own.attempts < other.attempts { (own, Grown) } else { (other, Older) };
        if fewer.state.is_final() {
            return Err("it had ended, and was started again".to_owned());
        }
        return join(verdict, lists(&here.events, &there.events, "its events")?, "events");
    }
    if own.started_ms != other.started_ms {
        return Err("its start differs".to_owned());
    }
    let events = lists(&here.events, &there.events, "its events")?;
    let mut verdict = events;
    if end(own) != end(other) {
        verdict = join(verdict, by_end(own, other, study, "its end")?, "its end")?;
    }
    let start = |record: &RunRecord| {
        let start = &record.start;
        let params: BTreeMap<_, _> =
            start.params.iter().map(|(name, value)| (name.clone(), format!("{value:?}"))).collect();
        (params, start.config.to_string(), start.environment.clone(), start.process.clone())
    };
    if start(own) != start(other) {
        verdict = join(verdict, by_end(own, other, Same, "its configuration")?, "its configuration")?;
    }
    let label = |record: &RunRecord| (record.name.clone(), record.note.clone(), record.parent, record.hidden);
    if label(own) != label(other) {
        match events {
            Same => return Err("its name, note or parent differs".to_owned()),
            edited => verdict = join(verdict, edited, "its name")?,
        }
    }
    tags(here, there, verdict)
}

/// Tags may be added on either side; of one that differs the later side knows better.
fn tags(here: &RunCopy, there: &RunCopy, verdict: Verdict) -> Result<Verdict, Difference> {
    let differing =
        here.tags.iter().find(|(key, value)| there.tags.get(*key).is_some_and(|other| other != *value));
    if let (Some((key, _)), Same) = (differing, verdict) {
        return Err(format!("its tag `{key}` differs"));
    }
    let is_new = there.tags.keys().any(|key| !here.tags.contains_key(key));
    Ok(if is_new && verdict == Same { Grown } else { verdict })
}

/// Series by their number of points: what one side alone has, the other has none of.
pub(super) fn counts(
    here: &BTreeMap<String, u64>,
    there: &BTreeMap<String, u64>,
) -> Result<Verdict, Difference> {
    let mut verdict = Same;
    for key in here.keys().chain(there.keys()) {
        let count = |side: &BTreeMap<String, u64>| side.get(key).copied().unwrap_or_default();
        let own = match count(here).cmp(&count(there)) {
            std::cmp::Ordering::Less => Grown,
            std::cmp::Ordering::Equal => Same,
            std::cmp::Ordering::Greater => Older,
        };
        verdict = join(verdict, own, &format!("points of `{key}`"))?;
    }
    Ok(verdict)
}

/// Whether two points are one, whatever a NaN carries.
pub(super) fn is_same(one: &Point, other: &Point) -> bool {
    let bits = |value: f64| if value.is_nan() { f64::NAN.to_bits() } else { value.to_bits() };
    (one.step, one.time_ms, bits(one.value)) == (other.step, other.time_ms, bits(other.value))
}

/// Artifacts by name; of one that differs the later side has another content.
pub(super) fn artifacts(
    here: &BTreeMap<String, String>,
    there: &BTreeMap<String, String>,
    runs: Verdict,
) -> Result<Verdict, Difference> {
    let mut verdict = runs;
    for (name, hash) in here.iter().chain(there) {
        let own = match (here.get(name), there.get(name)) {
            (Some(_), None) => Older,
            (None, Some(_)) => Grown,
            (one, other) if one == other => Same,
            _ if runs == Same => return Err(format!("its artifact `{name}` differs")),
            _ => runs,
        };
        verdict = join(verdict, own, &format!("the artifact {name} ({})", &hash[..hash.len().min(8)]))?;
    }
    Ok(verdict)
}

/// A run or a study, as it is told.
pub(super) fn told(what: &str, id: Id, here: &str, there: &str, difference: &str) -> String {
    format!("{what} {} of {there} and that of {here} have diverged: {difference}", id.short())
}
