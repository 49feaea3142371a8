//! The names under which series of values are recorded.

use std::fmt;

/// The name of a series: `val/accuracy`, of fold 2 `fold=2/train/loss`, of each fold in turn
/// `fold/val/accuracy`.
///
/// Every text is one, and comes back as it was: a program calls its metrics what it likes.
///
/// ```
/// use uaic_study::trial::{Fold, MetricKey};
///
/// let key = MetricKey::from("fold=2/train/loss");
/// assert_eq!((key.fold, key.group.as_str(), key.name.as_str()), (Some(Fold::One(2)), "train", "loss"));
/// assert_eq!(MetricKey::from("val/accuracy").of(Fold::Each).to_string(), "fold/val/accuracy");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricKey {
    /// Of which folds; `None` of the trial as a whole.
    pub fold: Option<Fold>,
    /// What is measured: `train`, `val`, `test`, `model`; empty where the name says it all.
    pub group: String,
    /// The measure: `loss`, `accuracy`.
    pub name: String,
}

/// Whose values a series of folds has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fold {
    /// Those of one fold, by epoch; counted from 0.
    One(u32),
    /// One of each fold, by fold.
    Each,
}

impl MetricKey {
    /// The series of the trial as a whole.
    pub fn new(group: &str, name: &str) -> Self {
        Self { fold: None, group: group.to_owned(), name: name.to_owned() }
    }

    /// The same series of a fold, or of each.
    #[must_use]
    pub fn of(self, fold: Fold) -> Self {
        Self { fold: Some(fold), ..self }
    }

    /// The metric without its fold.
    pub fn metric(&self) -> String {
        Self { fold: None, ..self.clone() }.to_string()
    }
}

impl From<&str> for MetricKey {
    fn from(text: &str) -> Self {
        let (fold, metric) = split_fold(text).map_or((None, text), |(fold, rest)| (Some(fold), rest));
        let (group, name) = match metric.split_once('/') {
            Some((group, name)) if !group.is_empty() => (group, name),
            _ => ("", metric),
        };
        Self { fold, ..Self::new(group, name) }
    }
}

/// The fold that a text begins with, and the rest.
fn split_fold(text: &str) -> Option<(Fold, &str)> {
    let (first, rest) = text.split_once('/').filter(|(_, rest)| !rest.is_empty())?;
    if first == "fold" {
        return Some((Fold::Each, rest));
    }
    let number = first.strip_prefix("fold=")?;
    let fold: u32 = number.parse().ok()?;
    // `fold=02` is a name of somebody else.
    (fold.to_string() == number).then_some((Fold::One(fold), rest))
}

impl fmt::Display for MetricKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.fold {
            Some(Fold::One(fold)) => write!(f, "fold={fold}/")?,
            Some(Fold::Each) => f.write_str("fold/")?,
            None => {}
        }
        if !self.group.is_empty() {
            write!(f, "{}/", self.group)?;
        }
        f.write_str(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn folds_groups_and_names_are_told_apart() {
        let key = |fold, group: &str, name: &str| MetricKey { fold, ..MetricKey::new(group, name) };
        for (text, expected) in [
            ("val/accuracy", key(None, "val", "accuracy")),
            ("fold=0/val/accuracy", key(Some(Fold::One(0)), "val", "accuracy")),
            ("fold/val/loss", key(Some(Fold::Each), "val", "loss")),
            ("loss", key(None, "", "loss")),
            ("fold=1/loss", key(Some(Fold::One(1)), "", "loss")),
            ("a/b/c", key(None, "a", "b/c")),
            ("fold", key(None, "", "fold")),
            ("fold=x/loss", key(None, "fold=x", "loss")),
        ] {
            assert_eq!(MetricKey::from(text), expected, "{text}");
        }
        assert_eq!(MetricKey::from("fold=3/train/loss").metric(), "train/loss");
    }

    proptest! {
        #[test]
        fn every_text_comes_back(
            text in prop_oneof![any::<String>(), "(fold(=[0-9]{0,3})?/)?[a-z=/]{0,6}"],
        ) {
            prop_assert_eq!(MetricKey::from(text.as_str()).to_string(), text);
        }
    }
}
