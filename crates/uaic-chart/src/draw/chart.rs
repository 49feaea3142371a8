//! Marks between two axes.

use crate::figure::{Along, Axis, Line, Mark, Paint, Rectangle, Scale, Sign, Stroke};

use super::axes;
use super::font::{self, Weight};
use super::letters::{TICK, text};
use super::place::{horizontal, vertical};
use super::scene::{Anchor, Area, Point, Polyline, Scene, Shape};
use super::theme::Theme;
use super::ticks::ticks;
use super::{sign, surface};

pub(super) fn draw(scene: &mut Scene, theme: &Theme, plot: &Area, x: &Axis, y: &Axis, marks: &[Mark]) {
    let painter = Painter { theme, plot, x: &x.scale, y: &y.scale };
    let covered = marks.iter().any(|mark| matches!(mark, Mark::Cells { .. } | Mark::Surface { .. }));
    if !covered {
        painter.grid(scene);
    }
    for mark in marks {
        painter.mark(scene, mark);
    }
    if covered {
        scene.outline(plot, theme.frame, 1.0);
    } else {
        scene.line((plot.left, plot.bottom), (plot.right, plot.bottom), theme.frame, 1.2);
        scene.line((plot.left, plot.top), (plot.left, plot.bottom), theme.frame, 1.2);
    }
}

struct Painter<'a> {
    theme: &'a Theme,
    plot: &'a Area,
    x: &'a Scale,
    y: &'a Scale,
}

