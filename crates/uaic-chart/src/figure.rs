//! What a picture shows, as numbers and names.

use uaic_wording::number::differ;

/// A picture: one or more panels under a title.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figure {
    /// What it shows: `Optimisation history`.
    pub title: String,
    /// Of what, and how much of it: `attention · 200 trials`.
    pub subtitle: String,
    /// What it is made of, row by row.
    pub panels: Vec<Panel>,
    /// Panels per row.
    pub columns: usize,
    /// What colours and signs mean, for the whole picture; empty for none. Drawn outside the panels.
    pub legend: Vec<Key>,
    /// The colour map beside the panels, where marks are painted by value.
    pub colours: Option<ColourBar>,
    /// What a reader should know beside it, below the panels; often empty.
    pub note: String,
    /// Width divided by height that suits it; 1.6 when 0.
    pub aspect: f64,
    /// Width that suits it, where a usual picture is 800 wide; by its columns when 0.
    pub width: f64,
    /// How much of the height each row of panels takes, against the others; alike when empty.
    pub heights: Vec<f64>,
}

impl Figure {
    /// Whether no panel shows anything.
    pub fn is_empty(&self) -> bool {
        self.panels.iter().all(|panel| matches!(panel.content, Content::Empty(_)))
    }
}

/// One pair of axes and what is drawn between them.
#[derive(Clone, Debug, PartialEq)]
pub struct Panel {
    /// Above it; empty for none.
    pub title: String,
    /// What is drawn, first to last.
    pub content: Content,
}

/// What a panel holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// Marks between two axes.
    Chart {
        /// Horizontal.
        x: Axis,
        /// Vertical.
        y: Axis,
        /// What is drawn, the first at the bottom.
        marks: Vec<Mark>,
    },
    /// Parallel coordinates: one vertical axis per parameter, one line per trial.
    Parallel {
        /// The axes, left to right.
        axes: Vec<Axis>,
        /// The lines, the first at the bottom.
        lines: Vec<ParallelLine>,
    },
    /// Words in reading order, each on a ground as strong as its weight.
    Words {
        /// One sentence per entry.
        sentences: Vec<Sentence>,
    },
    /// Nothing can be shown, and why.
    Empty(String),
}

/// One line of parallel coordinates.
#[derive(Clone, Debug, PartialEq)]
pub struct ParallelLine {
    /// Where it crosses each axis, in the axis's own values; none where it has no value there.
    pub values: Vec<Option<f64>>,
    /// How it is painted.
    pub paint: Paint,
}

/// A sentence with a weight per word.
#[derive(Clone, Debug, PartialEq)]
pub struct Sentence {
    /// Words and weights; the weights sum to 1.
    pub words: Vec<(String, f64)>,
    /// What the model makes of it: `flight 0.98`.
    pub caption: String,
}

/// An axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// What it measures: `train.lr`, `recall`.
    pub label: String,
    /// How values become positions.
    pub scale: Scale,
    /// Whether numbers and names are left off, because a neighbour shows the same.
    pub bare: bool,
}

impl Axis {
    /// An axis with its label and numbers.
    pub fn new(label: impl Into<String>, scale: Scale) -> Self {
        Self { label: label.into(), scale, bare: false }
    }

    /// An axis without label or numbers.
    pub fn bare(scale: Scale) -> Self {
        Self { label: String::new(), scale, bare: true }
    }
}

/// How values become positions on an axis.
#[derive(Clone, Debug, PartialEq)]
pub enum Scale {
    /// Evenly, from `low` to `high`; both finite, `low < high`.
    Linear {
        /// Left or bottom end.
        low: f64,
        /// Right or top end.
        high: f64,
    },
    /// By logarithm; both above 0.
    Log {
        /// Left or bottom end.
        low: f64,
        /// Right or top end.
        high: f64,
    },
    /// Whole numbers only, evenly: epochs, trials, ranks.
    Count {
        /// Left or bottom end.
        low: f64,
        /// Right or top end.
        high: f64,
    },
    /// Names at 0, 1, 2 …, to be read: a vertical axis has the first at the top.
    Categories(Vec<String>),
    /// Names at 0, 1, 2 …, which grow: a vertical axis has the first at the bottom.
    Levels(Vec<String>),
}

