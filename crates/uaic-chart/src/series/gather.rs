//! Several lines as one: their mean, and a band around it.

/// What a band around a mean shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Spread {
    /// From the lowest to the highest of all lines.
    #[default]
    Ends,
    /// One standard deviation over the lines to both sides.
    Deviation,
}

/// The mean of several lines, and the band around it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gathered {
    /// x and the mean of the lines that have a value there; a gap where none has.
    pub mean: Vec<(f64, f64)>,
    /// x, lower and upper end, in parts without gaps.
    pub bands: Vec<Vec<(f64, f64, f64)>>,
}

/// Gathers lines in `cells` parts of the axis on which `place` says where an x is; where they have
/// no more different xs than that, x by x. In a part a line has the mean, the lowest and the highest
/// of its points; one that passes a part without a point there has what lies on the straight way
/// between its neighbours, unless a gap is between them.
pub fn gathered(
    lines: &[&[(f64, f64)]],
    cells: usize,
    spread: Spread,
    place: impl Fn(f64) -> f64,
) -> Gathered {
    let Some(grid) = Grid::new(lines, cells.max(1), &place) else { return Gathered::default() };
    let mut sums = vec![Sum::default(); grid.xs.len()];
    for line in lines {
        let own = grid.cells(line, &place);
        for (sum, cell) in sums.iter_mut().zip(&own) {
            sum.add(cell);
        }
    }
    let mut all = Gathered::default();
    let mut band = Vec::new();
    for (&x, sum) in grid.xs.iter().zip(&sums).filter(|(x, _)| !x.is_nan()) {
        all.mean.push((x, sum.mean()));
        match sum.ends(spread) {
            Some((low, high)) => band.push((x, low, high)),
            None if band.is_empty() => {}
            None => all.bands.push(std::mem::take(&mut band)),
        }
    }
    if !band.is_empty() {
        all.bands.push(band);
    }
    all
}

/// The parts of the axis.
struct Grid {
    /// The x of each part: its middle, or the one x in it.
    xs: Vec<f64>,
    /// The places of the same.
    places: Vec<f64>,
    /// Low end and width of even parts; none where each x is a part.
    even: Option<(f64, f64)>,
}

/// What one line has in one part.
#[derive(Clone, Copy, Default)]
struct Cell {
    sum: f64,
    count: f64,
    low: f64,
    high: f64,
    /// Whether a gap begins in it.
    has_gap: bool,
}

impl Cell {
    fn of(value: f64) -> Self {
        Self { sum: value, count: 1.0, low: value, high: value, has_gap: false }
    }

    fn add(&mut self, value: f64) {
        let other = if self.count > 0.0 { *self } else { Self { has_gap: self.has_gap, ..Self::of(value) } };
        self.low = other.low.min(value);
        self.high = other.high.max(value);
        self.sum += value;
        self.count += 1.0;
    }

    fn mean(&self) -> f64 {
        self.sum / self.count
    }
}

/// What all lines have in one part.
#[derive(Clone, Copy, Default)]
struct Sum {
    count: f64,
    mean: f64,
    /// Sum of squared distances to the mean (Welford 1962).
    squares: f64,
    low: f64,
    high: f64,
}

impl Sum {
    fn add(&mut self, cell: &Cell) {
        if cell.count == 0.0 {
            return;
        }
        let value = cell.mean();
        let is_first = self.count == 0.0;
        self.count += 1.0;
        let away = value - self.mean;
        self.mean += away / self.count;
        self.squares += away * (value - self.mean);
        self.low = if is_first { cell.low } else { self.low.min(cell.low) };
        self.high = if is_first { cell.high } else { self.high.max(cell.high) };
    }

    fn mean(&self) -> f64 {
        if self.count > 0.0 { self.mean } else { f64::NAN }
    }

    fn ends(&self, spread: Spread) -> Option<(f64, f64)> {
        let deviation = if self.count > 1.0 { (self.squares / (self.count - 1.0)).sqrt() } else { 0.0 };
        match spread {
            _ if self.count == 0.0 => None,
            Spread::Ends => Some((self.low, self.high)),
            Spread::Deviation => Some((self.mean - deviation, self.mean + deviation)),
        }
    }
}

impl Grid {
    fn new(lines: &[&[(f64, f64)]], cells: usize, place: &impl Fn(f64) -> f64) -> Option<Self> {
        let mut xs: Vec<(f64, f64)> = Vec::new();
        let mut ends: Option<(f64, f64)> = None;
        let mut are_few = true;
        for line in lines {
            for (x, at) in line.iter().map(|point| (point.0, place(point.0))).filter(|(_, at)| at.is_finite())
            {
                ends = Some(ends.map_or((at, at), |(low, high)| (low.min(at), high.max(at))));
                if are_few {
                    xs.push((at, x));
                }
            }
            xs.sort_by(|a, b| a.0.total_cmp(&b.0));
            xs.dedup_by(|a, b| a.0.total_cmp(&b.0).is_eq());
            are_few &= xs.len() <= cells;
        }
        let (low, high) = ends?;
        if are_few {
            let (places, xs) = xs.into_iter().unzip();
            return Some(Self { xs, places, even: None });
        }
        let width = high / cells as f64 - low / cells as f64;
        let places: Vec<f64> = (0..cells).map(|cell| low + (cell as f64 + 0.5) * width).collect();
        let mut grid = Self { xs: vec![f64::NAN; cells], places, even: Some((low, width)) };
        grid.name_xs(lines, place);
        Some(grid)
    }

