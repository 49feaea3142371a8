//! Words around pictures of a study.

/// Notes one after another, without empty ones.
pub(super) fn notes<const N: usize>(parts: [String; N]) -> String {
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The subtitle of a study with something more.
pub(super) fn with_more(subtitle: &str, more: &str) -> String {
    if more.is_empty() { subtitle.to_owned() } else { format!("{subtitle} · {more}") }
}
