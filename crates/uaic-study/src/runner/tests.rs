use std::sync::atomic::AtomicBool;
use std::sync::mpsc;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::event::Observer;
use crate::sampler::{Duplicates, History, Sampler, Settings, by_name};
use crate::space::{Distribution, Space};
use crate::store::{Change, Environment, Store, StoreError};
use crate::testing::{BrittleStore, FakeObjective, process};
use crate::trial::{Direction, ParamValue, RunState};
use uaic_kernel::rng::ChaCha8Rng;

fn space() -> Space {
    Space::new(
        [
            ("lr", Distribution::Log { low: 1e-3, high: 1.0 }),
            ("width", Distribution::Int { low: 0, high: 9, step: 1 }),
            ("kind", Distribution::Choice(["a", "b"].map(|name| ParamValue::Text(name.into())).into())),
        ]
        .map(|(name, distribution)| (name.to_owned(), distribution)),
    )
}

fn sampler(name: &str) -> Box<dyn Sampler> {
    by_name(name, &Settings::new(SeedTree::new(3))).unwrap()
}

/// The settings of one test; [`Setup::run`] runs them.
#[derive(Clone, Copy)]
struct Setup<'a> {
    sampler: &'a str,
    /// [`space`], unless given.
    space: Option<&'a Space>,
    trials: u32,
    parallel: u32,
    jobs: usize,
    objective: &'a FakeObjective,
    observer: &'a dyn Observer,
    /// One that is never set, unless given.
    cancel: Option<&'a AtomicBool>,
}

static CALM: FakeObjective = FakeObjective { shuffle: false, trouble_every: 0 };
static SHUFFLED: FakeObjective = FakeObjective { shuffle: true, trouble_every: 0 };
static TROUBLED: FakeObjective = FakeObjective { shuffle: true, trouble_every: 5 };

impl Default for Setup<'_> {
    fn default() -> Self {
        Self {
            sampler: "tpe",
            space: None,
            trials: 30,
            parallel: 4,
            jobs: 2,
            objective: &CALM,
            observer: &(),
            cancel: None,
        }
    }
}

impl Setup<'_> {
    fn run(self, store: &BrittleStore) -> Result<StudyOutcome, StudyError> {
        self.run_with(&|| sampler(self.sampler), store)
    }

    fn run_with(
        self,
        sampler: &(dyn Fn() -> Box<dyn Sampler> + Sync),
        store: &BrittleStore,
    ) -> Result<StudyOutcome, StudyError> {
        let own = space();
        let plan = StudyPlan {
            space: Some(self.space.unwrap_or(&own)),
            sampler,
            pruning: None,
            directions: &[Direction::Minimize],
            trials: self.trials,
            parallel: self.parallel,
            target: None,
            duplicates: Duplicates::Avoid,
            seeds: SeedTree::new(42),
        };
        let never = AtomicBool::new(false);
        let surroundings = Surroundings {
            store,
            study: store.study(),
            jobs: self.jobs,
            process: &process(),
            environment: &Environment::new(),
            observer: self.observer,
            cancel: self.cancel.unwrap_or(&never),
            deadline: None,
        };
        run(&plan, self.objective, &surroundings)
    }
}

/// Fails the test instead of hanging it.
fn within_ten_seconds<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || sender.send(work()));
    receiver.recv_timeout(Duration::from_secs(10)).expect("the study neither ends nor fails")
}

/// All that a study decides, down to the bits; not who ran it or how long it took.
fn essence(outcome: &StudyOutcome) -> Vec<(u32, Params, RunState, Option<u64>)> {
    outcome
        .finished
        .iter()
        .map(|result| &result.trial)
        .map(|trial| (trial.number, trial.params.clone(), trial.state, trial.value().map(f64::to_bits)))
        .collect()
}

#[test]
fn the_number_of_jobs_changes_nothing() {
    for objective in [&SHUFFLED, &TROUBLED] {
        let run = |jobs| {
            let setup = Setup { jobs, objective, parallel: 8, trials: 40, ..Setup::default() };
            essence(&setup.run(&BrittleStore::new()).unwrap())
        };
        let alone = run(1);
        assert_eq!(alone.len(), 40);
        for jobs in [2, 4, 8] {
            assert_eq!(run(jobs), alone, "with {jobs} jobs");
        }
    }
}

