//! A line without its noise.

/// The exponential moving average of a line: each value is `weight` of the one before and the rest
/// of its own, without the pull towards 0 at the beginning (Kingma & Ba 2015). `weight` is from 0,
/// which changes nothing, to below 1. Gaps stay, and what follows one goes on from before it.
pub fn smoothed(points: &[(f64, f64)], weight: f64) -> Vec<(f64, f64)> {
    let weight = if weight.is_finite() { weight.clamp(0.0, 0.999_999) } else { 0.0 };
    let (mut sum, mut share) = (0.0, 0.0);
    let smooth = |&(x, y): &(f64, f64)| {
        if !y.is_finite() {
            return (x, y);
        }
        sum = weight * sum + (1.0 - weight) * y;
        share = weight * share + (1.0 - weight);
        (x, sum / share)
    };
    points.iter().map(smooth).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_line_stays_and_noise_is_halved() {
        let level: Vec<(f64, f64)> = (0..5).map(|x| (f64::from(x), 3.0)).collect();
        assert!(smoothed(&level, 0.9).iter().all(|point| (point.1 - 3.0).abs() < 1e-12));
        assert_eq!(smoothed(&level, 0.0), level);
        let saw: Vec<(f64, f64)> = (0..100).map(|x| (f64::from(x), f64::from(x % 2))).collect();
        assert!(smoothed(&saw, 0.9)[50..].iter().all(|point| (point.1 - 0.5).abs() < 0.03));
    }

    #[test]
    fn gaps_stay_gaps_and_spoil_nothing() {
        let points = [(0.0, 1.0), (1.0, f64::NAN), (2.0, f64::INFINITY), (3.0, 1.0)];
        let smooth = smoothed(&points, 0.5);
        assert!(smooth[1].1.is_nan() && smooth[2].1.is_infinite());
        assert!((smooth[3].1 - 1.0).abs() < 1e-12);
        assert_eq!(smoothed(&points[..1], f64::NAN), [(0.0, 1.0)]);
    }
}
