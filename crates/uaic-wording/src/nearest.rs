//! The nearest of several names, for error messages that suggest what was meant.

/// The candidate closest to `name` by Damerau–Levenshtein distance (insertions, deletions,
/// substitutions and swaps of neighbours; letter case is ignored), the first of several equally
/// close. `None` when nothing is close enough to be a likely slip: at most a third of the longer
/// name may differ.
///
/// ```
/// use uaic_wording::nearest::nearest;
///
/// assert_eq!(nearest("droput", ["dropout", "hidden_dim"]), Some("dropout"));
/// assert_eq!(nearest("banana", ["dropout", "hidden_dim"]), None);
/// ```
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = lowercase(name);
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let letters = lowercase(candidate);
            let allowed = (name.len().max(letters.len()) / 3).max(1);
            // Names of very different length need no table.
            if name.len().abs_diff(letters.len()) > allowed {
                return None;
            }
            let distance = distance(&name, &letters);
            (distance <= allowed && distance < letters.len()).then_some((distance, candidate))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

fn lowercase(text: &str) -> Vec<char> {
    text.chars().flat_map(char::to_lowercase).collect()
}

/// Optimal string alignment: Damerau–Levenshtein in which no part is edited twice.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before_last: Vec<usize> = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let substitution = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = substitution.min(last[j] + 1).min(row[j - 1] + 1);
            let swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if swapped {
                row[j] = row[j].min(before_last[j - 2] + 1);
            }
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between(a: &str, b: &str) -> usize {
        distance(&lowercase(a), &lowercase(b))
    }

    #[test]
    fn one_edit_of_each_kind_costs_one() {
        assert_eq!(between("lstm", "lstm"), 0);
        assert_eq!(between("lsm", "lstm"), 1);
        assert_eq!(between("lsttm", "lstm"), 1);
        assert_eq!(between("lxtm", "lstm"), 1);
        assert_eq!(between("lsmt", "lstm"), 1);
        assert_eq!(between("", "lstm"), 4);
    }

    #[test]
    fn letter_case_is_no_difference() {
        assert_eq!(nearest("AdamW", ["adam", "adamw"]), Some("adamw"));
    }

    #[test]
    fn the_first_of_equally_close_names_wins() {
        assert_eq!(nearest("ac", ["ab", "ad"]), Some("ab"));
    }

    #[test]
    fn a_name_with_nothing_in_common_is_not_suggested() {
        assert_eq!(nearest("x", ["y"]), None);
        assert_eq!(nearest("", ["lr"]), None);
        assert_eq!(nearest("epochs", ["optimizer"]), None);
    }
}
