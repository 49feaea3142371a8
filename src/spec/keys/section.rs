//! The sections of a spec.

/// Sections in the order in which they are written, with one line on each.
pub(crate) const SECTIONS: [(&str, &str); 11] = [
    ("experiment", "A name that groups runs"),
    (OBJECTIVE, "A program that is tuned, in place of [data], [text], [model], [train] and [final]"),
    ("data", "Which texts, and how trials are validated"),
    ("data.validation", "One of: folds, fraction, split"),
    ("text", "How a text becomes token ids; learnt from the training part only"),
    ("model", "What is trained"),
    ("train", "How it is trained"),
    (SEARCH, "Keys of [text], [model] and [train] to tune, and over which values"),
    ("study", "How the search is made, and what for"),
    ("pruner", "Which trials are stopped early"),
    ("final", "The best point, trained again on all training data, then tested once"),
];

/// The section of a program in place of our own training.
pub(crate) const OBJECTIVE: &str = "objective";

/// The section whose keys are key paths.
pub(crate) const SEARCH: &str = "search";

/// The section of which exactly one key is given.
pub(crate) const VALIDATION: &str = "data.validation";

/// The sections of our own training.
pub(crate) const OURS: [&str; 5] = ["data", "text", "model", "train", "final"];

/// Whether a path names a section.
pub(crate) fn is_section(path: &str) -> bool {
    SECTIONS.iter().any(|(section, _)| *section == path)
}
