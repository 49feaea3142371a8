//! The one font of all pictures: Noto Sans (SIL Open Font License), carried in the program.

use std::sync::LazyLock;

use ab_glyph::{Font, FontRef};
use plotters::style::{FontDesc, FontFamily, FontStyle, register_font};

use super::DrawError;

/// The family under which plotters finds it.
pub(super) const FAMILY: &str = "sans-serif";

static REGISTERED: LazyLock<bool> = LazyLock::new(|| {
    register_font(FAMILY, FontStyle::Normal, notosans::REGULAR_TTF).is_ok()
        && register_font(FAMILY, FontStyle::Bold, notosans::BOLD_TTF).is_ok()
});

/// The weight of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    Regular,
    Bold,
}

impl Weight {
    pub(super) fn style(self) -> FontStyle {
        match self {
            Self::Regular => FontStyle::Normal,
            Self::Bold => FontStyle::Bold,
        }
    }
}

/// Makes the font known.
///
/// # Errors
/// The font is damaged, which is a defect of the build.
pub(super) fn ensure_registered() -> Result<(), DrawError> {
    if *REGISTERED { Ok(()) } else { Err(DrawError::Font) }
}

/// The width of a text of a given size.
pub(super) fn width(text: &str, size: f64, weight: Weight) -> f64 {
    // Measured large, because the library rounds to whole units.
    const MEASURED: f64 = 200.0;
    if !*REGISTERED {
        return text.chars().count() as f64 * size * 0.5;
    }
    // Letters of other scripts are as wide as those of the font that a viewer has for them.
    let foreign: f64 = text.chars().filter(|letter| !has(*letter)).map(foreign_width).sum();
    let known: String;
    let text = if foreign > 0.0 {
        known = text.chars().filter(|letter| has(*letter)).collect();
        &known
    } else {
        text
    };
    let font = FontDesc::new(FontFamily::Name(FAMILY), MEASURED, weight.style());
    let known = font.box_size(text).map_or(0.0, |(width, _)| f64::from(width));
    known * size / MEASURED + foreign * size
}

static FONT: LazyLock<Option<FontRef<'static>>> =
    LazyLock::new(|| FontRef::try_from_slice(notosans::REGULAR_TTF).ok());

/// Whether the font has a letter, or needs none for it: signs that only join or turn others have no
/// shape.
pub(super) fn has(letter: char) -> bool {
    let is_shapeless =
        matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{fe00}'..='\u{fe0f}');
    letter.is_ascii() || is_shapeless || FONT.as_ref().is_none_or(|font| font.glyph_id(letter).0 != 0)
}

/// The usual width of a letter that the font lacks, as a share of its size: East Asian letters and
/// pictographs take a square, others less.
fn foreign_width(letter: char) -> f64 {
    match letter {
        '\u{1100}'..='\u{11ff}'
        | '\u{2e80}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7af}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe4f}'
        | '\u{ff00}'..='\u{ff60}' => 1.0,
        '\u{1f000}'.. => 1.2,
        _ => 0.62,
    }
}

/// A text cut to a width, with an ellipsis where something is left out.
pub(super) fn shortened(text: &str, size: f64, room: f64) -> String {
    fitted(text, size, Weight::Regular, room)
}

/// The same of any weight. The middle is left out: names that begin alike may end differently, and so
/// may their numbers.
pub(super) fn fitted(text: &str, size: f64, weight: Weight, room: f64) -> String {
    if width(text, size, weight) <= room {
        return text.to_owned();
    }
    let letters: Vec<char> = text.chars().collect();
    let cut = |kept: usize| -> String {
        let (front, back) = (kept.div_ceil(2), kept / 2);
        letters[..front].iter().chain(&['…']).chain(&letters[letters.len() - back..]).collect()
    };
    // The most letters that fit: more of them are never narrower.
    let (mut fits, mut exceeds) = (0, letters.len());
    while exceeds - fits > 1 {
        let middle = usize::midpoint(fits, exceeds);
        if width(&cut(middle), size, weight) <= room {
            fits = middle;
        } else {
            exceeds = middle;
        }
    }
    if fits == 0 { String::new() } else { cut(fits) }
}

/// A text in lines of a width; a word that is longer is cut.
pub(super) fn wrapped(text: &str, size: f64, room: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if width(&format!("{line} {word}"), size, Weight::Regular) <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(shortened(word, size, room)),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bold_is_wider_and_twice_the_size_twice_as_wide() {
        ensure_registered().unwrap();
        let regular = width("Optimisation history", 16.0, Weight::Regular);
        assert!(width("Optimisation history", 16.0, Weight::Bold) > regular);
        assert!((width("Optimisation history", 32.0, Weight::Regular) - 2.0 * regular).abs() < 1.0);
    }

    #[test]
    fn a_text_without_room_is_cut_with_an_ellipsis() {
        ensure_registered().unwrap();
        let short = shortened("a rather long name of a class", 16.0, 80.0);
        assert!(short.contains('…') && width(&short, 16.0, Weight::Regular) <= 80.0, "{short}");
        assert_eq!(shortened("short", 16.0, 80.0), "short");
        let names =
            ["model.encoder.layer_1", "model.encoder.layer_2"].map(|name| shortened(name, 16.0, 90.0));
        assert_ne!(names[0], names[1], "names are told apart by their ends");
    }

    #[test]
    fn letters_that_the_font_lacks_are_known() {
        assert!("Optimierung größe µ ε Ж ∞ – …".chars().all(has));
        for foreign in ['学', 'か', '율', 'ع', '🚀'] {
            assert!(!has(foreign), "{foreign}");
        }
        assert!(has('\u{200d}') && has('\u{fe0f}'), "what joins letters has no shape");
        assert!(width("学習率", 16.0, Weight::Regular) >= 48.0, "each takes a square");
    }

    #[test]
    fn lines_are_no_longer_than_their_room() {
        let long = format!("one two three {} four", "x".repeat(300));
        let lines = wrapped(&long, 16.0, 120.0);
        assert!(lines.len() >= 3 && lines.iter().all(|line| width(line, 16.0, Weight::Regular) <= 120.0));
    }
}
