//! Pictures of numbers: a [`figure`] is what a picture says, as data; [`draw`] makes a PNG or an SVG
//! of any figure.

pub mod draw;
pub mod figure;
