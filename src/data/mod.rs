//! Data sets of labelled texts: reading, checking, dividing, fetching, generating.

pub mod generate;

/// One labelled text.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Example {
    /// The text, as in the file.
    pub text: String,
    /// Its label; several intents are joined by `+`.
    pub label: String,
}
