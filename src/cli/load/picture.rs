//! The picture of a run.

use std::path::Path;

use crate::report::draw::Format;
use crate::report::figure::Figure;
use crate::report::load::{LoadTest, latencies};

use super::super::exit::Failure;
use super::Report;
use super::listing::{extent, manner};

/// The kind of picture that a file's ending asks for.
///
/// # Errors
/// It is neither `.png` nor `.svg`.
pub(super) fn format_of(path: &Path) -> Result<Format, Failure> {
    let ending = path.extension().and_then(|ending| ending.to_str()).map(str::to_ascii_lowercase);
    match ending.as_deref() {
        Some("png") => Ok(Format::Png),
        Some("svg") => Ok(Format::Svg),
        _ => Err(Failure::usage(format!("{} has to end in .png or .svg", path.display()))),
    }
}

/// How often which latency, and the percentiles.
pub(super) fn figure(report: &Report<'_>) -> Figure {
    latencies(&LoadTest {
        request: &format!("{} {}", report.args.method.name(), report.url),
        manner: &manner(report),
        extent: &extent(report),
        pace: &report.plan.pace,
        tally: &report.outcome.tally,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_png_or_svg() {
        assert_eq!(format_of(Path::new("a.PNG")).unwrap(), Format::Png);
        assert_eq!(format_of(Path::new("a.svg")).unwrap(), Format::Svg);
        assert!(format_of(Path::new("a")).is_err());
    }
}
