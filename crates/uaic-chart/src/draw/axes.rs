//! Axes: the room that their numbers, names and labels need, and how they are drawn.

use crate::figure::{Axis, Scale};

use super::font::{self, Weight};
use super::letters::{LABEL, TICK, text};
use super::place::{Room, horizontal, vertical};
use super::scene::{Anchor, Area, Scene, Text};
use super::theme::Theme;
use super::ticks::ticks;

/// Smallest distance of the middles of two labels beneath each other.
const LINE: f64 = 17.0;

/// Room beside a vertical axis for its numbers and its label.
pub(super) fn vertical_room(axis: &Axis, height: f64, most: f64) -> f64 {
    if axis.bare {
        return 2.0;
    }
    let texts = written(&axis.scale, height, vertical_step(&axis.scale));
    let widest = texts.iter().map(|text| font::width(text, TICK, Weight::Regular)).fold(0.0, f64::max);
    (label_room(axis) + widest + 10.0).min(most)
}

/// Room beneath a horizontal axis, and what its last label sticks out at the right.
pub(super) fn horizontal_room(axis: &Axis, width: f64, most: f64) -> (f64, f64) {
    if axis.bare {
        return (2.0, 2.0);
    }
    let widths = |texts: &[String]| {
        texts.iter().map(|text| font::width(text, TICK, Weight::Regular)).fold(0.0, f64::max)
    };
    if lies(&axis.scale, width) {
        let texts = written(&axis.scale, width, horizontal_step(&axis.scale));
        (
            label_room(axis) + TICK + 10.0,
            4.0 + if axis.scale.has_names() { 0.0 } else { widths(&texts) / 2.0 },
        )
    } else {
        let texts = written(&axis.scale, width, LINE);
        ((label_room(axis) + widths(&texts) + 12.0).min(most), 6.0)
    }
}

/// Whether the names of a horizontal axis have room to lie; numbers always have.
fn lies(scale: &Scale, width: f64) -> bool {
    match scale {
        Scale::Categories(names) | Scale::Levels(names) => {
            let room = width / names.len().max(1) as f64 - 8.0;
            names.iter().all(|name| font::width(name, TICK, Weight::Regular) <= room)
        }
        Scale::Linear { .. } | Scale::Log { .. } | Scale::Count { .. } => true,
    }
}

/// The texts beside an axis of a length whose labels need `each`.
fn written(scale: &Scale, length: f64, each: f64) -> Vec<String> {
    ticks(scale, (length / each) as usize).into_iter().map(|tick| tick.label).collect()
}

/// Room for the label of an axis; none where it has none.
fn label_room(axis: &Axis) -> f64 {
    if axis.label.is_empty() { 0.0 } else { LABEL + 8.0 }
}

/// Draws the numbers, names and label of both axes of a plot.
pub(super) fn draw(scene: &mut Scene, theme: &Theme, plot: &Area, (x, y): (&Axis, &Axis), room: &Room) {
    if !y.bare {
        draw_vertical(scene, theme, plot, y, room);
    }
    if !x.bare {
        draw_horizontal(scene, theme, plot, x, room);
    }
}

fn draw_vertical(scene: &mut Scene, theme: &Theme, plot: &Area, axis: &Axis, room: &Room) {
    let beside = (room.left - label_room(axis) - 10.0).max(30.0);
    let mut widest = 0.0_f64;
    for tick in ticks(&axis.scale, (plot.height() / vertical_step(&axis.scale)) as usize) {
        let at = vertical(&axis.scale, tick.value, plot);
        let words = font::shortened(&tick.label, TICK, beside);
        widest = widest.max(font::width(&words, TICK, Weight::Regular));
        scene.text(text((plot.left - 8.0, at), words, TICK, theme.soft_ink, Anchor::End));
    }
    let left = (plot.left - widest - 10.0 - LABEL / 2.0 - 4.0).max(LABEL / 2.0);
    let words = font::shortened(&axis.label, LABEL, plot.height().max(80.0));
    let label = text((left, plot.middle().1), words, LABEL, theme.soft_ink, Anchor::Middle);
    scene.text(Text { upright: true, ..label });
}

fn draw_horizontal(scene: &mut Scene, theme: &Theme, plot: &Area, axis: &Axis, room: &Room) {
    let lies = lies(&axis.scale, plot.width());
    let each = if lies { horizontal_step(&axis.scale) } else { LINE };
    let beneath = (room.below - label_room(axis) - 10.0).max(40.0);
    let mut deepest = TICK;
    for tick in ticks(&axis.scale, (plot.width() / each) as usize) {
        let at = horizontal(&axis.scale, tick.value, plot);
        if lies {
            let middle = (at, plot.bottom + 8.0 + TICK / 2.0);
            scene.text(text(middle, tick.label, TICK, theme.soft_ink, Anchor::Middle));
        } else {
            let words = font::shortened(&tick.label, TICK, beneath);
            deepest = deepest.max(font::width(&words, TICK, Weight::Regular));
            let name = text((at, plot.bottom + 8.0), words, TICK, theme.soft_ink, Anchor::End);
            scene.text(Text { upright: true, ..name });
        }
    }
    let below = plot.bottom + deepest + 10.0 + LABEL / 2.0 + 4.0;
    let words = font::shortened(&axis.label, LABEL, room.aside.max(60.0));
    scene.text(text((plot.middle().0, below), words, LABEL, theme.soft_ink, Anchor::Middle));
}

/// Distance of numbers beneath each other; names may be closer.
pub(super) fn vertical_step(scale: &Scale) -> f64 {
    if scale.has_names() { LINE } else { 36.0 }
}

/// Distance of numbers beside each other; names that lie have been found to fit.
pub(super) fn horizontal_step(scale: &Scale) -> f64 {
    if scale.has_names() { 1.0 } else { 56.0 }
}
