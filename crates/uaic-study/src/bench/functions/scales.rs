//! Functions that are hard for their values: over orders of magnitude, from plateaus, with noise.

use super::classic::{ellipsoid, shifted};

/// Two rounds of turns in the planes of neighbouring coordinates, so that no axis is left to itself.
fn rotated(mut z: Vec<f64>) -> Vec<f64> {
    let (cosine, sine) = (0.7_f64.cos(), 0.7_f64.sin());
    for _ in 0..2 {
        for i in 1..z.len() {
            let (a, b) = (z[i - 1], z[i]);
            z[i - 1] = cosine * a - sine * b;
            z[i] = sine * a + cosine * b;
        }
    }
    z
}

pub(super) fn rosenbrock_shifted(x: &[f64]) -> f64 {
    super::classic::rosenbrock(&shifted(x, 6.0, -1.7))
}

pub(super) fn ellipsoid_straight(x: &[f64]) -> f64 {
    ellipsoid(&shifted(x, 1.9, -0.6), 1e6)
}

pub(super) fn ellipsoid_rotated(x: &[f64]) -> f64 {
    ellipsoid(&rotated(shifted(x, 1.9, -0.6)), 1e6)
}

pub(super) fn cigar_rotated(x: &[f64]) -> f64 {
    let z = rotated(shifted(x, 1.9, -0.4));
    z[0].powi(2) + 1e6 * z[1..].iter().map(|v| v * v).sum::<f64>()
}

pub(super) fn discus(x: &[f64]) -> f64 {
    let z = shifted(x, 2.1, -0.7);
    1e6 * z[0].powi(2) + z[1..].iter().map(|v| v * v).sum::<f64>()
}

/// Powers from 2 to 10.
pub(super) fn powers(x: &[f64]) -> f64 {
    let last = (x.len() - 1) as f64;
    shifted(x, 2.1, -0.9).iter().zip(0..).map(|(v, i)| v.abs().powf(2.0 + 8.0 * f64::from(i) / last)).sum()
}

pub(super) fn exponential(x: &[f64]) -> f64 {
    (0.02 * ellipsoid(&shifted(x, 1.9, -0.6), 20.0)).exp() - 1.0
}

pub(super) fn log_bowl(x: &[f64]) -> f64 {
    (1e-6 + ellipsoid(&shifted(x, 1.9, -0.8), 100.0)).ln()
}

pub(super) fn steps(x: &[f64]) -> f64 {
    let floors: Vec<f64> = shifted(x, 3.9, -1.3).iter().map(|v| (v.abs() + 0.5).floor()).collect();
    ellipsoid(&floors, 100.0)
}

/// A draw from 0 to 1 that depends on every digit of a point.
fn hashed(z: &[f64]) -> f64 {
    let phase: f64 = z.iter().zip(0..).map(|(v, i)| (12.9898 + 7.233 * f64::from(i)) * v).sum();
    (phase.sin().abs() * 43_758.545_3) % 1.0
}

/// A bowl times noise: the exponential of a nearly normal draw, which is at most 4.2 deviations off.
pub(super) fn noisy(x: &[f64]) -> f64 {
    let z = shifted(x, 1.9, -0.6);
    let draw = |k: u32| hashed(&z.iter().map(|v| v + f64::from(k)).collect::<Vec<_>>());
    let normal = ((0..6).map(draw).sum::<f64>() - 3.0) / 0.5_f64.sqrt();
    (1.0 + ellipsoid(&z, 100.0)) * (0.3 * normal).exp()
}

/// Parameters that multiply each other's errors.
pub(super) fn product(x: &[f64]) -> f64 {
    shifted(x, 3.9, -1.1).iter().zip(1..).map(|(v, i)| 1.0 + f64::from(i) * v.abs()).product::<f64>() - 1.0
}

pub(super) fn well(x: &[f64]) -> f64 {
    let distance: f64 = shifted(x, 1.9, -0.8).iter().map(|v| v * v).sum();
    -(12.0 - distance / (2.0 * 1.2 * 1.2)).exp()
}

pub(super) fn cliff(x: &[f64]) -> f64 {
    ellipsoid(&shifted(x, 1.9, -0.8), 10.0).min(60.0)
}
