//! Tables of features for tests.

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use crate::Predictions;

/// `texts` texts of `classes` classes: features `(N, width)` within ±1 of a point per class, all
/// moved by `shift`.
pub(super) fn cloud(texts: usize, classes: usize, width: usize, shift: f32) -> Predictions {
    let mut rng = ChaCha8Rng::seed_from_u64(texts as u64);
    let mut table = Predictions {
        labels: (0..classes).map(|class| class.to_string()).collect(),
        ..Predictions::default()
    };
    for text in 0..texts {
        let class = text % classes;
        table.gold.push(class as u32);
        for feature in 0..width {
            let centre = if feature % classes == class { 6.0 } else { 0.0 };
            let turned = if feature % 2 == 0 { shift } else { -shift };
            table.features.push(centre + turned + rng.random_range(-1.0..1.0_f32));
        }
        table.logits.extend((0..classes).map(|other| if other == class { 3.0 } else { 0.0 }));
    }
    table
}
