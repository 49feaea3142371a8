//! Everything against scikit-learn and SciPy: `fixtures/make_goldens.py` made the numbers
//! and says where ours differ on purpose.

use serde::Deserialize;
use serde_json::Value;

use super::*;

#[derive(Deserialize)]
struct Goldens {
    cases: Vec<Case>,
    temperatures: Vec<Fit>,
    scopes: Vec<Scope>,
    rows: Vec<Row>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    classes: usize,
    all_classes: usize,
    denominator: f64,
    counts: Vec<u32>,
    gold: Vec<usize>,
    figures: serde_json::Map<String, Value>,
}

#[derive(Deserialize)]
struct Fit {
    name: String,
    classes: usize,
    logits: Vec<f32>,
    gold: Vec<usize>,
    temperature: f64,
}

#[derive(Deserialize)]
struct Scope {
    name: String,
    inside: Vec<f64>,
    outside: Vec<f64>,
    auroc: f64,
    aupr_in: f64,
    aupr_out: f64,
    fpr_at_95_tpr: f64,
}

#[derive(Deserialize)]
struct Row {
    logits: Vec<f32>,
    temperature: f64,
    max_softmax: f64,
    energy: f64,
}

fn goldens() -> Goldens {
    serde_json::from_str(include_str!("../fixtures/goldens.json")).unwrap()
}

fn are_close(ours: f64, theirs: f64) -> bool {
    (ours - theirs).abs() <= 1e-9 * theirs.abs().max(1.0)
}

const AVERAGES: [(&str, Average); 3] =
    [("micro", Average::Micro), ("macro", Average::Macro), ("weighted", Average::Weighted)];

impl Case {
    fn probabilities(&self) -> Vec<f64> {
        self.counts.iter().map(|&count| f64::from(count) / self.denominator).collect()
    }

    fn predicted(&self) -> Vec<usize> {
        let first_of_the_largest = |row: &[u32]| {
            (0..row.len()).rev().max_by_key(|&class| row[class]).unwrap() //
        };
        self.counts.chunks_exact(self.classes).map(first_of_the_largest).collect()
    }

    fn confidences(&self) -> (Vec<f64>, Vec<bool>) {
        let largest = |row: &[f64]| row.iter().copied().fold(0.0, f64::max);
        let right = self.gold.iter().zip(self.predicted()).map(|(&gold, predicted)| gold == predicted);
        (self.probabilities().chunks_exact(self.classes).map(largest).collect(), right.collect())
    }

    /// Where a golden is null, ours has a reason.
    fn check(&self, key: &str, ours: Result<f64, Undefined>) {
        self.compare(key, &self.figures[key], ours);
    }

    fn check_each(&self, key: &str, ours: impl ExactSizeIterator<Item = Result<f64, Undefined>>) {
        let theirs = self.figures[key].as_array().unwrap();
        assert_eq!(ours.len(), theirs.len(), "{}: {key}", self.name);
        for (ours, theirs) in ours.zip(theirs) {
            self.compare(key, theirs, ours);
        }
    }

    fn check_curve<const K: usize>(&self, key: &str, ours: Result<Vec<[f64; K]>, Undefined>) {
        let theirs = &self.figures[key];
        let Ok(ours) = ours else { return assert!(theirs.is_null(), "{}: {key}: {theirs}", self.name) };
        let theirs: Vec<Vec<f64>> = serde_json::from_value(theirs.clone()).unwrap();
        assert_eq!(ours.len(), theirs.len(), "{}: {key}", self.name);
        for (ours, theirs) in ours.iter().flatten().zip(theirs.iter().flatten()) {
            assert!(are_close(*ours, *theirs), "{}: {key}: {ours} is not {theirs}", self.name);
        }
    }

    fn compare(&self, key: &str, theirs: &Value, ours: Result<f64, Undefined>) {
        let equal = match (ours, theirs.as_f64()) {
            (Ok(ours), Some(theirs)) => are_close(ours, theirs),
            (Err(_), None) => true,
            _ => false,
        };
        assert!(equal, "{}: {key}: {ours:?} is not {theirs}", self.name);
    }
}

#[test]
fn figures_of_labels_equal_scikit_learn() {
    for case in goldens().cases {
        let confusion = Confusion::count(case.all_classes, &case.gold, &case.predicted());
        case.check("accuracy", confusion.accuracy().ok_or(Undefined::NoExamples));
        case.check("mcc", confusion.mcc());
        for (name, average) in AVERAGES {
            case.check(&format!("precision_{name}"), confusion.precision(average));
            case.check(&format!("recall_{name}"), confusion.recall(average));
            case.check(&format!("f1_{name}"), confusion.f1(average).ok_or(Undefined::NoExamples));
        }
        let classes = confusion.per_class();
        case.check_each("precision_per_class", classes.iter().map(|class| class.precision));
        case.check_each("recall_per_class", classes.iter().map(|class| class.recall));
        case.check_each("f1_per_class", classes.iter().map(|class| class.f1));
    }
}

