//! What each parameter is worth.

use super::StudyView;
use crate::report::figure::{Along, Axis, Content, Figure, Mark, Paint, Panel, Scale};
use crate::rng::ChaCha8Rng;
use crate::study::importance as fanova;
use crate::trial::FinishedTrial;

/// The share of the metric's variance that each parameter explains, or why that cannot be said.
///
/// # Errors
/// There are too few trials, or their values do not differ.
pub fn importances(
    study: &StudyView,
    rng: &mut ChaCha8Rng,
) -> Result<Vec<(String, f64)>, fanova::ImportanceError> {
    let trials: Vec<FinishedTrial> = study
        .complete()
        .map(|(trial, value)| FinishedTrial::complete(trial.number, trial.params.clone(), value))
        .collect();
    fanova::importance(&study.space, &trials, rng)
}

/// One bar per parameter, the most important at the top.
pub fn importance(study: &StudyView, rng: &mut ChaCha8Rng) -> Figure {
    let content = match importances(study, rng) {
        Err(why) => Content::Empty(why.to_string()),
        Ok(shares) => {
            let bars =
                shares.iter().enumerate().map(|(place, (_, share))| (place as f64, *share, Paint::Series(0)));
            let bars = bars.collect();
            let most = shares.iter().map(|(_, share)| *share).fold(0.0, f64::max);
            let text = |(place, (_, share)): (usize, &(String, f64))| Mark::Text {
                at: (share + most * 0.012, place as f64),
                text: format!("{share:.2}"),
                ends: false,
            };
            let mut marks = vec![Mark::Bars { bars, width: 0.7, along: Along::X }];
            marks.extend(shares.iter().enumerate().map(text));
            let names = shares.iter().map(|(name, _)| name.clone()).collect();
            Content::Chart {
                x: Axis::new(
                    "share of the variance explained",
                    Scale::Linear { low: 0.0, high: most * 1.12 },
                ),
                y: Axis::new("", Scale::Categories(names)),
                marks,
            }
        }
    };
    let rows = study.space.len().max(2) as f64;
    Figure {
        title: "Importance of parameters".to_owned(),
        subtitle: study.subtitle(),
        panels: vec![Panel { title: String::new(), content }],
        note: "Functional ANOVA on the study's own trials: what several parameters explain only together is left out."
            .to_owned(),
        aspect: 800.0 / (180.0 + 42.0 * rows),
        ..Figure::default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::study;
    use super::*;
    use crate::rng::SeedTree;

    #[test]
    fn the_parameter_that_decides_is_at_the_top() {
        let values: Vec<(f64, i64, Option<f64>)> = (0..30)
            .map(|i| (1e-4 * f64::from(1 + i), 32 + 32 * i64::from(i % 2), Some(f64::from(i % 2))))
            .collect();
        let figure = importance(&study(&values), &mut SeedTree::new(1).rng("importance"));
        let Content::Chart { y, marks, .. } = &figure.panels[0].content else { panic!() };
        assert!(matches!(&y.scale, Scale::Categories(names) if names[0] == "model.hidden_dim"));
        assert!(matches!(&marks[0], Mark::Bars { bars, .. } if bars[0].1 > 0.8));
    }

    #[test]
    fn too_few_trials_are_said() {
        let figure = importance(&study(&[(1e-3, 32, Some(0.5))]), &mut SeedTree::new(1).rng("importance"));
        assert!(matches!(figure.panels[0].content, Content::Empty(_)));
    }
}
