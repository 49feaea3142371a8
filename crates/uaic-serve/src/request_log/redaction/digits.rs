//! Runs of digits, which cards, telephone numbers and numbers have in common.

use std::ops::Range;

/// Digits that follow each other without anything between.
pub(super) type Group = Range<usize>;

/// The groups of digits of a text, in bytes, by what counts as a digit.
pub(super) fn groups(text: &str, is_digit: impl Fn(char) -> bool) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    // Most texts have none, and that is seen at once.
    if !text.bytes().any(|byte| byte.is_ascii_digit() || !byte.is_ascii()) {
        return groups;
    }
    for (at, character) in text.char_indices().filter(|(_, character)| is_digit(*character)) {
        let end = at + character.len_utf8();
        match groups.last_mut() {
            Some(last) if last.end == at => last.end = end,
            _ => groups.push(at..end),
        }
    }
    groups
}

/// A digit of any script.
pub(super) fn is_digit(character: char) -> bool {
    character.is_ascii_digit() || (!character.is_ascii() && character.is_numeric())
}

/// Groups with only `is_between` between them, as one run each.
pub(super) fn runs<'a>(
    text: &str,
    groups: &'a [Group],
    is_between: impl Fn(&str) -> bool,
) -> impl Iterator<Item = &'a [Group]> {
    groups.chunk_by(move |left, right| is_between(&text[left.end..right.start]))
}

/// Every number with its sign left where it is: digits with points, commas and colons between them.
pub(super) fn numbers(text: &str) -> Vec<Range<usize>> {
    let groups = groups(text, is_digit);
    let is_between = |between: &str| matches!(between, "." | "," | ":" | "'");
    runs(text, &groups, is_between).filter_map(span).collect()
}

/// From the start of the first to the end of the last.
pub(super) fn span(groups: &[Group]) -> Option<Range<usize>> {
    Some(groups.first()?.start..groups.last()?.end)
}
