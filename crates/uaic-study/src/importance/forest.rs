//! Regression trees whose leaves are boxes, so that averages over any of their dimensions are exact.

use rand::RngExt;

use uaic_kernel::rng::ChaCha8Rng;

/// Most names of a choice that are told apart; further ones count as the last.
const NAMES: usize = 128;

/// The coordinates of all trials on one axis.
pub(super) struct Column {
    /// From 0 to 1, or positions in the list of names.
    coordinates: Vec<f64>,
    /// How many names there are; `None` for a range.
    names: Option<usize>,
    /// The rows by rising coordinate.
    order: Vec<u32>,
}

impl Column {
    pub(super) fn new(coordinates: Vec<f64>, names: Option<usize>) -> Self {
        let mut order: Vec<u32> = (0..coordinates.len() as u32).collect();
        order.sort_by(|&a, &b| coordinates[a as usize].total_cmp(&coordinates[b as usize]));
        Self { coordinates, names: names.map(|names| names.min(NAMES)), order }
    }

    fn name(&self, row: u32) -> usize {
        (self.coordinates[row as usize] as usize).min(NAMES - 1)
    }
}

/// One side of a box.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Side {
    /// A part of the unit interval.
    Between { low: f64, high: f64 },
    /// Some of so many names, one bit for each.
    Among { names: u128, of: usize },
}

impl Side {
    /// The share of the axis that it covers.
    fn share(self) -> f64 {
        match self {
            Self::Between { low, high } => high - low,
            Self::Among { names, of } => f64::from(names.count_ones()) / of as f64,
        }
    }
}

/// A leaf: a box and the mean of the trials in it.
struct Leaf {
    sides: Vec<Side>,
    value: f64,
}

/// A grown tree; its leaves fill the space.
pub(super) struct Tree {
    leaves: Vec<Leaf>,
}

impl Tree {
    fn volume(leaf: &Leaf) -> f64 {
        leaf.sides.iter().map(|side| side.share()).product()
    }

    fn mean(&self) -> f64 {
        self.leaves.iter().map(|leaf| Self::volume(leaf) * leaf.value).sum()
    }

    /// The variance of the prediction over the whole space.
    pub(super) fn variance(&self) -> f64 {
        let mean = self.mean();
        self.leaves.iter().map(|leaf| Self::volume(leaf) * (leaf.value - mean).powi(2)).sum()
    }

    /// The variance of the prediction along one axis, averaged over all others.
    pub(super) fn marginal_variance(&self, axis: usize) -> f64 {
        let mean = self.mean();
        // What each leaf adds to the marginal wherever its side reaches.
        let parts = self.leaves.iter().map(|leaf| {
            let side = leaf.sides[axis];
            let beside: f64 = leaf
                .sides
                .iter()
                .enumerate()
                .filter(|(at, _)| *at != axis)
                .map(|(_, side)| side.share())
                .product();
            (side, beside * (leaf.value - mean))
        });
        let mut by_name = vec![0.0; NAMES];
        let mut steps = Vec::new();
        let mut count = 1;
        for (side, part) in parts {
            match side {
                Side::Between { low, high } => steps.extend([(low, part), (high, -part)]),
                Side::Among { names, of } => {
                    count = of;
                    (0..of).filter(|name| names >> name & 1 == 1).for_each(|name| by_name[name] += part);
                }
            }
        }
        let of_names: f64 = by_name[..count].iter().map(|part| part * part).sum::<f64>() / count as f64;
        of_names + integral_of_square(steps)
    }
}

/// The integral of the square of a step function, given as the places and heights of its steps.
fn integral_of_square(mut steps: Vec<(f64, f64)>) -> f64 {
    steps.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut height, mut sum) = (0.0, 0.0);
    for pair in steps.windows(2) {
        height += pair[0].1;
        sum += height * height * (pair[1].0 - pair[0].0);
    }
    sum
}

/// Where a node is divided.
enum Cut {
    /// Coordinates up to here go left.
    At(f64),
    /// These names go left.
    Names(u128),
}

/// The best division of a node that was found.
struct Split {
    axis: usize,
    cut: Cut,
    /// How far it lowers the sum of squares.
    gain: f64,
}

/// Grows a tree on `sample` trials drawn with replacement, until leaves are of one value or point.
pub(super) fn grow(columns: &[Column], values: &[f64], sample: usize, rng: &mut ChaCha8Rng) -> Tree {
    let mut weights = vec![0.0; values.len()];
    for _ in 0..sample {
        weights[rng.random_range(0..values.len())] += 1.0;
    }
    let drawn = |column: &Column| -> Vec<u32> {
        column.order.iter().copied().filter(|row| weights[*row as usize] > 0.0).collect()
    };
    let whole = |column: &Column| match column.names {
        None => Side::Between { low: 0.0, high: 1.0 },
        Some(of) => Side::Among { names: u128::MAX >> (NAMES - of), of },
    };
    let orders: Vec<Vec<u32>> = columns.iter().map(drawn).collect();
    let mut grower = Grower {
        columns,
        values,
        weights: &weights,
        goes_left: vec![false; values.len()],
        leaves: Vec::new(),
        rng,
    };
    grower.divide(orders, columns.iter().map(whole).collect());
    Tree { leaves: grower.leaves }
}

