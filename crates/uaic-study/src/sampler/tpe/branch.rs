//! Which parameters exist, told from coordinates: candidates are many, and their names and values
//! are only needed of the one that is chosen.

use crate::space::Space;
use crate::trial::ParamValue;

use super::super::axis::{ABSENT, Axis};

/// When each axis of a space exists.
#[derive(Clone, Debug, Default)]
pub(super) struct Branches {
    /// Per axis: axes that must exist, with the bits of the coordinates that they may have.
    conditions: Vec<Vec<(usize, Vec<u64>)>>,
}

impl Branches {
    /// Those of a space with these axes.
    pub(super) fn new(space: &Space, axes: &[Axis<'_>]) -> Self {
        if !space.is_conditional() {
            return Self::default();
        }
        let names: Vec<&str> = space.iter().map(|(name, _)| name).collect();
        let condition =
            |(parent, values): (&String, &Vec<ParamValue>)| match names.binary_search(&parent.as_str()) {
                Ok(at) => {
                    (at, values.iter().filter_map(|value| axes[at].encode(value)).map(f64::to_bits).collect())
                }
                // A parent that the space lacks exists nowhere: no coordinate is among none.
                Err(_) => (0, Vec::new()),
            };
        let conditions = names
            .iter()
            .map(|name| space.condition(name).into_iter().flatten().map(condition).collect())
            .collect();
        Self { conditions }
    }

    /// Makes the coordinates of parameters that do not exist beside the others absent.
    pub(super) fn prune(&self, point: &mut [f64]) {
        // Each pass can only take away, so that there are at most as many as there are axes.
        loop {
            let gone = (0..self.conditions.len())
                .find(|&axis| !point[axis].is_nan() && !holds(&self.conditions[axis], point));
            match gone {
                Some(axis) => point[axis] = ABSENT,
                None => return,
            }
        }
    }
}

fn holds(condition: &[(usize, Vec<u64>)], point: &[f64]) -> bool {
    condition.iter().all(|(parent, allowed)| allowed.contains(&point[*parent].to_bits()))
}

/// The axes that exist at a point.
pub(super) fn present(point: &[f64]) -> Vec<usize> {
    (0..point.len()).filter(|&axis| !point[axis].is_nan()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sampler::axis::{axes, draw_evenly, to_params};
    use crate::space::Distribution;
    use uaic_kernel::rng::SeedTree;

    #[test]
    fn coordinates_and_parameters_agree_on_what_exists() {
        let whole = Distribution::Int { low: 0, high: 3, step: 1 };
        let names = Distribution::Choice(["x", "y", "z"].map(ParamValue::from).to_vec());
        let space = Space::new([
            ("a".to_owned(), whole.clone()),
            ("b".to_owned(), names),
            ("c".to_owned(), Distribution::Log { low: 1e-3, high: 1.0 }),
            ("d".to_owned(), whole),
        ])
        .when("a", "b", ["x".into(), "z".into()])
        .when("c", "d", [ParamValue::Int(2), ParamValue::Int(3)])
        .when("d", "a", [ParamValue::Int(0), ParamValue::Int(1)]);
        let axes = axes(&space);
        let branches = Branches::new(&space, &axes);
        let mut rng = SeedTree::new(8).rng("branches");
        let mut sizes = [0; 5];
        for _ in 0..300 {
            let mut point = draw_evenly(&axes, &mut rng);
            let mut same = point.clone();
            branches.prune(&mut point);
            sizes[to_params(&space, &axes, &mut same).len()] += 1;
            assert_eq!(present(&point), present(&same));
        }
        assert!(sizes[1..].iter().all(|&count| count > 0), "{sizes:?}");
    }
}
