//! The one font of all pictures: Noto Sans (SIL Open Font License), carried in the program.

use std::sync::LazyLock;

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
    let font = FontDesc::new(FontFamily::Name(FAMILY), MEASURED, weight.style());
    let known = font.box_size(text).map_or(0.0, |(width, _)| f64::from(width));
    known * size / MEASURED
}

/// A text cut to a width, with an ellipsis where something is left off.
pub(super) fn shortened(text: &str, size: f64, room: f64) -> String {
    if width(text, size, Weight::Regular) <= room {
        return text.to_owned();
    }
    let mut kept: Vec<char> = text.chars().collect();
    while !kept.is_empty() {
        kept.pop();
        let shorter: String = kept.iter().collect::<String>() + "…";
        if width(&shorter, size, Weight::Regular) <= room {
            return shorter;
        }
    }
    String::new()
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
        assert!(short.ends_with('…') && width(&short, 16.0, Weight::Regular) <= 80.0, "{short}");
        assert_eq!(shortened("short", 16.0, 80.0), "short");
    }
}
