use rand::RngExt;
use rand::rngs::ChaCha8Rng;

use super::*;
use uaic_eval::{Calibration, Predictions, ScopeModels};
use uaic_kernel::rng::SeedTree;

fn names(labels: usize) -> Vec<String> {
    (0..labels).map(|label| format!("label {label:02}")).collect()
}

/// What a reference keeps of texts.
fn reference(texts: &[Observed], names: &[String]) -> Reference {
    let n = texts.len() as f64;
    let share =
        |matches: &dyn Fn(&Observed) -> bool| texts.iter().filter(|text| matches(text)).count() as f64 / n;
    let mut confidence: Vec<f64> = texts.iter().map(|text| text.confidence).collect();
    confidence.sort_unstable_by(f64::total_cmp);
    let mut lengths: Vec<u32> = texts.iter().map(|text| text.words).collect();
    lengths.sort_unstable();
    lengths.dedup();
    let words: u32 = texts.iter().map(|text| text.words).sum();
    let unknown: u32 = texts.iter().map(|text| text.unknown_words).sum();
    let named = |(number, name): (usize, &String)| (name.clone(), share(&|text| text.label == number));
    Reference {
        texts: texts.len(),
        score: Vec::new(),
        confidence: (0..=20).map(|step| confidence[step * (texts.len() - 1) / 20]).collect(),
        labels: names.iter().enumerate().map(named).collect(),
        mean_words: f64::from(words) / n,
        lengths: lengths.iter().map(|&words| (words, share(&|text| text.words == words))).collect(),
        unknown_words: f64::from(unknown) / f64::from(words),
    }
}

/// Texts as they are asked: few labels are frequent, a third of the answers are certain, and unknown
/// words come together.
struct World {
    labels: usize,
    /// 1 as in the reference; larger values make frequent labels rarer, confidences lower, texts longer
    /// and words less known.
    shift: f64,
}

impl World {
    fn ask(&self, rng: &mut ChaCha8Rng) -> Observed {
        let mut uniform = || rng.random::<f64>();
        // Log-uniform ranks: about Zipf's law.
        let rank = (self.labels as f64 + 1.0).powf(uniform().powf(1.0 / self.shift));
        let certain = uniform() < 0.33 / self.shift;
        let confidence = if certain { 1.0 } else { 0.4 + 0.6 * uniform().powf(0.5 * self.shift) };
        let words = 2 + (0..8).filter(|_| uniform() < 0.5 * self.shift.sqrt()).count() as u32;
        let odd = uniform() < 0.08 * self.shift * self.shift;
        Observed {
            label: (rank as usize - 1).min(self.labels - 1),
            confidence,
            out_of_scope: None,
            words,
            unknown_words: if odd { words.div_ceil(2) } else { 0 },
        }
    }

    fn texts(&self, n: usize, rng: &mut ChaCha8Rng) -> Vec<Observed> {
        (0..n).map(|_| self.ask(rng)).collect()
    }
}

fn watched(monitor: &DriftMonitor, texts: &[Observed]) -> Vec<Drift> {
    for text in texts {
        monitor.observe(text);
    }
    monitor.measure()
}

const ALL: [Aspect; 4] = [Aspect::Labels, Aspect::Confidence, Aspect::Length, Aspect::Vocabulary];

/// The share of windows with an index below 0.1, by aspect; all are drawn from the same world as their
/// reference. What is not measured counts as below.
fn calm(labels: usize, reference_texts: usize, window: usize, draws: u64) -> [f64; 4] {
    let (world, names) = (World { labels, shift: 1.0 }, names(labels));
    let mut calm = [1.0; 4];
    for draw in 0..draws {
        let mut rng = SeedTree::new(5).child("draw", draw).rng("texts");
        let before = reference(&world.texts(reference_texts, &mut rng), &names);
        let monitor = DriftMonitor::new(&before, &names, WINDOW);
        let found = watched(&monitor, &world.texts(window, &mut rng));
        assert!(reference_texts < 500 || found.len() == ALL.len(), "{found:?}");
        for drift in found.iter().filter(|drift| drift.psi >= 0.1) {
            calm[drift.aspect as usize] -= 1.0 / draws as f64;
        }
    }
    calm
}

#[test]
fn a_window_without_drift_is_below_a_tenth_in_95_of_100_draws() {
    for (labels, reference_texts) in [(4, 1_000), (40, 1_000), (150, 2_000), (40, 150), (10, 50)] {
        let calm = calm(labels, reference_texts, WINDOW, 150);
        assert!(calm.iter().all(|share| *share >= 0.95), "{labels} {reference_texts}: {calm:?}");
    }
}

#[test]
fn half_a_window_is_enough_for_that() {
    let calm = calm(40, 1_000, WINDOW / 2, 150);
    assert!(calm.iter().all(|share| *share >= 0.95), "{calm:?}");
}