    /// The x of an even part is that of a point which is nearest its middle, as `place` has no inverse;
    /// a part without points has none.
    fn name_xs(&mut self, lines: &[&[(f64, f64)]], place: &impl Fn(f64) -> f64) {
        let mut distances = vec![f64::INFINITY; self.xs.len()];
        for &(x, _) in lines.iter().flat_map(|line| line.iter()) {
            let at = place(x);
            let Some(cell) = self.cell(at) else { continue };
            let distance = (at - self.places[cell]).abs();
            if distance < distances[cell] {
                (distances[cell], self.xs[cell]) = (distance, x);
            }
        }
    }

    /// The part of a place: the even one, or that of its x.
    fn cell(&self, at: f64) -> Option<usize> {
        if !at.is_finite() {
            return None;
        }
        let last = self.places.len().checked_sub(1)?;
        let cell = match self.even {
            Some((low, width)) if width > 0.0 => ((at - low) / width).max(0.0) as usize,
            Some(_) => 0,
            None => self.places.partition_point(|place| *place < at),
        };
        Some(cell.min(last))
    }

    /// What a line has in each part.
    fn cells(&self, line: &[(f64, f64)], place: &impl Fn(f64) -> f64) -> Vec<Cell> {
        let mut cells = vec![Cell::default(); self.xs.len()];
        let mut latest: Option<usize> = None;
        for &(x, y) in line {
            match self.cell(place(x)) {
                Some(cell) if y.is_finite() => {
                    cells[cell].add(y);
                    latest = Some(cell);
                }
                cell => {
                    if let Some(cell) = cell.or(latest) {
                        cells[cell].has_gap = true;
                    }
                }
            }
        }
        self.bridge(&mut cells);
        cells
    }

    /// Fills parts that a line passes without a point.
    fn bridge(&self, cells: &mut [Cell]) {
        let mut before: Option<usize> = None;
        for next in 0..cells.len() {
            if cells[next].count == 0.0 {
                continue;
            }
            if let Some(before) = before
                && cells[before..=next].iter().all(|cell| !cell.has_gap)
            {
                let (from, to) = (cells[before].mean(), cells[next].mean());
                let (start, end) = (self.places[before], self.places[next]);
                for (cell, place) in cells.iter_mut().zip(&self.places).take(next).skip(before + 1) {
                    *cell = Cell::of(from + (place - start) / (end - start) * (to - from));
                }
            }
            before = Some(next);
        }
    }
}

#[cfg(test)]
// Exact values are meant.
#[allow(clippy::float_cmp)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at_once(lines: &[&[(f64, f64)]], cells: usize, spread: Spread) -> Gathered {
        gathered(lines, cells, spread, |x| x)
    }

    #[test]
    fn lines_with_the_same_steps_are_gathered_step_by_step() {
        let (a, b) = ([(0.0, 1.0), (1.0, 2.0), (2.0, 5.0)], [(0.0, 3.0), (2.0, 1.0)]);
        let all = at_once(&[&a, &b], 10, Spread::Ends);
        assert_eq!(all.mean, [(0.0, 2.0), (1.0, 2.0), (2.0, 3.0)], "the second passes 2 at 1");
        assert_eq!(all.bands, [[(0.0, 1.0, 3.0), (1.0, 2.0, 2.0), (2.0, 1.0, 5.0)]]);
        let deviation = at_once(&[&a, &b], 10, Spread::Deviation);
        let (_, low, high) = deviation.bands[0][0];
        assert!((high - low - 2.0 * 2.0_f64.sqrt()).abs() < 1e-12);
    }

    #[test]
    fn nothing_is_made_up_in_a_gap_or_beyond_the_ends() {
        let line = [(0.0, 1.0), (1.0, f64::NAN), (2.0, 1.0)];
        let other = [(1.0, 5.0)];
        let all = at_once(&[&line, &other], 10, Spread::Ends);
        assert_eq!(all.mean, [(0.0, 1.0), (1.0, 5.0), (2.0, 1.0)]);
        let alone = at_once(&[&line], 10, Spread::Ends);
        assert!(alone.mean[1].1.is_nan() && alone.bands.len() == 2);
    }

    #[test]
    fn a_spike_between_parts_widens_the_band() {
        let mut line: Vec<(f64, f64)> = (0..10_000).map(|x| (f64::from(x), 0.0)).collect();
        line[5_432].1 = 99.0;
        let all = at_once(&[&line, &line], 100, Spread::Ends);
        assert_eq!(all.mean.len(), 100);
        assert_eq!(all.bands[0].iter().map(|point| point.2).fold(0.0, f64::max), 99.0);
    }

    proptest! {
        #[test]
        fn the_mean_lies_in_the_band_of_the_ends(
            lines in prop::collection::vec(
                prop::collection::vec((-9.0..9.0_f64, prop_oneof![9 => -5.0..5.0_f64, 1 => Just(f64::NAN)]), 0..40),
                1..5,
            ),
            cells in 1_usize..30,
        ) {
            let parts: Vec<&[(f64, f64)]> = lines.iter().map(Vec::as_slice).collect();
            let all = at_once(&parts, cells, Spread::Ends);
            prop_assert!(all.mean.len() <= cells.max(40 * 5));
            prop_assert!(all.mean.is_sorted_by(|a, b| a.0 <= b.0));
            let means: Vec<f64> = all.mean.iter().map(|point| point.1).filter(|mean| !mean.is_nan()).collect();
            let bands: Vec<(f64, f64, f64)> = all.bands.concat();
            prop_assert_eq!(means.len(), bands.len());
            for (mean, (_, low, high)) in means.iter().zip(&bands) {
                prop_assert!(low - 1e-9 <= *mean && *mean <= high + 1e-9);
            }
        }
    }
}
