//! Which experiments somebody sees.

use std::collections::BTreeSet;

use uaic_study::store::tracking::ExperimentId;

/// Which experiments somebody sees, and may do what they may in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// All of them.
    #[default]
    All,
    /// Some; what is of no experiment is not among them.
    Experiments(BTreeSet<ExperimentId>),
}

impl Scope {
    /// Whether an experiment is seen.
    pub fn has(&self, experiment: ExperimentId) -> bool {
        match self {
            Self::All => true,
            Self::Experiments(some) => some.contains(&experiment),
        }
    }

    /// The experiments, where they are not all.
    pub fn some(&self) -> Option<&BTreeSet<ExperimentId>> {
        match self {
            Self::All => None,
            Self::Experiments(some) => Some(some),
        }
    }

    /// As it is kept: numbers; nothing for all.
    pub(super) fn write(&self) -> Option<String> {
        let numbers: Vec<String> = self.some()?.iter().map(ToString::to_string).collect();
        Some(numbers.join(","))
    }

    /// Reads what was kept; `None` for what was not.
    pub(super) fn read(kept: Option<&str>) -> Option<Self> {
        let Some(text) = kept else { return Some(Self::All) };
        let some = text.split(',').map(ExperimentId::parse).collect::<Option<BTreeSet<_>>>()?;
        Some(Self::Experiments(some))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_reads_back_and_what_is_broken_is_not_all() {
        let some = Scope::Experiments([3, 12].map(ExperimentId).into());
        assert_eq!(some.write().as_deref(), Some("3,12"));
        assert_eq!(Scope::read(some.write().as_deref()), Some(some.clone()));
        assert_eq!(Scope::read(None), Some(Scope::All));
        for broken in ["", "3,", "a", "3;4", "-1"] {
            assert_eq!(Scope::read(Some(broken)), None, "{broken}");
        }
        assert!(some.has(ExperimentId(3)) && !some.has(ExperimentId(0)));
    }
}
