//! Figures as pictures of a page.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::draw::{DrawError, Format, Options, draw, missing_letters, natural_pixels};
use super::figure::Figure;
use super::page::Picture;

/// A figure of a section, to be drawn.
pub(super) struct Drawing {
    /// The section that it belongs to.
    pub(super) section: &'static str,
    /// The name of its file, without the ending.
    pub(super) name: String,
    /// What it shows.
    pub(super) figure: Figure,
}

/// Told after each picture, with how many there will be.
pub(super) type Done<'a> = &'a (dyn Fn(usize) + Sync);

/// A figure as a picture; `None` where it shows nothing.
pub(super) fn picture(name: &str, figure: Figure) -> Result<Option<Picture>, DrawError> {
    if figure.is_empty() {
        return Ok(None);
    }
    // A page shows letters of every script as long as they are text.
    let format = if missing_letters(&figure).is_empty() { Format::Png } else { Format::Svg };
    let bytes = draw(&figure, &Options { format, ..Options::default() })?;
    let size = natural_pixels(&figure);
    Ok(Some(Picture { name: name.to_owned(), title: figure.title, bytes, format, size }))
}

/// All pictures by section, in their order.
pub(super) fn draw_all(
    drawings: Vec<Drawing>,
    threads: usize,
    done: Done<'_>,
) -> Result<BTreeMap<&'static str, Vec<Picture>>, DrawError> {
    let all = drawings.len();
    let make = |drawing: Drawing| {
        let made = picture(&drawing.name, drawing.figure);
        done(all);
        made.map(|picture| (drawing.section, picture))
    };
    let made = match rayon::ThreadPoolBuilder::new().num_threads(threads.max(1)).build() {
        Ok(pool) => pool.install(|| drawings.into_par_iter().map(make).collect::<Result<Vec<_>, _>>())?,
        // The system gives no threads: one is enough.
        Err(_) => drawings.into_iter().map(make).collect::<Result<Vec<_>, _>>()?,
    };
    let mut found: BTreeMap<&'static str, Vec<Picture>> = BTreeMap::new();
    for (section, picture) in made {
        found.entry(section).or_default().extend(picture);
    }
    Ok(found)
}
