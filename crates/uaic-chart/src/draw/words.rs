//! Sentences whose words stand on a ground as strong as their weight.

use crate::figure::Sentence;

use super::font::{self, Weight};
use super::letters::{LABEL, TICK, text};
use super::scene::{Anchor, Area, Scene};
use super::theme::Theme;

const SIZE: f64 = 18.0;
const HIGH: f64 = 30.0;

pub(super) fn draw(scene: &mut Scene, theme: &Theme, plot: &Area, sentences: &[Sentence]) {
    let mut top = plot.top;
    for sentence in sentences {
        if top + HIGH + TICK > plot.bottom + HIGH {
            return;
        }
        scene.text(text(
            (plot.left, top + 8.0),
            font::shortened(&sentence.caption, LABEL, plot.width()),
            LABEL,
            theme.soft_ink,
            Anchor::Start,
        ));
        top += 22.0;
        let most = sentence.words.iter().map(|(_, weight)| *weight).fold(f64::MIN_POSITIVE, f64::max);
        let mut left = plot.left;
        for (word, weight) in &sentence.words {
            let word = font::shortened(word, SIZE, plot.width() - 12.0);
            let wide = font::width(&word, SIZE, Weight::Regular) + 12.0;
            if left + wide > plot.right && left > plot.left {
                (left, top) = (plot.left, top + HIGH);
            }
            let area = Area { left, top, right: left + wide, bottom: top + HIGH - 5.0 };
            let ground = theme.mapped(weight / most);
            scene.fill(area, ground);
            scene.text(text(area.middle(), word, SIZE, theme.ink_on(ground), Anchor::Middle));
            left += wide + 3.0;
        }
        top += HIGH + 12.0;
    }
}
