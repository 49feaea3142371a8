//! Functions of parameters of several kinds, as trainings and pipelines have them.

use crate::space::{Distribution, Space};
use crate::trial::{ParamValue, Params};

use super::classic::ellipsoid;

fn space<const N: usize>(parameters: [(&str, Distribution); N]) -> Space {
    Space::new(parameters.map(|(name, distribution)| (name.to_owned(), distribution)))
}

fn names(of: &[&str]) -> Distribution {
    Distribution::Choice(of.iter().map(|&name| name.into()).collect())
}

const fn uniform(low: f64, high: f64) -> Distribution {
    Distribution::Uniform { low, high, step: None }
}

pub(super) fn mixed_space() -> Space {
    space([
        ("lr", Distribution::Log { low: 1e-5, high: 1e-1 }),
        ("wd", Distribution::Log { low: 1e-7, high: 1e-2 }),
        ("layers", Distribution::Int { low: 1, high: 8, step: 1 }),
        ("opt", names(&["sgd", "adam", "rmsprop"])),
        ("act", names(&["relu", "tanh", "gelu", "silu"])),
        ("momentum", uniform(0.0, 0.99)),
    ])
    .when("momentum", "opt", ["sgd".into()])
}

/// What tuning a small network is like: the best rate depends on the optimizer, the best depth on the
/// activation, and momentum exists for one optimizer only.
pub(super) fn mixed(params: &Params) -> Option<f64> {
    let real = |name| real(params, name);
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

fn real(params: &Params, name: &str) -> Option<f64> {
    params.get(name).and_then(ParamValue::as_f64)
}

pub(super) fn rates_space() -> Space {
    let rate = Distribution::Log { low: 1e-6, high: 1e2 };
    Space::new((0..5).map(|i| (format!("x{i}"), rate.clone())))
}

/// A ridge across three rates, to the fourth power of their logarithms.
pub(super) fn rates(params: &Params) -> Option<f64> {
    let x: Vec<f64> = params.values().filter_map(ParamValue::as_f64).map(f64::log10).collect();
    let z: Vec<f64> = x.iter().zip(0..).map(|(v, i)| v - (-3.5 + 0.8 * f64::from(i))).collect();
    // The ridge goes through the minimum: −3.5 − 2.7 + 1.9 = −4.3.
    let ridge = x.first()? + x.get(1)? - x.get(2)? + 4.3;
    Some((ellipsoid(&z, 30.0) + 100.0 * ridge.powi(2)).powi(2))
}

pub(super) fn diverging_space() -> Space {
    space([
        ("lr", Distribution::Log { low: 1e-6, high: 10.0 }),
        ("wd", Distribution::Log { low: 1e-8, high: 1.0 }),
        ("momentum", uniform(0.0, 0.999)),
        ("dropout", uniform(0.0, 0.9)),
        ("width", Distribution::IntLog { low: 8, high: 4096 }),
        ("depth", Distribution::Int { low: 1, high: 12, step: 1 }),
    ])
}

/// Trainings that diverge, to 10^11 or infinity, where steps are too large.
pub(super) fn diverging(params: &Params) -> Option<f64> {
    let real = |name| real(params, name);
    let step = (real("lr")? / (1.0 - real("momentum")?)).log10();
    let (width, depth) = (real("width")?.log10(), real("depth")?);
    let excess = step + 0.5 * width + 0.1 * depth - 0.5;
    if excess > 2.0 {
        return Some(f64::INFINITY);
    }
    if excess > 0.0 {
        return Some(1e11 * (1.0 + excess));
    }
    Some(
        0.3 * (step + 2.0).powi(2)
            + 0.05 * (real("wd")?.log10() + 4.0).powi(2)
            + (real("dropout")? - 0.2).powi(2)
            + 0.2 * (width - 2.5).powi(2)
            + 0.02 * (depth - 5.0).powi(2),
    )
}

pub(super) fn kernels_space() -> Space {
    space([
        ("c", Distribution::Log { low: 1e-3, high: 1e4 }),
        ("degree", Distribution::Int { low: 2, high: 6, step: 1 }),
        ("gamma", Distribution::Log { low: 1e-6, high: 1e2 }),
        ("kernel", names(&["linear", "rbf", "poly"])),
        ("offset", uniform(-1.0, 1.0)),
    ])
    .when("gamma", "kernel", ["rbf".into(), "poly".into()])
    .when("degree", "kernel", ["poly".into()])
    .when("offset", "kernel", ["poly".into()])
}

/// What a support vector machine costs: each kernel has parameters of its own, and wrong ones cost
/// exponentially more.
pub(super) fn kernels(params: &Params) -> Option<f64> {
    let c = real(params, "c")?.log10();
    let kernel = text(params, "kernel")?;
    if kernel == "linear" {
        return Some((1.0 + 0.5 * (c + 1.0).powi(2)).exp() - 1.0);
    }
    let gamma = real(params, "gamma")?.log10();
    if kernel == "rbf" {
        return Some((0.4 * (c + gamma).powi(2) + 0.3 * (c - 2.5).powi(2)).exp() - 1.0);
    }
    let (degree, offset) = (real(params, "degree")?, real(params, "offset")?);
    let fit = 0.5 * (degree * gamma + c + 3.0).powi(2) / degree;
    Some((0.3 + fit + 0.3 * (degree - 3.0).powi(2) + (offset - 0.5).powi(2)).exp() - 1.0)
}

pub(super) fn pipeline_space() -> Space {
    space([
        ("depth", Distribution::Int { low: 1, high: 15, step: 1 }),
        ("loss", names(&["squared", "huber", "absolute"])),
        ("rate", Distribution::Log { low: 1e-4, high: 1.0 }),
        ("scaler", names(&["none", "standard", "robust", "quantile"])),
        ("share", uniform(0.1, 1.0)),
        ("trees", Distribution::IntLog { low: 10, high: 2000 }),
    ])
}

/// Boosted trees: the rate depends on their number and the depth on the loss, in orders of magnitude.
pub(super) fn pipeline(params: &Params) -> Option<f64> {
    let real = |name| real(params, name);
    let (best_depth, of_loss) = match text(params, "loss")? {
        "squared" => (4.0, 0.3),
        "huber" => (7.0, 0.0),
        _ => (9.0, 0.6),
    };
    let of_scaler = match text(params, "scaler")? {
        "none" => 1.0,
        "standard" => 0.2,
        "robust" => 0.0,
        _ => 0.4,
    };
    let trees = real("trees")?.log10();
    let orders = of_loss
        + of_scaler
        + 1.5 * (real("rate")?.log10() + trees - 1.2).powi(2)
        + 0.04 * (real("depth")? - best_depth).powi(2)
        + 3.0 * (real("share")? - 0.7).powi(2)
        + 0.3 * (trees - 2.7).powi(2);
    Some(10_f64.powf(1.2 * orders) - 1.0)
}
