//! Shapes to the bytes of PNG or SVG, through plotters.

use plotters::backend::{BitMapBackend, DrawingBackend, SVGBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color as _, FontDesc, FontFamily, FontTransform, RGBAColor, ShapeStyle, TextStyle};

use super::DrawError;
use super::font::FAMILY;
use super::lines;
use super::scene::{Anchor, Area, Point, Polyline, Scene, Shape, Text};
use super::theme::Colour;

/// Pixels painted per pixel of a PNG, in each direction.
const OVERSAMPLED: u32 = 2;

/// SVG coordinates per pixel: plotters has whole ones only.
const FINER: u32 = 10;

pub(super) fn png(scene: &Scene, (width, height): (u32, u32)) -> Result<Vec<u8>, DrawError> {
    let (wide, high) = (width * OVERSAMPLED, height * OVERSAMPLED);
    let mut pixels = vec![0; wide as usize * high as usize * 3];
    // Many lines are painted by our own hand, between what plotters paints.
    for shapes in scene.shapes.chunk_by(|a, b| is_lines(a) == is_lines(b)) {
        if let [Shape::Lines { .. }, ..] = shapes {
            let scale = f64::from(width) / scene.width;
            for shape in shapes {
                if let Shape::Lines { lines, within } = shape {
                    lines::paint(&mut pixels, wide as usize, lines, within, scale);
                }
            }
        } else {
            let mut backend = BitMapBackend::with_buffer(&mut pixels, (wide, high));
            let scale = f64::from(wide) / scene.width;
            Painter { backend: &mut backend, scale, finest: 1.0, lowered: 0.15 }.shapes(shapes)?;
        }
    }
    let small = averaged(&pixels, wide as usize);
    encode(&small, (width, height)).map_err(failed)
}

fn is_lines(shape: &Shape) -> bool {
    matches!(shape, Shape::Lines { .. })
}

/// The mean of each two by two pixels.
fn averaged(pixels: &[u8], wide: usize) -> Vec<u8> {
    let row = wide * 3;
    let mut small = Vec::with_capacity(pixels.len() / 4);
    for rows in pixels.chunks_exact(2 * row) {
        let (upper, lower) = rows.split_at(row);
        for (a, b) in upper.chunks_exact(6).zip(lower.chunks_exact(6)) {
            for channel in 0..3 {
                let sum: u16 =
                    [a[channel], a[channel + 3], b[channel], b[channel + 3]].map(u16::from).iter().sum();
                small.push(((sum + 2) / 4) as u8);
            }
        }
    }
    small
}

fn encode(pixels: &[u8], (width, height): (u32, u32)) -> Result<Vec<u8>, png::EncodingError> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Balanced);
    encoder.set_filter(png::Filter::Adaptive);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(pixels)?;
    writer.finish()?;
    Ok(bytes)
}

pub(super) fn svg(scene: &Scene, (width, height): (u32, u32)) -> Result<Vec<u8>, DrawError> {
    let mut text = String::new();
    let (wide, high) = (width * FINER, height * FINER);
    let mut backend = SVGBackend::with_string(&mut text, (wide, high));
    let scale = f64::from(wide) / scene.width;
    let mut painter = Painter { backend: &mut backend, scale, finest: f64::from(FINER), lowered: 0.0 };
    painter.shapes(&scene.shapes)?;
    drop(backend);
    // Fine coordinates, but the size that was asked for.
    let finer = format!("width=\"{wide}\" height=\"{high}\"");
    Ok(text.replacen(&finer, &format!("width=\"{width}\" height=\"{height}\""), 1).into_bytes())
}

struct Painter<'a, B> {
    backend: &'a mut B,
    /// Pixels per unit.
    scale: f64,
    /// The width of the thinnest line, in pixels.
    finest: f64,
    /// What the backend puts texts too high, as a share of their size.
    lowered: f64,
}

fn failed(error: impl std::fmt::Display) -> DrawError {
    DrawError::Backend(error.to_string())
}

