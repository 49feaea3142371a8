//! What a report consists of, whatever it is about.

use serde_json::Value;

use super::page::{Block, Page, Picture};

/// Names of the tables that reports have.
pub const TABLES: [&str; 4] = ["trials.csv", "predictions.csv", "runs.csv", "metrics.csv"];

/// Everything that a report writes.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// `attention-4f2a90c1`.
    pub name: String,
    /// The page with its pictures.
    pub page: Page,
    /// Every metric, with its interval where it has one, and why others have none.
    pub metrics: Value,
    /// Tables by the names of their files, which are of [`TABLES`].
    pub tables: Vec<(&'static str, Vec<u8>)>,
}

impl Report {
    /// The pictures of its page.
    pub fn pictures(&self) -> impl Iterator<Item = &Picture> {
        self.page.sections.iter().flat_map(|section| &section.blocks).filter_map(|block| match block {
            Block::Picture(picture) => Some(picture),
            _ => None,
        })
    }
}