struct Grower<'a> {
    columns: &'a [Column],
    values: &'a [f64],
    /// How often each trial was drawn.
    weights: &'a [f64],
    /// By row, for the node that is being divided.
    goes_left: Vec<bool>,
    leaves: Vec<Leaf>,
    rng: &'a mut ChaCha8Rng,
}

impl Grower<'_> {
    /// Divides a node, given its rows by rising coordinate of each axis and its box.
    fn divide(&mut self, orders: Vec<Vec<u32>>, sides: Vec<Side>) {
        // Not by recursion: a tree of many trials may be deep.
        let mut open = vec![(orders, sides)];
        while let Some((orders, sides)) = open.pop() {
            let Some(split) = self.best_split(&orders) else {
                let (weight, sum) = self.sums(&orders[0]);
                self.leaves.push(Leaf { sides, value: sum / weight });
                continue;
            };
            let column = &self.columns[split.axis];
            for &row in &orders[0] {
                self.goes_left[row as usize] = match split.cut {
                    Cut::At(place) => column.coordinates[row as usize] <= place,
                    Cut::Names(names) => names >> column.name(row) & 1 == 1,
                };
            }
            let goes_left = &self.goes_left;
            let (left, right): (Vec<_>, Vec<_>) = orders
                .into_iter()
                .map(|order| order.into_iter().partition::<Vec<u32>, _>(|row| goes_left[*row as usize]))
                .unzip();
            let (mut left_sides, mut right_sides) = (sides.clone(), sides);
            [left_sides[split.axis], right_sides[split.axis]] = cut_side(left_sides[split.axis], &split.cut);
            open.push((right, right_sides));
            open.push((left, left_sides));
        }
    }

    /// The weight of rows and the sum of their values.
    fn sums(&self, rows: &[u32]) -> (f64, f64) {
        rows.iter().fold((0.0, 0.0), |(weight, sum), &row| {
            let own = self.weights[row as usize];
            (weight + own, sum + own * self.values[row as usize])
        })
    }

    /// `None` when all values are equal or no axis tells the rows apart.
    fn best_split(&mut self, orders: &[Vec<u32>]) -> Option<Split> {
        let value = |row: u32| self.values[row as usize];
        let (first, rest) = orders[0].split_first()?;
        if rest.iter().all(|&row| value(row).to_bits() == value(*first).to_bits()) {
            return None;
        }
        let (weight, sum) = self.sums(&orders[0]);
        let mean = sum / weight;
        let mut best: Option<Split> = None;
        // From a random axis on: in small nodes many axes divide equally well, and none may be favoured.
        let start = self.rng.random_range(0..orders.len());
        for at in 0..orders.len() {
            let axis = (start + at) % orders.len();
            let found = match self.columns[axis].names {
                None => self.split_of_range(axis, &orders[axis], mean),
                Some(_) => self.split_of_names(axis, &orders[axis], mean),
            };
            if let Some(split) = found
                && best.as_ref().is_none_or(|best| split.gain > best.gain)
            {
                best = Some(split);
            }
        }
        best
    }

    /// Between which neighbours the sides differ most.
    fn split_of_range(&self, axis: usize, order: &[u32], mean: f64) -> Option<Split> {
        let coordinates = &self.columns[axis].coordinates;
        let total: f64 = order.iter().map(|&row| self.weights[row as usize]).sum();
        let (mut weight, mut sum) = (0.0, 0.0);
        let mut best = None;
        let mut best_gain = f64::NEG_INFINITY;
        for pair in order.windows(2) {
            let [row, next] = [pair[0] as usize, pair[1] as usize];
            weight += self.weights[row];
            sum += self.weights[row] * (self.values[row] - mean);
            let gain = gain(weight, sum, total);
            if coordinates[row] < coordinates[next] && gain > best_gain {
                best_gain = gain;
                best = Some(f64::midpoint(coordinates[row], coordinates[next]));
            }
        }
        best.map(|place| Split { axis, cut: Cut::At(place), gain: best_gain })
    }

    /// Which names go left: of all subsets, the best is a head of the names by their mean (Fisher 1958).
    fn split_of_names(&self, axis: usize, order: &[u32], mean: f64) -> Option<Split> {
        let mut sums = vec![(0.0, 0.0); NAMES];
        for &row in order {
            let own = self.weights[row as usize];
            let (weight, sum) = &mut sums[self.columns[axis].name(row)];
            *weight += own;
            *sum += own * (self.values[row as usize] - mean);
        }
        let mut present: Vec<usize> = (0..NAMES).filter(|name| sums[*name].0 > 0.0).collect();
        present.sort_by(|a, b| (sums[*a].1 / sums[*a].0).total_cmp(&(sums[*b].1 / sums[*b].0)));
        let total: f64 = sums.iter().map(|(weight, _)| weight).sum();
        let (mut weight, mut sum, mut names) = (0.0, 0.0, 0_u128);
        let mut best = None;
        let mut best_gain = f64::NEG_INFINITY;
        for &name in &present[..present.len() - 1] {
            weight += sums[name].0;
            sum += sums[name].1;
            names |= 1 << name;
            let gain = gain(weight, sum, total);
            if gain > best_gain {
                best_gain = gain;
                best = Some(names);
            }
        }
        best.map(|names| Split { axis, cut: Cut::Names(names), gain: best_gain })
    }
}