impl<B: DrawingBackend> Painter<'_, B> {
    fn shapes(&mut self, shapes: &[Shape]) -> Result<(), DrawError> {
        shapes.iter().try_for_each(|shape| self.shape(shape))?;
        self.backend.present().map_err(failed)
    }

    fn at(&self, (x, y): Point) -> (i32, i32) {
        ((x * self.scale).round() as i32, (y * self.scale).round() as i32)
    }

    fn shape(&mut self, shape: &Shape) -> Result<(), DrawError> {
        match shape {
            Shape::Line { from, to, colour, width } => {
                let width = (width * self.scale).max(self.finest).round().max(1.0) as u32;
                let style = ShapeStyle { color: rgba(*colour), filled: false, stroke_width: width };
                self.backend.draw_line(self.at(*from), self.at(*to), &style).map_err(failed)
            }
            Shape::Lines { lines, within } => lines.iter().try_for_each(|line| self.polyline(line, within)),
            Shape::Polygon { points, colour } => {
                let points: Vec<(i32, i32)> = points.iter().map(|point| self.at(*point)).collect();
                self.backend.fill_polygon(points, &rgba(*colour).filled()).map_err(failed)
            }
            Shape::Box { area, colour } => {
                let (from, to) = (self.at((area.left, area.top)), self.at((area.right, area.bottom)));
                self.backend.draw_rect(from, to, &rgba(*colour).filled(), true).map_err(failed)
            }
            Shape::Disc { at, radius, colour } => {
                let radius = (radius * self.scale).round().max(1.0) as u32;
                self.backend.draw_circle(self.at(*at), radius, &rgba(*colour).filled(), true).map_err(failed)
            }
            Shape::Text(text) => self.text(text),
        }
    }

    fn polyline(&mut self, line: &Polyline, within: &Area) -> Result<(), DrawError> {
        let width = (line.width * self.scale).max(self.finest).round().max(1.0) as u32;
        let style = ShapeStyle { color: rgba(line.colour), filled: false, stroke_width: width };
        for part in line.parts(within) {
            let points: Vec<(i32, i32)> = part.into_iter().map(|point| self.at(point)).collect();
            self.backend.draw_path(points, &style).map_err(failed)?;
        }
        Ok(())
    }

    fn text(&mut self, text: &Text) -> Result<(), DrawError> {
        let transform = if text.upright { FontTransform::Rotate270 } else { FontTransform::None };
        let font = FontDesc::new(FontFamily::Name(FAMILY), text.size * self.scale, text.weight.style())
            .transform(transform);
        let anchor = match text.anchor {
            Anchor::Start => HPos::Left,
            Anchor::Middle => HPos::Center,
            Anchor::End => HPos::Right,
        };
        let style = TextStyle {
            font,
            color: rgba(text.colour).to_backend_color(),
            pos: Pos::new(anchor, VPos::Center),
        };
        let (x, y) = text.at;
        let down = text.size * self.lowered;
        let at = if text.upright { (x + down, y) } else { (x, y + down) };
        self.backend.draw_text(&text.words, &style, self.at(at)).map_err(failed)
    }
}

fn rgba(colour: Colour) -> RGBAColor {
    let (r, g, b) = colour.rgb;
    RGBAColor(r, g, b, colour.alpha)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::scene::Area;
    use crate::draw::theme::LIGHT;

    fn scene() -> Scene {
        let mut scene = Scene { width: 40.0, shapes: Vec::new() };
        scene.fill(Area { left: 0.0, top: 0.0, right: 40.0, bottom: 20.0 }, LIGHT.ground);
        scene.fill(Area { left: 0.0, top: 0.0, right: 20.0, bottom: 20.0 }, LIGHT.ink);
        scene
    }

    #[test]
    fn a_png_has_the_wanted_size_and_what_was_painted() {
        let bytes = png(&scene(), (60, 30)).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(&bytes)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        assert_eq!((info.width, info.height), (60, 30));
        let pixel = |x: usize, y: usize| {
            (pixels[(y * 60 + x) * 3], pixels[(y * 60 + x) * 3 + 1], pixels[(y * 60 + x) * 3 + 2])
        };
        assert_eq!(pixel(29, 15), LIGHT.ink.rgb);
        assert_eq!(pixel(30, 15), LIGHT.ground.rgb, "boxes end where the next begins");
        assert_eq!(bytes, png(&scene(), (60, 30)).unwrap());
    }

    #[test]
    fn an_svg_has_the_wanted_size_too() {
        let text = String::from_utf8(svg(&scene(), (60, 30)).unwrap()).unwrap();
        assert!(text.starts_with("<svg width=\"60\" height=\"30\" viewBox=\"0 0 600 300\""), "{text}");
        assert!(text.trim_end().ends_with("</svg>"), "{text}");
    }
}
