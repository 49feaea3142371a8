//! What a terminal shows of what a program writes.

use std::borrow::Cow;
use std::iter::Peekable;
use std::str::Chars;

/// A text without colours and other escape sequences, control characters and a byte order mark.
pub fn shown(text: &str) -> Cow<'_, str> {
    let text = text.trim_start_matches('\u{feff}');
    if !text.contains(is_control) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(next) = rest.next() {
        match next {
            '\u{1b}' => skip_sequence(&mut rest),
            '\u{9b}' => skip_to_letter(&mut rest),
            control if is_control(control) => {}
            other => shown.push(other),
        }
    }
    // What comes first may come after a colour.
    Cow::Owned(shown.trim_start_matches('\u{feff}').to_owned())
}

fn is_control(letter: char) -> bool {
    letter.is_control() && letter != '\t'
}

/// Skips what follows an escape (ECMA-48).
fn skip_sequence(rest: &mut Peekable<Chars<'_>>) {
    match rest.next() {
        Some('[') => skip_to_letter(rest),
        // Titles, links and the like, up to a bell or `ESC \`.
        Some(']' | 'P' | 'X' | '^' | '_') => {
            while let Some(next) = rest.next() {
                if next == '\u{7}' {
                    return;
                }
                if next == '\u{1b}' {
                    rest.next_if_eq(&'\\');
                    return;
                }
            }
        }
        Some('(' | ')' | '*' | '+' | '#' | '%' | ' ') => drop(rest.next()),
        _ => {}
    }
}

/// Skips the parameters of a sequence and the letter that ends it.
fn skip_to_letter(rest: &mut Peekable<Chars<'_>>) {
    for next in rest {
        if ('@'..='~').contains(&next) {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_titles_and_marks_are_not_shown() {
        for (text, expected) in [
            ("plain é 学", "plain é 学"),
            ("\u{feff}{\"y\": 4}", "{\"y\": 4}"),
            ("\u{1b}[32m{\"y\": 4}\u{1b}[0m", "{\"y\": 4}"),
            ("\u{1b}[38;2;1;2;3ma\u{1b}[K\u{1b}[1Ab", "ab"),
            ("\u{1b}]0;title\u{7}a\u{1b}]8;;http://x\u{1b}\\b", "ab"),
            ("\u{1b}(B\u{1b}[mx\u{1b}=\0\u{7}y", "xy"),
            ("a\tb", "a\tb"),
            ("cut \u{1b}[3", "cut "),
            ("\u{1b}", ""),
        ] {
            assert_eq!(shown(text), expected, "{text:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_is_too_strange(text in r"[\x1b\[\]0-9;m\\a-c\x07{}]{0,30}") {
            assert!(!shown(&text).contains('\u{1b}'));
        }
    }
}
