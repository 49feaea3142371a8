//! Pictures of numbers.
//!
//! A [`figure`] is what a picture says, as data: panels of marks between axes, with a legend and a
//! note. It has no pixel and no colour, so that tests can look at it. [`draw`] makes a PNG or an SVG
//! of any figure; equal figures are equal bytes, on every machine.
//!
//! | module | what it answers |
//! |---|---|
//! | [`figure`] | what is shown? |
//! | [`series`] | how are very many points, and very many lines, one picture? |
//! | [`draw`] | how does it look? |
//!
//! ```
//! use uaic_chart::draw::{Format, Options, draw};
//! use uaic_chart::figure::{Axis, Content, Figure, Mark, Paint, Panel, Scale, Stroke};
//!
//! let points = vec![(1.0, 2.3), (2.0, 1.4), (3.0, 1.1)];
//! let chart = Content::Chart {
//!     x: Axis::new("epoch", Scale::Count { low: 1.0, high: 3.0 }),
//!     y: Axis::new("loss", Scale::around(points.iter().map(|point| point.1))),
//!     marks: vec![Mark::Line { points, paint: Paint::Series(0), stroke: Stroke::Solid }],
//! };
//! let figure = Figure {
//!     title: "Training".to_owned(),
//!     panels: vec![Panel { title: String::new(), content: chart }],
//!     ..Figure::default()
//! };
//! let svg = draw(&figure, &Options { format: Format::Svg, ..Options::default() })?;
//! assert!(svg.starts_with(b"<svg"));
//! # Ok::<(), uaic_chart::draw::DrawError>(())
//! ```

pub mod draw;
pub mod figure;
pub mod series;
