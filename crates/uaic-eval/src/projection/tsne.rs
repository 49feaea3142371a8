//! Maps on which neighbours stay neighbours: t-SNE (van der Maaten & Hinton 2008).

use rand::{Rng, RngExt};

use super::pca;

/// Settings of [`tsne`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TsneOptions {
    /// About how many neighbours a row has. Cut to a third of the other rows.
    pub perplexity: f64,
    /// Steps of gradient descent.
    pub iterations: usize,
}

impl Default for TsneOptions {
    fn default() -> Self {
        Self { perplexity: 30.0, iterations: 500 }
    }
}

/// How much stronger attraction is at first, and during which share of the steps: clusters form
/// while there is room.
const EXAGGERATION: f32 = 12.0;
const EXAGGERATED_SHARE: f64 = 0.25;
/// Rows that one instruction may take; the sums of a row have so many parts on every machine.
const LANES: usize = 8;
/// Where the rows lie that fill the last lanes: so far off that they pull at nothing.
const FAR_OFF: f32 = 1e18;

/// The rows of a table `(N, F)` with F = `width` on a map with mean 0, one point per row; `None`
/// when a value is not finite.
///
/// The gradient is exact, which takes a time that grows with N²: give at most some thousand rows.
/// The map starts from the first two principal components, as scikit-learn's does (Kobak & Berens
/// 2019 say why), with a little noise from `rng`, so that equal rows part. Sums have a fixed order.
pub fn tsne(
    rows: &[f32],
    width: usize,
    options: &TsneOptions,
    rng: &mut impl Rng,
) -> Option<Vec<(f64, f64)>> {
    if rows.iter().any(|value| !value.is_finite()) {
        return None;
    }
    let count = rows.len().checked_div(width).unwrap_or(0);
    if count < 2 {
        return Some(vec![(0.0, 0.0); count]);
    }
    let perplexity = options.perplexity.min((count as f64 - 1.0) / 3.0).max(1.0);
    let affinities = affinities(rows, width, perplexity);
    let mut map = Map::new(&start(rows, width, rng));
    let exaggerated = (options.iterations as f64 * EXAGGERATED_SHARE) as usize;
    for step in 0..options.iterations {
        let (exaggeration, momentum) = if step < exaggerated { (EXAGGERATION, 0.5) } else { (1.0, 0.8) };
        map.step(&affinities, exaggeration, momentum);
    }
    Some(map.points())
}

/// The start: two principal components, the first with a standard deviation of 1e-4, and noise of
/// a hundredth of that.
fn start(rows: &[f32], width: usize, rng: &mut impl Rng) -> Vec<[f32; 2]> {
    const SCALE: f64 = 1e-4;
    let count = rows.len() / width;
    let found = pca(rows, width, 2);
    let (projected, components) =
        found.as_ref().map_or((&[][..], 0), |found| (&found.projected[..], found.shares.len()));
    let along = |row: usize, k: usize| if k < components { projected[row * components + k] } else { 0.0 };
    let squares: f64 = (0..count).map(|row| along(row, 0).powi(2)).sum();
    let deviation = (squares / count as f64).sqrt();
    let scale = if deviation > 0.0 { SCALE / deviation } else { 0.0 };
    let mut noise = || (rng.random::<f64>() - 0.5) * SCALE / 100.0;
    (0..count).map(|row| [0, 1].map(|k| (along(row, k) * scale + noise()) as f32)).collect()
}

/// How near rows are, `(N, N′)` with N′ the next multiple of the lanes: symmetric, sum 1, and 0
/// beyond N and on the diagonal.
fn affinities(rows: &[f32], width: usize, perplexity: f64) -> Vec<f32> {
    let count = rows.len() / width;
    let squared = squared_distances(rows, width);
    let target = libm::log(perplexity);
    let mut conditional = vec![0.0; count * count];
    for (row, (distances, out)) in
        squared.chunks_exact(count).zip(conditional.chunks_exact_mut(count)).enumerate()
    {
        neighbours(distances, row, target, out);
    }
    let stride = count.next_multiple_of(LANES);
    let mut joint = vec![0.0; count * stride];
    for row in 0..count {
        for column in (0..count).filter(|column| *column != row) {
            let sum = conditional[row * count + column] + conditional[column * count + row];
            joint[row * stride + column] = (sum / (2.0 * count as f64)).max(1e-12) as f32;
        }
    }
    joint
}

/// Squared distances between all rows, `(N, N)`.
fn squared_distances(rows: &[f32], width: usize) -> Vec<f64> {
    let count = rows.len() / width;
    let mut squared = vec![0.0; count * count];
    for (first, a) in rows.chunks_exact(width).enumerate() {
        for (second, b) in rows.chunks_exact(width).enumerate().skip(first + 1) {
            let mut sums = [0.0; LANES];
            for (a, b) in a.chunks(LANES).zip(b.chunks(LANES)) {
                for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
                    *sum += f64::from(a - b).powi(2);
                }
            }
            let sum = sums.iter().sum();
            squared[first * count + second] = sum;
            squared[second * count + first] = sum;
        }
    }
    squared
}

