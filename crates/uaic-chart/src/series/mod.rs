//! Very many series in one picture: overlaid, or gathered in groups as a mean with a band.
//!
//! | file | what it answers |
//! |---|---|
//! | `thin` | which points does a picture need? |
//! | `smooth` | what is a line without its noise? |
//! | `gather` | what do several lines have in common? |
//!
//! ```
//! use uaic_chart::series::{Series, SeriesStyle, series};
//!
//! let curve = |name: &str, from: f64| Series {
//!     name: name.to_owned(),
//!     group: String::new(),
//!     points: (1..=10_000).map(|step| (f64::from(step), from / f64::from(step).sqrt())).collect(),
//! };
//! let style = SeriesStyle { x: "step".to_owned(), y: "loss".to_owned(), log_y: true, ..SeriesStyle::default() };
//! let figure = series("Losses", "2 runs", &[curve("adam", 1.0), curve("sgd", 2.0)], &style);
//! assert_eq!(figure.legend.len(), 2);
//! ```

mod gather;
mod smooth;
mod thin;

use std::collections::BTreeMap;

pub use gather::{Gathered, Spread, gathered};
pub use smooth::smoothed;
pub use thin::{thin, thin_by};

use crate::figure::{Axis, Content, Figure, Key, Line, Look, Mark, Paint, Panel, Scale, Stroke};

/// Lines that have a colour and a name of their own.
const NAMED: usize = 8;

/// Columns that a line is thinned to; a usual picture has about 1,100.
const COLUMNS: usize = 1200;

/// Parts of the axis of a mean.
const CELLS: usize = 400;

/// One series.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// What it is called.
    pub name: String,
    /// The group it belongs to; only where groups are drawn.
    pub group: String,
    /// Its points in their order. It breaks where a value is not finite.
    pub points: Vec<(f64, f64)>,
}

/// How series are drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SeriesStyle {
    /// What x is.
    pub x: String,
    /// What y is.
    pub y: String,
    /// Whether x is drawn by its logarithm; what is not above 0 is a gap.
    pub log_x: bool,
    /// The same of y.
    pub log_y: bool,
    /// Weight of the past in an exponential moving average, from 0, which is none, to below 1. What
    /// is smoothed stays visible, pale.
    pub smoothing: f64,
    /// Draws each group as its mean and a band, instead of every series.
    pub groups: Option<Spread>,
}

/// A figure of series over each other, however many they are and however many points they have.
///
/// Up to eight have colours and names; of more, colours follow their order. Every extreme is shown:
/// a line is thinned by keeping the ends of each column of pixels.
pub fn series(title: &str, subtitle: &str, all: &[Series], style: &SeriesStyle) -> Figure {
    let axes = Axes { log_x: style.log_x, log_y: style.log_y };
    let drawn = match style.groups {
        None => overlaid(all, style, axes),
        Some(spread) => in_groups(all, style, axes, spread),
    };
    let (lows, highs) = (axes.points(all).map(|point| point.0), axes.points(all).map(|point| point.1));
    let (x, y) = (axes.scale_of_x(lows), around(style.log_y, highs));
    let content = if axes.points(all).next().is_some() {
        Content::Chart { x: Axis::new(&style.x, x), y: Axis::new(&style.y, y), marks: drawn.marks }
    } else if all.is_empty() {
        Content::Empty("no series".to_owned())
    } else {
        Content::Empty("no point of these series can be drawn".to_owned())
    };
    Figure {
        title: title.to_owned(),
        subtitle: subtitle.to_owned(),
        panels: vec![Panel { title: String::new(), content }],
        legend: drawn.legend,
        note: drawn.note,
        ..Figure::default()
    }
}

/// What is between the axes, and what explains it.
struct Drawn {
    marks: Vec<Mark>,
    legend: Vec<Key>,
    note: String,
}

/// Which axes are logarithmic.
#[derive(Clone, Copy)]
struct Axes {
    log_x: bool,
    log_y: bool,
}

impl Axes {
    /// Where an x is on its axis.
    fn place(self) -> impl Fn(f64) -> f64 {
        move |x| if self.log_x { if x > 0.0 { x.ln() } else { f64::NAN } } else { x }
    }

    fn can_draw(self, (x, y): (f64, f64)) -> bool {
        x.is_finite() && y.is_finite() && (!self.log_x || x > 0.0) && (!self.log_y || y > 0.0)
    }

    /// All points that can be drawn.
    fn points(self, all: &[Series]) -> impl Iterator<Item = (f64, f64)> {
        all.iter().flat_map(|one| one.points.iter().copied()).filter(move |point| self.can_draw(*point))
    }