#[test]
fn what_is_recorded_is_what_came_out() {
    let store = BrittleStore::new();
    let outcome = Setup { objective: &TROUBLED, ..Setup::default() }.run(&store).unwrap();
    assert!(!outcome.cancelled);
    let recorded = store.trials();
    assert_eq!(recorded.len(), 30);
    for result in &outcome.finished {
        let record = &recorded[&result.trial.number];
        assert_eq!(record.start.params, result.trial.params);
        assert_eq!(record.start.config["params"], serde_json::to_value(&result.trial.params).unwrap());
        assert_eq!((record.id, record.attempts, record.state), (result.run, 1, result.trial.state));
        assert_eq!((record.value(), &record.reason), (result.trial.value(), &result.reason));
    }
    let best = outcome.best().unwrap().trial.value().unwrap();
    assert!(outcome.finished.iter().filter_map(|result| result.trial.value()).all(|value| value >= best));
}

#[test]
fn a_trial_that_panics_fails_or_gives_nan_is_recorded_and_the_study_goes_on() {
    let store = BrittleStore::new();
    let outcome = Setup { objective: &TROUBLED, trials: 10, ..Setup::default() }.run(&store).unwrap();
    assert_eq!(outcome.finished.len(), 10);
    let reason = |number: u32| {
        let record = &store.trials()[&number];
        assert_eq!((record.state, record.value()), (RunState::Failed, None));
        record.reason.clone().unwrap()
    };
    let place = reason(6);
    assert!(place.starts_with("panicked at ") && place.contains("src/testing.rs:"), "{place}");
    assert!(reason(6).ends_with(": trial 6 lost its nerve"), "{}", reason(6));
    assert_eq!(reason(7), "the loss became infinite in epoch 2");
    assert_eq!(reason(8), "the objective's value is NaN");
    assert_eq!(store.trials()[&9].state, RunState::Complete);
}

/// Cancels the study when some number of trials have ended.
struct Canceller {
    after: u32,
    ended: std::sync::atomic::AtomicU32,
    cancel: AtomicBool,
}

impl Canceller {
    fn new(after: u32) -> Self {
        Self { after, ended: 0.into(), cancel: AtomicBool::new(false) }
    }
}

impl Observer for Canceller {
    fn notice(&self, event: &Event) {
        if matches!(event, Event::TrialFinished { .. })
            && self.ended.fetch_add(1, Ordering::SeqCst) + 1 == self.after
        {
            self.cancel.store(true, Ordering::SeqCst);
        }
    }
}

#[test]
fn a_study_that_was_stopped_again_and_again_is_like_one_that_was_not() {
    for objective in [&SHUFFLED, &TROUBLED] {
        let setup = Setup { objective, jobs: 4, ..Setup::default() };
        let whole = essence(&setup.run(&BrittleStore::new()).unwrap());
        let store = BrittleStore::new();
        let mut stops = 0;
        loop {
            let stop = Canceller::new(1 + stops % 4);
            let observed = Setup { observer: &stop, cancel: Some(&stop.cancel), ..setup };
            let outcome = observed.run(&store).unwrap();
            assert_eq!(outcome.cancelled, outcome.finished.len() < 30);
            if !outcome.cancelled {
                assert_eq!(essence(&outcome), whole);
                break;
            }
            for record in store.trials().values() {
                assert!(record.state.is_final() || record.state == RunState::Interrupted, "{record:?}");
            }
            stops += 1;
        }
        assert!(stops >= 4, "only {stops} stops");
    }
}

#[test]
fn trials_of_a_killed_process_are_repeated_under_their_numbers() {
    let whole = essence(&Setup::default().run(&BrittleStore::new()).unwrap());
    let store = BrittleStore::new();
    Setup::default().run(&store).unwrap();
    let cut = [(11, RunState::Crashed), (20, RunState::Running), (29, RunState::Interrupted)];
    let store = store.cut_off(&cut);
    for (number, state) in cut {
        assert_eq!(store.trials()[&number].state, state);
    }
    let outcome = Setup::default().run(&store).unwrap();
    assert_eq!(essence(&outcome), whole);
    assert_eq!(store.trials()[&20].attempts, 2);
    assert_eq!(store.trials()[&21].attempts, 1);
}

#[test]
fn a_complete_study_runs_nothing_and_tells_what_it_has() {
    let store = BrittleStore::new();
    let first = Setup::default().run(&store).unwrap();
    let stop = Canceller::new(1);
    let again = Setup { observer: &stop, ..Setup::default() }.run(&store).unwrap();
    assert_eq!(essence(&again), essence(&first));
    assert_eq!(stop.ended.into_inner(), 0);
    assert!(again.finished.iter().all(|result| (result.seconds - 1.5).abs() < 1e-9));
    // A study that is made longer goes on; one that is made shorter shows its first trials.
    for trials in [35, 10] {
        let other = essence(&Setup { trials, ..Setup::default() }.run(&store).unwrap());
        let fresh = essence(&Setup { trials, ..Setup::default() }.run(&BrittleStore::new()).unwrap());
        assert_eq!(other, fresh);
    }
}

