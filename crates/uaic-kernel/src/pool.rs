//! Sums over a text's states.

use super::activation::add_scaled;
use super::kernel;

kernel! {
    /// `sum += factor · Σ states[token]` over the rows of `states` `(N, F)` that `tokens` names.
    fn add_rows<'a>(states: &'a [f32], tokens: &'a [usize], factor: f32, sum: &'a mut [f32]) {
        let width = sum.len();
        for &token in tokens {
            add_scaled(sum, factor, &states[token * width..][..width]);
        }
    }
}

kernel! {
    /// `states[token] += factor · row` for the rows that `tokens` names.
    fn spread_row<'a>(row: &'a [f32], tokens: &'a [usize], factor: f32, states: &'a mut [f32]) {
        let width = row.len();
        for &token in tokens {
            add_scaled(&mut states[token * width..][..width], factor, row);
        }
    }
}

kernel! {
    /// The largest value of each feature over the rows that `tokens` names, and which row has it:
    /// the first of equals, or of all where no value is a number.
    fn largest_rows<'a>(
        states: &'a [f32],
        tokens: &'a [usize],
        largest: &'a mut [f32],
        at: &'a mut [u32],
    ) {
        let width = largest.len();
        largest.fill(f32::NEG_INFINITY);
        at.fill(if tokens.is_empty() { 0 } else { tokens[0] as u32 });
        for &token in tokens {
            let row = &states[token * width..][..width];
            for ((largest, at), value) in largest.iter_mut().zip(at.iter_mut()).zip(row) {
                if *value > *largest {
                    *largest = *value;
                    *at = token as u32;
                }
            }
        }
    }
}

kernel! {
    /// `target += factor · source`
    fn add_to<'a>(target: &'a mut [f32], factor: f32, source: &'a [f32]) {
        add_scaled(target, factor, source);
    }
}

kernel! {
    /// `target ⊙= factors`
    fn multiply_by<'a>(target: &'a mut [f32], factors: &'a [f32]) {
        for (value, factor) in target.iter_mut().zip(factors) {
            *value *= factor;
        }
    }
}
