//! Pictures of any program's predictions.

use super::figure::Figure;
use super::model::{self, CellText};
use crate::predictions::Rows;

/// All pictures of some rows by name; those that cannot be drawn say why.
pub fn pictures(rows: &Rows, about: &str) -> Vec<(&'static str, Figure)> {
    match rows {
        Rows::Classified(rows) => vec![
            ("roc", model::roc(rows, 1.0, about)),
            ("precision_recall", model::precision_recall(rows, 1.0, about)),
            ("lift", model::lift(rows, 1.0, about)),
            ("gain", model::gain(rows, 1.0, about)),
            ("calibration", model::reliability_of_rows(rows, about)),
            ("confusion", model::confusion(rows, CellText::Counts, about)),
            ("confusion_share", model::confusion(rows, CellText::Shares, about)),
            ("f1", model::f1(rows, about)),
            ("risk_coverage", model::risk_coverage(rows, 1.0, about)),
        ],
        Rows::Regressed(rows) => vec![
            ("predicted_against_true", model::predicted_against_true(rows, about)),
            ("residuals", model::residuals(rows, about)),
            ("error_quantiles", model::error_quantiles(rows, about)),
        ],
    }
}