#[test]
fn a_study_of_another_sampler_is_not_mixed_with() {
    let store = BrittleStore::new();
    Setup { sampler: "random", trials: 20, ..Setup::default() }.run(&store).unwrap();
    let error = Setup::default().run(&store).unwrap_err();
    assert!(matches!(error, StudyError::Diverged { .. }), "{error}");
    assert_eq!(store.trials().len(), 20, "nothing is added");
}

/// Proposes like `random` and checks what it is shown.
struct Spy {
    parallel: u32,
}

impl Sampler for Spy {
    fn name(&self) -> &'static str {
        "spy"
    }

    fn propose(&mut self, number: u32, history: &History<'_>, rng: &mut ChaCha8Rng) -> Params {
        let visible = (number + 1).saturating_sub(self.parallel);
        let finished: Vec<u32> = history.finished.iter().map(|trial| trial.number).collect();
        let pending: Vec<u32> = history.pending.iter().map(|trial| trial.number).collect();
        assert_eq!(finished, (0..visible).collect::<Vec<_>>(), "finished for trial {number}");
        assert_eq!(pending, (visible..number).collect::<Vec<_>>(), "pending for trial {number}");
        sampler("random").propose(number, history, rng)
    }
}

#[test]
fn the_sampler_is_shown_exactly_the_trials_that_every_machine_would_show() {
    for parallel in [1, 3, 100] {
        for jobs in [1, 4] {
            let setup = Setup { parallel, jobs, objective: &SHUFFLED, ..Setup::default() };
            assert_eq!(
                setup.run_with(&|| Box::new(Spy { parallel }), &BrittleStore::new()).unwrap().finished.len(),
                30
            );
        }
    }
}

#[test]
fn a_sampler_that_panics_takes_the_study_down_and_no_worker_hangs() {
    struct Broken;
    impl Sampler for Broken {
        fn name(&self) -> &'static str {
            "broken"
        }
        fn propose(&mut self, number: u32, _: &History<'_>, _: &mut ChaCha8Rng) -> Params {
            assert!(number < 5, "a bug");
            Params::new()
        }
    }
    let panicked = within_ten_seconds(|| {
        let run = || {
            let setup = Setup { jobs: 4, objective: &SHUFFLED, ..Setup::default() };
            setup.run_with(&|| Box::new(Broken), &BrittleStore::new())
        };
        std::thread::spawn(move || drop(run())).join().is_err()
    });
    assert!(panicked);
}

#[test]
fn a_store_that_breaks_ends_the_study_and_a_mended_one_lets_it_go_on() {
    let whole = essence(&Setup::default().run(&BrittleStore::new()).unwrap());
    for calls in 0..60 {
        let (error, store) = within_ten_seconds(move || {
            let store = BrittleStore::that_breaks_after(calls);
            let setup = Setup { jobs: 4, objective: &SHUFFLED, ..Setup::default() };
            (setup.run(&store).unwrap_err(), store)
        });
        assert!(matches!(error, StudyError::Store(StoreError::WriterGone(_))), "{error}");
        store.mend();
        assert_eq!(essence(&Setup::default().run(&store).unwrap()), whole, "after {calls} calls");
    }
}