impl Painter<'_> {
    fn at(&self, x: f64, y: f64) -> Point {
        (horizontal(self.x, x, self.plot), vertical(self.y, y, self.plot))
    }

    /// The point of a bar or interval: its place on the axis across, its value on the axis along.
    fn across(&self, along: Along, place: f64, value: f64) -> Point {
        match along {
            Along::X => self.at(value, place),
            Along::Y => self.at(place, value),
        }
    }

    fn grid(&self, scene: &mut Scene) {
        let (plot, colour) = (self.plot, self.theme.grid);
        if !self.x.has_names() {
            for tick in ticks(self.x, (plot.width() / axes::horizontal_step(self.x)) as usize) {
                let x = horizontal(self.x, tick.value, plot);
                scene.line((x, plot.top), (x, plot.bottom), colour, 1.0);
            }
        }
        if !self.y.has_names() {
            for tick in ticks(self.y, (plot.height() / axes::vertical_step(self.y)) as usize) {
                let y = vertical(self.y, tick.value, plot);
                scene.line((plot.left, y), (plot.right, y), colour, 1.0);
            }
        }
    }

    fn mark(&self, scene: &mut Scene, mark: &Mark) {
        match mark {
            Mark::Line { points, paint, stroke } => self.line(scene, points, *paint, *stroke),
            Mark::Lines(lines) => self.lines(scene, lines),
            Mark::Band { points, paint } => self.band(scene, points, *paint),
            Mark::Points { points, sign, size } => self.points(scene, points, *sign, *size),
            Mark::Bars { bars, width, along } => self.bars(scene, bars, *width, *along),
            Mark::Intervals { intervals, along } => self.intervals(scene, intervals, *along),
            Mark::Boxes(boxes) => boxes.iter().for_each(|rectangle| self.rectangle(scene, rectangle)),
            Mark::Cells { rows, texts } => self.cells(scene, rows, texts),
            Mark::Surface { rows, levels } => surface::draw(scene, self.theme, self.plot, rows, *levels),
            Mark::Rule { at, of, paint, label } => self.rule(scene, *at, *of, *paint, label),
            Mark::Text { at, text: words, ends } => {
                let anchor = if *ends { Anchor::End } else { Anchor::Start };
                scene.text(text(self.at(at.0, at.1), words.clone(), TICK, self.theme.ink, anchor));
            }
        }
    }

    fn line(&self, scene: &mut Scene, points: &[(f64, f64)], paint: Paint, stroke: Stroke) {
        let mut path: Vec<Point> = points.iter().map(|(x, y)| self.at(*x, *y)).collect();
        if stroke == Stroke::Steps {
            path = stepped(&path);
        }
        let colour = self.theme.colour(paint);
        let (colour, width, dash) = match stroke {
            Stroke::Solid | Stroke::Steps => (colour, 2.4, None),
            Stroke::Dashed => (colour, 1.8, Some(6.0)),
            Stroke::Thin => (colour.faded(0.65), 1.1, None),
        };
        scene.path(&path, self.plot, colour, width, dash);
    }

    fn lines(&self, scene: &mut Scene, lines: &[Line]) {
        let polyline = |line: &Line| Polyline {
            points: line.points.iter().map(|(x, y)| self.at(*x, *y)).collect(),
            colour: self.theme.colour(line.paint).faded(line.opacity),
            width: line.width,
        };
        let lines = lines.iter().map(polyline).collect();
        scene.shapes.push(Shape::Lines { lines, within: *self.plot });
    }

    fn band(&self, scene: &mut Scene, points: &[(f64, f64, f64)], paint: Paint) {
        let clamped = |x: f64, y: f64| {
            let (x, y) = self.at(x, y);
            (x.clamp(self.plot.left, self.plot.right), y.clamp(self.plot.top, self.plot.bottom))
        };
        let finite =
            points.iter().filter(|(x, low, high)| x.is_finite() && low.is_finite() && high.is_finite());
        let (mut outline, mut back) = (Vec::new(), Vec::new());
        for (x, low, high) in finite {
            outline.push(clamped(*x, *high));
            back.push(clamped(*x, *low));
        }
        back.reverse();
        outline.append(&mut back);
        if outline.len() >= 4 {
            scene.polygon(outline, self.theme.colour(paint).faded(0.2));
        }
    }

    fn points(&self, scene: &mut Scene, points: &[(f64, f64, Paint)], sign: Sign, size: f64) {
        let alpha = match points.len() {
            0..300 => 0.9,
            300..1500 => 0.7,
            _ => 0.5,
        };
        for (x, y, paint) in points {
            let at = self.at(*x, *y);
            if self.plot.holds(at) {
                let alpha = if sign == Sign::Diamond { 1.0 } else { alpha };
                sign::draw(scene, at, size, sign, self.theme.colour(*paint).faded(alpha));
            }
        }
    }

    /// Half the room of a bar, on the axis across.
    fn half_width(places: impl Iterator<Item = f64>, width: f64) -> f64 {
        let mut places: Vec<f64> = places.filter(|place| place.is_finite()).collect();
        places.sort_by(f64::total_cmp);
        let gaps = places.windows(2).map(|pair| pair[1] - pair[0]).filter(|gap| *gap > 0.0);
        let gap = gaps.fold(f64::INFINITY, f64::min);
        width / 2.0 * if gap.is_finite() { gap } else { 1.0 }
    }

    fn bars(&self, scene: &mut Scene, bars: &[(f64, f64, Paint)], width: f64, along: Along) {
        let half = Self::half_width(bars.iter().map(|(place, _, _)| *place), width);
        let base = match if along == Along::X { self.x } else { self.y } {
            Scale::Linear { low, high } | Scale::Count { low, high } => 0.0_f64.clamp(*low, *high),
            Scale::Log { low, .. } => *low,
            Scale::Categories(_) | Scale::Levels(_) => 0.0,
        };
        for (place, value, paint) in bars.iter().filter(|(_, value, _)| value.is_finite()) {
            let (from, to) = match along {
                Along::X => ((base, place - half), (*value, place + half)),
                Along::Y => ((place - half, base), (place + half, *value)),
            };
            self.rectangle(scene, &Rectangle { from, to, paint: *paint });
        }
    }

    fn rectangle(&self, scene: &mut Scene, rectangle: &Rectangle) {
        let (a, b) = (self.at(rectangle.from.0, rectangle.from.1), self.at(rectangle.to.0, rectangle.to.1));
        let plot = self.plot;
        let area = Area {
            left: a.0.min(b.0).max(plot.left),
            top: a.1.min(b.1).max(plot.top),
            right: a.0.max(b.0).min(plot.right),
            bottom: a.1.max(b.1).min(plot.bottom),
        };
        if area.width() >= 0.0 && area.height() >= 0.0 {
            scene.fill(area, self.theme.colour(rectangle.paint));
        }
    }

    fn intervals(&self, scene: &mut Scene, intervals: &[(f64, f64, f64, Paint)], along: Along) {
        for (place, low, high, paint) in intervals {
            let (from, to) = (self.across(along, *place, *low), self.across(along, *place, *high));
            let colour = self.theme.colour(*paint);
            scene.path(&[from, to], self.plot, colour, 2.0, None);
            for (x, y) in [from, to] {
                let (dx, dy) = if along == Along::X { (0.0, 4.0) } else { (4.0, 0.0) };
                scene.path(&[(x - dx, y - dy), (x + dx, y + dy)], self.plot, colour, 2.0, None);
            }
        }
    }

    fn cells(&self, scene: &mut Scene, rows: &[Vec<Option<f64>>], texts: &[Vec<String>]) {
        let columns = rows.iter().map(Vec::len).max().unwrap_or(0).max(1);
        let (wide, high) =
            (self.plot.width() / columns as f64, self.plot.height() / rows.len().max(1) as f64);
        // One size for all, at which the longest text fits.
        let widest = texts.iter().flatten().map(|words| font::width(words, 1.0, Weight::Regular));
        let widest = widest.fold(0.01, f64::max);
        let size = (high * 0.62).min(TICK).min((wide - 3.0) / widest);
        for (r, row) in rows.iter().enumerate() {
            for (c, value) in row.iter().enumerate() {
                let left = self.plot.left + c as f64 * wide;
                let top = self.plot.top + r as f64 * high;
                let area = Area { left, top, right: left + wide, bottom: top + high };
                let ground = value.map_or(self.theme.ground, |value| self.theme.mapped(value));
                scene.fill(area, ground);
                let words = texts.get(r).and_then(|row| row.get(c)).map_or("", String::as_str);
                if size >= 7.0 {
                    scene.text(text(area.middle(), words, size, self.theme.ink_on(ground), Anchor::Middle));
                }
            }
        }
    }

    fn rule(&self, scene: &mut Scene, at: f64, of: Along, paint: Paint, label: &str) {
        let colour = self.theme.colour(paint);
        let plot = self.plot;
        match of {
            Along::X => {
                let x = horizontal(self.x, at, plot);
                scene.path(&[(x, plot.bottom), (x, plot.top)], plot, colour, 1.8, Some(5.0));
                if plot.holds((x, plot.top)) {
                    let is_right = x + 10.0 + font::width(label, TICK, Weight::Regular) > plot.right;
                    let (x, anchor) =
                        if is_right { (x - 6.0, Anchor::End) } else { (x + 6.0, Anchor::Start) };
                    scene.text(text((x, plot.top + 10.0), label, TICK, self.theme.soft_ink, anchor));
                }
            }
            Along::Y => {
                let y = vertical(self.y, at, plot);
                scene.path(&[(plot.left, y), (plot.right, y)], plot, colour, 1.8, Some(5.0));
                if plot.holds((plot.right, y)) {
                    let above = if y - plot.top > 22.0 { y - 11.0 } else { y + 11.0 };
                    scene.text(text(
                        (plot.right - 4.0, above),
                        label,
                        TICK,
                        self.theme.soft_ink,
                        Anchor::End,
                    ));
                }
            }
        }
    }
}

/// Each value holds until the next one.
fn stepped(path: &[Point]) -> Vec<Point> {
    let mut steps = Vec::with_capacity(2 * path.len());
    for (place, point) in path.iter().enumerate() {
        if let Some(before) = place.checked_sub(1).map(|before| path[before]) {
            steps.push((point.0, before.1));
        }
        steps.push(*point);
    }
    steps
}
