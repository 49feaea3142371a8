//! The suite: functions of which the minimum is known, all to be minimised.

mod classic;
mod mixed;
mod scales;

use std::f64::consts::PI;

use crate::space::{Distribution, Space};
use crate::trial::{ParamValue, Params};

use classic::{
    ackley, ackley_shifted, branin, dixon, ellipsoid_shifted, goldstein, griewank_shifted, hartmann6, levy,
    michalewicz, powell_shifted, rastrigin_shifted, rosenbrock, schwefel, sphere_shifted, styblinski, trid,
    zakharov_shifted,
};
use mixed::{diverging_space, kernels_space, mixed_space, pipeline_space, rates_space};
use scales::{
    cigar_rotated, cliff, discus, ellipsoid_rotated, ellipsoid_straight, exponential, log_bowl, noisy,
    powers, product, rosenbrock_shifted, steps, well,
};

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
    /// Of parameters of several kinds; no value outside of the space.
    Mixed { space: fn() -> Space, value: fn(&Params) -> Option<f64> },
}

/// Every function.
pub static FUNCTIONS: [Function; 42] = [
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
    of_kinds(
        "mixed",
        "real, whole, named and conditional parameters that depend on each other",
        mixed_space,
        mixed::mixed,
    ),
    reals("rosenbrock8s", "a bent valley, values to 10^8", 0.0, &[(-20.0, 20.0); 8], rosenbrock_shifted),
    reals(
        "ellipsoid8",
        "axes of which one counts a million times the other",
        0.0,
        &[(-5.0, 5.0); 8],
        ellipsoid_straight,
    ),
    reals("ellipsoid7r", "the same, none along a parameter", 0.0, &[(-5.0, 5.0); 7], ellipsoid_rotated),
    reals("cigar10r", "one good direction of ten", 0.0, &[(-5.0, 5.0); 10], cigar_rotated),
    reals("discus6", "one parameter hides all others", 0.0, &[(-5.0, 5.0); 6], discus),
    reals("zakharov6", "a steep valley on a bowl", 0.0, &[(-10.0, 10.0); 6], zakharov_shifted),
    reals("powers5", "powers from 2 to 10", 0.0, &[(-6.0, 6.0); 5], powers),
    reals("powell8", "flat around its minimum", 0.0, &[(-10.0, 10.0); 8], powell_shifted),
    reals("dixon7", "a bent valley with a false minimum", 0.0, &[(-10.0, 10.0); 7], dixon),
    reals("goldstein2", "values from 3 to 10^6", 3.0, &[(-2.0, 2.0); 2], goldstein),
    reals("product6", "errors that multiply, with a kink", 0.0, &[(-8.0, 8.0); 6], product),
    reals("exponential6", "the exponential of a bowl", 0.0, &[(-5.0, 5.0); 6], exponential),
    reals("logbowl5", "a funnel: the better, the steeper", LOG_BOWL, &[(-5.0, 5.0); 5], log_bowl),
    reals("well4", "a plain with a deep well", -162_754.791_419_003_92, &[(-5.0, 5.0); 4], well),
    reals("trid6", "large values of both signs", -50.0, &[(-36.0, 36.0); 6], trid),
    reals("michalewicz5", "plains with narrow valleys", -4.687_658_179_087_8, &[(0.0, PI); 5], michalewicz),
    reals("styblinski8", "2^8 minima", -313.329_325_630_171_9, &[(-5.0, 5.0); 8], styblinski),
    reals("steps6", "stairs to a plateau", 0.0, &[(-10.0, 10.0); 6], steps),
    reals("cliff5", "a bowl within a plain", 0.0, &[(-5.0, 5.0); 5], cliff),
    reals("noisy6", "noise of a third of the value", NOISY, &[(-5.0, 5.0); 6], noisy),
    of_kinds("rates5", "a ridge across rates", rates_space, mixed::rates),
    of_kinds("diverging6", "trainings that diverge", diverging_space, mixed::diverging),
    of_kinds("kernels", "branches in which mistakes cost exponentially", kernels_space, mixed::kernels),
    of_kinds("pipeline", "names and numbers over orders of magnitude", pipeline_space, mixed::pipeline),
];

/// ln 10⁻⁶.
const LOG_BOWL: f64 = -13.815_510_557_964_274;
/// No draw of the noise is below this: exp(−0.3 · 3 · √2).
const NOISY: f64 = 0.280_012_5;

const fn reals(
    name: &'static str,
    about: &'static str,
    minimum: f64,
    bounds: &'static [(f64, f64)],
    value: fn(&[f64]) -> f64,
) -> Function {
    Function { name, about, minimum, kind: Kind::Reals { bounds, value } }
}

