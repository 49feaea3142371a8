//! Dividing a training split for validation: by distinct texts, stratified by label.
//!
//! Rows with equal texts always stay together, so that no model is judged by a text it has learnt.
//! A text counts for the label of its first row. Both functions walk the classes in the order of
//! their names, so the result depends on the examples and the stream alone.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use rand::seq::SliceRandom;

use super::Example;
use crate::rng::ChaCha8Rng;

/// The rows of one text, ascending.
type Rows = Vec<usize>;

/// The validation rows of each of `k` folds, ascending; together they are every row once.
///
/// Texts are shuffled within their class, and each goes to the fold with the fewest rows of that
/// class so far, then the fewest rows in all; texts with many rows go first, so that the others
/// even out what they leave. Where all texts differ, fold sizes differ by at most one, and so do
/// the numbers of rows of one class in any two folds. A class with fewer than `k` texts is missing
/// from some folds; a fold is empty only where there are more folds than texts.
pub fn folds(examples: &[Example], k: usize, rng: &mut ChaCha8Rng) -> Vec<Vec<usize>> {
    let mut folds: Vec<Vec<usize>> = vec![Vec::new(); k];
    for mut texts in by_class(examples, rng) {
        texts.sort_by_key(|rows| Reverse(rows.len()));
        let mut of_class = vec![0; k];
        for rows in texts {
            let Some(fold) = (0..k).min_by_key(|&fold| (of_class[fold], folds[fold].len())) else { break };
            of_class[fold] += rows.len();
            folds[fold].extend(rows);
        }
    }
    for fold in &mut folds {
        fold.sort_unstable();
    }
    folds
}

/// The rows of one held-out part, ascending: those of a `fraction` of the distinct texts, rounded,
/// but at least one text and not all of them; none when there are fewer than two texts.
///
/// Each class gives its share rounded down, and those with the largest remainders give one more
/// until the total is met (the method of largest remainders; the first name wins a tie). Texts are
/// counted, not rows: a text with many rows is as likely to be held out as any other.
pub fn fraction(examples: &[Example], fraction: f64, rng: &mut ChaCha8Rng) -> Vec<usize> {
    let classes = by_class(examples, rng);
    let texts: usize = classes.iter().map(Vec::len).sum();
    if texts < 2 {
        return Vec::new();
    }
    let total = ((texts as f64 * fraction).round() as usize).clamp(1, texts - 1);
    // In whole numbers: a share is `class · total / texts`, so equal remainders are seen as equal.
    let mut shares: Vec<usize> = classes.iter().map(|class| class.len() * total / texts).collect();
    let mut order: Vec<usize> = (0..classes.len()).collect();
    order.sort_by_key(|&class| Reverse(classes[class].len() * total % texts));
    let missing = total - shares.iter().sum::<usize>();
    for &class in order.iter().take(missing) {
        shares[class] += 1;
    }
    let mut held_out: Vec<usize> =
        classes.iter().zip(shares).flat_map(|(class, share)| class[..share].concat()).collect();
    held_out.sort_unstable();
    held_out
}

