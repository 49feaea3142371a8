//! Ids of logged models.

use std::fmt;

use super::super::Id;

/// The id of a logged model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModelId(pub Id);

impl fmt::Display for ModelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "m-{}", self.0)
    }
}

impl ModelId {
    /// Reads `m-` and 32 digits.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix("m-")?;
        Id::parse(digits).filter(|id| id.to_string() == digits).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_read_back() {
        let id = ModelId(Id([7; 16]));
        assert_eq!(ModelId::parse(&id.to_string()), Some(id));
        for text in ["", "m-", "m-xyz", &id.0.to_string(), &id.to_string().to_uppercase()] {
            assert_eq!(ModelId::parse(text), None, "{text}");
        }
    }
}
