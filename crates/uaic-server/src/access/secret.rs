//! Secrets of tokens: `uaic_ID_SECRET`, of which the server keeps the id and a hash.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::error::AccessError;

/// How every token begins, so that programs that look for leaked ones find these.
pub(super) const PREFIX: &str = "uaic_";
/// Random bytes of the part that is listed.
const ID: usize = 5;
/// Random bytes of the part that is not.
const SECRET: usize = 32;

/// A new token: its id, which is listed, and all of it, which is shown once.
///
/// # Errors
/// [`AccessError::Random`].
pub(super) fn make() -> Result<(String, String), AccessError> {
    let (mut id, mut secret) = ([0; ID], [0; SECRET]);
    getrandom::fill(&mut id).map_err(AccessError::Random)?;
    getrandom::fill(&mut secret).map_err(AccessError::Random)?;
    let id = id.iter().fold(String::new(), |mut text, byte| {
        // Writing into a text does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    });
    let whole = format!("{PREFIX}{id}_{}", URL_SAFE_NO_PAD.encode(secret));
    Ok((id, whole))
}

/// The id in a token.
pub(super) fn id(whole: &str) -> Option<&str> {
    let (id, secret) = whole.strip_prefix(PREFIX)?.split_once('_')?;
    (id.len() == 2 * ID && !secret.is_empty() && whole.len() <= 256).then_some(id)
}

/// What is kept of a token. It has 256 random bits, which nobody guesses however quick the hash is.
pub(super) fn hash(whole: &str) -> [u8; 32] {
    *blake3::hash(whole.as_bytes()).as_bytes()
}

/// Whether a token is the one of a hash; takes the same time for each.
pub(super) fn is_right(whole: &str, kept: [u8; 32]) -> bool {
    blake3::hash(whole.as_bytes()) == blake3::Hash::from(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_all_different_and_known_by_their_hash() {
        let made: Vec<(String, String)> = (0..100).map(|_| make().unwrap()).collect();
        let ids: std::collections::BTreeSet<&String> = made.iter().map(|(id, _)| id).collect();
        assert_eq!(ids.len(), 100);
        for (id, whole) in &made {
            assert_eq!(super::id(whole), Some(id.as_str()), "{whole}");
            assert!(is_right(whole, hash(whole)));
            assert!(!is_right(&format!("{whole}x"), hash(whole)));
        }
        for none in
            ["", "uaic_", "uaic_0011223344", "uaic_0011223344_", "other_0011223344_abc", "uaic_00_abc"]
        {
            assert_eq!(super::id(none), None, "{none}");
        }
    }
}
