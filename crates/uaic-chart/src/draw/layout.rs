//! Where everything of a figure is: titles above, legend below them, panels in rows and columns
//! with room for their axes, the colour bar at the right, the note below.

use crate::figure::{Axis, Content, Figure, Panel, Scale};

use super::font::{self, Weight};
use super::scene::{Anchor, Area, Point, Scene, Text};
use super::theme::{Colour, Theme};
use super::ticks::ticks;
use super::{chart, legend, parallel, words};

/// Sizes of letters.
pub(super) const TICK: f64 = 16.0;
pub(super) const LABEL: f64 = 17.0;
const TITLE: f64 = 24.0;
const SUBTITLE: f64 = 16.5;

/// Room around the whole.
const EDGE: f64 = 22.0;

/// Between panels.
const GUTTER: f64 = 16.0;

/// Height of a line of the note.
const NOTE_LINE: f64 = 20.0;

/// Between the panels and the note.
const NOTE_GAP: f64 = 6.0;

/// Smallest distance of the middles of two labels beneath each other.
const LINE: f64 = 17.0;

/// A text of the usual weight.
pub(super) fn text(at: Point, text: impl Into<String>, size: f64, colour: Colour, anchor: Anchor) -> Text {
    Text { at, words: text.into(), size, weight: Weight::Regular, colour, anchor, upright: false }
}

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
    let panels = draw_panels(&mut scene, theme, figure, &area);
    if let Some(bar) = &figure.colours {
        let all =
            Area { right: area.right + legend::BAR_ROOM, top: panels.top, bottom: panels.bottom, ..area };
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

/// Room that a panel's axes take.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Margins {
    left: f64,
    top: f64,
    right: f64,
    bottom: f64,
}

/// Draws the panels; gives the area between the outermost axes.
fn draw_panels(scene: &mut Scene, theme: &Theme, figure: &Figure, area: &Area) -> Area {
    let columns = figure.columns.max(1).min(figure.panels.len().max(1));
    let rows = figure.panels.len().div_ceil(columns).max(1);
    let cell = (
        (area.width() - (columns - 1) as f64 * GUTTER) / columns as f64,
        (area.height() - (rows - 1) as f64 * GUTTER) / rows as f64,
    );
    let margins: Vec<Margins> = figure.panels.iter().map(|panel| margins_of(panel, cell)).collect();
    // Panels of one column or row share their room, so that their axes are in line.
    let most = |kept: &dyn Fn(usize) -> bool, side: fn(&Margins) -> f64| {
        margins
            .iter()
            .enumerate()
            .filter(|(place, _)| kept(*place))
            .map(|(_, margins)| side(margins))
            .fold(0.0, f64::max)
    };
    let left: Vec<f64> =
        (0..columns).map(|column| most(&|place| place % columns == column, |m| m.left)).collect();
    let right: Vec<f64> =
        (0..columns).map(|column| most(&|place| place % columns == column, |m| m.right)).collect();
    let top: Vec<f64> = (0..rows).map(|row| most(&|place| place / columns == row, |m| m.top)).collect();
    let bottom: Vec<f64> = (0..rows).map(|row| most(&|place| place / columns == row, |m| m.bottom)).collect();
    let wide =
        (area.width() - (columns - 1) as f64 * GUTTER - left.iter().sum::<f64>() - right.iter().sum::<f64>())
            / columns as f64;
    let wide = wide.max(20.0);
    let all_high =
        area.height() - (rows - 1) as f64 * GUTTER - top.iter().sum::<f64>() - bottom.iter().sum::<f64>();
    let high: Vec<f64> =
        shares(&figure.heights, rows).into_iter().map(|share| (share * all_high).max(20.0)).collect();
    let mut within = Area { left: area.right, top: area.bottom, right: area.left, bottom: area.top };
    for (place, panel) in figure.panels.iter().enumerate() {
        let (column, row) = (place % columns, place / columns);
        let start = (
            area.left
                + left[..=column].iter().sum::<f64>()
                + right[..column].iter().sum::<f64>()
                + column as f64 * (wide + GUTTER),
            area.top
                + top[..=row].iter().sum::<f64>()
                + bottom[..row].iter().sum::<f64>()
                + high[..row].iter().sum::<f64>()
                + row as f64 * GUTTER,
        );
        let plot = Area { left: start.0, top: start.1, right: start.0 + wide, bottom: start.1 + high[row] };
        // What its labels may take, so that they do not reach into its neighbours.
        let room = Room {
            left: left[column] + if column == 0 { 0.0 } else { GUTTER / 2.0 },
            below: bottom[row],
            aside: if columns == 1 { area.width() } else { wide + GUTTER },
        };
        draw_panel(scene, theme, panel, &plot, &room);
        within.left = within.left.min(plot.left);
        within.top = within.top.min(plot.top);
        within.right = within.right.max(plot.right);
        within.bottom = within.bottom.max(plot.bottom);
    }
    within
}

