//! The sizes of letters, and texts of the usual weight.

use super::font::Weight;
use super::scene::{Anchor, Point, Text};
use super::theme::Colour;

/// Of numbers and names beside axes.
pub(super) const TICK: f64 = 16.0;

/// Of what axes measure.
pub(super) const LABEL: f64 = 17.0;

/// A text of the usual weight.
pub(super) fn text(at: Point, text: impl Into<String>, size: f64, colour: Colour, anchor: Anchor) -> Text {
    Text { at, words: text.into(), size, weight: Weight::Regular, colour, anchor, upright: false }
}
