//! E-mail addresses.

use std::ops::Range;

/// The longest address of a host in brackets: an IPv6 one with its brackets and tag.
const LITERAL: usize = 64;

/// Where the addresses are: something that can stand before an `@`, and something behind it. A host
/// without a dot will do, and so will letters of any script: rather a text too much than an address
/// too little.
pub(super) fn find(text: &str) -> Vec<Range<usize>> {
    let mut finds: Vec<Range<usize>> = Vec::new();
    for (at, _) in text.match_indices('@') {
        let before = start_of_local_part(&text[..at]);
        let after = at + 1 + length_of_host(&text[at + 1..]);
        // Of `a@b@c` it is one find.
        match finds.last_mut() {
            Some(last) if last.end >= before => last.end = last.end.max(after),
            _ if before < at && after > at + 1 => finds.push(before..after),
            _ => {}
        }
    }
    finds
}

fn start_of_local_part(before: &str) -> usize {
    // "Anything in quotes"@example.com
    if let Some(quoted) = before.strip_suffix('"') {
        return quoted.rfind('"').unwrap_or(before.len());
    }
    before.char_indices().rev().take_while(|(_, c)| is_local(*c)).last().map_or(before.len(), |(at, _)| at)
}

fn length_of_host(after: &str) -> usize {
    if after.starts_with('[') {
        return after.bytes().take(LITERAL).position(|byte| byte == b']').map_or(0, |end| end + 1);
    }
    let host: usize = after.chars().take_while(|c| is_host(*c)).map(char::len_utf8).sum();
    // A point behind it ends the sentence.
    after[..host].trim_end_matches(['.', '-']).len()
}

fn is_local(character: char) -> bool {
    is_host(character) || "!#$%&'*+/=?^`{|}~".contains(character)
}

/// Letters and digits with the marks that belong to them, and what stands between them.
fn is_host(character: char) -> bool {
    let is_other = !character.is_ascii() && !character.is_whitespace() && !character.is_control();
    character.is_ascii_alphanumeric() || is_other || matches!(character, '.' | '-' | '_')
}
