//! ROC and precision–recall curves of every class against the rest, and of all together.

use super::answered::{AnsweredTexts, Answering};
use super::{COLOURED, chart, line_key, straightened, titled};
use crate::eval::{self, Average, Undefined};
use crate::report::figure::{Along, Axis, Figure, Key, Mark, Paint, Scale, Stroke};

/// ROC curves of every class against the rest, in colour those of the smallest areas: the whole,
/// and its left tenth enlarged.
pub fn roc(predictions: &impl Answering, temperature: f64, subtitle: &str) -> Figure {
    let figure = predictions.scored(temperature).and_then(|judged| draw_roc(&judged));
    titled("ROC curves, one class against the rest", subtitle, figure)
}

/// Precision–recall curves of every class against the rest, in colour those of the smallest areas.
pub fn precision_recall(predictions: &impl Answering, temperature: f64, subtitle: &str) -> Figure {
    let figure = predictions.scored(temperature).and_then(|judged| draw_precision_recall(&judged));
    titled("Precision–recall curves, one class against the rest", subtitle, figure)
}

/// The curve of one class.
struct ClassCurve {
    class: usize,
    points: Vec<(f64, f64)>,
    area: f64,
}

/// The curves of every class and their averages.
struct Curves {
    /// The smallest area first.
    classes: Vec<ClassCurve>,
    /// Labels that no text has.
    without: usize,
    /// None where one class of two is shown.
    averages: Option<Averages>,
}

/// Curves and areas of all classes together.
struct Averages {
    micro: (Vec<(f64, f64)>, f64),
    macro_points: Vec<(f64, f64)>,
    macro_area: f64,
}

impl Curves {
    /// `points` makes a curve of scores, `area` the area under it, `average` that of all classes, and
    /// `at` the height of a curve.
    fn new(
        judged: &AnsweredTexts,
        points: impl Fn(&[f64], &[bool]) -> Result<Vec<(f64, f64)>, Undefined>,
        area: impl Fn(&[f64], &[bool]) -> Result<f64, Undefined>,
        average: impl Fn(Average) -> Result<f64, Undefined>,
        at: fn(&[(f64, f64)], f64) -> f64,
    ) -> Result<Self, Undefined> {
        let classes = class_curves(judged, &points, area)?;
        let averages = match judged.positive {
            Some(class) => {
                if classes.is_empty() {
                    let (scores, positive) = judged.one_vs_rest(class);
                    points(&scores, &positive)?;
                }
                None
            }
            None => Some(Averages {
                micro: (points(&judged.probabilities, &judged.pairs())?, average(Average::Micro)?),
                macro_points: straightened(mean_curve(&classes, at)),
                macro_area: average(Average::Macro)?,
            }),
        };
        Ok(Self { without: judged.shown().len() - classes.len(), classes, averages })
    }
}

fn draw_roc(judged: &AnsweredTexts) -> Result<Figure, Undefined> {
    let points = |scores: &[f64], positive: &[bool]| -> Result<Vec<(f64, f64)>, Undefined> {
        let curve = eval::roc_curve(scores, positive)?;
        let pairs = curve.iter().map(|point| (point.false_positive_rate, point.true_positive_rate));
        Ok(straightened(pairs.collect()))
    };
    let average = |average| eval::auroc_average(&judged.probabilities, judged.known, &judged.gold, average);
    let curves = Curves::new(judged, points, eval::area_under_roc, average, rate_at)?;
    let chance =
        || Mark::Line { points: vec![(0.0, 0.0), (1.0, 1.0)], paint: Paint::Muted, stroke: Stroke::Dashed };
    let all = |bare: bool, high: f64| {
        let mut marks = vec![chance()];
        marks.extend(curves.marks());
        let y = if bare {
            Axis::bare(Scale::of_shares())
        } else {
            Axis::new("true positive rate", Scale::of_shares())
        };
        (Axis::new("false positive rate", Scale::Linear { low: 0.0, high }), y, marks)
    };
    let ((x, y, marks), (near_x, near_y, near)) = (all(false, 1.0), all(true, 0.1));
    let mut legend = curves.legend(judged);
    legend.push(line_key(Paint::Muted, Stroke::Dashed, "chance"));
    Ok(Figure {
        panels: vec![chart("", x, y, marks), chart("the left tenth", near_x, near_y, near)],
        columns: 2,
        legend,
        note: curves.note(judged, "Macro is the mean rate of the classes at each false positive rate."),
        aspect: 1.75,
        ..Figure::default()
    })
}

