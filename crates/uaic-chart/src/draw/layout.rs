//! Where everything of a figure is: titles above, legend below them, panels in rows and columns
//! with room for their axes, the colour bar at the right, the note below.

use crate::figure::Figure;

use super::font::{self, Weight};
use super::letters::{TICK, text};
use super::scene::{Anchor, Area, Scene};
use super::theme::Theme;
use super::{legend, panels};

/// Sizes of letters.
const TITLE: f64 = 24.0;
const SUBTITLE: f64 = 16.5;

/// Room around the whole.
const EDGE: f64 = 22.0;

/// Height of a line of the note.
const NOTE_LINE: f64 = 20.0;

/// Between the panels and the note.
const NOTE_GAP: f64 = 6.0;

/// Width and height that suit a figure.
pub(super) fn natural_size(figure: &Figure) -> (f64, f64) {
    let columns = figure.columns.max(1);
    let width = match figure.width {
        width if width > 0.0 => width.clamp(240.0, 3600.0),
        _ if columns <= 2 => 800.0,
        _ => (280.0 * columns as f64).clamp(900.0, 1500.0),
    };
    let aspect = if figure.aspect > 0.0 { figure.aspect } else { 1.6 };
    let inside = width - 2.0 * EDGE;
    let extra = legend::height(&figure.legend, inside) + note_height(&note_lines(figure, inside));
    (width, (width / aspect + extra).clamp(240.0, 3600.0))
}

/// Lays out a figure in a picture of a width and height.
pub(super) fn compose(figure: &Figure, theme: &Theme, (width, height): (f64, f64)) -> Scene {
    let mut scene = Scene { width, shapes: Vec::new() };
    // Beyond the edges, so that rounding leaves no pixel unpainted.
    let all = Area { left: -1.0, top: -1.0, right: width + 1.0, bottom: height + 1.0 };
    scene.fill(all, theme.ground);
    let mut area = Area { left: EDGE, top: EDGE - 4.0, right: width - EDGE, bottom: height - EDGE + 4.0 };
    draw_titles(&mut scene, theme, figure, &mut area);
    let rows = legend::height(&figure.legend, area.width());
    legend::draw(&mut scene, theme, &figure.legend, &Area { bottom: area.top + rows, ..area });
    area.top += rows;
    let lines = note_lines(figure, area.width());
    area.bottom -= note_height(&lines);
    for (place, line) in lines.into_iter().enumerate() {
        let y = area.bottom + NOTE_GAP + (place as f64 + 0.6) * NOTE_LINE;
        scene.text(text((area.left, y), line, TICK, theme.soft_ink, Anchor::Start));
    }
    if figure.colours.is_some() {
        area.right -= legend::BAR_ROOM;
    }
    let drawn = panels::draw(&mut scene, theme, figure, &area);
    if let Some(bar) = &figure.colours {
        let all = Area { right: area.right + legend::BAR_ROOM, top: drawn.top, bottom: drawn.bottom, ..area };
        legend::draw_bar(&mut scene, theme, bar, &all);
    }
    scene
}

fn draw_titles(scene: &mut Scene, theme: &Theme, figure: &Figure, area: &mut Area) {
    if !figure.title.is_empty() {
        let at = (area.left, area.top + TITLE / 2.0);
        let words = font::fitted(&figure.title, TITLE, Weight::Bold, area.width());
        let mut title = text(at, words, TITLE, theme.ink, Anchor::Start);
        title.weight = Weight::Bold;
        scene.text(title);
        area.top += TITLE + 6.0;
    }
    if !figure.subtitle.is_empty() {
        let words = font::shortened(&figure.subtitle, SUBTITLE, area.width());
        scene.text(text(
            (area.left, area.top + SUBTITLE / 2.0),
            words,
            SUBTITLE,
            theme.soft_ink,
            Anchor::Start,
        ));
        area.top += SUBTITLE + 4.0;
    }
    area.top += 8.0;
}

/// The note, broken into lines of a width.
fn note_lines(figure: &Figure, width: f64) -> Vec<String> {
    font::wrapped(&figure.note, TICK, width)
}

/// The height of a note; 0 for none.
fn note_height(lines: &[String]) -> f64 {
    if lines.is_empty() { 0.0 } else { lines.len() as f64 * NOTE_LINE + NOTE_GAP }
}
