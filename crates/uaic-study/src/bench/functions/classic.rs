//! Functions of the literature, with the bounds that are usual for them.

use std::f64::consts::{E, PI, TAU};

pub(super) fn branin(x: &[f64]) -> f64 {
    let (a, b) = (x[0], x[1]);
    let bend = b - 5.1 / (4.0 * PI.powi(2)) * a * a + 5.0 / PI * a - 6.0;
    bend.powi(2) + 10.0 * (1.0 - 1.0 / (8.0 * PI)) * a.cos() + 10.0
}

pub(super) fn hartmann6(x: &[f64]) -> f64 {
    const WEIGHTS: [f64; 4] = [1.0, 1.2, 3.0, 3.2];
    const STEEPNESS: [[f64; 6]; 4] = [
        [10.0, 3.0, 17.0, 3.5, 1.7, 8.0],
        [0.05, 10.0, 17.0, 0.1, 8.0, 14.0],
        [3.0, 3.5, 1.7, 10.0, 17.0, 8.0],
        [17.0, 8.0, 0.05, 10.0, 0.1, 14.0],
    ];
    // In units of 1e-4.
    const CENTRES: [[f64; 6]; 4] = [
        [1312.0, 1696.0, 5569.0, 124.0, 8283.0, 5886.0],
        [2329.0, 4135.0, 8307.0, 3736.0, 1004.0, 9991.0],
        [2348.0, 1451.0, 3522.0, 2883.0, 3047.0, 6650.0],
        [4047.0, 8828.0, 8732.0, 5743.0, 1091.0, 381.0],
    ];
    let well = |i: usize| -> f64 {
        let distance: f64 = (0..6).map(|j| STEEPNESS[i][j] * (x[j] - CENTRES[i][j] * 1e-4).powi(2)).sum();
        WEIGHTS[i] * (-distance).exp()
    };
    -(0..4).map(well).sum::<f64>()
}

pub(super) fn ackley(x: &[f64]) -> f64 {
    let mean = |sum: f64| sum / x.len() as f64;
    let squares = mean(x.iter().map(|v| v * v).sum());
    let waves = mean(x.iter().map(|v| (TAU * v).cos()).sum());
    -20.0 * (-0.2 * squares.sqrt()).exp() - waves.exp() + 20.0 + E
}

pub(super) fn rosenbrock(x: &[f64]) -> f64 {
    x.windows(2).map(|pair| 100.0 * (pair[1] - pair[0].powi(2)).powi(2) + (1.0 - pair[0]).powi(2)).sum()
}

pub(super) fn levy(x: &[f64]) -> f64 {
    let w: Vec<f64> = x.iter().map(|v| 1.0 + (v - 1.0) / 4.0).collect();
    let [middle @ .., last] = w.as_slice() else { return f64::NAN };
    let first = (PI * w[0]).sin().powi(2);
    let waves: f64 =
        middle.iter().map(|w| (w - 1.0).powi(2) * (1.0 + 10.0 * (PI * w + 1.0).sin().powi(2))).sum();
    first + waves + (last - 1.0).powi(2) * (1.0 + (TAU * last).sin().powi(2))
}

pub(super) fn styblinski(x: &[f64]) -> f64 {
    x.iter().map(|v| v.powi(4) - 16.0 * v * v + 5.0 * v).sum::<f64>() / 2.0
}

pub(super) fn rastrigin(x: &[f64]) -> f64 {
    x.iter().map(|v| v * v - 10.0 * (TAU * v).cos() + 10.0).sum()
}

pub(super) fn griewank(x: &[f64]) -> f64 {
    let bowl: f64 = x.iter().map(|v| v * v).sum::<f64>() / 4000.0;
    let waves: f64 = x.iter().zip(1..).map(|(v, i)| (v / f64::from(i).sqrt()).cos()).product();
    bowl - waves + 1.0
}

pub(super) fn schwefel(x: &[f64]) -> f64 {
    418.982_887_272_433_7 * x.len() as f64 - x.iter().map(|v| v * v.abs().sqrt().sin()).sum::<f64>()
}

