//! The colours of pictures.

use crate::figure::Paint;

/// A colour with its opacity from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Colour {
    pub(super) rgb: (u8, u8, u8),
    pub(super) alpha: f64,
}

impl Colour {
    const fn solid(hex: u32) -> Self {
        Self { rgb: ((hex >> 16) as u8, (hex >> 8) as u8, hex as u8), alpha: 1.0 }
    }

    pub(super) fn faded(self, alpha: f64) -> Self {
        Self { alpha: self.alpha * alpha, ..self }
    }

    /// Relative brightness, from 0 to 1.
    pub(super) fn brightness(self) -> f64 {
        let (r, g, b) = self.rgb;
        (0.299 * f64::from(r) + 0.587 * f64::from(g) + 0.114 * f64::from(b)) / 255.0
    }

    fn mixed(self, other: Self, share: f64) -> Self {
        let mix = |a: u8, b: u8| (f64::from(a) + (f64::from(b) - f64::from(a)) * share).round() as u8;
        let (from, to) = (self.rgb, other.rgb);
        Self { rgb: (mix(from.0, to.0), mix(from.1, to.1), mix(from.2, to.2)), alpha: 1.0 }
    }
}

/// A set of colours.
#[derive(Debug)]
pub(super) struct Theme {
    pub(super) ground: Colour,
    pub(super) ink: Colour,
    /// Of subtitles, ticks and notes.
    pub(super) soft_ink: Colour,
    pub(super) grid: Colour,
    pub(super) frame: Colour,
    muted: Colour,
    accent: Colour,
    wrong: Colour,
    series: [Colour; 8],
    /// From least to most.
    map: [Colour; 6],
}

/// On white. Series are the colours of Okabe and Ito (2008), which people of every colour vision
/// tell apart; yellow is darkened and black left out, as neither serves for lines on white.
pub(super) const LIGHT: Theme = Theme {
    ground: Colour::solid(0xFF_FFFF),
    ink: Colour::solid(0x1C_2733),
    soft_ink: Colour::solid(0x4A_5867),
    grid: Colour::solid(0xE6_EAEE),
    frame: Colour::solid(0x9A_A7B4),
    muted: Colour::solid(0xA3_AEB9),
    accent: Colour::solid(0xD5_5E00),
    wrong: Colour::solid(0xB3_1B1B),
    series: [
        Colour::solid(0x00_72B2),
        Colour::solid(0xD5_5E00),
        Colour::solid(0x00_9E73),
        Colour::solid(0xCC_79A7),
        Colour::solid(0xE6_9F00),
        Colour::solid(0x56_B4E9),
        Colour::solid(0x7A_6A00),
        Colour::solid(0x6B_4C9A),
    ],
    map: [
        Colour::solid(0xE3_EDF2),
        Colour::solid(0xB4_DDD3),
        Colour::solid(0x63_BCC0),
        Colour::solid(0x2A_8CB8),
        Colour::solid(0x1F_559F),
        Colour::solid(0x0B_2160),
    ],
};

/// On near black.
pub(super) const DARK: Theme = Theme {
    ground: Colour::solid(0x14_191F),
    ink: Colour::solid(0xEC_F0F4),
    soft_ink: Colour::solid(0xB4_BFCA),
    grid: Colour::solid(0x2A_323B),
    frame: Colour::solid(0x6B_7885),
    muted: Colour::solid(0x67_7480),
    accent: Colour::solid(0xFF_8A3D),
    wrong: Colour::solid(0xFF_6B6B),
    series: [
        Colour::solid(0x56_B4E9),
        Colour::solid(0xFF_8A3D),
        Colour::solid(0x2F_C99B),
        Colour::solid(0xE5_97C2),
        Colour::solid(0xF2_BA3C),
        Colour::solid(0x9F_D6F7),
        Colour::solid(0xD9_CC5A),
        Colour::solid(0xB0_93DD),
    ],
    map: [
        Colour::solid(0x24_2E3A),
        Colour::solid(0x27_4A73),
        Colour::solid(0x2B_79A0),
        Colour::solid(0x3B_AAA6),
        Colour::solid(0x94_D69C),
        Colour::solid(0xF4_F3B0),
    ],
};

impl Theme {
    pub(super) fn colour(&self, paint: Paint) -> Colour {
        match paint {
            Paint::Series(number) => self.series[number % self.series.len()],
            Paint::Value(value) => self.mapped(value),
            Paint::Muted => self.muted,
            Paint::Accent => self.accent,
            Paint::Wrong => self.wrong,
            Paint::Ink => self.ink,
        }
    }

    /// The colour of a value from 0 to 1; what is no number is muted.
    pub(super) fn mapped(&self, value: f64) -> Colour {
        if value.is_nan() {
            return self.muted;
        }
        let last = self.map.len() - 1;
        let at = value.clamp(0.0, 1.0) * last as f64;
        let step = (at as usize).min(last - 1);
        self.map[step].mixed(self.map[step + 1], at - step as f64)
    }

    /// The ink that can be read on a ground.
    pub(super) fn ink_on(&self, ground: Colour) -> Colour {
        let (dark, bright) =
            if self.ink.brightness() < 0.5 { (self.ink, self.ground) } else { (self.ground, self.ink) };
        if ground.brightness() > 0.55 { dark } else { bright }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_map_goes_from_the_ground_to_what_stands_out_without_turning_back() {
        for theme in [LIGHT, DARK] {
            let distance = |value: f64| (theme.mapped(value).brightness() - theme.ground.brightness()).abs();
            let steps: Vec<f64> = (0..=20).map(|step| distance(f64::from(step) / 20.0)).collect();
            assert!(steps.is_sorted_by(|a, b| a < b), "{steps:?}");
            assert_eq!(theme.mapped(7.0), theme.mapped(1.0));
            assert_eq!(theme.mapped(f64::NAN), theme.muted);
        }
    }

    #[test]
    fn text_can_be_read_on_every_colour_of_the_map() {
        for theme in [LIGHT, DARK] {
            for step in 0..=20 {
                let ground = theme.mapped(f64::from(step) / 20.0);
                let contrast = (theme.ink_on(ground).brightness() - ground.brightness()).abs();
                assert!(contrast > 0.4, "{step}: {contrast}");
            }
        }
    }
}