/// The share that each row has as a neighbour of one of them: a Gaussian as wide as gives them the
/// wanted entropy.
fn neighbours(squared: &[f64], own: usize, entropy: f64, shares: &mut [f64]) {
    const ROUNDS: u32 = 64;
    let others = || (0..squared.len()).filter(|other| *other != own);
    // Distances count from the nearest, so that not all shares vanish.
    let nearest = others().map(|other| squared[other]).fold(f64::INFINITY, f64::min);
    let mean = others().map(|other| squared[other] - nearest).sum::<f64>() / squared.len() as f64;
    if mean <= 0.0 {
        others().for_each(|other| shares[other] = 1.0 / (squared.len() as f64 - 1.0));
        return;
    }
    let (mut sharpness, mut low, mut high) = (1.0 / mean, 0.0, f64::INFINITY);
    for _ in 0..ROUNDS {
        let (mut sum, mut weighted) = (0.0, 0.0);
        for other in others() {
            let distance = squared[other] - nearest;
            let share = libm::exp(-sharpness * distance);
            shares[other] = share;
            sum += share;
            weighted += share * distance;
        }
        others().for_each(|other| shares[other] /= sum);
        let excess = libm::log(sum) + sharpness * weighted / sum - entropy;
        if excess.abs() < 1e-5 {
            break;
        }
        if excess > 0.0 {
            low = sharpness;
        } else {
            high = sharpness;
        }
        sharpness = if high.is_finite() { f64::midpoint(low, high) } else { 2.0 * sharpness };
    }
}

/// Points on their way, as columns that are filled up to whole lanes.
struct Map {
    count: usize,
    x: Vec<f32>,
    y: Vec<f32>,
    /// The last move of each point.
    moves: Vec<[f32; 2]>,
    /// How much faster than others a coordinate moves (Jacobs 1988).
    gains: Vec<[f32; 2]>,
}

/// What pulls and pushes one point.
#[derive(Clone, Copy, Default)]
struct Force {
    attraction: [f32; 2],
    repulsion: [f32; 2],
    /// Sum of the point's similarities to the others.
    similarity: f64,
}

impl Map {
    fn new(points: &[[f32; 2]]) -> Self {
        let count = points.len();
        let column = |k: usize| {
            let mut column: Vec<f32> = points.iter().map(|point| point[k]).collect();
            column.resize(count.next_multiple_of(LANES), FAR_OFF);
            column
        };
        let (x, y) = (column(0), column(1));
        Self { count, x, y, moves: vec![[0.0; 2]; count], gains: vec![[1.0; 2]; count] }
    }

    fn step(&mut self, affinities: &[f32], exaggeration: f32, momentum: f32) {
        let rows = affinities.chunks_exact(self.x.len());
        let forces: Vec<Force> = rows.enumerate().map(|(at, row)| self.force(at, row)).collect();
        let whole: f64 = forces.iter().map(|force| force.similarity).sum();
        let norm = (1.0 / whole) as f32;
        // A point's attractions sum to 4 · exaggeration / N: this is the fastest at which they do not
        // overshoot (Linderman & Steinerberger 2019; Belkina et al. 2019).
        let rate = self.count as f32 / (4.0 * exaggeration);
        for (at, force) in forces.iter().enumerate() {
            for (k, column) in [&mut self.x, &mut self.y].into_iter().enumerate() {
                let slope = 4.0 * (exaggeration * force.attraction[k] - norm * force.repulsion[k]);
                let (last, gain) = (&mut self.moves[at][k], &mut self.gains[at][k]);
                *gain = if *last * slope < 0.0 { *gain + 0.2 } else { (*gain * 0.8).max(0.01) };
                *last = momentum * *last - rate * *gain * slope;
                column[at] += *last;
            }
        }
    }

    fn force(&self, at: usize, affinities: &[f32]) -> Force {
        let (x, y) = (self.x[at], self.y[at]);
        let mut sums = [[0.0_f32; LANES]; 5];
        let columns = self.x.chunks_exact(LANES).zip(self.y.chunks_exact(LANES));
        for ((xs, ys), near) in columns.zip(affinities.chunks_exact(LANES)) {
            for lane in 0..LANES {
                let (dx, dy) = (x - xs[lane], y - ys[lane]);
                let similarity = 1.0 / (1.0 + dx * dx + dy * dy);
                let (pull, push) = (near[lane] * similarity, similarity * similarity);
                sums[0][lane] += similarity;
                sums[1][lane] += pull * dx;
                sums[2][lane] += pull * dy;
                sums[3][lane] += push * dx;
                sums[4][lane] += push * dy;
            }
        }
        let [similarity, attraction_x, attraction_y, repulsion_x, repulsion_y] =
            sums.map(|lanes| lanes.iter().sum::<f32>());
        Force {
            attraction: [attraction_x, attraction_y],
            repulsion: [repulsion_x, repulsion_y],
            // A point's similarity to itself is 1.
            similarity: f64::from(similarity) - 1.0,
        }
    }

