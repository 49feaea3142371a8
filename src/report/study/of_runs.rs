//! Runs of any kind, seen as the trials of one study.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use super::view::{StudyView, TrialView};
use crate::report::figure::{Content, Figure};
use crate::spec::{Distribution, Space};
use crate::store::RunRecord;
use crate::trial::{Direction, ParamValue, Params};

/// Numbers so far apart are drawn on a logarithmic axis.
const FAR: f64 = 100.0;
/// Parameters with more values than these that are no numbers have no axis.
const MOST_CHOICES: usize = 40;

/// What of runs is looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct Aim {
    /// What they are, in a few words.
    pub title: String,
    /// The name of the value.
    pub metric: String,
    /// Which end of it is better.
    pub direction: Direction,
}

/// Which end is better, by the name: of losses and errors the small one.
pub fn direction_by_name(metric: &str) -> Direction {
    const COSTS: [&str; 10] =
        ["loss", "error", "mae", "mse", "rmse", "perplexity", "wer", "brier", "time", "duration"];
    let name = metric.to_lowercase();
    let is_cost = COSTS.iter().any(|cost| name.rsplit(['/', '_', '.', '-']).any(|part| part == *cost));
    if is_cost { Direction::Minimize } else { Direction::Maximize }
}

impl StudyView {
    /// Runs with their values, numbered from the first that was started; the space is what their
    /// parameters span.
    pub fn of_runs(mut runs: Vec<(RunRecord, Option<f64>)>, aim: Aim) -> Self {
        runs.sort_by_key(|(run, _)| (run.started_ms, run.id));
        let trials: Vec<TrialView> = (0..)
            .zip(runs)
            .map(|(number, (run, value))| TrialView {
                number,
                params: run.start.params.into_iter().map(|(name, value)| (name, as_number(value))).collect(),
                state: run.state,
                value,
                values: value.into_iter().collect(),
                violation: 0.0,
                span_ms: (run.started_ms, run.ended_ms),
            })
            .collect();
        Self {
            experiment: aim.title,
            id: String::new(),
            metric: aim.metric,
            direction: aim.direction,
            more_goals: Vec::new(),
            space: space_of(trials.iter().map(|trial| &trial.params)),
            is_of_program: true,
            trials,
            aside: String::new(),
            leading: OnceLock::new(),
        }
    }
}

/// A picture of a study in the words of runs: they are numbered from the first that was started.
pub fn as_runs(mut figure: Figure) -> Figure {
    figure.note = in_runs(&figure.note);
    figure.subtitle = in_runs(&figure.subtitle);
    for key in &mut figure.legend {
        key.text = in_runs(&key.text);
    }
    if let Some(colours) = &mut figure.colours {
        colours.label = in_runs(&colours.label);
    }
    for panel in &mut figure.panels {
        match &mut panel.content {
            // Any other label may be the name of a parameter.
            Content::Chart { x, .. } if x.label == "trial" => "run".clone_into(&mut x.label),
            Content::Empty(why) => *why = in_runs(why),
            _ => {}
        }
    }
    figure
}

fn in_runs(text: &str) -> String {
    let text =
        text.replace("the study's own trials", "these runs").replace("The study's own trials", "These runs");
    let word = |word: &str| match word.trim_matches(|letter: char| !letter.is_alphabetic()) {
        "trial" | "trials" => word.replace("trial", "run"),
        _ => word.to_owned(),
    };
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// A text that says a number as that number.
fn as_number(value: ParamValue) -> ParamValue {
    let ParamValue::Text(text) = &value else { return value };
    if !text.contains(|letter: char| letter.is_ascii_digit()) {
        return value;
    }
    match (text.parse::<i64>(), text.parse::<f64>()) {
        (Ok(number), _) => ParamValue::Int(number),
        (_, Ok(number)) if number.is_finite() => ParamValue::Float(number),
        _ => value,
    }
}

/// What parameters span; those that are always the same, or are no numbers and of too many values, are left
/// out.
fn space_of<'a>(points: impl Iterator<Item = &'a Params>) -> Space {
    let mut values: BTreeMap<&str, Vec<&ParamValue>> = BTreeMap::new();
    for (name, value) in points.flatten() {
        values.entry(name).or_default().push(value);
    }
    let spanned = values.into_iter().filter_map(|(name, values)| Some((name.to_owned(), spanned(&values)?)));
    Space::new(spanned)
}

fn spanned(values: &[&ParamValue]) -> Option<Distribution> {
    let numbers: Option<Vec<f64>> = values.iter().map(|value| value.as_f64()).collect();
    let Some(numbers) = numbers else {
        let texts: BTreeSet<String> = values.iter().map(ToString::to_string).collect();
        let mut choices: Vec<ParamValue> = Vec::new();
        for value in values {
            if !choices.contains(value) {
                choices.push((*value).clone());
            }
        }
        return ((2..=MOST_CHOICES).contains(&texts.len())).then_some(Distribution::Choice(choices));
    };
    let (low, high) = (
        numbers.iter().copied().reduce(f64::min).filter(|low| low.is_finite())?,
        numbers.iter().copied().reduce(f64::max).filter(|high| high.is_finite())?,
    );
    if low >= high {
        return None;
    }
    let is_whole = values.iter().all(|value| matches!(value, ParamValue::Int(_)));
    let is_far = low > 0.0 && high / low > FAR;
    Some(match (is_whole, is_far) {
        (true, false) => Distribution::Int { low: low as i64, high: high as i64, step: 1 },
        (true, true) => Distribution::IntLog { low: low as i64, high: high as i64 },
        (false, true) => Distribution::Log { low, high },
        (false, false) => Distribution::Uniform { low, high, step: None },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_of_runs_speak_of_runs() {
        assert_eq!(in_runs("best (trial 3), 2 trials; industrial"), "best (run 3), 2 runs; industrial");
        assert_eq!(in_runs("ANOVA on the study's own trials: x"), "ANOVA on these runs: x");
        assert_eq!(in_runs(""), "");
    }

    #[test]
    fn of_losses_the_small_end_is_better() {
        assert_eq!(direction_by_name("val/log_loss"), Direction::Minimize);
        assert_eq!(direction_by_name("lossless"), Direction::Maximize);
    }

    #[test]
    fn parameters_span_what_they_are() {
        let text = |text: &str| as_number(ParamValue::Text(text.to_owned()));
        let spanned = |values: &[ParamValue]| spanned(&values.iter().collect::<Vec<_>>());
        assert_eq!(spanned(&[text("1e-05"), text("0.1")]), Some(Distribution::Log { low: 1e-5, high: 0.1 }));
        assert_eq!(spanned(&[text("3"), 7.into()]), Some(Distribution::Int { low: 3, high: 7, step: 1 }));
        assert_eq!(
            spanned(&[0.5.into(), 0.75.into()]),
            Some(Distribution::Uniform { low: 0.5, high: 0.75, step: None })
        );
        let mixed = [text("adam"), text("sgd"), true.into(), text("adam")];
        assert_eq!(spanned(&mixed), Some(Distribution::Choice(vec![text("adam"), text("sgd"), true.into()])));
        assert_eq!(spanned(&[text("same"), text("same")]), None);
        assert_eq!(spanned(&[2.into()]), None);
    }
}