impl Scale {
    /// A linear scale that holds all finite values, with some room; `0..1` when there are none.
    pub fn around(values: impl IntoIterator<Item = f64>) -> Self {
        let (low, high) = widened(ends(values).unwrap_or((0.0, 1.0)), 0.04);
        Self::Linear { low, high }
    }

    /// A logarithmic scale that holds all finite values above 0, with some room.
    pub fn log_around(values: impl IntoIterator<Item = f64>) -> Self {
        let (low, high) = ends(values.into_iter().filter(|value| *value > 0.0)).unwrap_or((0.1, 10.0));
        let room = if differ(low, high) { ((high.ln() - low.ln()) * 0.04).exp() } else { 1.5 };
        Self::Log { low: (low / room).max(f64::MIN_POSITIVE), high: (high * room).min(f64::MAX) }
    }

    /// The share of the axis below a value: 0 at its low end, 1 at its high end. Not finite where the
    /// value has no place.
    pub fn share(&self, value: f64) -> f64 {
        match self {
            // Halves, as the difference of two numbers may be too large for one.
            Self::Linear { low, high } | Self::Count { low, high } => {
                (value / 2.0 - low / 2.0) / (high / 2.0 - low / 2.0)
            }
            Self::Log { low, high } if value > 0.0 => (value.ln() - low.ln()) / (high.ln() - low.ln()),
            Self::Log { .. } => f64::NAN,
            Self::Categories(names) | Self::Levels(names) => (value + 0.5) / names.len().max(1) as f64,
        }
    }

    /// Whether it has names instead of numbers.
    pub fn has_names(&self) -> bool {
        matches!(self, Self::Categories(_) | Self::Levels(_))
    }

    /// From 0 to 1, for shares and probabilities.
    pub fn of_shares() -> Self {
        Self::Linear { low: 0.0, high: 1.0 }
    }
}

/// A range with a share of its width as room at both ends. Of what is one value but for rounding a
/// tenth of its size, so that noise does not look like a difference.
pub fn widened((low, high): (f64, f64), share: f64) -> (f64, f64) {
    let size = low.abs().max(high.abs());
    let room = match (differ(low, high), size > 0.0) {
        (true, _) => high * share - low * share,
        (false, true) => (size * 0.1).max(f64::MIN_POSITIVE),
        (false, false) => 0.05,
    };
    ((low - room).max(f64::MIN), (high + room).min(f64::MAX))
}

/// Smallest and largest of the finite values.
fn ends(values: impl IntoIterator<Item = f64>) -> Option<(f64, f64)> {
    let finite = values.into_iter().filter(|value| value.is_finite());
    finite.fold(None, |ends, value| {
        Some(ends.map_or((value, value), |(low, high): (f64, f64)| (low.min(value), high.max(value))))
    })
}

