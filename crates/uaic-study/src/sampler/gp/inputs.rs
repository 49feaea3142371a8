//! Points as the kernel sees them: columns of numbers whose squared differences add up to a distance.

use super::super::axis::Axis;
use crate::space::Space;

/// What a column says of its axis.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Feature {
    /// The coordinate, the middle where the parameter does not exist.
    Number,
    /// Half a unit apart: whether the parameter exists. Together with the column before, this keeps
    /// absent values apart from all others, as far as two existing ones may be.
    Presence,
    /// The position in a list, −1 where the parameter does not exist; unequal ones are one unit apart.
    Label,
}

/// How points become rows of columns.
#[derive(Clone, Debug)]
pub(super) struct Encoding {
    features: Vec<(usize, Feature)>,
    axes: usize,
}

impl Encoding {
    /// That of a space with these axes.
    pub(super) fn new(space: &Space, axes: &[Axis<'_>]) -> Self {
        let mut features = Vec::new();
        for (index, ((name, _), axis)) in space.iter().zip(axes).enumerate() {
            match axis {
                Axis::Choice(_) => features.push((index, Feature::Label)),
                Axis::Range(_) => {
                    features.push((index, Feature::Number));
                    if space.condition(name).is_some() {
                        features.push((index, Feature::Presence));
                    }
                }
            }
        }
        Self { features, axes: axes.len() }
    }

    /// The number of axes, each of which has its own length scale.
    pub(super) fn axes(&self) -> usize {
        self.axes
    }

    /// The row of a point, whose coordinates are NaN where a parameter does not exist.
    pub(super) fn row(&self, point: &[f64]) -> Vec<f64> {
        self.features.iter().map(|&(axis, feature)| feature.of(point[axis])).collect()
    }

    /// The column of an axis that can be followed along its gradient.
    pub(super) fn number_column(&self, axis: usize) -> Option<usize> {
        self.features.iter().position(|&feature| feature == (axis, Feature::Number))
    }
}

impl Feature {
    fn of(self, coordinate: f64) -> f64 {
        match (self, coordinate.is_nan()) {
            (Self::Number, true) => 0.5,
            (Self::Presence, absent) => {
                if absent {
                    0.0
                } else {
                    0.5
                }
            }
            (Self::Label, true) => -1.0,
            (Self::Number | Self::Label, false) => coordinate,
        }
    }
}

/// Several points, column by column.
#[derive(Clone, Debug)]
pub(super) struct Inputs {
    encoding: Encoding,
    columns: Vec<Vec<f64>>,
    rows: usize,
}

impl Inputs {
    /// No points yet.
    pub(super) fn new(encoding: Encoding) -> Self {
        Self { columns: vec![Vec::new(); encoding.features.len()], encoding, rows: 0 }
    }

    /// Adds a row.
    pub(super) fn push(&mut self, row: &[f64]) {
        for (column, entry) in self.columns.iter_mut().zip(row) {
            column.push(*entry);
        }
        self.rows += 1;
    }

    /// The number of points.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// How rows came about.
    pub(super) fn encoding(&self) -> &Encoding {
        &self.encoding
    }

    /// The entries of one column.
    pub(super) fn column(&self, column: usize) -> &[f64] {
        &self.columns[column]
    }

    /// The axis of a column.
    pub(super) fn axis_of(&self, column: usize) -> usize {
        self.encoding.features[column].0
    }

    /// Row `row`.
    pub(super) fn row(&self, row: usize) -> Vec<f64> {
        self.columns.iter().map(|column| column[row]).collect()
    }

    /// Squared distances of `row` to all points, each axis times its weight, into `distances`.
    pub(super) fn distances(&self, row: &[f64], weights: &[f64], distances: &mut Vec<f64>) {
        distances.clear();
        distances.resize(self.rows, 0.0);
        for ((column, entry), &(axis, feature)) in self.columns.iter().zip(row).zip(&self.encoding.features) {
            add_gaps(column, *entry, feature, weights[axis], distances);
        }
    }

    /// Squared distances along one axis between all pairs, as the lower triangle of a matrix.
    pub(super) fn triangle(&self, axis: usize) -> Vec<f64> {
        let mut triangle = vec![0.0; self.rows * (self.rows + 1) / 2];
        for (column, &(of, feature)) in self.columns.iter().zip(&self.encoding.features) {
            if of == axis {
                let mut start = 0;
                for i in 0..self.rows {
                    let target = &mut triangle[start..=start + i];
                    add_gaps(&column[..=i], column[i], feature, 1.0, target);
                    start += i + 1;
                }
            }
        }
        triangle
    }
}

fn add_gaps(column: &[f64], entry: f64, feature: Feature, weight: f64, target: &mut [f64]) {
    let pairs = target.iter_mut().zip(column);
    if feature == Feature::Label {
        pairs.for_each(|(target, other)| *target += if (entry - other).abs() > 0.5 { weight } else { 0.0 });
    } else {
        pairs.for_each(|(target, other)| *target += weight * (entry - other) * (entry - other));
    }
}