/// How far the sum of squares falls when rows of this weight and sum leave a node whose values sum
/// to 0.
fn gain(weight: f64, sum: f64, total: f64) -> f64 {
    sum * sum / weight + sum * sum / (total - weight)
}

/// The two parts of a side. Names that none of the rows has go right.
fn cut_side(side: Side, cut: &Cut) -> [Side; 2] {
    match (side, cut) {
        (Side::Between { low, high }, &Cut::At(place)) => {
            [Side::Between { low, high: place }, Side::Between { low: place, high }]
        }
        (Side::Among { names, of }, &Cut::Names(left)) => {
            [Side::Among { names: left, of }, Side::Among { names: names & !left, of }]
        }
        (side, _) => [side, side],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use uaic_kernel::rng::SeedTree;

    fn forest() -> (Vec<Column>, Tree) {
        let mut rng = SeedTree::new(3).rng("forest");
        let rows = 80;
        let mut draw = |_| rng.random::<f64>();
        let ranges = [0, 1].map(|_| (0..rows).map(&mut draw).collect::<Vec<f64>>());
        let names: Vec<f64> = (0..rows).map(|row| f64::from(row % 3)).collect();
        let values: Vec<f64> =
            (0..rows as usize).map(|row| ranges[0][row] * ranges[1][row] + names[row]).collect();
        let [first, second] = ranges;
        let columns = vec![Column::new(first, None), Column::new(names, Some(3)), Column::new(second, None)];
        let tree = grow(&columns, &values, rows as usize, &mut SeedTree::new(4).rng("forest"));
        (columns, tree)
    }

    fn contains(side: Side, coordinate: f64) -> bool {
        match side {
            Side::Between { low, high } => (low..high).contains(&coordinate),
            Side::Among { names, .. } => names >> coordinate as usize & 1 == 1,
        }
    }

    /// The prediction at a point: that of the one leaf that contains it.
    fn predict(tree: &Tree, point: &[f64]) -> f64 {
        let inside = |leaf: &&Leaf| leaf.sides.iter().zip(point).all(|(side, x)| contains(*side, *x));
        let leaves: Vec<&Leaf> = tree.leaves.iter().filter(inside).collect();
        assert_eq!(leaves.len(), 1, "leaves fill the space and do not overlap");
        leaves[0].value
    }

    #[test]
    fn marginals_equal_adding_up_over_a_fine_grid() {
        let (_, tree) = forest();
        let steps = 200;
        let grid = |k: usize| (k as f64 + 0.5) / steps as f64;
        let mean_over = |values: Vec<f64>| values.iter().sum::<f64>() / values.len() as f64;
        let variance_of = |values: Vec<f64>| {
            let mean = mean_over(values.clone());
            mean_over(values.iter().map(|value| (value - mean).powi(2)).collect())
        };
        let names = || (0..3).map(f64::from);
        let along_first = (0..steps)
            .map(|a| {
                let others = (0..steps).flat_map(|b| names().map(move |name| (name, b)));
                mean_over(others.map(|(name, b)| predict(&tree, &[grid(a), name, grid(b)])).collect())
            })
            .collect();
        assert_relative_eq!(tree.marginal_variance(0), variance_of(along_first), max_relative = 0.05);
        let along_names = names()
            .map(|name| {
                let others = (0..steps).flat_map(|a| (0..steps).map(move |b| (a, b)));
                mean_over(others.map(|(a, b)| predict(&tree, &[grid(a), name, grid(b)])).collect())
            })
            .collect();
        assert_relative_eq!(tree.marginal_variance(1), variance_of(along_names), max_relative = 0.05);
    }

    #[test]
    fn leaves_fill_the_space() {
        let (columns, tree) = forest();
        assert_relative_eq!(tree.leaves.iter().map(Tree::volume).sum::<f64>(), 1.0, max_relative = 1e-12);
        assert!(tree.leaves.iter().all(|leaf| leaf.sides.len() == columns.len()));
        let parts: f64 = (0..3).map(|axis| tree.marginal_variance(axis)).sum();
        assert!(parts > 0.0 && parts <= tree.variance(), "single parameters explain a part of the whole");
    }
}
