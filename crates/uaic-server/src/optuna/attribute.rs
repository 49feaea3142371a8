//! Attributes of studies and trials.

use uaic_import::optuna::meaning;
use uaic_study::store::{OptunaAttribute, OptunaScope};

/// An attribute with what it is to us.
pub(super) fn attribute(scope: OptunaScope, key: String, json: String) -> OptunaAttribute {
    let meaning = meaning(scope, &key, &json);
    OptunaAttribute { scope, key, json, meaning }
}
