//! Parallel coordinates (Inselberg 1985): one vertical axis per parameter, one line per trial.

use crate::figure::{Axis, Paint, ParallelLine};

use super::font::{self, Weight};
use super::letters::{LABEL, TICK, text};
use super::place::{Margins, vertical};
use super::scene::{Anchor, Area, Scene};
use super::theme::Theme;
use super::ticks::{Tick, ticks};

/// Distance of numbers beneath each other.
const STEP: f64 = 50.0;

/// Room around the axes: half a slot at both sides, names above.
pub(super) fn margins(axes: &[Axis], width: f64, title: f64) -> Margins {
    let widest = |axis: Option<&Axis>| {
        let texts = axis.map(|axis| ticks(&axis.scale, 8)).unwrap_or_default();
        texts.iter().map(|tick| font::width(&tick.label, TICK, Weight::Regular)).fold(0.0, f64::max)
    };
    // The first axis has its numbers at its left, and names are centred on their axes.
    let slot = width / axes.len().max(1) as f64;
    let name =
        |axis: Option<&Axis>| axis.map_or(0.0, |axis| font::width(&axis.label, LABEL, Weight::Regular) / 2.0);
    let left = (widest(axes.first()).min(slot - 16.0) + 14.0).max(name(axes.first()).min(slot / 2.0));
    let right = name(axes.last()).min(slot / 2.0).max(10.0);
    Margins { left, top: title + 30.0, right, bottom: 8.0 }
}

pub(super) fn draw(scene: &mut Scene, theme: &Theme, plot: &Area, axes: &[Axis], lines: &[ParallelLine]) {
    let gaps = axes.len().saturating_sub(1).max(1);
    let slot = plot.width() / gaps as f64;
    let x = |place: usize| plot.left + place as f64 * slot;
    let many = lines.len() > 400;
    for line in lines {
        let (alpha, width) = match line.paint {
            // The thinnest lines are painted many times faster.
            Paint::Muted if many => (0.3, 0.3),
            Paint::Muted => (0.4, 1.0),
            Paint::Accent | Paint::Ink => (1.0, 3.0),
            _ if many => (0.9, 0.3),
            _ => (0.8, 1.5),
        };
        let points: Vec<(f64, f64)> = line
            .values
            .iter()
            .zip(axes)
            .enumerate()
            .map(|(place, (value, axis))| {
                (x(place), value.map_or(f64::NAN, |value| vertical(&axis.scale, value, plot)))
            })
            .collect();
        scene.path(&points, plot, theme.colour(line.paint).faded(alpha), width, None);
    }
    for (place, axis) in axes.iter().enumerate() {
        draw_axis(scene, theme, plot, axis, (x(place), slot));
    }
}

fn draw_axis(scene: &mut Scene, theme: &Theme, plot: &Area, axis: &Axis, (x, slot): (f64, f64)) {
    scene.line((x, plot.top), (x, plot.bottom), theme.soft_ink, 1.4);
    let step = if axis.scale.has_names() { 18.0 } else { STEP };
    for Tick { value, label } in ticks(&axis.scale, (plot.height() / step) as usize) {
        let y = vertical(&axis.scale, value, plot);
        scene.line((x - 4.0, y), (x, y), theme.soft_ink, 1.2);
        let words = font::shortened(&label, TICK, slot - 16.0);
        // Lines pass behind numbers, which stay readable on a ground of their own.
        let wide = font::width(&words, TICK, Weight::Regular);
        let behind = Area { left: x - 10.0 - wide, right: x - 5.0, top: y - 8.5, bottom: y + 8.5 };
        scene.fill(behind, theme.ground.faded(0.78));
        scene.text(text((x - 7.0, y), words, TICK, theme.ink, Anchor::End));
    }
    let words = font::shortened(&axis.label, LABEL, slot - 8.0);
    scene.text(text((x, plot.top - 14.0), words, LABEL, theme.ink, Anchor::Middle));
}
