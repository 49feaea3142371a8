//! Which trials the proposal of one that was asked for has seen: a tag of its run.

use std::collections::BTreeSet;

/// The tag of a trial that was asked for: the numbers of the trials that its proposal saw as
/// finished.
pub(super) const SEEN: &str = "seen";

/// Numbers as `0-3,5`.
pub(super) fn ranges(numbers: impl IntoIterator<Item = u32>) -> String {
    let mut spans: Vec<(u32, u32)> = Vec::new();
    for number in numbers {
        match spans.last_mut() {
            Some((_, last)) if number == *last + 1 => *last = number,
            _ => spans.push((number, number)),
        }
    }
    let shown = |(first, last): &(u32, u32)| {
        if first == last { first.to_string() } else { format!("{first}-{last}") }
    };
    spans.iter().map(shown).collect::<Vec<_>>().join(",")
}

/// The inverse of [`ranges`]; what is none of them is left out.
pub(super) fn numbers(text: &str) -> BTreeSet<u32> {
    let span = |part: &str| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        Some(first.parse().ok()?..=last.parse().ok()?)
    };
    text.split(',').filter_map(span).flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_survive_as_ranges() {
        for list in [&[][..], &[3], &[0, 1, 2, 3, 5, 7, 8]] {
            let text = ranges(list.iter().copied());
            assert_eq!(numbers(&text).into_iter().collect::<Vec<_>>(), list, "{text}");
        }
        assert_eq!(ranges([0, 1, 2, 5]), "0-2,5");
    }
}
