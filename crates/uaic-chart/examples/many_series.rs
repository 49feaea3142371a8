//! Draws a thousand series of ten thousand points, and says how long each step takes:
//! `cargo run --release -p uaic-chart --example many_series -- FOLDER`.

#![allow(clippy::print_stdout)]

use std::path::PathBuf;
use std::time::Instant;

use uaic_chart::draw::{Format, Options, draw};
use uaic_chart::series::{Series, SeriesStyle, Spread, series};

/// A noisy curve that falls, with a spike and a gap in some.
fn curve(number: u32, points: u32) -> Series {
    let mut state = u64::from(number) * 0x9e37_79b9_7f4a_7c15 + 1;
    let mut noise = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1_u64 << 53) as f64 - 0.5
    };
    let rate = 0.3 + f64::from(number % 37) / 37.0;
    let point = |step: u32| {
        let value = 0.2 + 2.0 * (1.0 + f64::from(step) / 300.0).powf(-rate) * (1.0 + 0.3 * noise());
        let shown = match step {
            6000..6400 if number.is_multiple_of(5) => f64::NAN,
            8000 if number == 3 => 4.0,
            _ => value,
        };
        (f64::from(step), shown)
    };
    Series {
        name: format!("run {number}"),
        group: ["adam", "sgd", "lion"][number as usize % 3].to_owned(),
        points: (0..points).map(point).collect(),
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| ".".to_owned()));
    let base = SeriesStyle { x: "step".to_owned(), y: "loss".to_owned(), ..SeriesStyle::default() };
    let pictures = [
        ("few", 5, base.clone()),
        ("smoothed", 5, SeriesStyle { smoothing: 0.98, ..base.clone() }),
        ("groups", 60, SeriesStyle { groups: Some(Spread::Ends), log_y: true, ..base.clone() }),
        ("log", 40, SeriesStyle { log_x: true, log_y: true, ..base.clone() }),
        ("many", 1000, base.clone()),
        ("many_smoothed", 1000, SeriesStyle { smoothing: 0.9, ..base }),
    ];
    for (name, count, style) in pictures {
        let all: Vec<Series> = (0..count).map(|number| curve(number, 10_000)).collect();
        let start = Instant::now();
        let figure = series("Losses", &format!("{count} runs of 10,000 points"), &all, &style);
        let built = start.elapsed();
        let png = draw(&figure, &Options::default())?;
        println!("{name}: figure {built:.2?}, with PNG {:.2?}, {} KiB", start.elapsed(), png.len() / 1024);
        std::fs::write(folder.join(format!("{name}.png")), png)?;
        if name == "few" {
            let svg = draw(&figure, &Options { format: Format::Svg, dark: true, size: None })?;
            std::fs::write(folder.join("few.svg"), svg)?;
        }
    }
    Ok(())
}
