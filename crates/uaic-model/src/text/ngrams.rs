//! Character n-grams: what words have in common, and what an unknown word still tells.

use crate::text::TextSpec;

/// The ids of a word's character n-grams, hashed into `options.ngrams` buckets; none when that is
/// 0. The word stands between `<` and `>`, as in fastText (Bojanowski et al. 2017), so that
/// beginnings and ends are told apart, and each n-gram counts as often as it occurs.
pub(super) fn of(word: &str, options: &TextSpec) -> Vec<u32> {
    if options.ngrams == 0 {
        return Vec::new();
    }
    let marked = format!("<{word}>");
    let starts: Vec<usize> =
        marked.char_indices().map(|(at, _)| at).chain(std::iter::once(marked.len())).collect();
    let mut ids = Vec::new();
    for length in options.ngram_min as usize..=options.ngram_max as usize {
        for ends in starts.windows(length + 1) {
            let ngram = &marked.as_bytes()[ends[0]..ends[length]];
            ids.push(fnv1a(ngram) % options.ngrams);
        }
    }
    ids
}

/// The 32-bit FNV-1a hash (Fowler, Noll & Vo).
fn fnv1a(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, &byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(min: u32, max: u32) -> TextSpec {
        TextSpec { ngrams: 1 << 20, ngram_min: min, ngram_max: max, ..TextSpec::default() }
    }

    fn ids(ngrams: &[&str]) -> Vec<u32> {
        ngrams.iter().map(|ngram| fnv1a(ngram.as_bytes()) % (1 << 20)).collect()
    }

    #[test]
    fn ngrams_cover_the_marked_word() {
        assert_eq!(of("fly", &options(3, 4)), ids(&["<fl", "fly", "ly>", "<fly", "fly>"]));
        assert_eq!(of("a", &options(3, 5)), ids(&["<a>"]));
        assert_eq!(of("ü", &options(2, 2)), ids(&["<ü", "ü>"]));
        assert!(of("a", &options(4, 5)).is_empty());
        assert!(of("fly", &TextSpec { ngrams: 0, ..options(3, 4) }).is_empty());
    }

    #[test]
    fn the_hash_is_the_published_one() {
        // http://www.isthe.com/chongo/tech/comp/fnv: test vectors "" and "foobar"
        assert_eq!((fnv1a(b""), fnv1a(b"foobar")), (0x811c_9dc5, 0xbf9c_f968));
    }
}
