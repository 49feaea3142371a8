use std::sync::Mutex;
use std::sync::mpsc;

use super::*;
use uaic_kernel::rng::SeedTree;
use uaic_model::model::{Classifier, Weights};
use uaic_model::model::{ModelSpec, RecurrentSpec};
use uaic_model::text::TextSpec;
use uaic_model::text::Tokenizer;

pub(crate) fn predictor() -> Arc<Predictor> {
    let tokenizer =
        Tokenizer::build(["show flights to oslo", "fare of flights"], &TextSpec::default()).unwrap();
    let labels = ["fare", "flight", "meal"].map(str::to_owned).to_vec();
    let spec = RecurrentSpec { embedding_dim: 6, hidden_dim: 5, ..RecurrentSpec::default() };
    let spec = ModelSpec::LstmAttention(spec);
    let classifier = Classifier::new(&spec, tokenizer, labels, Weights::new(SeedTree::new(3))).unwrap();
    Arc::new(Predictor { classifier, calibration: None })
}

fn request(texts: &[&str]) -> EngineRequest {
    EngineRequest {
        texts: texts.iter().map(|text| (*text).to_owned()).collect(),
        top: 3,
        explain: false,
        deadline: Instant::now() + Duration::from_secs(60),
    }
}

/// Does something with each report.
struct Watch<F>(F);

impl<F: Fn(&BatchReport) + Send + Sync> Observer for Watch<F> {
    fn queued(&self, _: usize) {}

    fn dequeued(&self, _: usize) {}

    fn answered(&self, report: &BatchReport) {
        self.0(report);
    }
}

fn unobserved() -> Arc<dyn Observer> {
    Arc::new(Watch(|_: &BatchReport| {}))
}

/// An engine whose first batch is held until the sender is dropped or told, and the sizes of all
/// batches so far.
fn held(settings: EngineSettings) -> (Engine, mpsc::Sender<()>, Arc<Mutex<Vec<usize>>>) {
    let (release, held) = mpsc::channel();
    let held = Mutex::new(held);
    let sizes = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&sizes);
    let observer: Arc<dyn Observer> = Arc::new(Watch(move |report: &BatchReport| {
        seen.lock().unwrap().push(report.texts);
        let _ = held.lock().unwrap().recv();
    }));
    (Engine::start(&predictor(), settings, &observer).unwrap(), release, sizes)
}

