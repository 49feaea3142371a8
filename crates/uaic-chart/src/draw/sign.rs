//! Signs at points, in plots and in legends.

use crate::figure::Sign;

use super::scene::{Area, Point, Scene};
use super::theme::Colour;

/// Radius of a usual sign.
pub(super) const USUAL: f64 = 4.5;

/// Draws one sign.
pub(super) fn draw(scene: &mut Scene, (x, y): Point, radius: f64, sign: Sign, colour: Colour) {
    let everywhere = Area { left: f64::MIN, top: f64::MIN, right: f64::MAX, bottom: f64::MAX };
    match sign {
        Sign::Disc => scene.disc((x, y), radius, colour),
        Sign::Ring => {
            let corner = |step: i32| {
                let angle = f64::from(step) * std::f64::consts::TAU / 24.0;
                (x + radius * libm::cos(angle), y + radius * libm::sin(angle))
            };
            let ring: Vec<Point> = (0..=24).map(corner).collect();
            scene.path(&ring, &everywhere, colour, 1.6, None);
        }
        Sign::Cross => {
            scene.line((x - radius, y - radius), (x + radius, y + radius), colour, 1.8);
            scene.line((x - radius, y + radius), (x + radius, y - radius), colour, 1.8);
        }
        Sign::Diamond => {
            let radius = radius * 1.35;
            scene.polygon(vec![(x, y - radius), (x + radius, y), (x, y + radius), (x - radius, y)], colour);
        }
    }
}
