//! What is wanted of a picture beyond its kind.

/// What is wanted beyond the kind.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PlotOptions {
    /// Parameters to show; all when empty.
    pub params: Vec<String>,
    /// The split of a model's predictions; the test split when absent.
    pub split: Option<String>,
    /// Sentences to show; some of the split when empty.
    pub texts: Vec<String>,
}

impl PlotOptions {
    /// The split that is meant.
    pub(crate) fn split(&self) -> &str {
        self.split.as_deref().unwrap_or("test")
    }
}