    /// Lines go from edge to edge.
    fn scale_of_x(self, values: impl Iterator<Item = f64>) -> Scale {
        let ends = |(low, high): (f64, f64), x: f64| (low.min(x), high.max(x));
        let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), ends);
        match (low < high, self.log_x) {
            (true, true) => Scale::Log { low, high },
            (true, false) => Scale::Linear { low, high },
            (false, is_log) => around(is_log, std::iter::once(low)),
        }
    }

    /// A line as a picture needs it; what a logarithmic axis has no place for is a gap.
    fn thinned(self, points: &[(f64, f64)]) -> Vec<(f64, f64)> {
        if !self.log_y {
            return thin_by(points, COLUMNS, self.place());
        }
        let shown = |&(x, y): &(f64, f64)| (x, if y > 0.0 { y } else { f64::NAN });
        thin_by(&points.iter().map(shown).collect::<Vec<_>>(), COLUMNS, self.place())
    }
}

fn around(is_log: bool, values: impl Iterator<Item = f64>) -> Scale {
    if is_log { Scale::log_around(values) } else { Scale::around(values) }
}

/// The colour of one of some lines.
fn paint(number: usize, count: usize) -> Paint {
    if count <= NAMED {
        Paint::Series(number)
    } else {
        // The palest colours of the map are hard to see as lines.
        Paint::Value(0.25 + 0.75 * number as f64 / (count - 1) as f64)
    }
}

/// Lines shine through where there are many.
fn opacity(count: usize) -> f64 {
    match count {
        0..=NAMED => 1.0,
        9..=30 => 0.75,
        31..=200 => 0.5,
        _ => 0.3,
    }
}

fn overlaid(all: &[Series], style: &SeriesStyle, axes: Axes) -> Drawn {
    let count = all.len();
    let width = if count <= NAMED { 1.8 } else { 1.1 };
    let is_smooth = style.smoothing > 0.0;
    let line = |(number, points): (usize, Vec<(f64, f64)>), share: f64| Line {
        points,
        paint: paint(number, count),
        width: if share < 1.0 { 1.0 } else { width },
        opacity: opacity(count) * share,
    };
    let mut lines = Vec::new();
    if is_smooth {
        lines.extend(all.iter().map(|one| axes.thinned(&one.points)).enumerate().map(|one| line(one, 0.25)));
    }
    let smooth = |one: &Series| {
        if is_smooth {
            axes.thinned(&smoothed(&one.points, style.smoothing))
        } else {
            axes.thinned(&one.points)
        }
    };
    lines.extend(all.iter().map(smooth).enumerate().map(|one| line(one, 1.0)));
    let name = |(number, one): (usize, &Series)| key(&one.name, number);
    let is_named = count <= NAMED;
    Drawn {
        marks: vec![Mark::Lines(lines)],
        legend: if is_named { all.iter().enumerate().map(name).collect() } else { Vec::new() },
        note: noted(&[order_note(!is_named), smoothing_note(style)]),
    }
}

fn key(name: &str, number: usize) -> Key {
    Key { paint: Paint::Series(number), look: Look::Line(Stroke::Solid), text: name.to_owned() }
}

/// What colours mean where lines have no names.
fn order_note(is_many: bool) -> String {
    if is_many { "From light to dark in their order.".to_owned() } else { String::new() }
}

fn noted(notes: &[String]) -> String {
    notes.iter().filter(|note| !note.is_empty()).map(String::as_str).collect::<Vec<_>>().join(" ")
}

fn smoothing_note(style: &SeriesStyle) -> String {
    if style.smoothing > 0.0 {
        format!(
            "Smoothed by a moving average with weight {} of the past; pale: as recorded.",
            style.smoothing
        )
    } else {
        String::new()
    }
}

fn in_groups(all: &[Series], style: &SeriesStyle, axes: Axes, spread: Spread) -> Drawn {
    let mut groups: BTreeMap<&str, Vec<&Series>> = BTreeMap::new();
    for one in all {
        groups.entry(&one.group).or_default().push(one);
    }
    let count = groups.len();
    let (mut bands, mut lines, mut legend) = (Vec::new(), Vec::new(), Vec::new());
    for (number, (name, members)) in groups.into_iter().enumerate() {
        let smooth: Vec<Vec<(f64, f64)>> =
            members.iter().map(|one| smoothed(&one.points, style.smoothing)).collect();
        let parts: Vec<&[(f64, f64)]> = smooth.iter().map(Vec::as_slice).collect();
        let both = gathered(&parts, CELLS, spread, axes.place());
        let paint = paint(number, count);
        if members.len() > 1 {
            bands.extend(both.bands.into_iter().map(|points| Mark::Band { points, paint }));
        }
        lines.push(Line { points: both.mean, paint, width: 2.2, opacity: 1.0 });
        let text = format!("{name} · {}", members.len());
        if count <= NAMED {
            legend.push(key(&text, number));
        }
    }
    bands.push(Mark::Lines(lines));
    let what = match spread {
        Spread::Ends => "Mean of each group, and the band from its lowest to its highest.",
        Spread::Deviation => "Mean of each group, and the band of one standard deviation.",
    };
    let smooth = if style.smoothing > 0.0 {
        format!("Smoothed with weight {}.", style.smoothing)
    } else {
        String::new()
    };
    let is_many = legend.is_empty() && count > 0;
    Drawn { marks: bands, legend, note: noted(&[what.to_owned(), order_note(is_many), smooth]) }
}

