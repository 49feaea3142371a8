//! Where a field is.

use std::fmt;

/// Where a field is within a request; written like `metrics[0].value`.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Place<'a> {
    /// The object that this one is in, and the field that it is there.
    above: Option<(&'a Place<'a>, &'a str)>,
    /// Its index, where that field is a list.
    index: Option<usize>,
}

impl<'a> Place<'a> {
    /// The object in a field of this one.
    pub(super) fn member(&'a self, name: &'a str) -> Self {
        Self { above: Some((self, name)), index: None }
    }

    /// The object in a list of this one.
    pub(super) fn item(&'a self, name: &'a str, index: usize) -> Self {
        Self { above: Some((self, name)), index: Some(index) }
    }

    /// The name of a field, from the top.
    pub(super) fn of(&self, name: &str) -> String {
        let above = self.to_string();
        if above.is_empty() { name.to_owned() } else { format!("{above}.{name}") }
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((above, name)) = self.above else { return Ok(()) };
        if above.above.is_some() {
            write!(f, "{above}.")?;
        }
        f.write_str(name)?;
        self.index.map_or(Ok(()), |index| write!(f, "[{index}]"))
    }
}