/// Room around a plot for the labels of its axes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    /// At the left of it.
    left: f64,
    /// Beneath it.
    below: f64,
    /// Along its horizontal axis.
    aside: f64,
}

/// What each of some rows takes of a height, from what is wanted; alike where nothing sensible is.
fn shares(wanted: &[f64], rows: usize) -> Vec<f64> {
    let all: f64 = wanted.iter().sum();
    if wanted.len() == rows && all.is_finite() && wanted.iter().all(|part| *part > 0.0) {
        wanted.iter().map(|part| part / all).collect()
    } else {
        vec![1.0 / rows as f64; rows]
    }
}

fn margins_of(panel: &Panel, (width, height): (f64, f64)) -> Margins {
    let title = if panel.title.is_empty() { 2.0 } else { 26.0 };
    match &panel.content {
        Content::Chart { x, y, .. } => {
            let left = vertical_room(y, height * 0.8, width * 0.45);
            let (bottom, right) = horizontal_room(x, width - left, height * 0.45);
            Margins { left, top: f64::max(title, if y.bare { 0.0 } else { 8.0 }), right, bottom }
        }
        Content::Parallel { axes, .. } => parallel::margins(axes, width, title),
        Content::Words { .. } | Content::Empty(_) => Margins { top: title, ..Margins::default() },
    }
}

impl Margins {
    pub(super) const fn new(left: f64, top: f64, right: f64, bottom: f64) -> Self {
        Self { left, top, right, bottom }
    }
}

/// Room beside a vertical axis for its numbers and its label.
fn vertical_room(axis: &Axis, height: f64, most: f64) -> f64 {
    if axis.bare {
        return 2.0;
    }
    let label = if axis.label.is_empty() { 0.0 } else { LABEL + 8.0 };
    let texts = written(&axis.scale, height, vertical_step(&axis.scale));
    let widest = texts.iter().map(|text| font::width(text, TICK, Weight::Regular)).fold(0.0, f64::max);
    (label + widest + 10.0).min(most)
}

/// Room beneath a horizontal axis, and what its last label sticks out at the right.
fn horizontal_room(axis: &Axis, width: f64, most: f64) -> (f64, f64) {
    if axis.bare {
        return (2.0, 2.0);
    }
    let label = if axis.label.is_empty() { 0.0 } else { LABEL + 8.0 };
    let widths = |texts: &[String]| {
        texts.iter().map(|text| font::width(text, TICK, Weight::Regular)).fold(0.0, f64::max)
    };
    if lies(&axis.scale, width) {
        let texts = written(&axis.scale, width, horizontal_step(&axis.scale));
        (label + TICK + 10.0, 4.0 + if axis.scale.has_names() { 0.0 } else { widths(&texts) / 2.0 })
    } else {
        let texts = written(&axis.scale, width, LINE);
        ((label + widths(&texts) + 12.0).min(most), 6.0)
    }
}

