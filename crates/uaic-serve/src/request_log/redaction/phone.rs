//! Telephone numbers.

use std::ops::Range;

use super::digits::{Group, groups, is_digit, runs, span};

/// Where the telephone numbers are: 7 digits or more in groups with blanks, dots, hyphens and brackets
/// between them, unless they are a date. A `+` or a bracket before them goes with them. There is no
/// upper limit, because a number that another one follows is still one.
pub(super) fn find(text: &str) -> Vec<Range<usize>> {
    let groups = groups(text, is_digit);
    runs(text, &groups, is_between)
        .filter(|run| is_phone(text, run))
        .filter_map(span)
        .map(|range| {
            let before = text[..range.start].trim_end_matches(['+', '(']);
            before.len()..range.end
        })
        .collect()
}

fn is_between(between: &str) -> bool {
    let is_filler = |c: char| c.is_whitespace() || "-.()/–".contains(c);
    between.chars().count() <= 3 && between.chars().all(is_filler)
}

fn is_phone(text: &str, run: &[Group]) -> bool {
    let count: usize = run.iter().map(|group| text[group.clone()].chars().count()).sum();
    count >= 7 && !is_date(text, run)
}

/// `2026-11-28`, `28.11.2026`, `11/28/26` and the like, perhaps with a time behind.
fn is_date(text: &str, run: &[Group]) -> bool {
    let [first, second, third, time @ ..] = run else { return false };
    let number = |group: &Group| text[group.clone()].parse::<u32>().unwrap_or(u32::MAX);
    let size = |group: &Group| group.len();
    let is_year = |group: &Group| size(group) == 4 && (1900..2100).contains(&number(group));
    let is_day = |group: &Group| size(group) <= 2 && (1..=31).contains(&number(group));
    let between = |left: &Group, right: &Group| text[left.end..right.start].trim().to_owned();
    let is_joined = between(first, second) == between(second, third) && !between(first, second).is_empty();
    let is_short_year = |group: &Group| size(group) == 2;
    let is_ordered = (is_year(first) && is_day(second) && is_day(third))
        || (is_day(first) && is_day(second) && (is_year(third) || is_short_year(third)));
    let is_before_a_plus = text[..first.start].ends_with('+');
    let is_time = time.len() <= 2 && time.iter().all(|group| size(group) <= 2);
    is_joined && is_ordered && is_time && !is_before_a_plus
}
