//! A smooth surface: painted in steps, with a line between them.

use super::scene::{Area, Point, Scene};
use super::theme::Theme;

/// Units of a patch of equal colour.
const PATCH: f64 = 2.0;

pub(super) fn draw(scene: &mut Scene, theme: &Theme, plot: &Area, rows: &[Vec<f64>], levels: usize) {
    let grid = Grid { rows, plot };
    if !grid.is_drawable() {
        return;
    }
    let (wide, high) = ((plot.width() / PATCH).ceil() as usize, (plot.height() / PATCH).ceil() as usize);
    let level = |x: f64, y: f64| ((grid.value(x, y) * levels as f64) as usize).min(levels - 1);
    for row in 0..high {
        let y = (row as f64 + 0.5) / high as f64;
        let top = plot.bottom - (row + 1) as f64 * plot.height() / high as f64;
        let band = |from: usize, to: usize| Area {
            left: plot.left + from as f64 * plot.width() / wide as f64,
            right: plot.left + to as f64 * plot.width() / wide as f64,
            top,
            bottom: top + plot.height() / high as f64,
        };
        let mut start = (0, level(0.5 / wide as f64, y));
        for column in 1..=wide {
            let here = if column < wide { level((column as f64 + 0.5) / wide as f64, y) } else { usize::MAX };
            if here != start.1 {
                let paint = (start.1 as f64 + 0.5) / levels as f64;
                scene.fill(band(start.0, column), theme.mapped(paint));
                start = (column, here);
            }
        }
    }
    for level in 1..levels {
        grid.draw_line(scene, theme, level as f64 / levels as f64);
    }
}

struct Grid<'a> {
    rows: &'a [Vec<f64>],
    plot: &'a Area,
}

impl Grid<'_> {
    fn is_drawable(&self) -> bool {
        let width = self.rows.first().map_or(0, Vec::len);
        let even =
            self.rows.iter().all(|row| row.len() == width && row.iter().all(|value| value.is_finite()));
        self.rows.len() >= 2 && width >= 2 && even
    }

    /// Between the four values around a place from 0 to 1, in proportion.
    fn value(&self, x: f64, y: f64) -> f64 {
        let at = |share: f64, count: usize| {
            let place = share.clamp(0.0, 1.0) * (count - 1) as f64;
            let low = (place as usize).min(count - 2);
            (low, place - low as f64)
        };
        let (row, up) = at(y, self.rows.len());
        let (column, along) = at(x, self.rows[0].len());
        let mix = |row: &Vec<f64>| row[column] + along * (row[column + 1] - row[column]);
        let (below, above) = (mix(&self.rows[row]), mix(&self.rows[row + 1]));
        below + up * (above - below)
    }

    /// The line where the surface has a value: marching squares on a grid twice as fine.
    fn draw_line(&self, scene: &mut Scene, theme: &Theme, value: f64) {
        let (wide, high) = (2 * (self.rows[0].len() - 1), 2 * (self.rows.len() - 1));
        let colour = theme.ground.faded(0.45);
        for row in 0..high {
            for column in 0..wide {
                let corner = |x: usize, y: usize| {
                    let (x, y) = ((column + x) as f64 / wide as f64, (row + y) as f64 / high as f64);
                    (x, y, self.value(x, y) - value)
                };
                let corners = [corner(0, 0), corner(1, 0), corner(1, 1), corner(0, 1)];
                let crossings: Vec<Point> = (0..4)
                    .filter_map(|side| crossing(corners[side], corners[(side + 1) % 4]))
                    .map(|(x, y)| {
                        (self.plot.left + x * self.plot.width(), self.plot.bottom - y * self.plot.height())
                    })
                    .collect();
                for pair in crossings.chunks_exact(2) {
                    scene.line(pair[0], pair[1], colour, 1.0);
                }
            }
        }
    }
}

/// Where a side of a square crosses zero.
fn crossing(a: (f64, f64, f64), b: (f64, f64, f64)) -> Option<Point> {
    if (a.2 < 0.0) == (b.2 < 0.0) {
        return None;
    }
    let share = a.2 / (a.2 - b.2);
    Some((a.0 + share * (b.0 - a.0), a.1 + share * (b.1 - a.1)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::scene::Shape;
    use crate::draw::theme::LIGHT;

    #[test]
    fn the_line_between_two_steps_lies_where_the_surface_has_its_value() {
        let plot = Area { left: 0.0, top: 0.0, right: 100.0, bottom: 100.0 };
        let rows = vec![vec![0.0, 1.0], vec![0.0, 1.0]];
        let mut scene = Scene::default();
        draw(&mut scene, &LIGHT, &plot, &rows, 2);
        let lines = scene.shapes.iter().filter_map(|shape| match shape {
            Shape::Line { from, to, .. } => Some([from.0, to.0]),
            _ => None,
        });
        let lines: Vec<f64> = lines.flatten().collect();
        assert!(!lines.is_empty() && lines.iter().all(|x| (x - 50.0).abs() < 1e-9), "{lines:?}");
        let boxes = scene.shapes.iter().filter(|shape| matches!(shape, Shape::Box { .. })).count();
        assert_eq!(boxes, 100, "two colours in each of 50 rows");
    }

    #[test]
    fn a_surface_with_a_hole_is_left_out() {
        let plot = Area { left: 0.0, top: 0.0, right: 10.0, bottom: 10.0 };
        let mut scene = Scene::default();
        draw(&mut scene, &LIGHT, &plot, &[vec![0.0, f64::NAN], vec![0.0, 1.0]], 4);
        assert!(scene.shapes.is_empty());
    }
}