/// A function of several kinds of parameters whose minimum is 0.
const fn of_kinds(
    name: &'static str,
    about: &'static str,
    space: fn() -> Space,
    value: fn(&Params) -> Option<f64>,
) -> Function {
    Function { name, about, minimum: 0.0, kind: Kind::Mixed { space, value } }
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
            Kind::Mixed { space, .. } => space(),
        }
    }

    /// Its value at a point of its space; NaN elsewhere.
    pub fn value(&self, params: &Params) -> f64 {
        match self.kind {
            Kind::Reals { value, .. } | Kind::Integers { value, .. } => {
                value(&params.values().filter_map(ParamValue::as_f64).collect::<Vec<_>>())
            }
            Kind::Mixed { value, .. } => value(params).unwrap_or(f64::NAN),
        }
    }
}

/// Parameters `x0`, `x1` …, with as many digits as keep them in order.
fn numbered(distributions: impl ExactSizeIterator<Item = Distribution>) -> Space {
    let digits = (distributions.len().saturating_sub(1)).to_string().len();
    Space::new(distributions.enumerate().map(|(i, one)| (format!("x{i:0digits$}"), one)))
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

    /// first + step · i.
    fn line(count: u32, first: f64, step: f64) -> Params {
        at((0..count).map(|i| first + step * f64::from(i)))
    }

    #[test]
    fn functions_over_orders_of_magnitude_have_their_minima() {
        assert_minimum("rosenbrock8s", &line(8, 7.0, -1.7));
        for (name, count) in [("ellipsoid8", 8), ("ellipsoid7r", 7), ("exponential6", 6)] {
            assert_minimum(name, &line(count, 1.9, -0.6));
        }
        assert_minimum("cigar10r", &line(10, 1.9, -0.4));
        assert_minimum("discus6", &line(6, 2.1, -0.7));
        assert_minimum("powers5", &line(5, 2.1, -0.9));
        assert_minimum("powell8", &line(8, 3.1, -0.9));
        for (name, count) in [("logbowl5", 5), ("well4", 4), ("cliff5", 5)] {
            assert_minimum(name, &line(count, 1.9, -0.8));
        }
        for name in ["steps6", "zakharov6"] {
            assert_minimum(name, &line(6, 3.9, -1.3));
        }
        assert_minimum("product6", &line(6, 3.9, -1.1));
        assert_minimum("goldstein2", &at([0.0, -1.0]));
        assert_minimum("trid6", &at([6.0, 10.0, 12.0, 12.0, 10.0, 6.0]));
        assert_minimum("dixon7", &at((0..7).map(|i| 2_f64.powf(2_f64.powi(-i) - 1.0))));
        assert_minimum("styblinski8", &at([-2.903_534_027_771_177; 8]));
        // From Nelder and Mead's method of SciPy, from (2.2, 1.57, 1.28, 1.92, 1.72).
        let michalewicz =
            [2.202_905_52, std::f64::consts::FRAC_PI_2, 1.284_991_57, 1.923_058_47, 1.720_469_77];
        assert_minimum("michalewicz5", &at(michalewicz));
    }

    #[test]
    fn functions_of_trainings_have_their_minima_and_diverge() {
        let rate = |exponent: f64| ParamValue::Float(10_f64.powf(exponent));
        let params = |of: &[(&str, ParamValue)]| -> Params {
            of.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
        };
        let rates: Vec<f64> = (0..5).map(|i| 10_f64.powf(-3.5 + 0.8 * f64::from(i))).collect();
        assert_minimum("rates5", &at(rates));
        assert_minimum(
            "kernels",
            &params(&[("c", rate(2.5)), ("gamma", rate(-2.5)), ("kernel", "rbf".into())]),
        );
        let pipeline = Function::by_name("pipeline").unwrap();
        let best = params(&[
            ("depth", ParamValue::Int(7)),
            ("loss", "huber".into()),
            ("rate", rate(1.2 - 501_f64.log10())),
            ("scaler", "robust".into()),
            ("share", ParamValue::Float(0.7)),
            ("trees", ParamValue::Int(501)),
        ]);
        assert!(pipeline.value(&best) < 1e-5);
        let training = |exponent: f64| {
            params(&[
                ("lr", rate(exponent)),
                ("wd", rate(-4.0)),
                ("momentum", ParamValue::Float(0.0)),
                ("dropout", ParamValue::Float(0.2)),
                ("width", ParamValue::Int(316)),
                ("depth", ParamValue::Int(5)),
            ])
        };
        let diverging = Function::by_name("diverging6").unwrap();
        assert!(diverging.value(&training(-2.0)) < 1e-5);
        assert!((1e11..1e12).contains(&diverging.value(&training(-1.0))));
        assert!(diverging.value(&training(1.0)).is_infinite());
    }

    #[test]
    fn no_drawn_point_is_below_the_minimum() {
        use crate::sampler::{History, Settings, by_name};
        use uaic_kernel::rng::SeedTree;
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
