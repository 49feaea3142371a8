//! Values that nobody may read later.

/// Texts that are masked wherever they occur.
#[derive(Clone, Default)]
pub struct Secrets {
    /// Longest first, for one may contain another.
    values: Vec<Vec<u8>>,
}

/// What stands in place of a secret.
const MASK: &[u8] = b"***";

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secrets({})", self.values.len())
    }
}

impl Secrets {
    /// Empty values are no secrets.
    pub fn new(values: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let mut values: Vec<_> = values.into_iter().filter(|value| !value.is_empty()).collect();
        values.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        values.dedup();
        Self { values }
    }

    /// These, and more.
    #[must_use]
    pub fn with(self, more: impl IntoIterator<Item = Vec<u8>>) -> Self {
        Self::new(self.values.into_iter().chain(more))
    }

    /// The length of the longest.
    pub fn longest(&self) -> usize {
        self.values.first().map_or(0, Vec::len)
    }

    /// Whether a text has any.
    pub fn is_in(&self, bytes: &[u8]) -> bool {
        self.values.iter().any(|value| memchr::memmem::find(bytes, value).is_some())
    }

    /// A text without secrets.
    pub fn mask(&self, text: &str) -> String {
        String::from_utf8_lossy(&self.mask_from(text.as_bytes(), 0)).into_owned()
    }

    /// What comes after `from` bytes, without secrets; those that begin before are found, too.
    pub fn mask_from(&self, bytes: &[u8], from: usize) -> Vec<u8> {
        let mut masked = Vec::with_capacity(bytes.len().saturating_sub(from));
        let mut at = 0;
        while at < bytes.len() {
            let found = self.values.iter().find(|value| bytes[at..].starts_with(value));
            let length = found.map_or(1, Vec::len);
            if at + length > from {
                masked.extend_from_slice(found.map_or(&bytes[at..=at], |_| MASK));
            }
            at += length;
        }
        masked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(values: &[&str]) -> Secrets {
        Secrets::new(values.iter().map(|value| value.as_bytes().to_vec()))
    }

    #[test]
    fn every_occurrence_is_masked_and_the_longest_first() {
        let secrets = secrets(&["abc", "", "abcdef"]);
        assert_eq!(secrets.mask("x abcdef abc abcd"), "x *** *** ***d");
        assert_eq!(format!("{secrets:?}"), "Secrets(2)");
    }

    #[test]
    fn a_secret_that_is_cut_leaves_nothing_behind() {
        let secrets = secrets(&["secret"]);
        for from in 3..8 {
            assert_eq!(secrets.mask_from(b"a secret b", from), b"*** b", "{from}");
        }
        assert_eq!(secrets.mask_from(b"a secret b", 8), b" b");
    }
}
