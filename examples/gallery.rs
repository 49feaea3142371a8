//! Draws one picture of every kind from the latest study of a store, and the page that shows them:
//!
//! ```sh
//! uaic run experiments/attention.toml
//! cargo run --release --example gallery           # reports/GALLERY.md, reports/gallery/
//! cargo run --release --example gallery -- STORE FOLDER
//! ```

#![allow(clippy::print_stdout)]

use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

use uaic::report::draw::{Options, draw, natural_pixels};
use uaic::report::plot::{About, KINDS, PlotOptions, figure};
use uaic::report::subject::ReportSubject;
use uaic::store::{SqliteStore, Store};

/// Pixels of a picture here per pixel of one as `uaic plot` draws it.
const SMALLER: f64 = 0.6;

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1).map(PathBuf::from);
    let store = SqliteStore::open_read_only(&arguments.next().unwrap_or_else(|| "runs".into()))?;
    let folder = arguments.next().unwrap_or_else(|| "reports".into());
    let study =
        store.studies()?.into_iter().next().ok_or_else(|| anyhow::anyhow!("the store has no study"))?;
    let subject = ReportSubject::of_study(&store, study)?;
    fs::create_dir_all(folder.join("gallery"))?;
    let mut page = format!(
        "# Gallery\n\nEvery kind of picture, drawn from a study of `experiments/{}.toml` by \
         `cargo run --release --example gallery`.\n",
        subject.study.plan.experiment
    );
    let mut total = 0;
    for (about, title) in
        [(About::Study, "A study"), (About::Training, "A training"), (About::Model, "A model")]
    {
        let _ = write!(page, "\n## {title}\n");
        for kind in KINDS.iter().filter(|kind| kind.about == about) {
            let drawn = figure(kind.name, std::slice::from_ref(&subject), &PlotOptions::default())?;
            let (width, height) = natural_pixels(&drawn);
            let smaller = |side: u32| (f64::from(side) * SMALLER).round() as u32;
            let size = Some((smaller(width), smaller(height)));
            let png = draw(&drawn, &Options { size, ..Options::default() })?;
            total += png.len();
            fs::write(folder.join("gallery").join(format!("{}.png", kind.name)), png)?;
            let _ = write!(
                page,
                "\n### {name}\n`uaic plot {name}`: {}\n\n![{}](gallery/{name}.png)\n",
                kind.shows,
                drawn.title,
                name = kind.name
            );
        }
    }
    fs::write(folder.join("GALLERY.md"), page)?;
    println!("{} pictures, {} KB, in {}", KINDS.len(), total / 1000, folder.display());
    Ok(())
}
