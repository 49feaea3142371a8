//! Very many lines into pixels, each as one smooth stroke.
//!
//! plotters paints a line segment by segment, each as a polygon: a thousand lines, thinned to twelve
//! hundred columns, take it 10 s, and this half a second. Here a line is first laid down as a mask of
//! how much of each pixel it covers, and the mask is then painted once. Masks are stored column by
//! column: of a line of many points most of a column is one span, which is filled at once.

use super::scene::{Area, Point, Polyline};

/// Pixels of the buffer per pixel of the picture, in each direction.
const FINER: usize = 2;

/// Paints lines, one over the other, into an RGB buffer `wide` pixels wide that is twice as fine as
/// the picture; `scale` is pixels of the picture per unit.
pub(super) fn paint(pixels: &mut [u8], wide: usize, lines: &[Polyline], within: &Area, scale: f64) {
    let Some(mut layer) = Layer::new(within, scale, pixels.len() / 3 / wide.max(1) / FINER, wide / FINER)
    else {
        return;
    };
    for line in lines {
        layer.stroke(line, scale);
    }
    layer.blend(pixels, wide);
}

/// Colours with their opacity multiplied in, over an area of the picture.
struct Layer {
    left: usize,
    top: usize,
    wide: usize,
    high: usize,
    /// Red, green, blue and opacity from 0 to 1, column by column.
    colours: Vec<[f32; 4]>,
    /// How much of each pixel the present line covers, column by column.
    mask: Vec<u8>,
    /// The touched rows of each column of the mask.
    touched: Vec<(u32, u32)>,
}

impl Layer {
    fn new(within: &Area, scale: f64, rows: usize, columns: usize) -> Option<Self> {
        let pixel = |units: f64, most: usize| ((units * scale).round().max(0.0) as usize).min(most);
        let (left, right) = (pixel(within.left, columns), pixel(within.right, columns));
        let (top, bottom) = (pixel(within.top, rows), pixel(within.bottom, rows));
        let (wide, high) = (right.checked_sub(left)?, bottom.checked_sub(top)?);
        (wide > 0 && high > 0).then(|| Self {
            left,
            top,
            wide,
            high,
            colours: vec![[0.0; 4]; wide * high],
            mask: vec![0; wide * high],
            touched: vec![(u32::MAX, 0); wide],
        })
    }

    fn stroke(&mut self, line: &Polyline, scale: f64) {
        let radius = (line.width * scale / 2.0).max(0.35);
        // So far outside that nobody sees the difference, and arithmetic stays exact.
        let near = |pixel: f64| if pixel.is_finite() { pixel.clamp(-1e7, 1e7) } else { f64::NAN };
        let place = |&(x, y): &Point| (near(x * scale - self.left as f64), near(y * scale - self.top as f64));
        let points: Vec<Point> = line.points.iter().map(place).collect();
        for part in points.split(|point| point.0.is_nan() || point.1.is_nan()) {
            self.lay(part, radius);
        }
        self.colour(line);
    }

    /// Lays a line without gaps onto the mask: what stays in one column as a span, what leaves it as
    /// a segment.
    fn lay(&mut self, points: &[Point], radius: f64) {
        // A line has at least the width of a pixel; a finer one covers less of it.
        let mut before: Option<Point> = None;
        for column in points.chunk_by(|a, b| a.0.floor().total_cmp(&b.0.floor()).is_eq()) {
            let [first, .., last] = column else {
                if let Some(&alone) = column.first() {
                    self.join(before, alone, radius);
                    before = Some(alone);
                }
                continue;
            };
            self.join(before, *first, radius);
            if column.len() == 2 {
                self.segment(*first, *last, radius);
            } else {
                self.span(column, radius);
            }
            before = Some(*last);
        }
        if let [alone] = points {
            self.segment((alone.0 - 0.5, alone.1), (alone.0 + 0.5, alone.1), radius);
        }
    }

    fn join(&mut self, from: Option<Point>, to: Point, radius: f64) {
        if let Some(from) = from {
            self.segment(from, to, radius);
        }
    }

    /// A rectangle around points of one column.
    fn span(&mut self, points: &[Point], radius: f64) {
        let ys = points.iter().map(|point| point.1);
        let (top, bottom) =
            ys.fold((f64::INFINITY, f64::NEG_INFINITY), |ends, y| (ends.0.min(y), ends.1.max(y)));
        let middle = points.iter().map(|point| point.0).sum::<f64>() / points.len() as f64;
        let (left, right) = (middle - radius, middle + radius);
        let Some((first, last)) = range(left, right, self.wide) else { return };
        let Some((start, end)) = range(top - radius, bottom + radius, self.high) else { return };
        for column in first..last {
            let across = (right.min(column as f64 + 1.0) - left.max(column as f64)).clamp(0.0, 1.0);
            let cover = (across * 255.0) as u8;
            let rows = &mut self.mask[column * self.high..][start..end];
            for old in rows {
                *old = (*old).max(cover);
            }
            self.touch(column, start, end);
        }
    }