fn draw_precision_recall(judged: &AnsweredTexts) -> Result<Figure, Undefined> {
    // The area is that under the steps: a precision holds for the recall gained at it.
    let points = |scores: &[f64], positive: &[bool]| -> Result<Vec<(f64, f64)>, Undefined> {
        let mut steps = Vec::new();
        let mut before = 0.0;
        for point in eval::precision_recall_curve(scores, positive)? {
            // Precision falls where no recall is gained, which has no width.
            if point.recall > before {
                steps.extend([(before, point.precision), (point.recall, point.precision)]);
                before = point.recall;
            }
        }
        Ok(straightened(steps))
    };
    let average =
        |average| eval::average_precision_average(&judged.probabilities, judged.known, &judged.gold, average);
    let curves = Curves::new(judged, points, eval::average_precision, average, precision_at)?;
    let pairs = judged.positive.map_or_else(|| judged.pairs(), |class| judged.one_vs_rest(class).1);
    let chance = pairs.iter().filter(|pair| **pair).count() as f64 / pairs.len().max(1) as f64;
    let chance_of = if judged.positive.is_some() { "chance" } else { "chance, micro" };
    let mut marks = vec![Mark::Rule { at: chance, of: Along::Y, paint: Paint::Muted, label: String::new() }];
    marks.extend(curves.marks());
    let mut legend = curves.legend(judged);
    legend.push(line_key(Paint::Muted, Stroke::Dashed, format!("{chance_of} {chance:.3}")));
    let y = Axis::new("precision", Scale::Linear { low: 0.0, high: 1.02 });
    Ok(Figure {
        panels: vec![chart("", Axis::new("recall", Scale::of_shares()), y, marks)],
        legend,
        note: curves.note(
            judged,
            "Macro is the mean precision of the classes at each recall; areas are average precisions.",
        ),
        aspect: 1.5,
        ..Figure::default()
    })
}

/// The curves of classes that have one, the smallest area first.
fn class_curves(
    judged: &AnsweredTexts,
    points: impl Fn(&[f64], &[bool]) -> Result<Vec<(f64, f64)>, Undefined>,
    area: impl Fn(&[f64], &[bool]) -> Result<f64, Undefined>,
) -> Result<Vec<ClassCurve>, Undefined> {
    let mut curves = Vec::new();
    for class in judged.shown() {
        let (scores, positive) = judged.one_vs_rest(class);
        match (points(&scores, &positive), area(&scores, &positive)) {
            (Ok(points), Ok(area)) => curves.push(ClassCurve { class, points, area }),
            (Err(Undefined::NotANumber), _) => return Err(Undefined::NotANumber),
            _ => {}
        }
    }
    curves.sort_by(|a, b| a.area.total_cmp(&b.area).then(a.class.cmp(&b.class)));
    Ok(curves)
}

/// The mean of the classes' curves at positions that are closer together at the left.
fn mean_curve(classes: &[ClassCurve], at: fn(&[(f64, f64)], f64) -> f64) -> Vec<(f64, f64)> {
    const STEPS: u32 = 250;
    let position = |step: u32| (f64::from(step) / f64::from(STEPS)).powi(2);
    let mean = |x: f64| classes.iter().map(|curve| at(&curve.points, x)).sum::<f64>() / classes.len() as f64;
    if classes.is_empty() {
        Vec::new()
    } else {
        (0..=STEPS).map(|step| (position(step), mean(position(step)))).collect()
    }
}

/// The height of a rising curve at a position, the upper end where it rises straight up.
fn rate_at(points: &[(f64, f64)], x: f64) -> f64 {
    let next = points.partition_point(|point| point.0 <= x);
    match (next.checked_sub(1).map(|before| points[before]), points.get(next)) {
        (Some(a), Some(b)) => a.1 + (b.1 - a.1) * (x - a.0) / (b.0 - a.0),
        (Some(a), None) => a.1,
        (None, _) => 0.0,
    }
}

/// The precision of the first step that reaches a recall.
fn precision_at(points: &[(f64, f64)], recall: f64) -> f64 {
    let reached = points.partition_point(|point| point.0 < recall);
    // At the very start of a step two points have its recall; the later one is its precision.
    let at = points.get(reached).or(points.last());
    at.map_or(0.0, |point| point.1)
}

impl Curves {
    fn marks(&self) -> Vec<Mark> {
        let line =
            |points: &[(f64, f64)], paint, stroke| Mark::Line { points: points.to_vec(), paint, stroke };
        let coloured = self.classes.iter().take(COLOURED).enumerate().rev();
        let others = self.classes.iter().skip(COLOURED);
        others
            .map(|curve| line(&curve.points, Paint::Muted, Stroke::Thin))
            .chain(coloured.map(|(place, curve)| line(&curve.points, Paint::Series(place), Stroke::Solid)))
            .chain(self.averages.iter().flat_map(|averages| {
                [
                    line(&averages.macro_points, Paint::Ink, Stroke::Dashed),
                    line(&averages.micro.0, Paint::Ink, Stroke::Solid),
                ]
            }))
            .collect()
    }

