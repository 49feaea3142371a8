//! Dividing a training split for validation, stratified by label.
//!
//! Both functions walk the classes in the order of their names, so the result depends on the
//! labels and the stream alone.

use std::collections::BTreeMap;

use rand::seq::SliceRandom;

use crate::rng::ChaCha8Rng;

/// The validation rows of each of `k` folds, ascending; together they are every row once.
///
/// Rows are shuffled within their class and dealt to the folds in turn, and each class goes on
/// where the one before it stopped. So fold sizes differ by at most one, and so do the numbers of
/// rows of one class in any two folds. A class with fewer than `k` rows is missing from some
/// folds; with more folds than rows some folds are empty.
pub fn folds(labels: &[&str], k: usize, rng: &mut ChaCha8Rng) -> Vec<Vec<usize>> {
    let mut folds = vec![Vec::new(); k];
    let dealt = by_class(labels, rng).into_values().flatten();
    for (turn, row) in dealt.enumerate().take_while(|_| k > 0) {
        folds[turn % k].push(row);
    }
    for fold in &mut folds {
        fold.sort_unstable();
    }
    folds
}

/// The rows of one held-out part, ascending: `fraction` of all, rounded, but at least one and not
/// all of them; none when there are fewer than two rows.
///
/// Each class gives its share rounded down, and those with the largest remainders give one more
/// until the total is met (the method of largest remainders; the first name wins a tie).
pub fn fraction(labels: &[&str], fraction: f64, rng: &mut ChaCha8Rng) -> Vec<usize> {
    let rows = labels.len();
    if rows < 2 {
        return Vec::new();
    }
    let total = ((rows as f64 * fraction).round() as usize).clamp(1, rows - 1);
    let classes: Vec<Vec<usize>> = by_class(labels, rng).into_values().collect();
    // In whole numbers: a share is `class · total / rows`, so equal remainders are seen as equal.
    let mut shares: Vec<usize> = classes.iter().map(|class| class.len() * total / rows).collect();
    let mut order: Vec<usize> = (0..classes.len()).collect();
    order.sort_by_key(|&class| std::cmp::Reverse(classes[class].len() * total % rows));
    let missing = total - shares.iter().sum::<usize>();
    for &class in order.iter().take(missing) {
        shares[class] += 1;
    }
    let mut held_out: Vec<usize> =
        classes.iter().zip(shares).flat_map(|(class, share)| class[..share].iter().copied()).collect();
    held_out.sort_unstable();
    held_out
}

/// The rows of each class in random order.
fn by_class<'a>(labels: &[&'a str], rng: &mut ChaCha8Rng) -> BTreeMap<&'a str, Vec<usize>> {
    let mut classes: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (row, label) in labels.iter().enumerate() {
        classes.entry(label).or_default().push(row);
    }
    for rows in classes.values_mut() {
        rows.shuffle(rng);
    }
    classes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::SeedTree;
    use proptest::prelude::*;

    fn rng(seed: u64) -> ChaCha8Rng {
        SeedTree::new(seed).rng("split")
    }

    /// Rows with a long tail of classes, as real intents have.
    fn labels() -> impl Strategy<Value = Vec<&'static str>> {
        let class = prop_oneof![8 => Just("flight"), 3 => Just("fare"), 1 => Just("meal"), 1 => Just("city")];
        prop::collection::vec(class, 0..60)
    }

    fn count(labels: &[&str], rows: &[usize], class: &str) -> usize {
        rows.iter().filter(|&&row| labels[row] == class).count()
    }

    proptest! {
        #[test]
        fn folds_take_every_row_once_and_spread_sizes_and_classes_evenly(labels in labels(), k in 1_usize..12, seed: u64) {
            let folds = folds(&labels, k, &mut rng(seed));
            prop_assert_eq!(folds.len(), k);
            let mut all: Vec<usize> = folds.concat();
            all.sort_unstable();
            prop_assert_eq!(all, (0..labels.len()).collect::<Vec<_>>());
            for a in &folds {
                prop_assert!(a.is_sorted());
                for b in &folds {
                    prop_assert!(a.len().abs_diff(b.len()) <= 1);
                    for class in ["flight", "fare", "meal", "city"] {
                        prop_assert!(count(&labels, a, class).abs_diff(count(&labels, b, class)) <= 1);
                    }
                }
            }
        }

        #[test]
        fn a_fraction_has_the_exact_size_and_each_class_its_share(labels in labels(), part in 0.01..0.99, seed: u64) {
            let held_out = fraction(&labels, part, &mut rng(seed));
            let rows = labels.len();
            if rows < 2 {
                prop_assert!(held_out.is_empty());
                return Ok(());
            }
            prop_assert_eq!(held_out.len(), ((rows as f64 * part).round() as usize).clamp(1, rows - 1));
            prop_assert!(held_out.windows(2).all(|pair| pair[0] < pair[1]), "ascending, so each row once");
            prop_assert!(held_out.iter().all(|&row| row < rows));
            let all: Vec<usize> = (0..rows).collect();
            for class in ["flight", "fare", "meal", "city"] {
                let share = count(&labels, &all, class) as f64 * held_out.len() as f64 / rows as f64;
                prop_assert!((count(&labels, &held_out, class) as f64 - share).abs() < 1.0);
            }
        }

        #[test]
        fn a_division_depends_on_labels_and_seed_alone(labels in labels(), seed: u64) {
            prop_assert_eq!(folds(&labels, 5, &mut rng(seed)), folds(&labels, 5, &mut rng(seed)));
            prop_assert_eq!(fraction(&labels, 0.2, &mut rng(seed)), fraction(&labels, 0.2, &mut rng(seed)));
        }
    }

    #[test]
    fn another_seed_divides_otherwise() {
        let labels = ["flight"; 40];
        assert_ne!(folds(&labels, 4, &mut rng(1)), folds(&labels, 4, &mut rng(2)));
        assert_ne!(fraction(&labels, 0.5, &mut rng(1)), fraction(&labels, 0.5, &mut rng(2)));
    }

    #[test]
    fn no_folds_and_no_rows_are_no_panic() {
        assert!(folds(&["a"], 0, &mut rng(1)).is_empty());
        assert!(folds(&[], 2, &mut rng(1)).iter().all(Vec::is_empty));
        assert!(fraction(&["a"], 0.5, &mut rng(1)).is_empty());
    }

    #[test]
    fn a_division_is_pinned_across_releases() {
        // Recorded from the first release: changing it would change every published result.
        let labels = ["a", "b", "a", "a", "b", "c", "a", "b", "a", "c"];
        assert_eq!(folds(&labels, 3, &mut rng(42)), [vec![0, 4, 5, 8], vec![1, 2, 3], vec![6, 7, 9]]);
        assert_eq!(fraction(&labels, 0.3, &mut rng(42)), [0, 7, 9]);
    }
}