    /// A straight stroke: a pixel is covered by how near its middle is to the line.
    fn segment(&mut self, from: Point, to: Point, radius: f64) {
        let room = radius + 2.0;
        let around =
            Area { left: -room, top: -room, right: self.wide as f64 + room, bottom: self.high as f64 + room };
        let Some((from, to)) = around.clip(from, to) else { return };
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let length = dx.hypot(dy);
        if length < 1e-9 {
            return;
        }
        // Distance of a pixel's middle to the line: across · x + along · y + rest.
        let (across, along) = (-dy / length, dx / length);
        let rest = -(across * from.0 + along * from.1);
        let reach = radius + 0.5;
        let is_flat = dx.abs() >= dy.abs();
        let beyond = if is_flat { 0.0 } else { reach / across.abs().max(1e-9) };
        let Some((first, last)) = range(from.0.min(to.0) - beyond, from.0.max(to.0) + beyond, self.wide)
        else {
            return;
        };
        let ends = if is_flat {
            (f64::NEG_INFINITY, f64::INFINITY)
        } else {
            (from.1.min(to.1).floor(), from.1.max(to.1).floor() + 1.0)
        };
        for column in first..last {
            let at_top = across * (column as f64 + 0.5) + rest;
            // Rows whose middle is within reach.
            let (low, high) = if along.abs() > 1e-9 {
                let (a, b) = ((-reach - at_top) / along, (reach - at_top) / along);
                (a.min(b), a.max(b))
            } else {
                ends
            };
            let Some((start, end)) = range(low.max(ends.0), high.min(ends.1), self.high) else { continue };
            let (mut distance, step) = ((at_top + along * (start as f64 + 0.5)) as f32, along as f32);
            for old in &mut self.mask[column * self.high..][start..end] {
                let cover = ((reach as f32 - distance.abs()).clamp(0.0, 1.0) * 255.0) as u8;
                *old = (*old).max(cover);
                distance += step;
            }
            self.touch(column, start, end);
        }
    }

    fn touch(&mut self, column: usize, start: usize, end: usize) {
        let touched = &mut self.touched[column];
        *touched = (touched.0.min(start as u32), touched.1.max(end as u32));
    }

    /// Paints the mask over what is there, and clears it.
    fn colour(&mut self, line: &Polyline) {
        let (red, green, blue) = line.colour.rgb;
        let [red, green, blue] = [red, green, blue].map(|channel| f32::from(channel) / 255.0);
        // A stroke finer than a pixel covers a part of it.
        let opacity = line.colour.alpha as f32 / 255.0;
        for (column, touched) in self.touched.iter_mut().enumerate() {
            let (start, end) = (touched.0 as usize, touched.1 as usize);
            if start < end {
                let rows = column * self.high + start..column * self.high + end;
                for (pixel, cover) in self.colours[rows.clone()].iter_mut().zip(&mut self.mask[rows]) {
                    let share = f32::from(std::mem::take(cover)) * opacity;
                    let rest = 1.0 - share;
                    let over = [red * share, green * share, blue * share, share];
                    for (old, new) in pixel.iter_mut().zip(over) {
                        *old = *old * rest + new;
                    }
                }
            }
            *touched = (u32::MAX, 0);
        }
    }

    /// Lays the layer over the buffer.
    fn blend(&self, pixels: &mut [u8], wide: usize) {
        for column in 0..self.wide {
            for row in 0..self.high {
                let [red, green, blue, opacity] = self.colours[column * self.high + row];
                if opacity <= 0.0 {
                    continue;
                }
                for (down, right) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                    let (x, y) = (FINER * (self.left + column) + right, FINER * (self.top + row) + down);
                    let at = 3 * (y * wide + x);
                    let Some(pixel) = pixels.get_mut(at..at + 3) else { continue };
                    for (old, new) in pixel.iter_mut().zip([red, green, blue]) {
                        *old =
                            (f32::from(*old) * (1.0 - opacity) + new * 255.0).round().clamp(0.0, 255.0) as u8;
                    }
                }
            }
        }
    }
}

/// The pixels that an interval touches, of so many; none where it lies outside.
fn range(low: f64, high: f64, most: usize) -> Option<(usize, usize)> {
    let first = low.floor().max(0.0) as usize;
    let last = (high.ceil().max(0.0) as usize).min(most);
    (first < last && high > 0.0).then_some((first, last))
}

#[cfg(test)]
mod tests {
    use super::super::theme::Colour;
    use super::*;
    use proptest::prelude::*;

    const AREA: Area = Area { left: 0.0, top: 0.0, right: 40.0, bottom: 20.0 };
    const BLACK: Colour = Colour { rgb: (0, 0, 0), alpha: 1.0 };

    fn line(points: &[Point], width: f64) -> Polyline {
        Polyline { points: points.to_vec(), colour: BLACK, width }
    }

