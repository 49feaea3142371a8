//! What colours and signs mean: the legend, and the bar of a colour map.

use crate::figure::{ColourBar, Key, Look, Scale, Stroke};

use super::font::{self, Weight};
use super::letters::{LABEL, TICK, text};
use super::scene::{Anchor, Area, Scene};
use super::sign;
use super::theme::{Colour, Theme};
use super::ticks::ticks;

const ROW: f64 = 24.0;
const SAMPLE: f64 = 26.0;
const GAP: f64 = 20.0;

/// Room that a colour bar takes at the right.
pub(super) const BAR_ROOM: f64 = 96.0;

/// Keys in rows of a width: row and left edge of each.
fn places(keys: &[Key], width: f64) -> Vec<(usize, f64)> {
    let (mut row, mut left) = (0, 0.0);
    let mut found = Vec::with_capacity(keys.len());
    for key in keys {
        let wide = SAMPLE + 6.0 + font::width(&key.text, TICK, Weight::Regular);
        if left > 0.0 && left + wide > width {
            (row, left) = (row + 1, 0.0);
        }
        found.push((row, left));
        left += wide + GAP;
    }
    found
}

/// The height of a legend of some width; 0 for none.
pub(super) fn height(keys: &[Key], width: f64) -> f64 {
    places(keys, width).last().map_or(0.0, |(row, _)| (*row as f64 + 1.0) * ROW + 6.0)
}

pub(super) fn draw(scene: &mut Scene, theme: &Theme, keys: &[Key], area: &Area) {
    for (key, (row, left)) in keys.iter().zip(places(keys, area.width())) {
        let middle = area.top + (row as f64 + 0.5) * ROW;
        let left = area.left + left;
        let colour = theme.colour(key.paint);
        match key.look {
            Look::Line(stroke) => draw_stroke(scene, (left, middle), colour, stroke),
            Look::Sign(shape) => sign::draw(scene, (left + SAMPLE / 2.0, middle), sign::USUAL, shape, colour),
            Look::Area => {
                let square =
                    Area { left: left + 5.0, top: middle - 7.0, right: left + 21.0, bottom: middle + 7.0 };
                scene.fill(square, colour);
            }
        }
        let room = area.right - left - SAMPLE - 6.0;
        let words = font::shortened(&key.text, TICK, room);
        scene.text(text((left + SAMPLE + 6.0, middle), words, TICK, theme.ink, Anchor::Start));
    }
}

fn draw_stroke(scene: &mut Scene, (left, middle): (f64, f64), colour: Colour, stroke: Stroke) {
    let area = Area { left, top: middle - 1.0, right: left + SAMPLE, bottom: middle + 1.0 };
    let (width, dash) = match stroke {
        Stroke::Solid | Stroke::Steps => (2.4, None),
        // Three dashes, the last one whole.
        Stroke::Dashed => (2.0, Some(SAMPLE / 5.0)),
        Stroke::Thin => (1.2, None),
    };
    scene.path(&[(left, middle), (left + SAMPLE, middle)], &area, colour, width, dash);
}

/// Draws the colour map with its ends' values at the right of an area.
pub(super) fn draw_bar(scene: &mut Scene, theme: &Theme, bar: &ColourBar, area: &Area) {
    const STEPS: usize = 64;
    let left = area.right - BAR_ROOM + 14.0;
    let within = Area { left, right: left + 16.0, ..*area };
    let height = within.height() / STEPS as f64;
    for step in 0..STEPS {
        let bottom = within.bottom - step as f64 * height;
        let part = Area { bottom, top: bottom - height - 0.4, ..within };
        scene.fill(part, theme.mapped((step as f64 + 0.5) / STEPS as f64));
    }
    let (low, high) = (bar.low.min(bar.high), bar.low.max(bar.high));
    let scale = if low < high {
        Scale::Linear { low, high }
    } else {
        Scale::Linear { low: low - 1.0, high: high + 1.0 }
    };
    let mut widest = 0.0_f64;
    for tick in ticks(&scale, 5) {
        // The map's worst end is the bar's lower one, whichever value that is.
        let above = scale.share(tick.value);
        let share = if bar.low <= bar.high { above } else { 1.0 - above };
        if !(0.0..=1.0).contains(&share) {
            continue;
        }
        let y = within.bottom - share * within.height();
        widest = widest.max(font::width(&tick.label, TICK, Weight::Regular));
        scene.line((within.right, y), (within.right + 4.0, y), theme.frame, 1.0);
        scene.text(text((within.right + 7.0, y), tick.label, TICK, theme.soft_ink, Anchor::Start));
    }
    let label = font::shortened(&bar.label, LABEL, within.height());
    let mut label = text((area.right - 8.0, within.middle().1), label, LABEL, theme.soft_ink, Anchor::Middle);
    label.upright = true;
    scene.text(label);
}
