//! Ids of studies and runs.

use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::BuildHasher;

use serde::{Deserialize, Serialize};

/// 128 random bits, so that stores filled on several machines never collide; written as 32
/// hexadecimal digits, of which the first 8 are shown and any unambiguous prefix selects.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id(pub [u8; 16]);

impl Id {
    /// A new random id.
    pub fn random() -> Self {
        // Each state has 128 bits that the system has drawn, or those of an earlier one and 1 more: a
        // keyed hash of either is as good as random bits, and needs no crate.
        let state = RandomState::new();
        let bits = u128::from(state.hash_one(0_u8)) << 64 | u128::from(state.hash_one(1_u8));
        // Version 4 and the variant of RFC 9562, so that other programs know it for a random UUID.
        Self((bits & !(0xf << 76 | 0x3 << 62) | (4 << 76 | 2 << 62)).to_be_bytes())
    }

    /// The first 8 digits: what listings show.
    pub fn short(&self) -> String {
        self.to_string()[..8].to_owned()
    }

    /// Reads 32 hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let is_plain = text.len() == 32 && text.bytes().all(|digit| digit.is_ascii_hexdigit());
        let bits = is_plain.then(|| u128::from_str_radix(text, 16).ok()).flatten()?;
        Some(Self(bits.to_be_bytes()))
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Id {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom(format!("`{text}` is not an id")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_ids_are_version_4_and_all_different() {
        let ids: std::collections::BTreeSet<Id> = (0..1000).map(|_| Id::random()).collect();
        assert_eq!(ids.len(), 1000);
        assert!(ids.iter().all(|id| id.0[6] >> 4 == 4 && id.0[8] >> 6 == 2));
        let ones = ids.iter().map(|id| u128::from_be_bytes(id.0).count_ones()).sum::<u32>();
        // 122 drawn bits of each, and two that are always set.
        assert!((62_000..64_000).contains(&ones), "{ones} of 128,000 bits are set");
    }

    #[test]
    fn ids_read_back_and_nothing_else_is_one() {
        let id = Id(*b"\0\x01sixteen bytes.");
        assert_eq!(Id::parse(&id.to_string()), Some(id));
        assert_eq!(Id::parse(&id.to_string().to_uppercase()), Some(id));
        assert_eq!(id.short(), "00017369");
        for text in ["", "0001", "+0017369787465656e2062797465732e", "{0017369787465656e206279746573}2e"] {
            assert_eq!(Id::parse(text), None, "{text}");
        }
    }
}