    /// How dark each pixel of a picture of 40 by 20 is, from 0 to 255.
    fn painted(lines: &[Polyline], within: &Area) -> Vec<u8> {
        let mut pixels = vec![255; 80 * 40 * 3];
        paint(&mut pixels, 80, lines, within, 1.0);
        let pixel = |at: usize| 255 - pixels[3 * (2 * (at / 40) * 80 + 2 * (at % 40))];
        (0..800).map(pixel).collect()
    }

    fn dark(picture: &[u8], x: usize, y: usize) -> u8 {
        picture[y * 40 + x]
    }

    #[test]
    fn a_level_line_covers_its_row_alone() {
        let picture = painted(&[line(&[(0.0, 10.5), (40.0, 10.5)], 1.0)], &AREA);
        assert!((0..40).all(|x| dark(&picture, x, 10) == 255));
        assert!((0..40).all(|x| dark(&picture, x, 9) == 0 && dark(&picture, x, 11) == 0));
        let between = painted(&[line(&[(0.0, 10.0), (40.0, 10.0)], 1.0)], &AREA);
        assert!((120..136).contains(&dark(&between, 7, 9)) && (120..136).contains(&dark(&between, 7, 10)));
    }

    #[test]
    fn many_points_of_a_column_are_one_span_and_a_spike_is_seen() {
        let mut points: Vec<Point> = (0..4000).map(|at| (f64::from(at) / 100.0, 15.5)).collect();
        points[2050].1 = 2.5;
        let picture = painted(&[line(&points, 1.0)], &AREA);
        assert!(
            (3..15).all(|y| dark(&picture, 20, y) > 100),
            "{:?}",
            (0..20).map(|y| dark(&picture, 20, y)).collect::<Vec<_>>()
        );
        assert!((3..14).all(|y| dark(&picture, 18, y) == 0 && dark(&picture, 23, y) == 0));
    }

    #[test]
    fn a_gap_stays_white_and_a_point_alone_is_seen() {
        let points = [
            (2.0, 5.5),
            (10.0, 5.5),
            (11.0, f64::NAN),
            (20.0, 5.5),
            (21.0, f64::NAN),
            (30.0, 5.5),
            (38.0, 5.5),
        ];
        let picture = painted(&[line(&points, 1.0)], &AREA);
        assert!(dark(&picture, 5, 5) == 255 && dark(&picture, 35, 5) == 255);
        assert!(dark(&picture, 14, 5) == 0 && dark(&picture, 26, 5) == 0);
        assert!(dark(&picture, 20, 5) > 100 || dark(&picture, 19, 5) > 100);
    }

    #[test]
    fn a_line_is_no_stronger_where_it_crosses_itself_but_two_are() {
        let faint = |points: &[Point]| Polyline { colour: BLACK.faded(0.5), ..line(points, 2.0) };
        let cross = [(0.0, 10.0), (40.0, 10.0), (20.0, 0.0), (20.0, 20.0)];
        let once = painted(&[faint(&cross)], &AREA);
        assert!(once.iter().all(|dark| *dark <= 128), "{:?}", once.iter().max());
        let twice = painted(&[faint(&cross[..2]), faint(&cross[2..])], &AREA);
        assert!(twice.iter().any(|dark| *dark > 160));
    }

    #[test]
    fn nothing_is_painted_outside_the_area() {
        let within = Area { left: 10.0, top: 5.0, right: 30.0, bottom: 15.0 };
        let far = [(-1e9, -1e9), (1e9, 1e9), (f64::MAX, 0.0), (20.0, -1e300), (20.0, 1e300)];
        let picture = painted(&[line(&far, 3.0)], &within);
        for at in 0..800 {
            let (x, y) = (at % 40, at / 40);
            assert!(dark(&picture, x, y) == 0 || ((10..30).contains(&x) && (5..15).contains(&y)), "{x} {y}");
        }
        assert!(dark(&picture, 20, 10) > 0);
    }

    proptest! {
        #[test]
        fn whatever_comes_nothing_panics(
            points in prop::collection::vec((any::<f64>(), any::<f64>()), 0..20),
            near in prop::collection::vec((-9.0..60.0_f64, -9.0..30.0_f64), 0..20),
            width in 0.0..9.0_f64,
        ) {
            painted(&[line(&points, width), line(&near, width)], &AREA);
        }

        #[test]
        fn a_stroke_covers_about_its_length_times_its_width(
            from in (5.0..35.0_f64, 5.0..15.0_f64), to in (5.0..35.0_f64, 5.0..15.0_f64),
        ) {
            let length = (to.0 - from.0).hypot(to.1 - from.1);
            prop_assume!(length > 6.0);
            let picture = painted(&[line(&[from, to], 2.0)], &AREA);
            let covered: f64 = picture.iter().map(|dark| f64::from(*dark) / 255.0).sum();
            prop_assert!((covered / (2.0 * length) - 1.0).abs() < 0.45, "{covered} of {length}");
        }
    }
}
