//! What each parameter is worth.

use super::caption::notes;
use super::dimension::Dimension;
use super::view::StudyView;
use crate::report::figure::{Along, Axis, Content, Figure, Mark, Paint, Panel, Scale};
use crate::rng::{ChaCha8Rng, SeedTree};
use crate::study::importance::{ImportanceError, TOP, importance as fanova, ped_anova, takes_ranks};
use crate::trial::FinishedTrial;

/// Most parameters that have a bar.
const MOST: usize = 30;

/// The share of the metric's variance that each parameter explains, or why that cannot be said.
///
/// # Errors
/// There are too few trials, or their values do not differ.
pub fn importances(study: &StudyView, rng: &mut ChaCha8Rng) -> Result<Vec<(String, f64)>, ImportanceError> {
    fanova(&study.space, &finished(study), rng)
}

/// As [`importances`], for being among the best tenth.
///
/// # Errors
/// As [`importances`].
pub(super) fn importances_top(study: &StudyView) -> Result<Vec<(String, f64)>, ImportanceError> {
    ped_anova(&study.space, &finished(study), study.direction, TOP)
}

/// One bar per parameter, the most important at the top: functional ANOVA.
pub fn importance(study: &StudyView, rng: &mut ChaCha8Rng) -> Figure {
    let (of, why) = if takes_ranks(&study.space, &finished(study)) {
        (
            "variance of ranks explained",
            "Of ranks, as the values are too far apart for a variance.".to_owned(),
        )
    } else {
        ("variance explained", String::new())
    };
    let method = "Functional ANOVA on the study's own trials: what several parameters explain only together is \
                  left out.";
    let bars = bars(study, importances(study, rng), &format!("share of the {of}"));
    let note =
        if bars.is_empty() { String::new() } else { notes([method.to_owned(), why, bars.note.clone()]) };
    Figure { title: "Importance of parameters".to_owned(), note, ..bars }
}

/// One bar per parameter, the most important at the top: what it matters for being among the best tenth
/// (PED-ANOVA), where the other picture is of all trials, good and bad.
pub fn importance_top(study: &StudyView) -> Figure {
    let method = "PED-ANOVA: where the best tenth of the trials lies, against where all of them lie.";
    let bars = bars(study, importances_top(study), "share of the divergence");
    let note = if bars.is_empty() { String::new() } else { notes([method.to_owned(), bars.note.clone()]) };
    Figure { title: "Importance for the best tenth".to_owned(), note, ..bars }
}

fn finished(study: &StudyView) -> Vec<FinishedTrial> {
    let complete = study.complete();
    complete
        .map(|(trial, value)| FinishedTrial::complete(trial.number, trial.params.clone(), value))
        .collect()
}

fn bars(study: &StudyView, shares: Result<Vec<(String, f64)>, ImportanceError>, label: &str) -> Figure {
    let mut note = String::new();
    let content = match shares {
        Err(why) => Content::Empty(why.to_string()),
        Ok(mut shares) => {
            if shares.len() > MOST {
                let rest: f64 = shares.drain(MOST..).map(|(_, share)| share).sum();
                let count = study.space.len() - MOST;
                note = format!("The other {count} parameters have {rest:.2} together.");
            }
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
                x: Axis::new(label, Scale::Linear { low: 0.0, high: most * 1.12 }),
                y: Axis::new("", Scale::Categories(names)),
                marks,
            }
        }
    };
    let rows = study.space.len().clamp(2, MOST) as f64;
    Figure {
        subtitle: study.subtitle(),
        note,
        panels: vec![Panel { title: String::new(), content }],
        aspect: 800.0 / (180.0 + 42.0 * rows),
        ..Figure::default()
    }
}

impl StudyView {
    /// The parameters to show where nobody has named any and a picture has room for `most`: all, or
    /// those that matter most (functional ANOVA), and what is left out.
    pub(crate) fn leading(&self, most: usize) -> (Vec<Dimension>, String) {
        let mut all = self.dimensions();
        let count = all.len();
        if count <= most {
            return (all, String::new());
        }
        let leading = self.leading.get_or_init(|| {
            let shares = importances(self, &mut SeedTree::new(0).rng("importance"));
            shares.ok().map(|shares| shares.into_iter().map(|(name, _)| name).collect())
        });
        let Some(names) = leading else {
            all.truncate(most);
            return (all, format!("the first {most} of {count} parameters; choose with --params"));
        };
        let names = &names[..most.min(names.len())];
        all.retain(|dimension| names.contains(&dimension.name));
        (all, format!("the {most} most important of {count} parameters; choose with --params"))
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
    fn for_the_best_tenth_another_one_may_decide() {
        // With 64 units all are good; the best tenth has them all, and large rates besides.
        let values: Vec<(f64, i64, Option<f64>)> = (0..200)
            .map(|i| {
                let lr = 1e-4 * 10_f64.powf(f64::from(i) / 100.0);
                (lr, 32 + 32 * i64::from(i % 2), Some(9.0 * f64::from(i % 2) + f64::from(i) / 200.0))
            })
            .collect();
        let figure = importance_top(&study(&values));
        let Content::Chart { y, .. } = &figure.panels[0].content else { panic!() };
        assert!(matches!(&y.scale, Scale::Categories(names) if names[0] == "train.lr"));
    }

    #[test]
    fn too_few_trials_are_said() {
        let figure = importance(&study(&[(1e-3, 32, Some(0.5))]), &mut SeedTree::new(1).rng("importance"));
        assert!(matches!(figure.panels[0].content, Content::Empty(_)));
    }
}
