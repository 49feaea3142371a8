//! Where values are, and the room around a plot.

use crate::figure::Scale;

use super::scene::Area;

/// The x of a value.
pub(super) fn horizontal(scale: &Scale, value: f64, plot: &Area) -> f64 {
    plot.left + scale.share(value) * plot.width()
}

/// The y of a value: numbers grow upwards, names are read downwards.
pub(super) fn vertical(scale: &Scale, value: f64, plot: &Area) -> f64 {
    match scale {
        Scale::Categories(_) => plot.top + scale.share(value) * plot.height(),
        _ => plot.bottom - scale.share(value) * plot.height(),
    }
}

/// Room that a panel's axes take.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Margins {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) right: f64,
    pub(super) bottom: f64,
}

/// Room around a plot for the labels of its axes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    /// At the left of it.
    pub(super) left: f64,
    /// Beneath it.
    pub(super) below: f64,
    /// Along its horizontal axis.
    pub(super) aside: f64,
}
