//! From a [`Figure`] to the bytes of a picture.
//!
//! A figure is first laid out as a list of shapes in units of its own, which tests can look at, and
//! these are then painted by plotters, but for marks of very many lines, which `lines` paints. PNG is painted twice as large and averaged, so that every
//! edge is smooth; nothing of the system is used, no font either, so equal figures are equal bytes.
//! What letters the built-in font lacks, a PNG says, and an SVG has as text.

mod axes;
mod chart;
mod font;
mod layout;
mod legend;
mod letters;
mod lines;
mod paint;
mod panels;
mod parallel;
mod place;
mod scene;
mod sign;
mod surface;
mod theme;
mod ticks;
mod words;

use crate::figure::Figure;
use uaic_wording::ErrorKind;

/// The kind of file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// Pixels.
    #[default]
    Png,
    /// Shapes.
    Svg,
}

/// How a figure is to look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The kind of file.
    pub format: Format,
    /// Width and height in pixels; what suits the figure by default.
    pub size: Option<(u32, u32)>,
    /// Bright on dark.
    pub dark: bool,
}

/// Why a figure cannot be drawn.
#[derive(Debug, thiserror::Error)]
pub enum DrawError {
    /// A defect of the build.
    #[error("the font that is built in cannot be read")]
    Font,
    /// Pixels that would not fit.
    #[error(
        "a picture of {width} by {height} pixels cannot be drawn: each side has to be from {SMALLEST} to {LARGEST}"
    )]
    Size {
        /// Wanted width.
        width: u32,
        /// Wanted height.
        height: u32,
    },
    /// The library fails, which is a defect.
    #[error("drawing failed: {0}")]
    Backend(String),
}

impl DrawError {
    /// What kind of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Size { .. } => ErrorKind::Usage,
            Self::Font | Self::Backend(_) => ErrorKind::Failed,
        }
    }
}

/// Fewest pixels of a side.
pub const SMALLEST: u32 = 200;

/// Most pixels of a side.
pub const LARGEST: u32 = 6000;

/// Pixels per unit of a picture of the usual size.
const PIXELS_PER_UNIT: f64 = 1.5;

/// Width and height that suit a figure.
pub fn natural_pixels(figure: &Figure) -> (u32, u32) {
    let (width, height) = layout::natural_size(figure);
    let pixels = |units: f64| (units * PIXELS_PER_UNIT).round() as u32;
    (pixels(width), pixels(height))
}

/// The letters of a figure that the font of pixel pictures lacks, each once, in their order. An SVG has
/// them as text, for the fonts of whoever looks at it.
pub fn missing_letters(figure: &Figure) -> Vec<char> {
    let scene = layout::compose(figure, &theme::LIGHT, layout::natural_size(figure));
    let mut missing = Vec::new();
    for shape in &scene.shapes {
        if let scene::Shape::Text(text) = shape {
            for letter in text.words.chars().filter(|letter| !font::has(*letter)) {
                if !missing.contains(&letter) {
                    missing.push(letter);
                }
            }
        }
    }
    missing
}

/// Said in a picture whose letters are boxes.
const BOXES: &str = "Boxes stand for letters that the font of this picture lacks; an SVG has them.";

/// Draws a figure.
///
/// # Errors
/// The size is out of range, or drawing fails.
pub fn draw(figure: &Figure, options: &Options) -> Result<Vec<u8>, DrawError> {
    font::ensure_registered()?;
    if options.format == Format::Png && !missing_letters(figure).is_empty() && !figure.note.ends_with(BOXES) {
        let note = format!("{} {BOXES}", figure.note);
        return draw(&Figure { note, ..figure.clone() }, options);
    }
    let theme = if options.dark { &theme::DARK } else { &theme::LIGHT };
    let (width, height) = layout::natural_size(figure);
    let (pixels, units) = match options.size {
        None => (natural_pixels(figure), (width, height)),
        Some((x, y)) if [x, y].iter().all(|side| (SMALLEST..=LARGEST).contains(side)) => {
            // The shape is the wanted one; letters keep their share of the smaller change.
            let scale = (f64::from(x) / width).min(f64::from(y) / height).max(0.4);
            ((x, y), (f64::from(x) / scale, f64::from(y) / scale))
        }
        Some((width, height)) => return Err(DrawError::Size { width, height }),
    };
    let scene = layout::compose(figure, theme, units);
    match options.format {
        Format::Png => paint::png(&scene, pixels),
        Format::Svg => paint::svg(&scene, pixels),
    }
}
