//! Lift and cumulative gain: what looking at the highest scores first would find.

use super::answered::{AnsweredTexts, Answering};
use super::{COLOURED, chart, largest, line_key, straightened, titled};
use crate::eval::{self, Undefined};
use crate::report::figure::{Along, Axis, Figure, Key, Mark, Paint, Scale, Sign, Stroke};

/// The lift of the highest scores by decile, per class and of all together.
pub fn lift(predictions: &impl Answering, temperature: f64, subtitle: &str) -> Figure {
    let figure = predictions.scored(temperature).and_then(|judged| draw_lift(&judged));
    titled("Lift by decile of scores", subtitle, figure)
}

/// The share of a class's texts among the highest scores, per class and of all together.
pub fn gain(predictions: &impl Answering, temperature: f64, subtitle: &str) -> Figure {
    let figure = predictions.scored(temperature).and_then(|judged| draw_gain(&judged));
    titled("Cumulative gain", subtitle, figure)
}

fn draw_lift(judged: &AnsweredTexts) -> Result<Figure, Undefined> {
    let points = |scores: &[f64], positive: &[bool]| -> Result<Vec<(f64, f64)>, Undefined> {
        let lift = eval::lift_by_decile(scores, positive)?;
        Ok((1_u8..).zip(lift).map(|(decile, lift)| (f64::from(decile) * 10.0, lift)).collect())
    };
    let lines = Lines::new(judged, points)?;
    let most = lines.all().flat_map(|points| points.iter().map(|point| point.1)).fold(1.0, f64::max);
    let mut marks = vec![Mark::Rule { at: 1.0, of: Along::Y, paint: Paint::Muted, label: String::new() }];
    marks.extend(lines.marks(true));
    Ok(Figure {
        panels: vec![chart(
            "",
            Axis::new(
                format!("highest scores, % of {}s", judged.noun),
                Scale::Linear { low: 5.0, high: 102.0 },
            ),
            Axis::new("lift", Scale::Linear { low: 0.0, high: most * 1.05 }),
            marks,
        )],
        legend: lines.legend(judged, "chance"),
        note: format!(
            "Lift is how much more frequent a class is among the highest scores than among all {}s; the highest tenth can reach 10 at most.{}",
            judged.noun,
            lines.note()
        ),
        aspect: 1.5,
        ..Figure::default()
    })
}

fn draw_gain(judged: &AnsweredTexts) -> Result<Figure, Undefined> {
    let points = |scores: &[f64], positive: &[bool]| -> Result<Vec<(f64, f64)>, Undefined> {
        let curve = eval::gain_curve(scores, positive)?;
        Ok(straightened(curve.into_iter().map(|(taken, found)| (taken * 100.0, found * 100.0)).collect()))
    };
    let lines = Lines::new(judged, points)?;
    let mut marks = vec![Mark::Line {
        points: vec![(0.0, 0.0), (100.0, 100.0)],
        paint: Paint::Muted,
        stroke: Stroke::Dashed,
    }];
    marks.extend(lines.marks(false));
    let percent = |high| Scale::Linear { low: 0.0, high };
    Ok(Figure {
        panels: vec![chart(
            "",
            Axis::new(format!("highest scores, % of {}s", judged.noun), percent(100.0)),
            Axis::new("found, % of the class", percent(102.0)),
            marks,
        )],
        legend: lines.legend(judged, "chance"),
        note: if lines.together.is_some() {
            let noun = judged.noun;
            format!("For all classes, pairs of a {noun} and a class are ranked together.{}", lines.note())
        } else {
            String::new()
        },
        aspect: 1.5,
        ..Figure::default()
    })
}

/// A line per class, the largest class first, and one of all pairs of a text and a class.
struct Lines {
    classes: Vec<(usize, Vec<(f64, f64)>)>,
    /// None where one class of two is shown.
    together: Option<Vec<(f64, f64)>>,
}

