//! Figures of any program's predictions against scikit-learn: `fixtures/make_prediction_goldens.py`
//! made the numbers and says where ours differ on purpose.

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::*;

#[derive(Deserialize)]
struct Goldens {
    regressions: Vec<Regression>,
    classifications: Vec<Classification>,
}

#[derive(Deserialize)]
struct Regression {
    name: String,
    gold: Vec<f64>,
    predicted: Vec<f64>,
    figures: Map<String, Value>,
}

#[derive(Deserialize)]
struct Classification {
    name: String,
    classes: usize,
    counts: Vec<i64>,
    denominator: f64,
    is_probability: bool,
    gold: Vec<usize>,
    figures: Map<String, Value>,
}

fn goldens() -> Goldens {
    serde_json::from_str(include_str!("../fixtures/prediction_goldens.json")).unwrap()
}

fn rng() -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(3)
}

/// Every golden has its figure; where it is null, ours has a reason.
fn check(name: &str, figures: &Map<String, Value>, ours: &Measures) {
    for (key, theirs) in figures {
        let own = ours.values.get(key).map(|estimate| estimate.value);
        let equal = match (own, theirs.as_f64()) {
            (Some(own), Some(theirs)) => (own - theirs).abs() <= 1e-9 * theirs.abs().max(1.0),
            (None, None) => ours.absent.contains_key(key),
            _ => false,
        };
        assert!(equal, "{name}: {key}: {own:?} is not {theirs}, {:?}", ours.absent.get(key));
    }
    for (key, estimate) in &ours.values {
        assert!(estimate.low <= estimate.high && estimate.n > 0, "{name}: {key}: {estimate:?}");
    }
}

#[test]
fn figures_of_regressions_equal_scikit_learn() {
    for case in goldens().regressions {
        let rows = Regressed::new(case.gold, case.predicted, Vec::new()).unwrap();
        check(&case.name, &case.figures, &measure_regressed(&rows, &mut rng()));
        assert_eq!(case.figures.len(), rows.names().len(), "each has a golden");
    }
}

#[test]
fn figures_of_any_scores_equal_scikit_learn() {
    for case in goldens().classifications {
        let scores = case.counts.iter().map(|&count| count as f64 / case.denominator).collect();
        let kind = if case.is_probability { ScoreKind::Probabilities } else { ScoreKind::Order };
        let names: Vec<String> = (0..case.classes).map(|class| class.to_string()).collect();
        let rows = Classified::of_scores(names.clone(), case.classes, case.gold.clone(), None, scores, kind)
            .unwrap();
        check(&case.name, &case.figures, &measure_classified(&rows.clone().with_positive(1), &mut rng()));
        // Labels alone have the figures of labels, and no other.
        let labels = Classified::of_labels(names, case.gold, rows.predicted().to_vec()).unwrap();
        let ours = measure_classified(&labels, &mut rng());
        for key in ["accuracy", "balanced_accuracy", "f1_macro", "precision_weighted"] {
            check(&case.name, &Map::from_iter([(key.to_owned(), case.figures[key].clone())]), &ours);
        }
        for key in ["auroc_macro", "loss", "ece", "aurc", "top_3"] {
            assert_eq!(ours.absent.get(key), Some(&Undefined::NoScores), "{}: {key}", case.name);
        }
    }
}

#[test]
fn a_table_of_predictions_has_the_figures_of_its_rows() {
    let table = Predictions {
        labels: ["a", "b", "c", "a+b"].map(str::to_owned).to_vec(),
        unseen: vec!["d".to_owned()],
        gold: (0..60).map(|row| row * 7 % 5).collect(),
        logits: (0..240_u32).map(|at| (at * 37 % 17) as f32 / 4.0).collect(),
        ..Predictions::default()
    };
    let ours = measure(&table, 1.5, &mut rng());
    let rows = measure_classified(&Classified::of_predictions(&table, 1.5).unwrap(), &mut rng());
    for (key, estimate) in &ours.values {
        assert_eq!(rows.values.get(key), Some(estimate), "{key}");
    }
    assert_eq!(rows.values.len(), ours.values.len() + 2);
}
