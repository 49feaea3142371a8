//! Which examples share a step.

use rand::RngExt;

use uaic_kernel::rng::ChaCha8Rng;

/// Batches shuffled together before they are sorted by length: enough for texts of like length to
/// meet, few enough for batches to differ from epoch to epoch.
const POOL: usize = 32;

/// Divides examples, given by their lengths, into batches of like length, in random order:
/// positions of at most `batch_size` ≥ 1 examples, or one more. No batch holds a single example (it
/// would have no variance to normalise by), unless batches of one are asked for or there is only
/// one.
pub fn plan(lengths: &[usize], batch_size: usize, rng: &mut ChaCha8Rng) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..lengths.len()).collect();
    shuffle(&mut order, rng);
    let mut batches = Vec::with_capacity(lengths.len() / batch_size + 1);
    for pool in order.chunks_mut(batch_size * POOL) {
        pool.sort_by_key(|&example| lengths[example]);
        batches.extend(pool.chunks(batch_size).map(<[usize]>::to_vec));
    }
    if batches.len() > 1 && batches.last().is_some_and(|last| last.len() == 1) {
        let single = batches.pop().unwrap_or_default();
        if let Some(last) = batches.last_mut() {
            last.extend(single);
        }
    }
    shuffle(&mut batches, rng);
    batches
}

/// Gives every batch its share of further examples, in random order: texts of no intent, which by their
/// lengths would flock together, and leave a batch norm nothing to tell them from.
pub(super) fn deal(batches: &mut [Vec<usize>], mut further: Vec<usize>, rng: &mut ChaCha8Rng) {
    let count = batches.len();
    shuffle(&mut further, rng);
    for (at, example) in further.into_iter().enumerate() {
        if let Some(batch) = batches.get_mut(at % count.max(1)) {
            batch.push(example);
        }
    }
}

/// Fisher–Yates as [`uaic_kernel::rng::shuffle`], but of `usize`, which draws half as many bits: all trainings
/// so far hold to these.
fn shuffle<T>(items: &mut [T], rng: &mut ChaCha8Rng) {
    for last in (1..items.len()).rev() {
        items.swap(last, rng.random_range(0..=last));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use uaic_kernel::rng::SeedTree;

    proptest! {
        #[test]
        fn every_example_is_in_one_batch(lengths in prop::collection::vec(1_usize..50, 0..300), size in 1_usize..40) {
            let batches = plan(&lengths, size, &mut SeedTree::new(1).rng("batches"));
            let mut seen: Vec<usize> = batches.iter().flatten().copied().collect();
            seen.sort_unstable();
            prop_assert_eq!(seen, (0..lengths.len()).collect::<Vec<_>>());
            let limit = size + usize::from(size > 1 || lengths.len() > 1);
            for batch in &batches {
                prop_assert!(batch.len() <= limit);
                prop_assert!(batch.len() > 1 || size == 1 || lengths.len() == 1);
            }
        }
    }

    #[test]
    fn further_examples_are_spread_over_all_batches() {
        let mut rng = SeedTree::new(1).rng("exposure");
        let own: Vec<Vec<usize>> = (0..5).map(|batch| vec![batch, batch + 5]).collect();
        let mut batches = own.clone();
        deal(&mut batches, (10..23).collect(), &mut rng);
        assert!(batches.iter().zip(&own).all(|(batch, own)| batch.starts_with(own)));
        assert!(batches.iter().all(|batch| (4..=5).contains(&batch.len())));
        let mut all = batches.concat();
        all.sort_unstable();
        assert_eq!(all, (0..23).collect::<Vec<_>>());
        deal(&mut [], vec![1], &mut rng);
        let mut untouched = own.clone();
        deal(&mut untouched, Vec::new(), &mut rng);
        assert_eq!(untouched, own);
    }

    #[test]
    fn batches_hold_texts_of_like_length_and_differ_between_epochs() {
        let lengths: Vec<usize> = (0..1000).map(|i| 1 + i * 7 % 40).collect();
        let plan = |epoch| plan(&lengths, 10, &mut SeedTree::new(1).child("epoch", epoch).rng("batches"));
        let spread = |batch: &Vec<usize>| {
            let lengths = batch.iter().map(|&example| lengths[example]);
            lengths.clone().max().unwrap() - lengths.min().unwrap()
        };
        let mean = plan(0).iter().map(spread).sum::<usize>() as f64 / 100.0;
        assert!(mean < 6.0, "{mean}");
        assert_ne!(plan(0), plan(1));
        assert_eq!(plan(1), plan(1));
    }
}
