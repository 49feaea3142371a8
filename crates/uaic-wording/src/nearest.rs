//! The nearest of several names, for error messages that suggest what was meant.

use strsim::osa_distance;

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
    let length = name.chars().count();
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let letters = lowercase(candidate);
            let of_candidate = letters.chars().count();
            let allowed = (length.max(of_candidate) / 3).max(1);
            // Names of very different length need no table.
            if length.abs_diff(of_candidate) > allowed {
                return None;
            }
            let distance = osa_distance(&name, &letters);
            (distance <= allowed && distance < of_candidate).then_some((distance, candidate))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// The nearest of several names as a question, ``did you mean `dropout`?``; `None` where none is near.
///
/// ```
/// use uaic_wording::nearest::suggestion;
///
/// assert_eq!(suggestion("droput", ["dropout", "lr"]).as_deref(), Some("did you mean `dropout`?"));
/// assert_eq!(suggestion("banana", ["dropout", "lr"]), None);
/// ```
pub fn suggestion<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(name, candidates).map(|near| format!("did you mean `{near}`?"))
}

/// Letter by letter: a final sigma stays what it is where `str::to_lowercase` looks at the word.
fn lowercase(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between(a: &str, b: &str) -> usize {
        osa_distance(&lowercase(a), &lowercase(b))
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