    fn points(&self) -> Vec<(f64, f64)> {
        let middle = |column: &[f32]| {
            column[..self.count].iter().map(|value| f64::from(*value)).sum::<f64>() / self.count as f64
        };
        let (x, y) = (middle(&self.x), middle(&self.y));
        let columns = self.x.iter().zip(&self.y).take(self.count);
        columns.map(|(a, b)| (f64::from(*a) - x, f64::from(*b) - y)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand::rngs::ChaCha8Rng;

    fn map(rows: &[f32], width: usize, iterations: usize, seed: u64) -> Vec<(f64, f64)> {
        let options = TsneOptions { iterations, ..TsneOptions::default() };
        tsne(rows, width, &options, &mut ChaCha8Rng::seed_from_u64(seed)).unwrap()
    }

    /// Three clusters of 20 rows each, in turn, in ten dimensions.
    fn clusters() -> Vec<f32> {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let row = |i: usize| (0..10).map(move |c| if c == i % 3 { 5.0 } else { 0.0 });
        (0..60).flat_map(row).map(|middle: f32| middle + rng.random::<f32>()).collect()
    }

    /// The Kullback–Leibler divergence that the map is to make small.
    fn divergence(rows: &[f32], width: usize, map: &[(f64, f64)]) -> f64 {
        let count = map.len();
        let near = affinities(rows, width, 30_f64.min((count as f64 - 1.0) / 3.0));
        let stride = near.len() / count;
        let similarity =
            |a: usize, b: usize| 1.0 / (1.0 + (map[a].0 - map[b].0).powi(2) + (map[a].1 - map[b].1).powi(2));
        let pairs = || (0..count).flat_map(|a| (0..count).map(move |b| (a, b))).filter(|(a, b)| a != b);
        let whole: f64 = pairs().map(|(a, b)| similarity(a, b)).sum();
        let part = |(a, b): (usize, usize)| {
            let p = f64::from(near[a * stride + b]);
            p * (p * whole / similarity(a, b)).ln()
        };
        pairs().map(part).sum()
    }

    #[test]
    fn separated_clusters_stay_separated() {
        let map = map(&clusters(), 10, 300, 7);
        let distance = |a: usize, b: usize| (map[a].0 - map[b].0).hypot(map[a].1 - map[b].1);
        for row in 0..60 {
            let nearest = (0..60)
                .filter(|other| *other != row)
                .min_by(|a, b| distance(row, *a).total_cmp(&distance(row, *b)));
            assert_eq!(nearest.unwrap() % 3, row % 3);
        }
        assert!(map.iter().map(|point| point.0).sum::<f64>().abs() < 1e-6);
    }

    #[test]
    fn the_divergence_falls() {
        let rows = clusters();
        let found = [0, 100, 500].map(|iterations| divergence(&rows, 10, &map(&rows, 10, iterations, 7)));
        assert!(found[0] > found[1] && found[1] > found[2] && found[2] < 0.3, "{found:?}");
    }

    #[test]
    fn the_same_seed_gives_the_same_map() {
        let rows = clusters();
        assert_eq!(map(&rows, 10, 50, 7), map(&rows, 10, 50, 7));
        assert_ne!(map(&rows, 10, 50, 7), map(&rows, 10, 50, 8));
    }

    #[test]
    fn a_gradient_step_follows_the_slope_of_the_divergence() {
        let rows = clusters();
        let before = map(&rows, 10, 200, 7);
        let near = affinities(&rows, 10, 59.0 / 3.0);
        let points: Vec<[f32; 2]> = before.iter().map(|point| [point.0 as f32, point.1 as f32]).collect();
        let placed = Map::new(&points);
        let forces: Vec<Force> =
            near.chunks_exact(placed.x.len()).enumerate().map(|(at, row)| placed.force(at, row)).collect();
        let whole: f64 = forces.iter().map(|force| force.similarity).sum();
        for at in [0, 17, 59] {
            let slope =
                4.0 * (f64::from(forces[at].attraction[0]) - f64::from(forces[at].repulsion[0]) / whole);
            let moved = |by: f64| {
                let mut map = before.clone();
                map[at].0 += by;
                divergence(&rows, 10, &map)
            };
            let central = (moved(1e-3) - moved(-1e-3)) / 2e-3;
            assert!((slope - central).abs() < 1e-5, "{slope} {central}");
        }
    }

    #[test]
    fn few_or_equal_rows_have_a_map_too() {
        assert_eq!(map(&[], 3, 10, 7), []);
        assert_eq!(map(&[1.0, 2.0, 3.0], 3, 10, 7), [(0.0, 0.0)]);
        for rows in [&[1.0, 5.0][..], &[1.0, 2.0, 9.0], &[4.0; 20]] {
            assert!(map(rows, 1, 100, 7).iter().all(|point| point.0.is_finite() && point.1.is_finite()));
        }
        let options = TsneOptions::default();
        assert_eq!(tsne(&[f32::NAN, 1.0], 1, &options, &mut ChaCha8Rng::seed_from_u64(7)), None);
    }
}