#[test]
fn events_come_in_the_order_of_a_trials_life() {
    #[derive(Default)]
    struct Recorder(Mutex<Vec<Event>>);
    impl Observer for Recorder {
        fn notice(&self, event: &Event) {
            self.0.lock().unwrap().push(event.clone());
        }
    }
    let recorder = Recorder::default();
    let store = BrittleStore::new();
    let before = Setup { trials: 3, ..Setup::default() }.run(&store).unwrap();
    let best = before.best().unwrap();
    Setup { trials: 6, jobs: 1, observer: &recorder, ..Setup::default() }.run(&store).unwrap();
    let seen: Vec<String> = recorder
        .0
        .into_inner()
        .unwrap()
        .iter()
        .map(|event| match event {
            Event::Started { trials, finished, best: earlier } => {
                assert_eq!(*earlier, best.rank());
                format!("study {finished}/{trials}")
            }
            Event::TrialStarted { number, .. } => format!("{number} starts"),
            Event::Progress { number, message, .. } => format!("{number} {message}"),
            Event::TrialFinished { number, state, .. } => format!("{number} {state}"),
        })
        .collect();
    let expected = ["study 3/6", "3 starts", "3 done", "3 COMPLETE", "4 starts", "4 done", "4 COMPLETE"];
    assert_eq!(seen[..7], expected);
    assert_eq!(seen.len(), 10);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_size_gives_the_same_study_on_any_number_of_workers(
        trials in 0..25_u32,
        parallel in 0..12_u32,
        jobs in 0..9_usize,
        stop_after in 1..10_u32,
    ) {
        let setup = Setup { trials, parallel, objective: &TROUBLED, ..Setup::default() };
        let alone = Setup { jobs: 1, ..setup }.run(&BrittleStore::new()).unwrap();
        prop_assert_eq!(alone.finished.len(), trials as usize);
        let store = BrittleStore::new();
        let stop = Canceller::new(stop_after);
        Setup { jobs, observer: &stop, cancel: Some(&stop.cancel), ..setup }.run(&store).unwrap();
        let resumed = Setup { jobs, ..setup }.run(&store).unwrap();
        prop_assert_eq!(essence(&resumed), essence(&alone));
    }
}

fn six_points() -> Space {
    let names = Distribution::Choice(["p", "q"].map(ParamValue::from).to_vec());
    Space::new([("a".to_owned(), Distribution::Int { low: 1, high: 3, step: 1 }), ("b".to_owned(), names)])
}

#[test]
fn a_study_ends_when_every_point_has_been_tried_and_says_so() {
    let space = six_points();
    for name in crate::SAMPLERS {
        for jobs in [1, 4] {
            let store = BrittleStore::new();
            let setup = Setup { sampler: name, space: Some(&space), jobs, trials: 20, ..Setup::default() };
            let outcome = setup.run(&store).unwrap();
            assert_eq!((outcome.finished.len(), outcome.spent), (6, Some(6)), "{name}");
            assert!(!outcome.cancelled, "{name}");
            let points: std::collections::BTreeSet<String> =
                outcome.finished.iter().map(|result| format!("{:?}", result.trial.params)).collect();
            assert_eq!(points.len(), 6, "{name}");
            let again = setup.run(&store).unwrap();
            assert_eq!((essence(&again), again.spent), (essence(&outcome), Some(6)), "{name}");
        }
    }
}

#[test]
fn a_point_that_is_wanted_is_evaluated_though_every_point_has_been_tried() {
    let (store, space) = (BrittleStore::new(), six_points());
    let setup = Setup { sampler: "grid", space: Some(&space), trials: 20, ..Setup::default() };
    assert_eq!(setup.run(&store).unwrap().finished.len(), 6);
    let wanted = Params::from([("a".to_owned(), ParamValue::Int(2)), ("b".to_owned(), "p".into())]);
    let change = store.change_study(store.study(), &Change::Enqueue { params: wanted.clone() }).unwrap();
    assert_eq!(change.from_trial, 6);
    let outcome = setup.run(&store).unwrap();
    assert_eq!(outcome.finished.len(), 7);
    assert_eq!(outcome.finished[6].trial.params, wanted);
}

#[test]
fn where_nothing_is_allowed_the_study_stops_and_goes_on_in_a_wider_space() {
    let (store, space) = (BrittleStore::new(), six_points());
    let setup = Setup { space: Some(&space), trials: 4, ..Setup::default() };
    let before = setup.run(&store).unwrap();
    let narrow = six_points().with_constraint("a > 3".parse().unwrap());
    let changed = |space: &Space| Change::Space { space: space.clone(), overrides: vec![] };
    store.change_study(store.study(), &changed(&narrow)).unwrap();
    let error = Setup { trials: 8, ..setup }.run(&store).unwrap_err();
    let StudyError::Forbidden { number: 4, constraints, .. } = &error else { panic!("{error}") };
    assert_eq!(constraints[0].text(), "a > 3");
    assert!(error.to_string().contains("no point of 10,000 satisfies `a > 3`"), "{error}");
    assert_eq!(store.trials().len(), 4, "nothing is lost, and nothing was started");
    let wide = Space::new([("a".to_owned(), Distribution::Int { low: 1, high: 9, step: 1 })])
        .with_constraint("a > 3".parse().unwrap());
    store.change_study(store.study(), &changed(&wide)).unwrap();
    let after = Setup { trials: 8, ..setup }.run(&store).unwrap();
    assert_eq!(essence(&after)[..4], essence(&before)[..]);
    assert_eq!(after.finished.len(), 8);
}