/// The texts of each class in random order, as the rows that have them; classes by name.
fn by_class(examples: &[Example], rng: &mut ChaCha8Rng) -> Vec<Vec<Rows>> {
    let mut texts: Vec<Rows> = Vec::new();
    let mut seen: HashMap<&str, usize> = HashMap::new();
    for (row, example) in examples.iter().enumerate() {
        let text = *seen.entry(&example.text).or_insert(texts.len());
        if text == texts.len() {
            texts.push(Vec::new());
        }
        texts[text].push(row);
    }
    let mut classes: BTreeMap<&str, Vec<Rows>> = BTreeMap::new();
    for rows in texts {
        classes.entry(&examples[rows[0]].label).or_default().push(rows);
    }
    let mut classes: Vec<Vec<Rows>> = classes.into_values().collect();
    for texts in &mut classes {
        texts.shuffle(rng);
    }
    classes
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::rng::SeedTree;
    use proptest::prelude::*;

    const CLASSES: [&str; 4] = ["flight", "fare", "meal", "city"];

    fn rng(seed: u64) -> ChaCha8Rng {
        SeedTree::new(seed).rng("split")
    }

    fn example(text: &str, label: &str) -> Example {
        Example { text: text.to_string(), label: label.to_owned() }
    }

    /// One example per label, all with different texts.
    fn distinct(labels: &[&str]) -> Vec<Example> {
        labels.iter().enumerate().map(|(row, label)| example(&row.to_string(), label)).collect()
    }

    /// Labels with a long tail of classes, as real intents have.
    fn label() -> impl Strategy<Value = &'static str> {
        prop_oneof![8 => Just(CLASSES[0]), 3 => Just(CLASSES[1]), 1 => Just(CLASSES[2]), 1 => Just(CLASSES[3])]
    }

    /// Examples whose texts all differ.
    fn distinct_examples() -> impl Strategy<Value = Vec<Example>> {
        prop::collection::vec(label(), 0..60).prop_map(|labels| distinct(&labels))
    }

    /// Examples of which many share a text, some with different labels.
    fn repeated_examples() -> impl Strategy<Value = Vec<Example>> {
        let text = prop_oneof![1 => 0_u32..4, 2 => 0_u32..1000];
        let example = (text, label()).prop_map(|(text, label)| example(&text.to_string(), label));
        prop::collection::vec(example, 0..60)
    }

    fn count(examples: &[Example], rows: &[usize], class: &str) -> usize {
        rows.iter().filter(|&&row| examples[row].label == class).count()
    }

    fn texts<'a>(examples: &'a [Example], rows: &[usize]) -> BTreeSet<&'a str> {
        rows.iter().map(|&row| examples[row].text.as_str()).collect()
    }

    /// Label of its first row and number of rows, of each text among `rows`.
    fn sizes<'a>(examples: &'a [Example], rows: &[usize]) -> BTreeMap<&'a str, (&'a str, usize)> {
        let mut sizes = BTreeMap::new();
        for &row in rows {
            sizes.entry(examples[row].text.as_str()).or_insert((examples[row].label.as_str(), 0)).1 += 1;
        }
        sizes
    }

    fn every_row(examples: &[Example]) -> Vec<usize> {
        (0..examples.len()).collect()
    }

    proptest! {
        #[test]
        fn folds_of_distinct_texts_spread_sizes_and_classes_evenly(examples in distinct_examples(), k in 1_usize..12, seed: u64) {
            let folds = folds(&examples, k, &mut rng(seed));
            for a in &folds {
                for b in &folds {
                    prop_assert!(a.len().abs_diff(b.len()) <= 1);
                    for class in CLASSES {
                        prop_assert!(count(&examples, a, class).abs_diff(count(&examples, b, class)) <= 1);
                    }
                }
            }
        }

        #[test]
        fn folds_take_every_row_once_and_no_text_is_in_two(examples in repeated_examples(), k in 1_usize..12, seed: u64) {
            let folds = folds(&examples, k, &mut rng(seed));
            prop_assert_eq!(folds.len(), k);
            prop_assert!(folds.iter().all(|fold| fold.is_sorted()));
            let mut all: Vec<usize> = folds.concat();
            all.sort_unstable();
            prop_assert_eq!(&all, &every_row(&examples));
            let distinct = texts(&examples, &all).len();
            prop_assert_eq!(folds.iter().map(|fold| texts(&examples, fold).len()).sum::<usize>(), distinct);
            prop_assert_eq!(folds.iter().filter(|fold| fold.is_empty()).count(), k.saturating_sub(distinct));
        }

        #[test]
        fn folds_differ_in_a_class_by_no_more_than_its_largest_text(examples in repeated_examples(), k in 1_usize..12, seed: u64) {
            let largest = sizes(&examples, &every_row(&examples));
            let folds = folds(&examples, k, &mut rng(seed));
            for class in CLASSES {
                let of_class = |fold: &Vec<usize>| -> usize {
                    sizes(&examples, fold).values().filter(|(label, _)| *label == class).map(|(_, rows)| rows).sum()
                };
                let counts: Vec<usize> = folds.iter().map(of_class).collect();
                let spread = counts.iter().max().unwrap() - counts.iter().min().unwrap();
                let largest = largest.values().filter(|(label, _)| *label == class).map(|(_, rows)| *rows).max();
                prop_assert!(spread <= largest.unwrap_or(0));
            }
        }

        #[test]
        fn a_fraction_has_the_exact_size_and_each_class_its_share(examples in distinct_examples(), part in 0.01..0.99, seed: u64) {
            let held_out = fraction(&examples, part, &mut rng(seed));
            let rows = examples.len();
            if rows < 2 {
                prop_assert!(held_out.is_empty());
                return Ok(());
            }
            prop_assert_eq!(held_out.len(), ((rows as f64 * part).round() as usize).clamp(1, rows - 1));
            for class in CLASSES {
                let share = count(&examples, &every_row(&examples), class) as f64 * held_out.len() as f64 / rows as f64;
                prop_assert!((count(&examples, &held_out, class) as f64 - share).abs() < 1.0);
            }
        }

        #[test]
        fn a_fraction_and_the_rest_share_no_text(examples in repeated_examples(), part in 0.01..0.99, seed: u64) {
            let held_out = fraction(&examples, part, &mut rng(seed));
            prop_assert!(held_out.windows(2).all(|pair| pair[0] < pair[1]), "ascending, so each row once");
            let rest: Vec<usize> =
                every_row(&examples).into_iter().filter(|row| held_out.binary_search(row).is_err()).collect();
            let [out, kept] = [&held_out, &rest].map(|rows| texts(&examples, rows));
            prop_assert!(out.is_disjoint(&kept));
            let all = out.len() + kept.len();
            let total = if all < 2 { 0 } else { ((all as f64 * part).round() as usize).clamp(1, all - 1) };
            prop_assert_eq!(out.len(), total);
        }

        #[test]
        fn a_division_depends_on_examples_and_seed_alone(examples in repeated_examples(), seed: u64) {
            prop_assert_eq!(folds(&examples, 5, &mut rng(seed)), folds(&examples, 5, &mut rng(seed)));
            prop_assert_eq!(fraction(&examples, 0.2, &mut rng(seed)), fraction(&examples, 0.2, &mut rng(seed)));
        }
    }

    #[test]
    fn another_seed_divides_otherwise() {
        let examples = distinct(&["flight"; 40]);
        assert_ne!(folds(&examples, 4, &mut rng(1)), folds(&examples, 4, &mut rng(2)));
        assert_ne!(fraction(&examples, 0.5, &mut rng(1)), fraction(&examples, 0.5, &mut rng(2)));
    }

    #[test]
    fn a_text_of_many_rows_is_evened_out_by_the_others() {
        let mut examples = distinct(&["flight"; 6]);
        examples.extend(vec![example("again", "flight"); 3]);
        let mut sizes: Vec<usize> = folds(&examples, 3, &mut rng(1)).iter().map(Vec::len).collect();
        sizes.sort_unstable();
        assert_eq!(sizes, [3, 3, 3]);
    }

    #[test]
    fn no_folds_and_no_rows_are_no_panic() {
        assert!(folds(&distinct(&["a"]), 0, &mut rng(1)).is_empty());
        assert!(folds(&[], 2, &mut rng(1)).iter().all(Vec::is_empty));
        assert!(fraction(&distinct(&["a"]), 0.5, &mut rng(1)).is_empty());
        assert!(fraction(&vec![example("same", "a"); 3], 0.5, &mut rng(1)).is_empty());
    }

    #[test]
    fn a_division_is_pinned_across_releases() {
        // Changing these would change every published result.
        let examples = distinct(&["a", "b", "a", "a", "b", "c", "a", "b", "a", "c"]);
        assert_eq!(folds(&examples, 3, &mut rng(42)), [vec![0, 4, 5, 8], vec![1, 2, 3], vec![6, 7, 9]]);
        assert_eq!(fraction(&examples, 0.3, &mut rng(42)), [0, 7, 9]);

        let texts = ["x", "y", "x", "z", "u", "y", "v", "w", "x", "t"];
        let repeated: Vec<Example> =
            texts.iter().zip(&examples).map(|(text, row)| example(text, &row.label)).collect();
        assert_eq!(folds(&repeated, 3, &mut rng(42)), [vec![0, 2, 4, 8], vec![1, 5, 6], vec![3, 7, 9]]);
    }
}
