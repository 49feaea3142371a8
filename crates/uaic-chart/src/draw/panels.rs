//! Panels in rows and columns, in line with one another.

use crate::figure::{Content, Figure, Panel};

use super::font::{self, Weight};
use super::letters::{LABEL, text};
use super::place::{Margins, Room};
use super::scene::{Anchor, Area, Scene};
use super::theme::Theme;
use super::{axes, chart, parallel, words};

/// Between panels.
const GUTTER: f64 = 16.0;

/// Draws the panels; gives the area between the outermost axes.
pub(super) fn draw(scene: &mut Scene, theme: &Theme, figure: &Figure, area: &Area) -> Area {
    let grid = Grid::new(figure, area);
    let mut within = Area { left: area.right, top: area.bottom, right: area.left, bottom: area.top };
    for (place, panel) in figure.panels.iter().enumerate() {
        let plot = grid.plot(place);
        draw_panel(scene, theme, panel, &plot, &grid.room(place));
        within.left = within.left.min(plot.left);
        within.top = within.top.min(plot.top);
        within.right = within.right.max(plot.right);
        within.bottom = within.bottom.max(plot.bottom);
    }
    within
}

/// Panels of one column or row share their margins, so that their axes are in line.
struct Grid<'a> {
    area: &'a Area,
    columns: usize,
    /// The margins of each column.
    left: Vec<f64>,
    right: Vec<f64>,
    /// The margins of each row.
    top: Vec<f64>,
    bottom: Vec<f64>,
    /// Between the axes of a panel.
    wide: f64,
    /// The same, of each row.
    high: Vec<f64>,
}

impl<'a> Grid<'a> {
    fn new(figure: &Figure, area: &'a Area) -> Self {
        let columns = figure.columns.max(1).min(figure.panels.len().max(1));
        let rows = figure.panels.len().div_ceil(columns).max(1);
        let (width, height) =
            (area.width() - (columns - 1) as f64 * GUTTER, area.height() - (rows - 1) as f64 * GUTTER);
        let cell = (width / columns as f64, height / rows as f64);
        let margins: Vec<Margins> = figure.panels.iter().map(|panel| margins_of(panel, cell)).collect();
        let of_column = |column: usize, side: fn(&Margins) -> f64| {
            margins.iter().skip(column).step_by(columns).map(side).fold(0.0, f64::max)
        };
        let of_row = |row: usize, side: fn(&Margins) -> f64| {
            margins.iter().skip(row * columns).take(columns).map(side).fold(0.0, f64::max)
        };
        let left: Vec<f64> = (0..columns).map(|column| of_column(column, |margins| margins.left)).collect();
        let right: Vec<f64> = (0..columns).map(|column| of_column(column, |margins| margins.right)).collect();
        let top: Vec<f64> = (0..rows).map(|row| of_row(row, |margins| margins.top)).collect();
        let bottom: Vec<f64> = (0..rows).map(|row| of_row(row, |margins| margins.bottom)).collect();
        let wide = (width - left.iter().sum::<f64>() - right.iter().sum::<f64>()) / columns as f64;
        let all_high = height - top.iter().sum::<f64>() - bottom.iter().sum::<f64>();
        let high = shares(&figure.heights, rows).into_iter().map(|share| (share * all_high).max(20.0));
        Self { area, columns, left, right, top, bottom, wide: wide.max(20.0), high: high.collect() }
    }

    /// Between the axes of a panel.
    fn plot(&self, place: usize) -> Area {
        let (column, row) = (place % self.columns, place / self.columns);
        let sum = |parts: &[f64]| parts.iter().sum::<f64>();
        let left = self.area.left
            + sum(&self.left[..=column])
            + sum(&self.right[..column])
            + column as f64 * (self.wide + GUTTER);
        let top = self.area.top
            + sum(&self.top[..=row])
            + sum(&self.bottom[..row])
            + sum(&self.high[..row])
            + row as f64 * GUTTER;
        Area { left, top, right: left + self.wide, bottom: top + self.high[row] }
    }

    /// What the labels of a panel may take, so that they do not reach into its neighbours.
    fn room(&self, place: usize) -> Room {
        let (column, row) = (place % self.columns, place / self.columns);
        Room {
            left: self.left[column] + if column == 0 { 0.0 } else { GUTTER / 2.0 },
            below: self.bottom[row],
            aside: if self.columns == 1 { self.area.width() } else { self.wide + GUTTER },
        }
    }
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

/// The margins of a panel that may be so wide and high.
fn margins_of(panel: &Panel, (width, height): (f64, f64)) -> Margins {
    let title = if panel.title.is_empty() { 2.0 } else { 26.0 };
    match &panel.content {
        Content::Chart { x, y, .. } => {
            let left = axes::vertical_room(y, height * 0.8, width * 0.45);
            let (bottom, right) = axes::horizontal_room(x, width - left, height * 0.45);
            Margins { left, top: f64::max(title, if y.bare { 0.0 } else { 8.0 }), right, bottom }
        }
        Content::Parallel { axes, .. } => parallel::margins(axes, width, title),
        Content::Words { .. } | Content::Empty(_) => Margins { top: title, ..Margins::default() },
    }
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
            axes::draw(scene, theme, plot, (x, y), room);
        }
        Content::Parallel { axes, lines } => parallel::draw(scene, theme, plot, axes, lines),
        Content::Words { sentences } => words::draw(scene, theme, plot, sentences),
        Content::Empty(why) if why.is_empty() => {}
        Content::Empty(why) => draw_reason(scene, theme, plot, why),
    }
}

/// Says why there is nothing to see.
fn draw_reason(scene: &mut Scene, theme: &Theme, plot: &Area, why: &str) {
    scene.outline(plot, theme.grid, 1.0);
    let lines = font::wrapped(why, LABEL, plot.width() - 16.0);
    let (across, middle) = plot.middle();
    for (place, line) in lines.iter().enumerate() {
        let y = middle + (place as f64 - (lines.len() - 1) as f64 / 2.0) * (LABEL + 5.0);
        scene.text(text((across, y), line.clone(), LABEL, theme.soft_ink, Anchor::Middle));
    }
}
