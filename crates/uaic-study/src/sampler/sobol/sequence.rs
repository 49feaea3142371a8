//! The Sobol' sequence with Owen's scrambling: points that fill a cube evenly, however many there are.

use rand::Rng;

use uaic_kernel::rng::SeedTree;

use super::directions::ROWS;

/// Dimensions that one sequence has. Beyond them come further sequences, each shuffled on its own: every
/// block of dimensions is even in itself, and blocks are independent of each other.
const BLOCK: usize = ROWS.len() + 1;

/// A scrambled Sobol' sequence of any number of dimensions.
///
/// Nested uniform scrambling (Owen 1995) by hashing (Laine and Karras 2011; Burley 2020, "Practical
/// hash-based Owen scrambling"). Every aligned run of 2^k points has one in each of 2^k equal slices of
/// every dimension.
#[derive(Clone, Debug)]
pub(in crate::sampler) struct Sobol {
    dimensions: Vec<Dimension>,
}

#[derive(Clone, Debug)]
struct Dimension {
    /// What bit `k` of the index adds, by exclusive or.
    directions: [u32; 32],
    /// Shuffles the index; the same for all dimensions of a block.
    shuffle: u32,
    /// Scrambles the digits.
    scramble: u32,
}

impl Sobol {
    /// A sequence of points with `dims` coordinates; other seeds give other scramblings.
    pub(in crate::sampler) fn new(seeds: &SeedTree, dims: usize) -> Self {
        let dimension = |dim: usize| Dimension {
            directions: directions(dim % BLOCK),
            shuffle: draw(seeds, "block", dim / BLOCK),
            scramble: draw(seeds, "dimension", dim),
        };
        Self { dimensions: (0..dims).map(dimension).collect() }
    }

    /// Writes point number `index` to `out`, a coordinate per dimension, each above 0 and below 1.
    pub(in crate::sampler) fn point(&self, index: u32, out: &mut [f64]) {
        for (coordinate, dimension) in out.iter_mut().zip(&self.dimensions) {
            let bits = digits(&dimension.directions, scrambled(index, dimension.shuffle));
            // In the middle of its 2^-32, so that no coordinate is 0.
            *coordinate = (f64::from(scrambled(bits, dimension.scramble)) + 0.5) / 4_294_967_296.0;
        }
    }
}

fn draw(seeds: &SeedTree, label: &str, index: usize) -> u32 {
    seeds.child(label, index as u64).rng("sobol").next_u32()
}

/// The direction numbers of a dimension of the first block, the most significant digit at the top.
fn directions(dim: usize) -> [u32; 32] {
    // The first dimension reverses the bits of the index.
    let mut v = std::array::from_fn(|k| 1 << (31 - k));
    let Some(&(polynomial, first)) = dim.checked_sub(1).and_then(|row| ROWS.get(row)) else { return v };
    let degree = first.len();
    for k in 0..v.len() {
        v[k] = match first.get(k) {
            Some(m) => m << (31 - k),
            None => (1..degree)
                .filter(|&power| polynomial >> (degree - power) & 1 == 1)
                .fold(v[k - degree] ^ (v[k - degree] >> degree), |sum, power| sum ^ v[k - power]),
        };
    }
    v
}

/// The digits of point `index`, not scrambled.
fn digits(directions: &[u32; 32], index: u32) -> u32 {
    (0..32).filter(|k| index >> k & 1 == 1).fold(0, |sum, k| sum ^ directions[k])
}

/// Flips every bit by a hash of the bits above it.
fn scrambled(bits: u32, seed: u32) -> u32 {
    // In a product a bit depends on those below it alone, hence the reversal. Constants by Vegdahl
    // 2021, who searched for those with the least bias.
    let mut x = bits.reverse_bits();
    x ^= x.wrapping_mul(0x3d20_adea);
    x = x.wrapping_add(seed);
    x = x.wrapping_mul((seed >> 16) | 1);
    x ^= x.wrapping_mul(0x0552_6c56);
    x ^= x.wrapping_mul(0x53a2_2864);
    x.reverse_bits()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(dims: usize, count: u32, seed: u64) -> Vec<Vec<f64>> {
        let sequence = Sobol::new(&SeedTree::new(seed), dims);
        (0..count)
            .map(|index| {
                let mut point = vec![0.0; dims];
                sequence.point(index, &mut point);
                point
            })
            .collect()
    }

    /// ```python
    /// from scipy.stats import qmc                        # SciPy 1.17.1
    /// x = qmc.Sobol(64, scramble=False).random(64)       # in the order of Gray codes
    /// [[x[i][j] for j in (0, 1, 2, 5, 31, 63)] for i in (1, 2, 3, 7, 13, 45)]
    /// ```
    #[test]
    fn the_digits_are_those_of_scipy() {
        let golden: [[f64; 6]; 6] = [
            [0.5, 0.5, 0.5, 0.5, 0.5, 0.5],
            [0.75, 0.25, 0.25, 0.75, 0.25, 0.75],
            [0.25, 0.75, 0.75, 0.25, 0.75, 0.25],
            [0.125, 0.625, 0.375, 0.375, 0.875, 0.375],
            [0.8125, 0.6875, 0.8125, 0.9375, 0.4375, 0.0625],
            [0.859_375, 0.953_125, 0.390_625, 0.109_375, 0.953_125, 0.390_625],
        ];
        for (row, gray) in golden.iter().zip([1_u32, 2, 3, 7, 13, 45]) {
            let index = gray ^ (gray >> 1);
            let found =
                [0, 1, 2, 5, 31, 63].map(|dim| f64::from(digits(&directions(dim), index)) / 4_294_967_296.0);
            assert!(
                found.iter().zip(row).all(|(x, y)| x.to_bits() == y.to_bits()),
                "point {gray}: {found:?}"
            );
        }
    }

    #[test]
    fn every_slice_of_every_dimension_has_one_of_2_to_the_k_points() {
        for seed in 0..3 {
            for count in [1_u32, 8, 64] {
                let points = points(130, count, seed);
                for dim in 0..130 {
                    let mut slices: Vec<u32> =
                        points.iter().map(|point| (point[dim] * f64::from(count)) as u32).collect();
                    slices.sort_unstable();
                    assert!(slices.into_iter().eq(0..count), "dimension {dim}");
                }
            }
        }
    }

    #[test]
    fn the_first_two_dimensions_are_a_net() {
        // 64 points: one in each of the 64 boxes of any shape.
        let points = points(2, 64, 5);
        for bits in 0..=6 {
            let (wide, high) = (f64::from(1 << bits), f64::from(64 >> bits));
            let boxes: std::collections::BTreeSet<(u32, u32)> =
                points.iter().map(|x| ((x[0] * wide) as u32, (x[1] * high) as u32)).collect();
            assert_eq!(boxes.len(), 64, "{wide} by {high}");
        }
    }

    #[test]
    fn blocks_of_dimensions_and_seeds_differ() {
        let one = points(BLOCK + 1, 32, 1);
        assert!(one.iter().any(|point| (point[0] - point[BLOCK]).abs() > 0.1));
        assert_ne!(one, points(BLOCK + 1, 32, 2));
    }
}
