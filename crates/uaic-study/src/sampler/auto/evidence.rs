//! How well what each sampler assumes tells the trials of a study apart.
//!
//! Every trial is predicted from the others, and the order of the predictions is compared with that of
//! the results. Only the better half is compared: that bad trials are bad any sampler can tell, and what
//! to do next depends on which of the good ones are better.

use super::super::cma::CmaEs;
use super::super::gp::{Gp, LeftOut};
use super::super::{History, Settings};
use uaic_kernel::statistics::ranks::mid_ranks;

/// Rank correlations of predictions with results, from −1 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Evidence {
    /// Of what a Gaussian process expects.
    pub(super) gp: f64,
    /// Of how the nearest trials did, as TPE assumes that good trials lie near good ones.
    pub(super) tpe: f64,
    /// Of the nearness to the middle of CMA-ES's distribution, which assumes that there is one best
    /// place; `None` where some parameters have no order or do not always exist.
    pub(super) cma: Option<f64>,
    /// How many trials were compared.
    pub(super) compared: usize,
}

/// How many of the nearest trials predict one.
const NEAREST: usize = 5;

impl Evidence {
    /// That of the finished trials; `None` where too few have a result to compare.
    pub(super) fn of(settings: &Settings, history: &History<'_>) -> Option<Self> {
        let trials = Gp::new(settings).left_out(history)?;
        let all: Vec<f64> = trials.iter().map(|trial| trial.loss).collect();
        let mut sorted = all.clone();
        sorted.sort_by(f64::total_cmp);
        let median = sorted.get(sorted.len() / 2)?;
        let good: Vec<usize> = (0..trials.len()).filter(|&at| trials[at].loss <= *median).collect();
        if good.len() < NEAREST {
            return None;
        }
        let losses: Vec<f64> = good.iter().map(|&at| trials[at].loss).collect();
        let (ranks, _) = mid_ranks(all.iter());
        let expected: Vec<f64> = good.iter().map(|&at| trials[at].expected).collect();
        let near: Vec<f64> = good.iter().map(|&at| of_neighbours(&trials, &ranks, at)).collect();
        let points: Vec<&[f64]> = good.iter().map(|&at| &*trials[at].point).collect();
        let cma = CmaEs::new(settings).distances(history, &points);
        Some(Self {
            gp: rank_correlation(&expected, &losses),
            tpe: rank_correlation(&near, &losses),
            cma: cma.map(|distances| rank_correlation(&distances, &losses)),
            compared: good.len(),
        })
    }

    /// The sampler that predicts best; `usual`, unless another is better by half a standard error of a
    /// correlation, about ½/√n: more than that is often chance, and the usual choice makes more of an
    /// equal prediction. A Gaussian process is none of the choices where there are `many`
    /// trials.
    pub(super) fn best(&self, usual: &'static str, many: bool) -> &'static str {
        let margin = 0.5 / (self.compared.max(1) as f64).sqrt();
        let of_gp = (!many).then_some(("gp", self.gp));
        let choices = of_gp.into_iter().chain([("tpe", self.tpe)]).chain(self.cma.map(|cma| ("cma-es", cma)));
        let weight =
            |(name, rho): (&'static str, f64)| (name, if name == usual { rho + margin } else { rho });
        choices
            .map(weight)
            .reduce(|best, one| if one.1 > best.1 { one } else { best })
            .map_or(usual, |best| best.0)
    }

    /// Its numbers by name.
    pub(super) fn facts(&self) -> Vec<(&'static str, f64)> {
        let numbers = [("evidence_gp", self.gp), ("evidence_tpe", self.tpe)];
        numbers.into_iter().chain(self.cma.map(|cma| ("evidence_cma_es", cma))).collect()
    }
}

impl std::fmt::Display for Evidence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "gp {:.2}, tpe {:.2}", self.gp, self.tpe)?;
        self.cma.map_or(Ok(()), |cma| write!(f, ", cma-es {cma:.2}"))
    }
}

