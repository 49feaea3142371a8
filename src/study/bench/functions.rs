//! The suite: functions of which the minimum is known, all to be minimised.

use std::f64::consts::{E, PI, TAU};

use crate::spec::{Distribution, Space};
use crate::trial::{ParamValue, Params};

/// A function to be minimised.
#[derive(Debug)]
pub struct Function {
    /// Its name; a number in it is that of its parameters.
    pub name: &'static str,
    /// What is hard about it, in a few words.
    pub about: &'static str,
    /// Its smallest value.
    pub minimum: f64,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    /// Of real numbers `x0`, `x1` … within bounds.
    Reals { bounds: &'static [(f64, f64)], value: fn(&[f64]) -> f64 },
    /// Of whole numbers `x0`, `x1` … within bounds.
    Integers { bounds: &'static [(i64, i64)], value: fn(&[f64]) -> f64 },
    /// Of parameters of every kind.
    Mixed,
}

/// Every function.
pub static FUNCTIONS: [Function; 18] = [
    reals("branin", "three equal minima", 0.397_887_357_729_738_16, &[(-5.0, 10.0), (0.0, 15.0)], branin),
    reals(
        "hartmann6",
        "a false minimum that draws most runs",
        -3.322_368_011_391_339,
        &[(0.0, 1.0); 6],
        hartmann6,
    ),
    reals("rosenbrock2", "a bent valley", 0.0, &[(-5.0, 10.0); 2], rosenbrock),
    reals("rosenbrock5", "a bent valley", 0.0, &[(-5.0, 10.0); 5], rosenbrock),
    reals("rosenbrock10", "a long bent valley", 0.0, &[(-5.0, 10.0); 10], rosenbrock),
    reals("levy4", "waves on a bowl", 0.0, &[(-10.0, 10.0); 4], levy),
    reals("levy8", "waves on a bowl", 0.0, &[(-10.0, 10.0); 8], levy),
    reals("ackley5s", "a needle in ripples, off the centre", 0.0, &[(-32.768, 32.768); 5], ackley_shifted),
    reals("ackley10", "a needle in ripples, at the centre", 0.0, &[(-32.768, 32.768); 10], ackley),
    reals("ackley10s", "a needle in ripples, off the centre", 0.0, &[(-32.768, 32.768); 10], ackley_shifted),
    reals("styblinski5", "2^5 minima", -195.830_828_518_856_2, &[(-5.0, 5.0); 5], styblinski),
    reals("rastrigin5", "11^5 minima", 0.0, &[(-5.12, 5.12); 5], rastrigin_shifted),
    reals("griewank6", "shallow waves on a wide bowl", 0.0, &[(-600.0, 600.0); 6], griewank_shifted),
    reals("schwefel5", "the best minimum far from the next best", 0.0, &[(-500.0, 500.0); 5], schwefel),
    reals("sphere5", "a bowl", 0.0, &[(-5.0, 5.0); 5], sphere_shifted),
    reals("sphere20", "a bowl of many dimensions", 0.0, &[(-5.0, 5.0); 20], sphere_shifted),
    Function {
        name: "integers6",
        about: "a bent valley in whole numbers",
        minimum: 0.0,
        kind: Kind::Integers { bounds: &[(-5, 10); 6], value: ellipsoid_shifted },
    },
    Function {
        name: "mixed",
        about: "real, whole, named and conditional parameters that depend on each other",
        minimum: 0.0,
        kind: Kind::Mixed,
    },
];

const fn reals(
    name: &'static str,
    about: &'static str,
    minimum: f64,
    bounds: &'static [(f64, f64)],
    value: fn(&[f64]) -> f64,
) -> Function {
    Function { name, about, minimum, kind: Kind::Reals { bounds, value } }
}

impl Function {
    /// The function of this name.
    pub fn by_name(name: &str) -> Option<&'static Self> {
        FUNCTIONS.iter().find(|function| function.name == name)
    }

    /// Where it is searched.
    pub fn space(&self) -> Space {
        match self.kind {
            Kind::Reals { bounds, .. } => {
                numbered(bounds.iter().map(|&(low, high)| Distribution::Uniform { low, high, step: None }))
            }
            Kind::Integers { bounds, .. } => {
                numbered(bounds.iter().map(|&(low, high)| Distribution::Int { low, high, step: 1 }))
            }
            Kind::Mixed => mixed_space(),
        }
    }

    /// Its value at a point of its space; NaN elsewhere.
    pub fn value(&self, params: &Params) -> f64 {
        match self.kind {
            Kind::Reals { value, .. } | Kind::Integers { value, .. } => {
                value(&params.values().filter_map(ParamValue::as_f64).collect::<Vec<_>>())
            }
            Kind::Mixed => mixed(params).unwrap_or(f64::NAN),
        }
    }
}

/// Parameters `x0`, `x1` …, with as many digits as keep them in order.
fn numbered(distributions: impl ExactSizeIterator<Item = Distribution>) -> Space {
    let digits = (distributions.len().saturating_sub(1)).to_string().len();
    Space::new(distributions.enumerate().map(|(i, one)| (format!("x{i:0digits$}"), one)))
}

fn branin(x: &[f64]) -> f64 {
    let (a, b) = (x[0], x[1]);
    let bend = b - 5.1 / (4.0 * PI.powi(2)) * a * a + 5.0 / PI * a - 6.0;
    bend.powi(2) + 10.0 * (1.0 - 1.0 / (8.0 * PI)) * a.cos() + 10.0
}

fn hartmann6(x: &[f64]) -> f64 {
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

fn ackley(x: &[f64]) -> f64 {
    let mean = |sum: f64| sum / x.len() as f64;
    let squares = mean(x.iter().map(|v| v * v).sum());
    let waves = mean(x.iter().map(|v| (TAU * v).cos()).sum());
    -20.0 * (-0.2 * squares.sqrt()).exp() - waves.exp() + 20.0 + E
}

fn rosenbrock(x: &[f64]) -> f64 {
    x.windows(2).map(|pair| 100.0 * (pair[1] - pair[0].powi(2)).powi(2) + (1.0 - pair[0]).powi(2)).sum()
}

fn levy(x: &[f64]) -> f64 {
    let w: Vec<f64> = x.iter().map(|v| 1.0 + (v - 1.0) / 4.0).collect();
    let [middle @ .., last] = w.as_slice() else { return f64::NAN };
    let first = (PI * w[0]).sin().powi(2);
    let waves: f64 =
        middle.iter().map(|w| (w - 1.0).powi(2) * (1.0 + 10.0 * (PI * w + 1.0).sin().powi(2))).sum();
    first + waves + (last - 1.0).powi(2) * (1.0 + (TAU * last).sin().powi(2))
}

fn styblinski(x: &[f64]) -> f64 {
    x.iter().map(|v| v.powi(4) - 16.0 * v * v + 5.0 * v).sum::<f64>() / 2.0
}

fn rastrigin(x: &[f64]) -> f64 {
    x.iter().map(|v| v * v - 10.0 * (TAU * v).cos() + 10.0).sum()
}

fn griewank(x: &[f64]) -> f64 {
    let bowl: f64 = x.iter().map(|v| v * v).sum::<f64>() / 4000.0;
    let waves: f64 = x.iter().zip(1..).map(|(v, i)| (v / f64::from(i).sqrt()).cos()).product();
    bowl - waves + 1.0
}

fn schwefel(x: &[f64]) -> f64 {
    418.982_887_272_433_7 * x.len() as f64 - x.iter().map(|v| v * v.abs().sqrt().sin()).sum::<f64>()
}

/// Moves coordinate i by `first + step · i`, so that samplers that like the centre get no gift.
fn shifted(x: &[f64], first: f64, step: f64) -> Vec<f64> {
    x.iter().zip(0..).map(|(v, i)| v - (first + step * f64::from(i))).collect()
}

fn ackley_shifted(x: &[f64]) -> f64 {
    ackley(&shifted(x, 7.3, -1.7))
}

fn rastrigin_shifted(x: &[f64]) -> f64 {
    rastrigin(&shifted(x, 2.3, -0.9))
}

fn griewank_shifted(x: &[f64]) -> f64 {
    griewank(&shifted(x, 210.0, -70.0))
}

fn sphere_shifted(x: &[f64]) -> f64 {
    shifted(x, 1.9, -0.2).iter().map(|v| v * v).sum()
}

/// An ellipsoid with axes from 1 to 100.
fn ellipsoid_shifted(x: &[f64]) -> f64 {
    let last = (x.len() - 1) as f64;
    shifted(x, 6.0, -1.0).iter().zip(0..).map(|(v, i)| 100_f64.powf(f64::from(i) / last) * v * v).sum()
}

fn mixed_space() -> Space {
    let names = |of: &[&str]| Distribution::Choice(of.iter().map(|&name| name.into()).collect());
    Space::new(
        [
            ("lr", Distribution::Log { low: 1e-5, high: 1e-1 }),
            ("wd", Distribution::Log { low: 1e-7, high: 1e-2 }),
            ("layers", Distribution::Int { low: 1, high: 8, step: 1 }),
            ("opt", names(&["sgd", "adam", "rmsprop"])),
            ("act", names(&["relu", "tanh", "gelu", "silu"])),
            ("momentum", Distribution::Uniform { low: 0.0, high: 0.99, step: None }),
        ]
        .map(|(name, distribution)| (name.to_owned(), distribution)),
    )
    .when("momentum", "opt", ["sgd".into()])
}

/// What tuning a small network is like: the best rate depends on the optimizer, the best depth on the
/// activation, and momentum exists for one optimizer only.
fn mixed(params: &Params) -> Option<f64> {
    let real = |name: &str| params.get(name).and_then(ParamValue::as_f64);
    let (best_rate, of_optimizer) = match text(params, "opt")? {
        "sgd" => (-1.5, 0.0),
        "adam" => (-3.0, 0.25),
        _ => (-3.3, 0.45),
    };
    let (best_layers, of_activation) = match text(params, "act")? {
        "relu" => (3.0, 0.3),
        "tanh" => (2.0, 0.5),
        "gelu" => (5.0, 0.0),
        _ => (6.0, 0.1),
    };
    let clash = text(params, "opt") == Some("rmsprop") && text(params, "act") == Some("gelu");
    Some(
        (real("lr")?.log10() - best_rate).powi(2)
            + 0.15 * (real("wd")?.log10() + 4.5).powi(2)
            + 0.12 * (real("layers")? - best_layers).powi(2)
            + of_optimizer
            + of_activation
            + if clash { 0.3 } else { 0.0 }
            + real("momentum").map_or(0.0, |momentum| 4.0 * (momentum - 0.9).powi(2)),
    )
}

fn text<'a>(params: &'a Params, name: &str) -> Option<&'a str> {
    match params.get(name)? {
        ParamValue::Text(text) => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(x: impl IntoIterator<Item = f64>) -> Params {
        x.into_iter().enumerate().map(|(i, v)| (format!("x{i}"), ParamValue::Float(v))).collect()
    }

    #[track_caller]
    fn assert_minimum(name: &str, params: &Params) {
        let function = Function::by_name(name).unwrap();
        approx::assert_abs_diff_eq!(function.value(params), function.minimum, epsilon = 1e-8);
    }

    #[test]
    fn the_functions_have_their_minima() {
        assert_minimum("branin", &at([PI, 2.275]));
        let hartmann =
            [0.201_689_511, 0.150_010_69, 0.476_873_975, 0.275_332_428, 0.311_651_617, 0.657_300_534];
        assert_minimum("hartmann6", &at(hartmann));
        for name in ["rosenbrock2", "rosenbrock5", "rosenbrock10", "levy4", "levy8"] {
            let dims = Function::by_name(name).unwrap().space().len();
            assert_minimum(name, &at(vec![1.0; dims]));
        }
        assert_minimum("ackley10", &at([0.0; 10]));
        assert_minimum("ackley10s", &at((0..10).map(|i| 7.3 - 1.7 * f64::from(i))));
        assert_minimum("styblinski5", &at([-2.903_534_027_771_177; 5]));
        assert_minimum("rastrigin5", &at((0..5).map(|i| 2.3 - 0.9 * f64::from(i))));
        assert_minimum("griewank6", &at((0..6).map(|i| 210.0 - 70.0 * f64::from(i))));
        assert_minimum("schwefel5", &at([420.968_746_359_982; 5]));
        let best = [
            ("lr", ParamValue::Float(10_f64.powf(-1.5))),
            ("wd", ParamValue::Float(10_f64.powf(-4.5))),
            ("layers", ParamValue::Int(5)),
            ("opt", "sgd".into()),
            ("act", "gelu".into()),
            ("momentum", ParamValue::Float(0.9)),
        ];
        assert_minimum("mixed", &best.map(|(name, value)| (name.to_owned(), value)).into());
    }

    #[test]
    fn no_drawn_point_is_below_the_minimum() {
        use crate::rng::SeedTree;
        use crate::study::sampler::{History, Settings, by_name};
        for function in &FUNCTIONS {
            let space = function.space();
            let mut random = by_name("random", &Settings::new(SeedTree::new(1))).unwrap();
            let history = History { space: &space, directions: &[], finished: &[], pending: &[] };
            for number in 0..500 {
                let params = random.propose(number, &history, &mut SeedTree::new(number.into()).rng("x"));
                let value = function.value(&params);
                assert!(value >= function.minimum, "{} is {value} at {params:?}", function.name);
            }
        }
    }
}
