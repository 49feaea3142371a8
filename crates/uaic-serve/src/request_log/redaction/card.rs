//! Numbers of payment cards.

use std::ops::Range;

use super::digits::{Group, groups, runs};

/// Where the numbers of cards are: 13 to 19 digits in groups with blanks, dots or hyphens between
/// them, whose last one is the check digit of the others. What stands next to a number, such as a
/// date or a code, does not hide it.
pub(super) fn find(text: &str) -> Vec<Range<usize>> {
    // Digits of other scripts make no number of a card, and must not hide one that they stand beside.
    let groups = groups(text, |character| character.is_ascii_digit());
    let mut finds = Vec::new();
    for run in runs(text, &groups, is_between) {
        let mut rest = run;
        while !rest.is_empty() {
            // The longest that begins here: a part of a number may have the right check digit, too.
            let length = (1..=rest.len().min(19)).rev().find(|&length| is_card(text, &rest[..length]));
            if let Some(length) = length {
                finds.push(rest[0].start..rest[length - 1].end);
            }
            rest = &rest[length.unwrap_or(1)..];
        }
    }
    finds
}

fn is_between(between: &str) -> bool {
    between.chars().count() <= 2 && between.chars().all(|c| c.is_whitespace() || matches!(c, '-' | '.' | '–'))
}

fn is_card(text: &str, groups: &[Group]) -> bool {
    let digits = groups.iter().flat_map(|group| text[group.clone()].chars());
    let digits: Option<Vec<u32>> = digits.map(|digit| digit.to_digit(10)).take(20).collect();
    digits.is_some_and(|digits| (13..=19).contains(&digits.len()) && has_check_digit(&digits))
}

/// The check of ISO/IEC 7812 (Luhn 1960): from the right, every second digit counts double, as the
/// sum of its digits, and the sum of all is a multiple of ten.
fn has_check_digit(digits: &[u32]) -> bool {
    let doubled = |digit: u32| if digit > 4 { 2 * digit - 9 } else { 2 * digit };
    let worth = |(place, &digit): (usize, &u32)| if place % 2 == 1 { doubled(digit) } else { digit };
    digits.iter().rev().enumerate().map(worth).sum::<u32>() % 10 == 0
}
