//! A page as a list of sections, and its two forms: one HTML file with everything in it, and
//! Markdown beside picture files.

mod escape;
mod html;
mod markdown;
mod note;

pub use html::html;
pub use markdown::markdown;

use super::draw::Format;

/// A page.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// Its title.
    pub title: String,
    /// One line beneath it.
    pub subtitle: String,
    /// What it tells, in order.
    pub sections: Vec<Section>,
}

/// A part of a page.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Section {
    /// Its name in links: lower-case letters and hyphens.
    pub id: &'static str,
    /// Its title.
    pub title: &'static str,
    /// What it holds, in order.
    pub blocks: Vec<Block>,
}

/// A piece of a section.
#[derive(Clone, Debug, PartialEq)]
pub enum Block {
    /// A paragraph.
    Text(String),
    /// Names and what they are.
    Facts(Vec<(String, String)>),
    /// Rows and columns.
    Table(Table),
    /// A picture.
    Picture(Picture),
    /// Text to be copied, as it is.
    Code(String),
    /// What somebody wrote in Markdown.
    Note(String),
}

/// Rows and columns of text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// What it shows; empty for none.
    pub caption: String,
    /// Headings; those of numbers begin with `>`, which is not shown.
    pub columns: Vec<String>,
    /// Cells.
    pub rows: Vec<Vec<String>>,
}

/// A picture, as PNG, or as SVG where it has letters that the font of pixels lacks.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// Its file's name without the ending.
    pub name: String,
    /// What it shows, for who cannot see it.
    pub title: String,
    /// The file.
    pub bytes: Vec<u8>,
    /// Its kind.
    pub format: Format,
    /// Width and height in pixels.
    pub size: (u32, u32),
}

impl Picture {
    /// The name of its file.
    pub fn file(&self) -> String {
        let ending = match self.format {
            Format::Png => "png",
            Format::Svg => "svg",
        };
        format!("{}.{ending}", self.name)
    }
}

impl Section {
    /// A section without content yet.
    pub fn new(id: &'static str, title: &'static str) -> Self {
        Self { id, title, blocks: Vec::new() }
    }

    /// Adds a paragraph.
    pub fn text(&mut self, text: impl Into<String>) {
        self.blocks.push(Block::Text(text.into()));
    }
}

impl Table {
    /// A table without rows yet.
    pub fn new(caption: &str, columns: &[&str]) -> Self {
        let columns = columns.iter().map(ToString::to_string).collect();
        Self { caption: caption.to_owned(), columns, rows: Vec::new() }
    }

    /// Each heading and whether its column holds numbers.
    pub(crate) fn headings(&self) -> impl Iterator<Item = (&str, bool)> {
        self.columns
            .iter()
            .map(|column| column.strip_prefix('>').map_or((column.as_str(), false), |name| (name, true)))
    }
}
