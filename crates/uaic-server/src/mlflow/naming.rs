//! Names of runs that nobody named.

use uaic_study::store::Id;

const WHAT: [&str; 32] = [
    "amber", "brisk", "calm", "clear", "copper", "distant", "early", "even", "fair", "gentle", "golden",
    "keen", "late", "level", "light", "mild", "narrow", "open", "plain", "quiet", "rapid", "round", "silver",
    "smooth", "steady", "still", "sunny", "swift", "tidy", "upper", "warm", "wide",
];
const WHO: [&str; 32] = [
    "alder", "aspen", "bay", "beach", "birch", "brook", "cedar", "cliff", "cloud", "coast", "creek", "dune",
    "elm", "fern", "field", "fjord", "glade", "grove", "hill", "isle", "lake", "maple", "meadow", "oak",
    "pine", "pond", "reef", "ridge", "river", "spruce", "valley", "willow",
];

/// A name that is easily said, for a run of this id.
pub(super) fn name(id: Id) -> String {
    let [first, second, .., third, fourth] = id.0;
    let pick = |words: [&'static str; 32], at: u8| words.get(usize::from(at) % 32).copied().unwrap_or("run");
    format!("{}-{}-{}", pick(WHAT, first), pick(WHO, second), u16::from_be_bytes([third, fourth]) % 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_of_their_ids() {
        let id = Id([7; 16]);
        assert_eq!(name(id), name(id));
        let names: std::collections::BTreeSet<String> = (0..500).map(|_| name(Id::random())).collect();
        assert!(names.len() > 490, "{}", names.len());
    }
}
