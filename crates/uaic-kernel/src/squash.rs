//! The hyperbolic tangent of rows.

use super::activation::tanh;
use super::{Row, kernel};

kernel! {
    /// `rows` ← tanh(rows)
    fn squash<'a>(rows: &'a mut [Row]) {
        for value in rows.as_flattened_mut() {
            *value = tanh(*value);
        }
    }
}

kernel! {
    /// `grad ⊙= 1 − squashed²`
    fn squash_back<'a>(squashed: &'a [Row], grad: &'a mut [Row]) {
        for (grad, y) in grad.as_flattened_mut().iter_mut().zip(squashed.as_flattened()) {
            *grad *= 1.0 - y * y;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{assert_close, on_all, random_rows};

    #[test]
    fn the_tangent_and_its_derivative_equal_the_definition() {
        let x = random_rows("squashed", 3);
        let [y, slopes] = on_all(|kernels| {
            let (mut y, mut slopes) = (x.clone(), vec![[1.0; 64]; 3]);
            kernels.squash(&mut y);
            kernels.squash_back(&y, &mut slopes);
            [y.into_flattened(), slopes.into_flattened()]
        });
        let x = || x.as_flattened().iter().map(|x| f64::from(*x));
        assert_close(&y, x().map(f64::tanh), 2e-7);
        assert_close(&slopes, x().map(|x| 1.0 - x.tanh().powi(2)), 1e-6);
    }
}