impl Lines {
    fn new(
        judged: &AnsweredTexts,
        points: impl Fn(&[f64], &[bool]) -> Result<Vec<(f64, f64)>, Undefined>,
    ) -> Result<Self, Undefined> {
        let support = judged.support();
        let of_class = |class: usize| {
            let (scores, positive) = judged.one_vs_rest(class);
            Some((class, points(&scores, &positive).ok()?))
        };
        if let Some(class) = judged.positive {
            let (scores, positive) = judged.one_vs_rest(class);
            return Ok(Self { together: None, classes: vec![(class, points(&scores, &positive)?)] });
        }
        Ok(Self {
            together: Some(points(&judged.probabilities, &judged.pairs())?),
            classes: largest(&support[..judged.known]).into_iter().filter_map(of_class).collect(),
        })
    }

    fn all(&self) -> impl Iterator<Item = &Vec<(f64, f64)>> {
        self.classes.iter().map(|(_, points)| points).chain(&self.together)
    }

    /// The others at the bottom, the largest class and all together on top.
    fn marks(&self, dotted: bool) -> Vec<Mark> {
        let mut marks = Vec::new();
        let mut add = |points: &[(f64, f64)], paint, stroke, dotted| {
            marks.push(Mark::Line { points: points.to_vec(), paint, stroke });
            if dotted {
                let points = points.iter().map(|point| (point.0, point.1, paint)).collect();
                marks.push(Mark::Points { points, sign: Sign::Disc, size: 3.0 });
            }
        };
        for (_, points) in self.classes.iter().skip(COLOURED) {
            add(points, Paint::Muted, Stroke::Thin, false);
        }
        for (place, (_, points)) in self.classes.iter().take(COLOURED).enumerate().rev() {
            add(points, Paint::Series(place), Stroke::Solid, dotted);
        }
        if let Some(together) = &self.together {
            add(together, Paint::Ink, Stroke::Dashed, false);
        }
        marks
    }

    fn legend(&self, judged: &AnsweredTexts, chance: &str) -> Vec<Key> {
        let support = judged.support();
        let together = self.together.as_ref();
        let mut legend: Vec<Key> = together
            .map(|_| line_key(Paint::Ink, Stroke::Dashed, "all classes (micro)"))
            .into_iter()
            .collect();
        legend.extend(self.classes.iter().take(COLOURED).enumerate().map(|(place, (class, _))| {
            let text = format!("{} · {}", judged.name(*class), judged.counted(support[*class]));
            line_key(Paint::Series(place), Stroke::Solid, text)
        }));
        match self.classes.len().saturating_sub(COLOURED) {
            0 => {}
            1 => legend.push(line_key(Paint::Muted, Stroke::Thin, "the smallest class")),
            others => legend.push(line_key(Paint::Muted, Stroke::Thin, format!("{others} smaller classes"))),
        }
        legend.push(line_key(Paint::Muted, Stroke::Dashed, chance));
        legend
    }

    fn note(&self) -> String {
        if self.classes.len() > COLOURED {
            format!(" In colour the {COLOURED} largest classes.")
        } else {
            String::new()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{marks, table};
    use super::*;

    #[test]
    fn lift_ends_at_one_and_gain_at_all() {
        let rows: Vec<(u32, usize, f32)> =
            (0..40).map(|row| (row % 10, (row % 10) as usize, 4.0 + row as f32 / 100.0)).collect();
        let predictions = table(10, &rows);
        let lift = lift(&predictions, 1.0, "x");
        let Some(Mark::Line { points, .. }) = marks(&lift.panels[0]).last() else { panic!() };
        assert_eq!((points.len(), points[0].1.round()), (10, 10.0));
        assert!((points[9].1 - 1.0).abs() < 1e-12);
        assert_eq!(lift.legend.len(), 1 + 8 + 1 + 1);
        let gain = gain(&predictions, 1.0, "x");
        for mark in marks(&gain.panels[0]) {
            let Mark::Line { points, .. } = mark else { panic!() };
            let end = points.last().unwrap();
            assert!((end.0 - 100.0).abs() + (end.1 - 100.0).abs() < 1e-9, "{end:?}");
        }
    }
}
