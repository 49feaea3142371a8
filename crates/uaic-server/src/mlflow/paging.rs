//! Pages: how many, and where the next begins.

use super::wire::{Fields, Problem};

/// A page that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) limit: u32,
    pub(super) offset: u64,
}

/// Reads which page is asked for.
///
/// # Errors
/// It is none, or larger than `most`.
pub(super) fn page(fields: &Fields<'_>, default: u32, most: u32) -> Result<Page, Problem> {
    let asked = fields.integer("max_results")?.unwrap_or(default.into());
    let limit = u32::try_from(asked).ok().filter(|limit| (1..=most).contains(limit));
    let limit = limit.ok_or_else(|| fields.refuse("max_results", &format!("it must be from 1 to {most}")))?;
    Ok(Page { limit, offset: offset(fields)? })
}

/// Reads where a page begins.
///
/// # Errors
/// The token is none of ours.
pub(super) fn offset(fields: &Fields<'_>) -> Result<u64, Problem> {
    match fields.text("page_token")? {
        None | Some("") => Ok(0),
        Some(token) => {
            let offset = token.strip_prefix("after-").and_then(|digits| digits.parse::<u32>().ok());
            offset.map(u64::from).ok_or_else(|| fields.refuse("page_token", "it is not of an earlier page"))
        }
    }
}

impl Page {
    /// One more than the page has: whether there is a next one.
    pub(super) fn with_one_more(self) -> u32 {
        self.limit.saturating_add(1)
    }

    /// Cuts what was found to the page, and gives the token of the next one.
    pub(super) fn cut<T>(self, found: &mut Vec<T>) -> Option<String> {
        let limit = self.limit as usize;
        let has_more = found.len() > limit;
        found.truncate(limit);
        has_more.then(|| token(self.offset + u64::from(self.limit)))
    }
}

/// The token of the page that begins there.
pub(super) fn token(offset: u64) -> String {
    format!("after-{offset}")
}