/// One thing that is drawn, in the values of the axes.
#[derive(Clone, Debug, PartialEq)]
pub enum Mark {
    /// A line through points in their order; it breaks where a value is not finite.
    Line {
        /// Its points.
        points: Vec<(f64, f64)>,
        /// How it is painted.
        paint: Paint,
        /// Its kind.
        stroke: Stroke,
    },
    /// Very many lines at once, or lines of very many points, each as one stroke: where it crosses
    /// itself it is no stronger.
    Lines(Vec<Line>),
    /// The area between two lines: `(x, low, high)`.
    Band {
        /// Its points, left to right.
        points: Vec<(f64, f64, f64)>,
        /// How it is painted; it is thinned so that lines show.
        paint: Paint,
    },
    /// Signs at points.
    Points {
        /// Where, and how each is painted.
        points: Vec<(f64, f64, Paint)>,
        /// Their sign.
        sign: Sign,
        /// Radius at a figure of 800 pixels width; 3 or 4 is usual.
        size: f64,
    },
    /// Bars from 0 (or the axis's low end): `(position, value, paint)`.
    Bars {
        /// Where on the one axis, how far on the other, and how painted.
        bars: Vec<(f64, f64, Paint)>,
        /// Share of the distance between neighbours that a bar fills; 0.8 is usual.
        width: f64,
        /// Which way they go.
        along: Along,
    },
    /// Intervals: `(position, low, high, paint)`.
    Intervals {
        /// Where on the one axis, between which values on the other, and how painted.
        intervals: Vec<(f64, f64, f64, Paint)>,
        /// Along which axis they go.
        along: Along,
    },
    /// Rectangles on the scales of the axes, each from `(x0, y0)` to `(x1, y1)`.
    Boxes(Vec<Rectangle>),
    /// A table of cells over two axes of categories: values from 0 to 1 are painted by the colour
    /// map, `None` stays blank.
    Cells {
        /// Row by row, the first at the top.
        rows: Vec<Vec<Option<f64>>>,
        /// What is written in the cells, where they are large enough; may be empty.
        texts: Vec<Vec<String>>,
    },
    /// A smooth surface over the whole panel: its values from 0 to 1 at evenly spaced positions,
    /// painted in steps with a line between them.
    Surface {
        /// Row by row, the first at the bottom; at least 2 by 2.
        rows: Vec<Vec<f64>>,
        /// Number of steps.
        levels: usize,
    },
    /// A line through the whole panel.
    Rule {
        /// Where on its axis.
        at: f64,
        /// The axis whose value it marks.
        of: Along,
        /// How it is painted.
        paint: Paint,
        /// Written at its end; empty for nothing.
        label: String,
    },
    /// Words at a point.
    Text {
        /// Where.
        at: (f64, f64),
        /// What.
        text: String,
        /// Whether it ends there instead of beginning there.
        ends: bool,
    },
}

/// One of many lines through points in their order; it breaks where a value is not finite.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Its points.
    pub points: Vec<(f64, f64)>,
    /// How it is painted.
    pub paint: Paint,
    /// Its width at a figure of 800 pixels width; 1 or 2 is usual.
    pub width: f64,
    /// From 0, which is not seen, to 1.
    pub opacity: f64,
}

/// A rectangle in the values of the axes.
#[derive(Clone, Debug, PartialEq)]
pub struct Rectangle {
    /// One corner.
    pub from: (f64, f64),
    /// The other.
    pub to: (f64, f64),
    /// How it is painted.
    pub paint: Paint,
}

/// How something is painted; the theme has the colours.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Paint {
    /// One of the theme's distinct colours, by number; they repeat after eight.
    Series(usize),
    /// A colour of the map, for a value from 0 (worst, least) to 1 (best, most).
    Value(f64),
    /// What stands back: other trials, chance lines.
    Muted,
    /// What stands out: the best.
    Accent,
    /// What is wrong.
    Wrong,
    /// The colour of text.
    Ink,
}

/// The kind of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stroke {
    /// As usual.
    Solid,
    /// For what is compared with.
    Dashed,
    /// Where there are many.
    Thin,
    /// Level, then up or down: each value holds until the next.
    Steps,
}

/// A sign at a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// A disc.
    Disc,
    /// A ring.
    Ring,
    /// For what failed.
    Cross,
    /// For the best.
    Diamond,
}

/// One of the two axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Along {
    /// The horizontal one.
    X,
    /// The vertical one.
    Y,
}

/// What one colour or sign means.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    /// How it is painted.
    pub paint: Paint,
    /// What it looks like.
    pub look: Look,
    /// What it means.
    pub text: String,
}

/// What an entry of a legend looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// A line.
    Line(Stroke),
    /// A sign.
    Sign(Sign),
    /// A filled square.
    Area,
}

/// What the colours of a map mean.
#[derive(Clone, Debug, PartialEq)]
pub struct ColourBar {
    /// What is painted: `val/accuracy`.
    pub label: String,
    /// The value at the worst end of the map.
    pub low: f64,
    /// The value at the best end of the map.
    pub high: f64,
}