#[test]
fn a_clear_shift_exceeds_a_quarter_in_every_aspect() {
    let names = names(40);
    let mut rng = SeedTree::new(6).rng("texts");
    let before = reference(&World { labels: 40, shift: 1.0 }.texts(1_000, &mut rng), &names);
    let monitor = DriftMonitor::new(&before, &names, WINDOW);
    let found = watched(&monitor, &World { labels: 40, shift: 2.5 }.texts(WINDOW, &mut rng));
    assert_eq!(found.iter().map(|drift| drift.aspect).collect::<Vec<Aspect>>(), ALL);
    assert!(found.iter().all(|drift| drift.psi > 0.25 && (0.03..1.0).contains(&drift.js)), "{found:?}");
}

#[test]
fn the_texts_of_a_calibration_have_not_drifted() {
    let mut rng = SeedTree::new(7).rng("logits");
    let n = 600;
    let mut table = Predictions { labels: names(3), ..Predictions::default() };
    for text in 0..n {
        let gold = [0, 0, 0, 1, 1, 2][text % 6];
        let margin = rng.random_range(-1.0..8.0_f32);
        table.gold.push(gold);
        table.logits.extend((0..3).map(|label| if label == gold { margin } else { 0.0 }));
        table.words.push(rng.random_range(1..9_u32));
        table.unknown_words.push(u32::from(rng.random::<f64>() < 0.3));
    }
    let calibration = Calibration::fit(&table, None, &ScopeModels::default()).unwrap();
    let monitor = DriftMonitor::new(&calibration.reference.unwrap(), &table.labels, n);
    let probabilities = table.probabilities(calibration.temperature);
    for (text, label) in table.predicted().into_iter().enumerate() {
        monitor.observe(&Observed {
            label,
            confidence: probabilities[text * 3 + label],
            out_of_scope: None,
            words: table.words[text],
            unknown_words: table.unknown_words[text],
        });
    }
    let found = monitor.measure();
    assert_eq!(found.len(), 4, "{found:?}");
    assert!(found.iter().all(|drift| drift.psi < 1e-4 && drift.js < 1e-4), "{found:?}");
}

#[test]
fn the_window_slides() {
    let names = names(4);
    let mut rng = SeedTree::new(8).rng("texts");
    let (calm, shifted) = (World { labels: 4, shift: 1.0 }, World { labels: 4, shift: 4.0 });
    let monitor = DriftMonitor::new(&reference(&calm.texts(1_000, &mut rng), &names), &names, 500);
    assert!(watched(&monitor, &calm.texts(50, &mut rng)).is_empty(), "too few texts");
    assert_eq!(monitor.texts(), 50);
    let worst = |found: Vec<Drift>| found.iter().map(|drift| drift.psi).fold(0.0, f64::max);
    assert!(worst(watched(&monitor, &shifted.texts(700, &mut rng))) > 0.25);
    assert_eq!(monitor.texts(), 500);
    assert!(worst(watched(&monitor, &calm.texts(500, &mut rng))) < 0.1, "what was before is forgotten");
}

#[test]
fn a_text_is_packed_and_unpacked() {
    for (label, confidence, words, unknown_words) in
        [(0, 0, 0, 0), (5, 19, 12, 3), (149, 127, 262_143, 262_143)]
    {
        let slot = Slot { label, confidence, words, unknown_words };
        assert_eq!(Slot::unpack(slot.pack()), Some(slot));
    }
    assert_eq!(Slot::unpack(0), None);
    let huge = Observed {
        label: usize::MAX,
        confidence: f64::NAN,
        out_of_scope: None,
        words: u32::MAX,
        unknown_words: u32::MAX,
    };
    let slot = Slot::of(&huge, 500);
    assert_eq!(Slot::unpack(slot.pack()), Some(slot));
    assert_eq!(Slot::unpack(u64::MAX).map(|slot| slot.label), Some((1 << LABEL_BITS) - 1));
}

#[test]
fn an_older_package_is_measured_without_lengths() {
    let names = names(4);
    let mut rng = SeedTree::new(9).rng("texts");
    let world = World { labels: 4, shift: 1.0 };
    let mut before = reference(&world.texts(1_000, &mut rng), &names);
    before.lengths.clear();
    let found = watched(&DriftMonitor::new(&before, &names, WINDOW), &world.texts(WINDOW, &mut rng));
    assert!(found.iter().all(|drift| drift.aspect != Aspect::Length) && found.len() == 3);
}

#[test]
fn many_threads_lose_no_text() {
    let names = names(2);
    let before =
        reference(&World { labels: 2, shift: 1.0 }.texts(400, &mut SeedTree::new(1).rng("texts")), &names);
    let monitor = DriftMonitor::new(&before, &names, 400);
    let text = Observed { label: 1, confidence: 0.5, out_of_scope: None, words: 3, unknown_words: 0 };
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..100).for_each(|_| monitor.observe(&text)));
        }
    });
    assert_eq!(monitor.texts(), 400);
    assert!(monitor.window.iter().all(|slot| slot.load(Ordering::Relaxed) != 0));
}