/// Whether the names of a horizontal axis have room to lie; numbers always have.
pub(super) fn lies(scale: &Scale, width: f64) -> bool {
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

fn draw_panel(scene: &mut Scene, theme: &Theme, panel: &Panel, plot: &Area, room: &Room) {
    if !panel.title.is_empty() {
        let above = if matches!(panel.content, Content::Parallel { .. }) { 40.0 } else { 15.0 };
        let words = font::shortened(&panel.title, LABEL, plot.width().max(60.0));
        let mut title = text((plot.left, plot.top - above), words, LABEL, theme.ink, Anchor::Start);
        title.weight = Weight::Bold;
        scene.text(title);
    }
    match &panel.content {
        Content::Chart { x, y, marks } => {
            chart::draw(scene, theme, plot, x, y, marks);
            draw_axes(scene, theme, plot, (x, y), room);
        }
        Content::Parallel { axes, lines } => parallel::draw(scene, theme, plot, axes, lines),
        Content::Words { sentences } => words::draw(scene, theme, plot, sentences),
        Content::Empty(why) if why.is_empty() => {}
        Content::Empty(why) => {
            scene.outline(plot, theme.grid, 1.0);
            let lines = font::wrapped(why, LABEL, plot.width() - 16.0);
            let (across, middle) = plot.middle();
            for (place, line) in lines.iter().enumerate() {
                let y = middle + (place as f64 - (lines.len() - 1) as f64 / 2.0) * (LABEL + 5.0);
                scene.text(text((across, y), line.clone(), LABEL, theme.soft_ink, Anchor::Middle));
            }
        }
    }
}

/// Draws the numbers, names and label of both axes of a plot.
fn draw_axes(scene: &mut Scene, theme: &Theme, plot: &Area, (x, y): (&Axis, &Axis), room: &Room) {
    let label_room = |axis: &Axis| if axis.label.is_empty() { 0.0 } else { LABEL + 8.0 };
    if !y.bare {
        let beside = (room.left - label_room(y) - 10.0).max(30.0);
        let mut widest = 0.0_f64;
        for tick in ticks(&y.scale, (plot.height() / vertical_step(&y.scale)) as usize) {
            let at = chart::vertical(&y.scale, tick.value, plot);
            let words = font::shortened(&tick.label, TICK, beside);
            widest = widest.max(font::width(&words, TICK, Weight::Regular));
            scene.text(text((plot.left - 8.0, at), words, TICK, theme.soft_ink, Anchor::End));
        }
        let left = (plot.left - widest - 10.0 - LABEL / 2.0 - 4.0).max(LABEL / 2.0);
        let words = font::shortened(&y.label, LABEL, plot.height().max(80.0));
        let mut label = text((left, plot.middle().1), words, LABEL, theme.soft_ink, Anchor::Middle);
        label.upright = true;
        scene.text(label);
    }
    if !x.bare {
        let lies = lies(&x.scale, plot.width());
        let each = if lies { horizontal_step(&x.scale) } else { LINE };
        let mut deepest = TICK;
        for tick in ticks(&x.scale, (plot.width() / each) as usize) {
            let at = chart::horizontal(&x.scale, tick.value, plot);
            if lies {
                scene.text(text(
                    (at, plot.bottom + 8.0 + TICK / 2.0),
                    tick.label,
                    TICK,
                    theme.soft_ink,
                    Anchor::Middle,
                ));
            } else {
                let beneath = (room.below - label_room(x) - 10.0).max(40.0);
                let words = font::shortened(&tick.label, TICK, beneath);
                deepest = deepest.max(font::width(&words, TICK, Weight::Regular));
                let mut name = text((at, plot.bottom + 8.0), words, TICK, theme.soft_ink, Anchor::End);
                name.upright = true;
                scene.text(name);
            }
        }
        let below = plot.bottom + deepest + 10.0 + LABEL / 2.0 + 4.0;
        let words = font::shortened(&x.label, LABEL, room.aside.max(60.0));
        scene.text(text((plot.middle().0, below), words, LABEL, theme.soft_ink, Anchor::Middle));
    }
}

/// Distance of numbers beneath each other; names may be closer.
pub(super) fn vertical_step(scale: &Scale) -> f64 {
    if scale.has_names() { LINE } else { 36.0 }
}

/// Distance of numbers beside each other; names that lie have been found to fit.
pub(super) fn horizontal_step(scale: &Scale) -> f64 {
    if scale.has_names() { 1.0 } else { 56.0 }
}