fn wait_until(what: impl Fn() -> bool) {
    let start = Instant::now();
    while !what() {
        assert!(start.elapsed() < Duration::from_secs(20), "it does not come");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn answers_are_those_of_the_model_whatever_is_asked_beside() {
    let predictor = predictor();
    let engine = Engine::start(&predictor, EngineSettings::default(), &unobserved()).unwrap();
    let long = "flights ".repeat(200);
    let texts = ["show flights", "", "fare of oslo", &long];
    let receivers: Vec<_> = (0..200)
        .map(|i| engine.submit(EngineRequest { top: 1 + i % 3, ..request(&[texts[i % 4]]) }))
        .collect();
    for (i, receiver) in receivers.into_iter().enumerate() {
        let answered = receiver.unwrap().blocking_recv().unwrap().unwrap();
        let options = uaic_model::inference::PredictOptions { top: 1 + i % 3, threads: 1 };
        assert_eq!(answered.predictions, predictor.predict(&[texts[i % 4]], options).unwrap());
        assert_eq!((answered.texts, answered.tokens), (vec![texts[i % 4].to_owned()], None));
    }
    let explained = EngineRequest { explain: true, ..request(&["flights to oslo", "fare"]) };
    let tokens = engine.predict_blocking(explained).unwrap().tokens.unwrap();
    assert_eq!(tokens, ["flights to oslo", "fare"].map(|text| predictor.explain(text).unwrap()));
}

#[test]
fn what_waits_while_the_engine_works_becomes_one_batch() {
    let (engine, release, sizes) = held(EngineSettings { batch: 8, ..EngineSettings::default() });
    let first = engine.submit(request(&["fare"])).unwrap();
    wait_until(|| sizes.lock().unwrap().len() == 1);
    let others: Vec<_> = (0..10).map(|_| engine.submit(request(&["show flights"])).unwrap()).collect();
    drop(release);
    first.blocking_recv().unwrap().unwrap();
    for other in others {
        other.blocking_recv().unwrap().unwrap();
    }
    assert_eq!(*sizes.lock().unwrap(), [1, 8, 2]);
}

#[test]
fn a_long_text_does_not_hold_up_short_ones_beside_it() {
    let (engine, release, sizes) = held(EngineSettings::default());
    let _first = engine.submit(request(&["fare"])).unwrap();
    wait_until(|| sizes.lock().unwrap().len() == 1);
    let _long = engine.submit(request(&[&"flights ".repeat(500)])).unwrap();
    let _short: Vec<_> = (0..3).map(|_| engine.submit(request(&["show flights"])).unwrap()).collect();
    drop(release);
    wait_until(|| sizes.lock().unwrap().len() == 3);
    assert_eq!(*sizes.lock().unwrap(), [1, 3, 1]);
}

#[test]
fn a_full_queue_refuses_and_forgets_nothing() {
    let (engine, release, sizes) = held(EngineSettings { queue: 3, ..EngineSettings::default() });
    let first = engine.submit(request(&["fare"])).unwrap();
    wait_until(|| sizes.lock().unwrap().len() == 1);
    let second = engine.submit(request(&["a", "b"])).unwrap();
    assert_eq!(engine.submit(request(&["c", "d"])).err(), Some(EngineError::Full { waiting: 2, limit: 3 }));
    let third = engine.submit(request(&["c"])).unwrap();
    assert_eq!(engine.depth(), 3);
    drop(release);
    for receiver in [first, second, third] {
        receiver.blocking_recv().unwrap().unwrap();
    }
    assert_eq!(engine.depth(), 0);
    // A request larger than the queue is answered when nothing waits.
    assert_eq!(engine.predict_blocking(request(&["fare"; 200])).unwrap().predictions.len(), 200);
}

#[test]
fn the_late_are_refused_and_the_gone_are_skipped() {
    let (engine, release, sizes) = held(EngineSettings::default());
    let _first = engine.submit(request(&["fare"])).unwrap();
    wait_until(|| sizes.lock().unwrap().len() == 1);
    let late = engine.submit(EngineRequest { deadline: Instant::now(), ..request(&["fare"]) }).unwrap();
    drop(engine.submit(request(&["fare"; 7])).unwrap());
    let last = engine.submit(request(&["fare", "meal"])).unwrap();
    drop(release);
    assert_eq!(late.blocking_recv().unwrap(), Err(EngineError::Late));
    last.blocking_recv().unwrap().unwrap();
    assert_eq!(*sizes.lock().unwrap(), [1, 2]);
}

#[test]
fn a_dropped_engine_answers_what_waits() {
    let (engine, release, sizes) = held(EngineSettings { batch: 1, ..EngineSettings::default() });
    let receivers: Vec<_> = (0..5).map(|_| engine.submit(request(&["fare"])).unwrap()).collect();
    wait_until(|| sizes.lock().unwrap().len() == 1);
    drop(engine);
    drop(release);
    for receiver in receivers {
        receiver.blocking_recv().unwrap().unwrap();
    }
}

#[test]
fn a_model_that_fails_loses_only_its_own_requests() {
    let mut broken = predictor();
    Arc::get_mut(&mut broken).unwrap().classifier.labels.truncate(0);
    let engine = Engine::start(&broken, EngineSettings::default(), &unobserved()).unwrap();
    let receivers: Vec<_> = (0..5).map(|_| engine.submit(request(&["fare"])).unwrap()).collect();
    for receiver in receivers {
        let refusal = receiver.blocking_recv().unwrap().unwrap_err();
        assert!(matches!(refusal, EngineError::Panicked | EngineError::Failed(_)), "{refusal}");
    }
    assert_eq!(engine.predict_blocking(request(&["fare"])).unwrap_err(), EngineError::Panicked);
}