/// Moves coordinate i by `first + step · i`, so that samplers that like the centre get no gift.
pub(super) fn shifted(x: &[f64], first: f64, step: f64) -> Vec<f64> {
    x.iter().zip(0..).map(|(v, i)| v - (first + step * f64::from(i))).collect()
}

pub(super) fn ackley_shifted(x: &[f64]) -> f64 {
    ackley(&shifted(x, 7.3, -1.7))
}

pub(super) fn rastrigin_shifted(x: &[f64]) -> f64 {
    rastrigin(&shifted(x, 2.3, -0.9))
}

pub(super) fn griewank_shifted(x: &[f64]) -> f64 {
    griewank(&shifted(x, 210.0, -70.0))
}

pub(super) fn sphere_shifted(x: &[f64]) -> f64 {
    shifted(x, 1.9, -0.2).iter().map(|v| v * v).sum()
}

/// An ellipsoid with axes from 1 to 100.
pub(super) fn ellipsoid_shifted(x: &[f64]) -> f64 {
    let last = (x.len() - 1) as f64;
    shifted(x, 6.0, -1.0).iter().zip(0..).map(|(v, i)| 100_f64.powf(f64::from(i) / last) * v * v).sum()
}

/// Minimum −d(d + 4)(d − 1) / 6 at xᵢ = i(d + 1 − i).
pub(super) fn trid(x: &[f64]) -> f64 {
    let bowl: f64 = x.iter().map(|v| (v - 1.0).powi(2)).sum();
    bowl - x.windows(2).map(|pair| pair[0] * pair[1]).sum::<f64>()
}

pub(super) fn goldstein(x: &[f64]) -> f64 {
    let (a, b) = (x[0], x[1]);
    let first = 19.0 - 14.0 * a + 3.0 * a * a - 14.0 * b + 6.0 * a * b + 3.0 * b * b;
    let second = 18.0 - 32.0 * a + 12.0 * a * a + 48.0 * b - 36.0 * a * b + 27.0 * b * b;
    (1.0 + (a + b + 1.0).powi(2) * first) * (30.0 + (2.0 * a - 3.0 * b).powi(2) * second)
}

/// Of coordinates by fours.
pub(super) fn powell_shifted(x: &[f64]) -> f64 {
    let four = |part: &[f64]| {
        let [first, second] = [part[0] + 10.0 * part[1], part[2] - part[3]];
        let [third, fourth] = [part[1] - 2.0 * part[2], part[0] - part[3]];
        first.powi(2) + 5.0 * second.powi(2) + third.powi(4) + 10.0 * fourth.powi(4)
    };
    shifted(x, 3.1, -0.9).chunks_exact(4).map(four).sum()
}

/// Minimum 0 at xᵢ = 2^(2^(1 − i) − 1), counted from 1.
pub(super) fn dixon(x: &[f64]) -> f64 {
    let bends =
        x.windows(2).zip(2..).map(|(pair, i)| f64::from(i) * (2.0 * pair[1] * pair[1] - pair[0]).powi(2));
    (x[0] - 1.0).powi(2) + bends.sum::<f64>()
}

pub(super) fn michalewicz(x: &[f64]) -> f64 {
    -x.iter().zip(1..).map(|(v, i)| v.sin() * (f64::from(i) * v * v / PI).sin().powi(20)).sum::<f64>()
}

pub(super) fn zakharov_shifted(x: &[f64]) -> f64 {
    let z = shifted(x, 3.9, -1.3);
    let slope: f64 = z.iter().zip(1..).map(|(v, i)| 0.5 * f64::from(i) * v).sum();
    z.iter().map(|v| v * v).sum::<f64>() + slope.powi(2) + slope.powi(4)
}

/// The ellipsoid with axes from 1 to `condition`.
pub(super) fn ellipsoid(z: &[f64], condition: f64) -> f64 {
    let last = (z.len() - 1) as f64;
    z.iter().zip(0..).map(|(v, i)| condition.powf(f64::from(i) / last) * v * v).sum()
}
