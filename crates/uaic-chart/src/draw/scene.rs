//! A picture as a list of shapes, in units of which a usual figure is 800 wide.

use super::font::Weight;
use super::theme::Colour;

/// A point: right of the left edge, below the upper one.
pub(super) type Point = (f64, f64);

/// A rectangle of a picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Area {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) right: f64,
    pub(super) bottom: f64,
}

impl Area {
    pub(super) fn width(&self) -> f64 {
        self.right - self.left
    }

    pub(super) fn height(&self) -> f64 {
        self.bottom - self.top
    }

    pub(super) fn middle(&self) -> Point {
        (f64::midpoint(self.left, self.right), f64::midpoint(self.top, self.bottom))
    }

    pub(super) fn holds(&self, (x, y): Point) -> bool {
        (self.left..=self.right).contains(&x) && (self.top..=self.bottom).contains(&y)
    }

    /// The part of a line that lies inside (Liang & Barsky 1984).
    pub(super) fn clip(&self, from: Point, to: Point) -> Option<(Point, Point)> {
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let (mut enter, mut leave) = (0.0_f64, 1.0_f64);
        let edges = [
            (-dx, from.0 - self.left),
            (dx, self.right - from.0),
            (-dy, from.1 - self.top),
            (dy, self.bottom - from.1),
        ];
        for (towards, distance) in edges {
            if towards == 0.0 {
                if distance < 0.0 {
                    return None;
                }
                continue;
            }
            let at = distance / towards;
            if towards < 0.0 {
                enter = enter.max(at);
            } else {
                leave = leave.min(at);
            }
        }
        let at = |share: f64| (from.0 + share * dx, from.1 + share * dy);
        (enter <= leave).then(|| (at(enter), at(leave)))
    }
}

/// Where a text is, seen from its point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    /// The text begins at the point.
    Start,
    /// The point is its middle.
    Middle,
    /// The text ends at the point.
    End,
}

/// A text.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Text {
    pub(super) at: Point,
    pub(super) words: String,
    pub(super) size: f64,
    pub(super) weight: Weight,
    pub(super) colour: Colour,
    pub(super) anchor: Anchor,
    /// Read from below to above.
    pub(super) upright: bool,
}

/// One shape.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Shape {
    Line {
        from: Point,
        to: Point,
        colour: Colour,
        width: f64,
    },
    /// Lines that are painted one over the other, within an area.
    Lines {
        lines: Vec<Polyline>,
        within: Area,
    },
    Polygon {
        points: Vec<Point>,
        colour: Colour,
    },
    Box {
        area: Area,
        colour: Colour,
    },
    Disc {
        at: Point,
        radius: f64,
        colour: Colour,
    },
    Text(Text),
}

/// A line through points; it breaks where one is not finite.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Polyline {
    pub(super) points: Vec<Point>,
    pub(super) colour: Colour,
    pub(super) width: f64,
}

impl Polyline {
    /// The parts of the line that lie in an area, each without a break.
    pub(super) fn parts(&self, within: &Area) -> Vec<Vec<Point>> {
        let mut parts: Vec<Vec<Point>> = Vec::new();
        for pair in self.points.windows(2) {
            let [from, to] = [pair[0], pair[1]];
            if !(from.0.is_finite() && from.1.is_finite() && to.0.is_finite() && to.1.is_finite()) {
                continue;
            }
            let Some((from, to)) = within.clip(from, to) else { continue };
            match parts.last_mut() {
                Some(part) if part.last() == Some(&from) => part.push(to),
                _ => parts.push(vec![from, to]),
            }
        }
        parts
    }
}

/// Shapes, the first at the bottom.
#[derive(Debug, Default)]
pub(super) struct Scene {
    pub(super) width: f64,
    pub(super) shapes: Vec<Shape>,
}

impl Scene {
    pub(super) fn fill(&mut self, area: Area, colour: Colour) {
        self.shapes.push(Shape::Box { area, colour });
    }

    pub(super) fn line(&mut self, from: Point, to: Point, colour: Colour, width: f64) {
        self.shapes.push(Shape::Line { from, to, colour, width });
    }

