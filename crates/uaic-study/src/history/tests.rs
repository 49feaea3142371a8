use proptest::prelude::*;

use super::*;
use crate::schedule::Schedule;
use crate::space::Distribution;
use crate::store::{Attempt, MetricPoint, NewRun, RunEnd, RunKind};
use crate::testing::{BrittleStore, process};
use crate::trial::ParamValue;

/// What happens to a study.
#[derive(Clone, Debug)]
enum Happens {
    /// The next trial is proposed and ends so.
    Trial(RunState),
    Exclude(u32),
    Include(u32),
    Correct(u32, f64),
    Enqueue(f64),
    Space(f64),
}

fn happens() -> impl Strategy<Value = Happens> {
    let states = vec![RunState::Complete, RunState::Pruned, RunState::Failed];
    let trial = prop::sample::select(states).prop_map(Happens::Trial);
    let number = 0_u32..12;
    prop_oneof![
        6 => trial,
        1 => number.clone().prop_map(Happens::Exclude),
        1 => number.clone().prop_map(Happens::Include),
        2 => (number, 0.0..1.0).prop_map(|(number, value)| Happens::Correct(number, value)),
        1 => (0.0..1.0).prop_map(Happens::Enqueue),
        1 => (1.0..9.0).prop_map(Happens::Space),
    ]
}

fn space(high: f64) -> Space {
    Space::new([("x".to_owned(), Distribution::Uniform { low: 0.0, high, step: None })])
}

/// What one proposal sees, to compare.
type Seen = (Space, Vec<FinishedTrial>, Vec<PendingTrial>, Option<Params>);

fn seen(history: &History<'_>, enqueued: Option<&Params>) -> Seen {
    (history.space.clone(), history.finished.to_vec(), history.pending.to_vec(), enqueued.cloned())
}

/// A study in a store, and the schedule that goes along with it.
struct Live {
    store: BrittleStore,
    schedule: Schedule,
    applied: usize,
    /// By number of the trial.
    seen: Vec<Seen>,
}

const REPORTS: &str = "reports";
const DIRECTIONS: [Direction; 1] = [Direction::Minimize];

impl Live {
    fn change(&self, change: &Change) {
        // What the store refuses, such as a correction of a trial that there is not, has not happened.
        let _ = self.store.change_study(self.store.study(), change);
    }

    fn trial(&mut self, state: RunState) {
        let changes = self.store.changes(self.store.study()).unwrap();
        let number = self.seen.len() as u32;
        for change in &changes[self.applied..] {
            assert!(counts(change, number), "what is recorded by now counts by now");
            self.schedule.apply(&change.change);
        }
        self.applied = changes.len();
        assert_eq!(self.schedule.ready(), Some(number));
        self.seen.push(seen(&self.schedule.history(&DIRECTIONS), enqueued(&changes, number)));
        let x = f64::from(number) / 20.0;
        let params = Params::from([("x".to_owned(), ParamValue::Float(x))]);
        self.schedule.propose(params.clone());
        self.record(number, &params, state);
        let run = self.store.runs(&trials_of(self.store.study(), Some(number))).unwrap().remove(0);
        let mut trial = TrialResult::recorded(&run).trial;
        if state == RunState::Pruned {
            trial.intermediate = reported(&self.store, run.id, REPORTS).unwrap();
        }
        self.schedule.finish(trial);
    }

    fn record(&self, number: u32, params: &Params, state: RunState) {
        let new = NewRun {
            home: self.store.study().into(),
            kind: RunKind::Trial,
            number: Some(number),
            params: params.clone(),
            config: serde_json::Value::Null,
            process: process(),
            environment: BTreeMap::new(),
        };
        let attempt: Attempt = self.store.start_run(&new).unwrap();
        let points = [0, 1].map(|step| MetricPoint {
            key: REPORTS.into(),
            step,
            time_ms: 0,
            value: f64::from(number) + step as f64,
        });
        self.store.log_metrics(attempt, &points).unwrap();
        let values = (state == RunState::Complete).then(|| f64::from(number) / 7.0).into_iter().collect();
        self.store.finish_run(attempt, &RunEnd { state, values, violation: 0.0, reason: None }).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_goes_along_with_a_study_is_what_is_seen_afresh(
        events in prop::collection::vec(happens(), 1..40),
        parallel in 1_u32..5,
    ) {
        let schedule = Schedule::new(space(1.0), u32::MAX, parallel, None);
        let mut live = Live { store: BrittleStore::new(), schedule, applied: 0, seen: vec![] };
        let reason = String::new;
        for event in events {
            match event {
                Happens::Trial(state) => live.trial(state),
                Happens::Exclude(trial) => live.change(&Change::Exclude { trial, reason: reason() }),
                Happens::Include(trial) => live.change(&Change::Include { trial, reason: reason() }),
                Happens::Correct(trial, value) => {
                    let runs = live.store.runs(&trials_of(live.store.study(), Some(trial))).unwrap();
                    let Some(run) = runs.first().filter(|run| run.state != RunState::Pruned) else { continue };
                    let old = run.values.clone();
                    live.change(&Change::Correct { trial, old, new: vec![value], reason: reason() });
                }
                Happens::Enqueue(x) => {
                    let params = Params::from([("x".to_owned(), ParamValue::Float(x))]);
                    live.change(&Change::Enqueue { params });
                }
                Happens::Space(high) => {
                    live.change(&Change::Space { space: space(high), overrides: vec![] });
                }
            }
        }
        // Long after, each trial's view is still the one that it had.
        let recorded = Recorded::load(&live.store, live.store.study(), Some(REPORTS)).unwrap();
        for (before, number) in live.seen.iter().zip(0..) {
            let sees = |other| other < shown_below(number, parallel);
            let view = View::at(number, &space(1.0), &recorded, sees);
            let mut afresh = seen(&view.history(&DIRECTIONS), view.enqueued.as_ref());
            for trial in &mut afresh.1 {
                // Reports are read of trials that are pruned: only of these does a proposal look at them.
                if trial.state != RunState::Pruned {
                    let same = before.1.iter().find(|other| other.number == trial.number);
                    trial.intermediate = same.map(|same| same.intermediate.clone()).unwrap_or_default();
                }
            }
            prop_assert_eq!(before, &afresh, "trial {}", number);
        }
    }
}