#[cfg(test)]
// Exact values are meant.
#[allow(clippy::float_cmp)]
mod tests {
    use super::*;
    use crate::draw::{Format, Options, draw};

    fn curve(name: &str, points: Vec<(f64, f64)>) -> Series {
        Series { name: name.to_owned(), group: name[..1].to_owned(), points }
    }

    fn level(name: &str, value: f64) -> Series {
        curve(name, (0..3000).map(|x| (f64::from(x), value)).collect())
    }

    fn lines(figure: &Figure) -> &[Line] {
        let Content::Chart { marks, .. } = &figure.panels[0].content else { panic!("{figure:?}") };
        let Some(Mark::Lines(lines)) = marks.last() else { panic!("{marks:?}") };
        lines
    }

    #[test]
    fn eight_have_names_and_more_have_colours_in_their_order() {
        let few: Vec<Series> = (0..8).map(|at| level(&format!("a{at}"), f64::from(at))).collect();
        let figure = series("t", "s", &few, &SeriesStyle::default());
        assert_eq!((figure.legend.len(), figure.note.as_str()), (8, ""));
        assert_eq!(lines(&figure)[7].paint, Paint::Series(7));
        let more: Vec<Series> = (0..9).map(|at| level(&format!("a{at}"), f64::from(at))).collect();
        let figure = series("t", "s", &more, &SeriesStyle::default());
        assert!(figure.legend.is_empty() && figure.note.contains("light to dark"));
    }

    #[test]
    fn smoothing_keeps_the_raw_line_pale() {
        let style = SeriesStyle { smoothing: 0.9, ..SeriesStyle::default() };
        let figure = series("t", "s", &[level("a", 1.0), level("b", 2.0)], &style);
        let lines = lines(&figure);
        assert_eq!(lines.len(), 4);
        assert!(lines[0].opacity < 0.5 && lines[3].opacity > 0.9 && lines[0].paint == lines[2].paint);
        assert!(figure.note.contains("0.9"), "{}", figure.note);
    }

    #[test]
    fn groups_are_a_mean_and_a_band() {
        let all = [level("a1", 1.0), level("a2", 3.0), level("b1", 9.0)];
        let style = SeriesStyle { groups: Some(Spread::Ends), ..SeriesStyle::default() };
        let figure = series("t", "s", &all, &style);
        let Content::Chart { marks, .. } = &figure.panels[0].content else { panic!() };
        let Mark::Band { points, .. } = &marks[0] else { panic!() };
        assert!(points.iter().all(|point| point.1 == 1.0 && point.2 == 3.0));
        assert_eq!((marks.len(), lines(&figure).len()), (2, 2), "one series has no band");
        assert_eq!(lines(&figure)[0].points[5].1, 2.0);
        assert_eq!(figure.legend[0].text, "a · 2");
    }

    #[test]
    fn a_logarithmic_axis_has_gaps_for_what_it_cannot_show() {
        let points = vec![(0.0, 1.0), (1.0, 2.0), (2.0, 0.0), (3.0, 4.0), (10.0, 8.0)];
        let style = SeriesStyle { log_x: true, log_y: true, ..SeriesStyle::default() };
        let figure = series("t", "s", &[curve("a", points)], &style);
        assert!(lines(&figure)[0].points.iter().any(|point| point.1.is_nan()));
        let Content::Chart { x, .. } = &figure.panels[0].content else { panic!() };
        assert_eq!(x.scale, Scale::Log { low: 1.0, high: 10.0 });
    }

    #[test]
    fn what_cannot_be_drawn_is_a_panel_that_says_so() {
        for all in
            [vec![], vec![curve("a", vec![])], vec![curve("a", vec![(f64::NAN, 1.0), (1.0, f64::INFINITY)])]]
        {
            let figure = series("t", "s", &all, &SeriesStyle::default());
            assert!(figure.is_empty());
            draw(&figure, &Options::default()).unwrap();
        }
        for style in [
            SeriesStyle::default(),
            SeriesStyle { groups: Some(Spread::Deviation), ..SeriesStyle::default() },
        ] {
            for points in [
                vec![(1.0, 1.0)],
                vec![(1.0, f64::MAX), (2.0, f64::MIN)],
                vec![(f64::MIN, 0.0), (f64::MAX, 1.0)],
            ] {
                let figure = series("t", "s", &[curve("a", points)], &style);
                for format in [Format::Png, Format::Svg] {
                    draw(&figure, &Options { format, ..Options::default() }).unwrap();
                }
            }
        }
    }

    #[test]
    fn equal_figures_are_equal_bytes() {
        let figure = || series("t", "s", &[level("a", 1.0)], &SeriesStyle::default());
        assert_eq!(
            draw(&figure(), &Options::default()).unwrap(),
            draw(&figure(), &Options::default()).unwrap()
        );
    }
}
