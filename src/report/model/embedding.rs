//! Features of texts in the plane, coloured by class.

use super::answered::AnsweredTexts;
use super::{COLOURED, chart, largest, nothing, titled};
use crate::eval::Predictions;
use crate::report::figure::{Axis, Figure, Key, Look, Mark, Paint, Panel, Scale, Sign};

/// Two projections of the features of a table, each a point per row of it (none where there is no
/// projection). The largest classes are in colour; crosses are mistakes, rings texts without an
/// intent.
pub fn embedding(
    predictions: &Predictions,
    pca: &[(f64, f64)],
    tsne: &[(f64, f64)],
    subtitle: &str,
) -> Figure {
    let figure = if pca.is_empty() && tsne.is_empty() {
        Ok(Figure { panels: vec![nothing("no features were kept of these texts")], ..Figure::default() })
    } else {
        AnsweredTexts::new(predictions, 1.0).map(|judged| draw(&judged, predictions.len(), [pca, tsne]))
    };
    titled("Features of the texts in the plane", subtitle, figure)
}

fn draw(judged: &AnsweredTexts, texts: usize, [pca, tsne]: [&[(f64, f64)]; 2]) -> Figure {
    let support = judged.support();
    let shown: Vec<usize> =
        largest(&support).into_iter().filter(|&class| support[class] > 0).take(COLOURED).collect();
    let others = support.iter().filter(|count| **count > 0).count() - shown.len();
    let right = judged.right();
    let mut legend: Vec<Key> = shown
        .iter()
        .enumerate()
        .map(|(place, &class)| {
            key(Paint::Series(place), Sign::Disc, format!("{} · {}", judged.name(class), support[class]))
        })
        .collect();
    if others > 0 {
        let text = if others == 1 { "the other class".to_owned() } else { format!("{others} other classes") };
        legend.push(key(Paint::Muted, Sign::Disc, text));
    }
    let mistakes = right.iter().filter(|right| !**right).count();
    if mistakes > 0 {
        legend.push(key(Paint::Ink, Sign::Cross, format!("mistakes · {mistakes}")));
    }
    if texts > judged.len() {
        legend.push(key(Paint::Muted, Sign::Ring, format!("out of scope · {}", texts - judged.len())));
    }
    let panel = |title: &str, points: &[(f64, f64)]| panel(title, points, judged, &shown, texts);
    Figure {
        panels: vec![panel("PCA", pca), panel("t-SNE", tsne)],
        columns: 2,
        legend,
        note: "PCA keeps the largest distances; t-SNE keeps neighbours together, its distances mean little."
            .to_owned(),
        width: 1000.0,
        aspect: 1.9,
        ..Figure::default()
    }
}

fn key(paint: Paint, sign: Sign, text: String) -> Key {
    Key { paint, look: Look::Sign(sign), text }
}

fn panel(title: &str, points: &[(f64, f64)], judged: &AnsweredTexts, shown: &[usize], texts: usize) -> Panel {
    if points.is_empty() {
        return Panel { title: title.to_owned(), ..nothing("not computed") };
    }
    if points.len() > 1 && points.iter().all(|point| *point == points[0]) {
        return Panel { title: title.to_owned(), ..nothing("all texts lie at one place here") };
    }
    let (mut others, mut classes, mut mistakes) = (Vec::new(), Vec::new(), Vec::new());
    let right = judged.right();
    for (text, &row) in judged.rows.iter().enumerate() {
        let Some(&(x, y)) = points.get(row) else { continue };
        let place = shown.iter().position(|&class| class == judged.gold[text]);
        let paint = place.map_or(Paint::Muted, Paint::Series);
        let into = match (right[text], place) {
            // In their colours they would be lost among the others.
            (false, _) => {
                mistakes.push((x, y, Paint::Ink));
                continue;
            }
            (true, Some(_)) => &mut classes,
            (true, None) => &mut others,
        };
        into.push((x, y, paint));
    }
    let mut is_judged = vec![false; texts];
    judged.rows.iter().for_each(|&row| is_judged[row] = true);
    let outside = points.iter().zip(&is_judged).filter(|(_, is_judged)| !**is_judged);
    let outside = outside.map(|(point, _)| (point.0, point.1, Paint::Muted)).collect();
    let mark = |points, sign, size| Mark::Points { points, sign, size };
    let axis = |values: Vec<f64>| Axis::bare(Scale::around(values));
    let size = if points.len() > 2000 { 2.2 } else { 3.2 };
    chart(
        title,
        axis(points.iter().map(|point| point.0).collect()),
        axis(points.iter().map(|point| point.1).collect()),
        vec![
            mark(outside, Sign::Ring, size),
            mark(others, Sign::Disc, size),
            mark(classes, Sign::Disc, size),
            mark(mistakes, Sign::Cross, size + 1.8),
        ],
    )
}

#[cfg(test)]
mod tests {
    use super::super::testing::{is_empty, marks, table};
    use super::*;
    use crate::eval::OUT_OF_SCOPE;

    #[test]
    fn every_text_has_one_sign_and_mistakes_are_crosses() {
        let predictions = table(3, &[(0, 0, 1.0), (0, 0, 1.0), (1, 2, 1.0), (OUT_OF_SCOPE, 0, 1.0)]);
        let points = [(0.0, 0.0), (1.0, 1.0), (2.0, 0.0), (3.0, 1.0)];
        let figure = embedding(&predictions, &points, &[], "x");
        let signs: Vec<(Sign, usize)> = marks(&figure.panels[0])
            .iter()
            .map(|mark| match mark {
                Mark::Points { points, sign, .. } => (*sign, points.len()),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(signs, [(Sign::Ring, 1), (Sign::Disc, 0), (Sign::Disc, 2), (Sign::Cross, 1)]);
        assert_eq!(figure.legend[0].text, "class_0 · 2");
        assert!(is_empty(&embedding(&predictions, &[], &[], "x")));
    }
}
