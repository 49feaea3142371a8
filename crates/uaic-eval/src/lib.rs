//! Evaluation: slices of gold and predicted labels in, numbers with their n and interval out.
//!
//! ```
//! use uaic_eval::wilson;
//!
//! let accuracy = wilson(606, 617).unwrap();
//! assert_eq!(accuracy.n, 617);
//! assert!(accuracy.low < accuracy.value && accuracy.value < accuracy.high);
//! assert!(wilson(0, 0).is_none(), "of nothing there is no share");
//! ```
//!
//! | file | what it answers |
//! |---|---|
//! | `predictions`, `predictions_file` | what did a classifier say of every text? |
//! | `classified`, `regressed` | what did any other program say of every row? |
//! | `summary`, `sample` | what are all its figures? (`measure`, `measure_out_of_scope`, `measure_classified`, `measure_regressed`) |
//! | `answers` | what was answered, and what is measured of any resample? |
//! | `confusion`, `tally` | which classes does it take for which; precision, recall, F1, MCC |
//! | `classification` | which answers count as right; top-k, log-loss |
//! | `probability` | how far are probabilities from the truth? (Brier) |
//! | `reliability` | are confidences honest? (calibration error) |
//! | `temperature` | which temperature makes them so? |
//! | `calibration` | what was fitted of temperature and threshold, and on what? |
//! | `risk` | what errors remain when only confident answers are given? |
//! | `segment` | on which texts is it good, and on which not? |
//! | `ranking`, `one_vs_rest` | do right answers score higher? (areas, per class and averaged) |
//! | `curve` | what would a threshold let through? (ROC, precision–recall, gain, lift) |
//! | `out_of_scope` | is a text without an intent told from one with? |
//! | `scope` | by which score? (seven methods, and what they learn) |
//! | `reference` | what did texts look like when a model was calibrated? |
//! | `drift` | do they still? (population stability index, Jensen–Shannon) |
//! | `significance` | is a difference real? (McNemar, paired bootstrap, t-tests, Holm) |
//! | `projection` | what does a cloud of features look like in two dimensions? |
//! | `interval`, `resample` | how sure is a figure? (Wilson, bootstrap) |
//! | `blocks` | scores sorted once, equal ones together |
//! | `undefined` | why does a figure have no value? |

mod answers;
mod blocks;
mod calibration;
mod classification;
mod classified;
mod confusion;
mod curve;
mod drift;
#[cfg(test)]
mod goldens;
mod interval;
mod one_vs_rest;
mod out_of_scope;
#[cfg(test)]
mod prediction_goldens;
mod predictions;
mod predictions_file;
mod probability;
pub mod projection;
mod ranking;
mod reference;
mod regressed;
mod reliability;
mod resample;
mod risk;
mod sample;
mod scope;
mod segment;
pub mod significance;
mod summary;
mod tally;
mod temperature;
mod undefined;

pub use answers::{Answers, Resample};
pub use calibration::{Calibration, Choice, Quality};
pub use classification::{is_any_gold, log_loss, top_k};
pub use classified::{Classified, ScoreKind};
pub use confusion::{ClassFigures, Confusion};
pub use curve::{
    PrecisionRecallPoint, RocPoint, gain_curve, lift_by_decile, precision_recall_curve, roc_curve,
};
pub use drift::{jensen_shannon_divergence, population_stability_index, stability_noise};
pub use interval::{Estimate, bootstrap, wilson};
pub use one_vs_rest::{
    auroc_average, auroc_per_class, average_precision_average, average_precision_per_class, one_vs_rest,
};
pub use out_of_scope::{OutOfScopeFigures, accepted_at, out_of_scope, recall_at};
pub use predictions::{OUT_OF_SCOPE, Predictions};
pub use predictions_file::PredictionsError;
pub use probability::brier;
pub use ranking::{area_under_roc, auroc, average_precision};
pub use reference::Reference;
pub use regressed::Regressed;
pub use reliability::{BINS, Bin, Binning, expected_calibration_error, reliability};
pub use risk::{aurc, risk_coverage};
pub use scope::{
    Detector, MOST_NEIGHBOURS, Mahalanobis, Neighbours, OutOfScopeMethod, ScopeError, ScopeModels, energy,
    max_logit, max_softmax, negative_entropy,
};
pub use segment::{Group, Rule, RuleError, Segment, by_label, by_length, by_rule, by_unknown, segments};
pub use summary::{
    Measures, measure, measure_calibration, measure_classified, measure_out_of_scope, measure_regressed,
    resamples,
};
pub use tally::Average;
use tally::Tally;
pub use temperature::{TEMPERATURES, fit_temperature};
pub use undefined::Undefined;