#[test]
fn figures_of_probabilities_equal_scikit_learn() {
    for case in goldens().cases {
        let (probabilities, classes, gold) = (case.probabilities(), case.classes, &case.gold);
        for k in 1..=3 {
            case.check(&format!("top_{k}"), top_k(&probabilities, classes, gold, k));
        }
        case.check("brier", brier(&probabilities, classes, gold));
        let rows = probabilities.chunks_exact(classes).zip(gold);
        let known: Vec<f64> = rows.filter_map(|(row, &gold)| row.get(gold).copied()).collect();
        case.check("loss", log_loss(&known).ok_or(Undefined::NoKnownLabel));
    }
}

#[test]
fn rankings_equal_scikit_learn() {
    for case in goldens().cases {
        let (probabilities, classes, gold) = (case.probabilities(), case.classes, &case.gold);
        let areas = auroc_per_class(&probabilities, classes, gold);
        case.check_each("auroc_per_class", areas.into_iter());
        let areas = average_precision_per_class(&probabilities, classes, gold);
        case.check_each("average_precision_per_class", areas.into_iter());
        for (name, average) in AVERAGES {
            let area = auroc_average(&probabilities, classes, gold, average);
            case.check(&format!("auroc_{name}"), area);
            let area = average_precision_average(&probabilities, classes, gold, average);
            case.check(&format!("average_precision_{name}"), area);
        }
    }
}

#[test]
fn curves_equal_scikit_learn() {
    for case in goldens().cases {
        let (scores, positive) = one_vs_rest(&case.probabilities(), case.classes, &case.gold, 0);
        let roc = roc_curve(&scores, &positive).map(|curve| {
            assert_eq!((curve[0].threshold, curve[0].true_positive_rate), (f64::INFINITY, 0.0));
            let point = |at: &RocPoint| [at.threshold, at.false_positive_rate, at.true_positive_rate];
            curve[1..].iter().map(point).collect()
        });
        case.check_curve("roc", roc);
        let point = |at: PrecisionRecallPoint| [at.threshold, at.precision, at.recall];
        let curve = precision_recall_curve(&scores, &positive);
        case.check_curve("precision_recall", curve.map(|curve| curve.into_iter().map(point).collect()));
        let gain = gain_curve(&scores, &positive);
        case.check_curve("gain", gain.map(|curve| curve.into_iter().map(<[f64; 2]>::from).collect()));
        match lift_by_decile(&scores, &positive) {
            Ok(lift) => case.check_each("lift", lift.into_iter().map(Ok)),
            Err(_) => assert!(case.figures["lift"].is_null(), "{}", case.name),
        }
    }
}

#[test]
fn calibration_and_risk_equal_numpy() {
    for case in goldens().cases {
        let (confidences, right) = case.confidences();
        for (key, binning) in [("ece", Binning::EqualWidth), ("ece_mass", Binning::EqualMass)] {
            let bins = reliability(&confidences, &right, BINS, binning);
            case.check(key, bins.and_then(|bins| expected_calibration_error(&bins)));
        }
        case.check("aurc", aurc(&confidences, &right));
    }
}

#[test]
fn temperatures_equal_scipy() {
    for case in goldens().temperatures {
        let fitted = fit_temperature(&case.logits, case.classes, &case.gold).unwrap();
        assert!(are_close(fitted, case.temperature), "{}: {fitted} is not {}", case.name, case.temperature);
    }
}

#[test]
fn out_of_scope_figures_equal_scikit_learn() {
    for case in goldens().scopes {
        let ours = out_of_scope(&case.inside, &case.outside).unwrap();
        for (ours, theirs) in [
            (ours.auroc, case.auroc),
            (ours.aupr_in, case.aupr_in),
            (ours.aupr_out, case.aupr_out),
            (ours.fpr_at_95_tpr, case.fpr_at_95_tpr),
        ] {
            assert!(are_close(ours, theirs), "{}: {ours} is not {theirs}", case.name);
        }
    }
}

#[test]
fn scores_of_a_row_equal_scipy() {
    for row in goldens().rows {
        assert!(are_close(max_softmax(&row.logits, row.temperature), row.max_softmax), "{:?}", row.logits);
        assert!(are_close(energy(&row.logits, row.temperature), row.energy), "{:?}", row.logits);
    }
}