    fn legend(&self, judged: &AnsweredTexts) -> Vec<Key> {
        let support = judged.support();
        let mut legend = Vec::new();
        if let Some(averages) = &self.averages {
            legend.extend([
                line_key(Paint::Ink, Stroke::Solid, format!("micro average {:.3}", averages.micro.1)),
                line_key(Paint::Ink, Stroke::Dashed, format!("macro average {:.3}", averages.macro_area)),
            ]);
        }
        legend.extend(self.classes.iter().take(COLOURED).enumerate().map(|(place, curve)| {
            let text = format!(
                "{} · {} · {:.3}",
                judged.name(curve.class),
                judged.counted(support[curve.class]),
                curve.area
            );
            line_key(Paint::Series(place), Stroke::Solid, text)
        }));
        match self.classes.len().saturating_sub(COLOURED) {
            0 => {}
            1 => legend.push(line_key(Paint::Muted, Stroke::Thin, "the other class")),
            others => legend.push(line_key(Paint::Muted, Stroke::Thin, format!("{others} other classes"))),
        }
        legend
    }

    fn note(&self, judged: &AnsweredTexts, about: &str) -> String {
        let mut notes = Vec::new();
        if self.classes.len() > COLOURED {
            let chosen = "classes with the smallest area, which is written behind them.";
            notes.push(format!("In colour the {COLOURED} {chosen}"));
        }
        if self.averages.is_some() {
            notes.push(about.to_owned());
        }
        let (known, noun) = (judged.known, judged.noun);
        match self.without {
            0 => {}
            1 => notes.push(format!("One of {known} labels has no {noun}, so no curve.")),
            without => notes.push(format!("{without} of {known} labels have no {noun}, so no curve.")),
        }
        notes.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{marks, table};
    use super::*;
    use crate::eval::{Classified, Predictions, ScoreKind};

    /// Of 12 classes two texts each; those of class 3 are taken for class 4.
    fn twelve() -> Predictions {
        let rows: Vec<(u32, usize, f32)> =
            (0..24).map(|row| (row / 2, if row / 2 == 3 { 4 } else { row as usize / 2 }, 5.0)).collect();
        table(12, &rows)
    }

    #[test]
    fn the_worst_class_is_the_first_in_colour_and_every_curve_goes_from_corner_to_corner() {
        let figure = roc(&twelve(), 1.0, "x");
        assert!(figure.legend[2].text.starts_with("class_3 · 2 texts · 0."), "{:?}", figure.legend[2]);
        assert_eq!(figure.legend[10].text, "4 other classes");
        let lines = marks(&figure.panels[0]);
        assert_eq!(lines.len(), 1 + 4 + 8 + 2);
        for (place, line) in lines.iter().enumerate() {
            let Mark::Line { points, .. } = line else { panic!() };
            assert_eq!(points.last(), Some(&(1.0, 1.0)));
            let is_macro = place == lines.len() - 2;
            assert!(is_macro || points[0] == (0.0, 0.0), "{points:?}");
        }
    }

    #[test]
    fn of_two_classes_the_one_to_be_found_has_the_only_curve() {
        let names = ["no", "yes"].map(str::to_owned).to_vec();
        let scores = vec![0.9, 0.1, 0.4, 0.6, 0.3, 0.7, 0.8, 0.2];
        let rows = Classified::of_scores(names, 2, vec![0, 1, 0, 1], None, scores, ScoreKind::Probabilities);
        let rows = rows.unwrap().with_positive(1);
        for figure in [roc(&rows, 1.0, "x"), precision_recall(&rows, 1.0, "x")] {
            assert_eq!(marks(&figure.panels[0]).len(), 2, "chance and the curve");
            assert!(figure.legend[0].text.starts_with("yes · 2 rows · 0."), "{:?}", figure.legend);
        }
        let labels = Classified::of_labels(rows.names().to_vec(), vec![0, 1], vec![0, 0]).unwrap();
        assert!(roc(&labels, 1.0, "x").is_empty());
    }

    #[test]
    fn the_area_under_the_drawn_steps_is_the_average_precision() {
        let predictions = table(3, &[(0, 0, 3.0), (1, 0, 2.0), (0, 1, 1.0), (0, 2, 0.5), (2, 2, 4.0)]);
        let judged = AnsweredTexts::new(&predictions, 1.0).unwrap();
        let figure = precision_recall(&predictions, 1.0, "x");
        let Some(Mark::Line { points, .. }) = marks(&figure.panels[0]).last() else { panic!() };
        let area: f64 = points.windows(2).map(|pair| (pair[1].0 - pair[0].0) * pair[1].1).sum();
        let wanted = eval::average_precision_average(&judged.probabilities, 3, &judged.gold, Average::Micro);
        assert!((area - wanted.unwrap()).abs() < 1e-12, "{area} {wanted:?}");
    }

    #[test]
    fn between_points_a_rate_is_on_the_line_and_at_a_rise_at_its_top() {
        let points = [(0.0, 0.0), (0.0, 0.5), (0.5, 1.0), (1.0, 1.0)];
        assert_eq!([0.0, 0.25, 0.5, 1.0].map(|x| rate_at(&points, x)).to_vec(), [0.5, 0.75, 1.0, 1.0]);
        let steps = [(0.0, 1.0), (0.5, 1.0), (0.5, 0.6), (1.0, 0.6)];
        assert_eq!([0.0, 0.5, 0.51, 1.0].map(|x| precision_at(&steps, x)).to_vec(), [1.0, 1.0, 0.6, 0.6]);
    }
}