    pub(super) fn disc(&mut self, at: Point, radius: f64, colour: Colour) {
        self.shapes.push(Shape::Disc { at, radius, colour });
    }

    pub(super) fn polygon(&mut self, points: Vec<Point>, colour: Colour) {
        self.shapes.push(Shape::Polygon { points, colour });
    }

    /// A line through points, clipped to an area; with `dash`, that long and as long a gap.
    pub(super) fn path(
        &mut self,
        points: &[Point],
        within: &Area,
        colour: Colour,
        width: f64,
        dash: Option<f64>,
    ) {
        let mut phase = 0.0;
        for pair in points.windows(2) {
            let [from, to] = [pair[0], pair[1]];
            if !(from.0.is_finite() && from.1.is_finite() && to.0.is_finite() && to.1.is_finite()) {
                continue;
            }
            let Some((from, to)) = within.clip(from, to) else { continue };
            match dash {
                None => {
                    self.line(from, to, colour, width);
                    if width > 1.2 && colour.alpha >= 1.0 {
                        self.disc(to, width * 0.42, colour);
                    }
                }
                Some(dash) => phase = self.dashes(from, to, colour, width, dash, phase),
            }
        }
    }

    /// Dashes along a line; takes and gives how far into a dash and its gap it is.
    fn dashes(&mut self, from: Point, to: Point, colour: Colour, width: f64, dash: f64, phase: f64) -> f64 {
        let length = (to.0 - from.0).hypot(to.1 - from.1);
        let at = |distance: f64| {
            let share = if length > 0.0 { (distance / length).clamp(0.0, 1.0) } else { 0.0 };
            (from.0 + share * (to.0 - from.0), from.1 + share * (to.1 - from.1))
        };
        let mut start = -phase;
        while start < length {
            if start + dash > 0.0 {
                self.line(at(start), at(start + dash), colour, width);
            }
            start += 2.0 * dash;
        }
        (phase + length) % (2.0 * dash)
    }

    pub(super) fn outline(&mut self, area: &Area, colour: Colour, width: f64) {
        let (a, b) = ((area.left, area.top), (area.right, area.bottom));
        for (from, to) in [(a, (b.0, a.1)), ((b.0, a.1), b), (b, (a.0, b.1)), ((a.0, b.1), a)] {
            self.line(from, to, colour, width);
        }
    }

    pub(super) fn text(&mut self, mut text: Text) {
        // A name may hold line breaks, and what neither a line nor an XML file can.
        let is_unwritable = |letter: char| letter.is_control() || matches!(letter, '\u{fffe}' | '\u{ffff}');
        if text.words.contains(is_unwritable) {
            text.words = text.words.replace(is_unwritable, " ");
        }
        if !text.words.is_empty() {
            self.shapes.push(Shape::Text(text));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_cut_at_the_edges() {
        let area = Area { left: 0.0, top: 0.0, right: 10.0, bottom: 10.0 };
        assert_eq!(area.clip((-10.0, 5.0), (20.0, 5.0)), Some(((0.0, 5.0), (10.0, 5.0))));
        assert_eq!(area.clip((2.0, 2.0), (3.0, 9.0)), Some(((2.0, 2.0), (3.0, 9.0))));
        assert_eq!(area.clip((-5.0, 20.0), (20.0, 11.0)), None);
    }

    #[test]
    fn dashes_go_on_around_corners() {
        let area = Area { left: 0.0, top: 0.0, right: 100.0, bottom: 100.0 };
        let mut scene = Scene::default();
        let ink = super::super::theme::LIGHT.ink;
        scene.path(&[(0.0, 0.0), (5.0, 0.0), (5.0, 20.0)], &area, ink, 1.0, Some(10.0));
        let drawn: f64 = scene
            .shapes
            .iter()
            .map(|shape| match shape {
                Shape::Line { from, to, .. } => (to.0 - from.0).hypot(to.1 - from.1),
                _ => 0.0,
            })
            .sum();
        assert!((drawn - 15.0).abs() < 1e-9, "10 on, 10 off, 5 on: {drawn}");
    }
}