/// The mean rank of the trials nearest to one.
fn of_neighbours(trials: &[LeftOut], ranks: &[f64], at: usize) -> f64 {
    let mut others: Vec<(f64, f64)> = (0..trials.len())
        .filter(|&other| other != at)
        .map(|other| (gap(&trials[at].point, &trials[other].point), ranks[other]))
        .collect();
    others.sort_by(|a, b| a.0.total_cmp(&b.0));
    others.truncate(NEAREST);
    others.iter().map(|(_, rank)| rank).sum::<f64>() / others.len().max(1) as f64
}

/// The squared distance of two points; a parameter that only one has counts as the whole range.
fn gap(a: &[f64], b: &[f64]) -> f64 {
    let along = |(x, y): (&f64, &f64)| match (x.is_nan(), y.is_nan()) {
        (true, true) => 0.0,
        (false, false) => ((x - y) * (x - y)).min(1.0),
        _ => 1.0,
    };
    a.iter().zip(b).map(along).sum()
}

/// Spearman's ρ; 0 where one side is all alike.
fn rank_correlation(a: &[f64], b: &[f64]) -> f64 {
    let (a, b) = (mid_ranks(a.iter()).0, mid_ranks(b.iter()).0);
    let middle = f64::midpoint(a.len() as f64, 1.0);
    let product =
        |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| (x - middle) * (y - middle)).sum::<f64>();
    let spread = (product(&a, &a) * product(&b, &b)).sqrt();
    if spread > 0.0 { product(&a, &b) / spread } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::{Distribution, Space};
    use crate::trial::{Direction, FinishedTrial, ParamValue};
    use uaic_kernel::rng::SeedTree;

    /// What 60 trials spread over a plane say.
    fn evidence(value: impl Fn(f64, f64) -> f64) -> Evidence {
        let real = Distribution::Uniform { low: 0.0, high: 1.0, step: None };
        let space = Space::new(["a", "b"].map(|name| (name.to_owned(), real.clone())));
        let trial = |number: u32| {
            let (a, b) = (f64::from(number * 37 % 61) / 61.0, f64::from(number * 23 % 61) / 61.0);
            let params = [("a", a), ("b", b)].map(|(name, x)| (name.to_owned(), ParamValue::Float(x)));
            FinishedTrial::complete(number, params.into(), value(a, b))
        };
        let finished: Vec<_> = (0..60).map(trial).collect();
        let history =
            History { space: &space, directions: &[Direction::Minimize], finished: &finished, pending: &[] };
        Evidence::of(&Settings::new(SeedTree::new(1)), &history).unwrap()
    }

    #[test]
    fn smooth_values_speak_for_the_process_and_noise_for_none() {
        let smooth = evidence(|a, b| (5.0 * a).sin() + (b - 0.3) * (b - 0.3));
        assert!(smooth.gp > 0.9 && smooth.gp > smooth.tpe, "{smooth:?}");
        let noise = evidence(|a, b| (12_345.6 * (a + 7.89 * b).sin()).sin());
        assert!(noise.gp < 0.6 && noise.tpe < 0.6, "{noise:?}");
    }

    #[test]
    fn the_scale_of_values_does_not_matter_to_neighbours() {
        let of = |power: i32| evidence(|a, b| (1.0 + a + 3.0 * b).powi(power)).tpe;
        approx::assert_abs_diff_eq!(of(1), of(40), epsilon = 1e-12);
    }

    #[test]
    fn the_usual_choice_is_left_for_a_clearly_better_one_only() {
        let evidence = Evidence { gp: 0.5, tpe: 0.55, cma: Some(0.7), compared: 50 };
        assert_eq!(evidence.best("gp", false), "cma-es");
        assert_eq!(Evidence { compared: 6, ..evidence }.best("gp", false), "gp");
        assert_eq!(evidence.best("tpe", true), "cma-es");
        assert_eq!(Evidence { cma: None, ..evidence }.best("gp", false), "gp");
        assert_eq!(Evidence { gp: 0.9, ..evidence }.best("tpe", true), "cma-es", "no process among many");
        assert_eq!(evidence.to_string(), "gp 0.50, tpe 0.55, cma-es 0.70");
    }

    #[test]
    fn equal_results_tell_nothing() {
        let even = evidence(|_, _| 1.0);
        assert_eq!((even.gp, even.tpe), (0.0, 0.0));
    }
}
