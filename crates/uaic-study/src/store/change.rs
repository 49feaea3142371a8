//! What a user changes of a study that goes on, kept so that every proposal can be made again.

use serde::{Deserialize, Serialize};

use crate::space::Space;
use crate::trial::Params;

/// A change, and since when it counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StudyChange {
    /// The first trial whose proposal knows of it.
    pub from_trial: u32,
    /// When it was made, milliseconds since 1970 UTC.
    pub time_ms: i64,
    /// What was changed.
    #[serde(flatten)]
    pub change: Change,
}

/// What was changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Change {
    /// Trial `from_trial` is to evaluate these values; what they leave open is proposed as usual.
    Enqueue {
        /// Names and values.
        params: Params,
    },
    /// A trial counts no more: neither for proposals nor among the best.
    Exclude {
        /// Its number.
        trial: u32,
        /// Why.
        reason: String,
    },
    /// An excluded trial counts again.
    Include {
        /// Its number.
        trial: u32,
        /// Why.
        reason: String,
    },
    /// A trial's values were wrong.
    Correct {
        /// Its number.
        trial: u32,
        /// What they were; empty where it had none.
        old: Vec<f64>,
        /// What they are.
        new: Vec<f64>,
        /// Why.
        reason: String,
    },
    /// Another search space: a range was widened, a choice added.
    Space {
        /// The space.
        space: Space,
        /// `-P` overrides that made it, in order.
        overrides: Vec<(String, String)>,
    },
}

impl Change {
    /// The trial that it speaks of.
    pub fn trial(&self) -> Option<u32> {
        match self {
            Self::Exclude { trial, .. } | Self::Include { trial, .. } | Self::Correct { trial, .. } => {
                Some(*trial)
            }
            Self::Enqueue { .. } | Self::Space { .. } => None,
        }
    }
}
