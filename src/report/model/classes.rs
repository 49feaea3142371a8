//! F1 per class with its support, and how classes are spread over splits.

use std::collections::BTreeMap;

use super::answered::{AnsweredTexts, Answering};
use super::{MOST_ROWS, aspect_of_rows, chart, largest, line_key, nothing, texts, titled};
use crate::eval::{Average, Confusion, Predictions};
use crate::report::figure::{Along, Axis, Figure, Key, Look, Mark, Paint, Panel, Scale, Sign, Stroke};

/// F1 of every class, the largest first, its number of texts beside its name; of many those with the
/// lowest F1, lowest first.
pub fn f1(predictions: &impl Answering, subtitle: &str) -> Figure {
    titled("F1 per class", subtitle, predictions.answered(1.0).map(|judged| draw_f1(&judged)))
}

fn draw_f1(judged: &AnsweredTexts) -> Figure {
    let counts = Confusion::count(judged.names.len(), &judged.gold, &judged.predicted);
    let classes = counts.per_class();
    let order = largest(&judged.support());
    let all: Vec<(usize, f64)> =
        order.iter().filter_map(|&class| Some((class, classes[class].f1.ok()?))).collect();
    let mut rows = all.clone();
    if rows.len() > MOST_ROWS {
        rows.sort_by(|a, b| a.1.total_cmp(&b.1));
        rows.truncate(MOST_ROWS);
    }
    let mean = counts.f1(Average::Macro);
    let name = |&(class, _): &(usize, f64)| format!("{} · {}", judged.name(class), classes[class].support);
    let absent = (0..judged.known).filter(|&class| classes[class].f1.is_err());
    let absent: Vec<String> = absent.map(|class| judged.name(class)).collect();
    Figure {
        panels: vec![chart(
            "",
            Axis::new("F1", Scale::Linear { low: 0.0, high: 1.1 }),
            Axis::new("", Scale::Categories(rows.iter().map(name).collect())),
            f1_marks(judged, &rows, mean),
        )],
        legend: mean
            .map(|mean| line_key(Paint::Ink, Stroke::Dashed, format!("macro F1 {mean:.3}")))
            .into_iter()
            .collect(),
        note: f1_note(judged, all.len(), &rows, &absent),
        aspect: aspect_of_rows(rows.len()),
        ..Figure::default()
    }
}

/// A bar for each class with its F1 behind it, and a rule at the mean.
fn f1_marks(judged: &AnsweredTexts, rows: &[(usize, f64)], mean: Option<f64>) -> Vec<Mark> {
    let paint = |class: usize| if class < judged.known { Paint::Series(0) } else { Paint::Wrong };
    let bars = rows.iter().enumerate().map(|(row, &(class, f1))| (row as f64, f1, paint(class))).collect();
    let mut marks = vec![Mark::Bars { bars, width: 0.72, along: Along::X }];
    marks.extend(mean.map(|mean| Mark::Rule {
        at: mean,
        of: Along::X,
        paint: Paint::Ink,
        label: String::new(),
    }));
    marks.extend(rows.iter().enumerate().map(|(row, &(_, f1))| Mark::Text {
        at: (1.015, row as f64),
        text: format!("{f1:.3}"),
        ends: false,
    }));
    marks
}

/// What is left out of `all` classes, and which have no F1.
fn f1_note(judged: &AnsweredTexts, all: usize, rows: &[(usize, f64)], absent: &[String]) -> String {
    let mut notes = vec![format!("Behind each name, its number of {}s.", judged.noun)];
    if let Some((_, highest)) = rows.last().filter(|_| all > rows.len()) {
        let (left_out, shown) = (all - rows.len(), rows.len());
        let rest = if *highest < 1.0 { format!("{highest:.3} or more") } else { "1, too".to_owned() };
        notes.push(format!(
            "Of {all} classes the {shown} with the lowest F1; the other {left_out} have {rest}."
        ));
    }
    if !absent.is_empty() {
        notes.push(format!("Neither occurring nor predicted: {}.", listed(absent)));
    }
    notes.push(judged.note_on_unknown().to_owned());
    notes.retain(|note| !note.is_empty());
    notes.join(" ")
}

/// The first names, and how many more there are.
fn listed(names: &[String]) -> String {
    const SHOWN: usize = 12;
    let first = names[..names.len().min(SHOWN)].join(", ");
    if names.len() > SHOWN { format!("{first} and {} more", names.len() - SHOWN) } else { first }
}

/// The number of texts of each gold label that occurs in a table.
pub fn class_counts(predictions: &Predictions) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for &gold in &predictions.gold {
        *counts.entry(predictions.gold_name(gold).to_owned()).or_default() += 1;
    }
    counts
}

/// The share of every class in named splits, the largest class of the first split first.
pub fn classes(splits: &[(&str, BTreeMap<String, usize>)], subtitle: &str) -> Figure {
    let mut names: Vec<&str> =
        splits.iter().flat_map(|(_, counts)| counts.keys()).map(String::as_str).collect();
    names.sort_unstable();
    names.dedup();
    // By the first split that has it, then by the next.
    let count = |split: usize, name: &str| splits[split].1.get(name).copied().unwrap_or(0);
    names.sort_by(|a, b| {
        let counts = |name: &str| (0..splits.len()).map(|split| count(split, name)).collect::<Vec<_>>();
        counts(b).cmp(&counts(a)).then(a.cmp(b))
    });
    let all = names.len();
    let between = between(&mut names, &|name| count(0, name), splits.first().map_or("", |split| split.0));
    let percent = |split: usize, name: &str| {
        let of_split: usize = splits[split].1.values().sum();
        (count(split, name) > 0).then(|| 100.0 * count(split, name) as f64 / of_split as f64)
    };
    let of_split = |split: usize| -> Vec<(f64, f64)> {
        let rows = names.iter().enumerate();
        rows.filter_map(|(row, name)| Some((percent(split, name)?, row as f64))).collect()
    };
    let points: Vec<Vec<(f64, f64)>> = (0..splits.len()).map(of_split).collect();
    let lacks = "Where a split lacks a class it has no sign.";
    let note = if between.is_empty() { lacks.to_owned() } else { format!("{between} {lacks}") };
    let key = |(split, (name, counts)): (usize, &(&str, BTreeMap<String, usize>))| Key {
        paint: Paint::Series(split),
        look: Look::Sign(sign(split)),
        text: format!("{name} · {} texts, {} classes", counts.values().sum::<usize>(), counts.len()),
    };
    Figure {
        title: "Class distribution".to_owned(),
        subtitle: subtitle.to_owned(),
        panels: vec![shares_panel(&names, &points)],
        legend: if all > 0 { splits.iter().enumerate().map(key).collect() } else { Vec::new() },
        note: if all > 0 { note } else { String::new() },
        aspect: aspect_of_rows(names.len().max(3)),
        ..Figure::default()
    }
}

/// The shares of classes in each split; on a logarithmic axis where they are far apart.
fn shares_panel(names: &[&str], points: &[Vec<(f64, f64)>]) -> Panel {
    if names.is_empty() {
        return nothing("no texts");
    }
    let shares = || points.iter().flatten().map(|point| point.0);
    let (least, most) = (shares().fold(f64::INFINITY, f64::min), shares().fold(0.0, f64::max));
    let x = if most > 20.0 * least {
        Scale::log_around(shares())
    } else {
        Scale::Linear { low: 0.0, high: most * 1.05 }
    };
    let y = Scale::Categories(names.iter().map(|name| (*name).to_owned()).collect());
    chart("", Axis::new("% of the split's texts", x), Axis::new("", y), dots(points, names.len()))
}

/// Most classes that are shown by their shares.
const MOST_SHARES: usize = 40;

/// Leaves the largest and the smallest of many classes, which are sorted by their number of texts in a
/// split, and says what is between them.
fn between(names: &mut Vec<&str>, count: &dyn Fn(&str) -> usize, split: &str) -> String {
    if names.len() <= MOST_SHARES {
        return String::new();
    }
    let (half, all) = (MOST_SHARES / 2, names.len());
    let (first, last) = (count(names[0]), count(names[all - 1]));
    let left_out: Vec<&str> = names.drain(half..all - half).collect();
    let counts = || left_out.iter().map(|name| count(name));
    let (least, most) = (counts().min().unwrap_or(0), counts().max().unwrap_or(0));
    if first == last {
        return format!(
            "All {all} classes have {} of {split}; {MOST_SHARES} of them are shown.",
            texts(first)
        );
    }
    let texts = if least == most { texts(most) } else { format!("{least} to {}", texts(most)) };
    format!(
        "Of {all} classes the {half} largest and the {half} smallest; the {} between them have {texts} of {split} each.",
        left_out.len()
    )
}

fn sign(split: usize) -> Sign {
    [Sign::Disc, Sign::Diamond, Sign::Ring, Sign::Cross][split % 4]
}

/// Of signs that lie on one another the lower ones are larger, so that all are seen.
const SIZES: [f64; 4] = [6.5, 2.8, 9.0, 4.0];

/// A sign per class and split, those of one class joined.
fn dots(points: &[Vec<(f64, f64)>], rows: usize) -> Vec<Mark> {
    let mut ends = vec![(f64::INFINITY, f64::NEG_INFINITY); rows];
    for &(share, row) in points.iter().flatten() {
        let end = &mut ends[row as usize];
        *end = (end.0.min(share), end.1.max(share));
    }
    let joined = ends.into_iter().enumerate().filter(|(_, (low, high))| low < high);
    let mut marks: Vec<Mark> = joined
        .map(|(row, (low, high))| Mark::Line {
            points: vec![(low, row as f64), (high, row as f64)],
            paint: Paint::Muted,
            stroke: Stroke::Solid,
        })
        .collect();
    marks.extend(points.iter().enumerate().map(|(split, points)| Mark::Points {
        points: points.iter().map(|&(share, row)| (share, row, Paint::Series(split))).collect(),
        sign: sign(split),
        size: SIZES[split % 4],
    }));
    marks
}

#[cfg(test)]
mod tests {
    use super::super::testing::{is_empty, marks, table};
    use super::*;

    fn names(figure: &Figure) -> &[String] {
        let crate::report::figure::Content::Chart { y, .. } = &figure.panels[0].content else { panic!() };
        let Scale::Categories(names) = &y.scale else { panic!() };
        names
    }

    #[test]
    fn bars_go_from_the_largest_class_down_and_absent_ones_are_named() {
        let figure = f1(&table(4, &[(1, 1, 1.0), (1, 1, 1.0), (0, 1, 1.0), (4, 3, 1.0)]), "x");
        assert_eq!(names(&figure), ["class_1 · 2", "class_0 · 1", "never_seen+before * · 1", "class_3 · 0"]);
        let Mark::Bars { bars, .. } = &marks(&figure.panels[0])[0] else { panic!() };
        assert_eq!(bars[0], (0.0, 0.8, Paint::Series(0)));
        assert_eq!(bars[2], (2.0, 0.0, Paint::Wrong));
        assert!(figure.note.contains("nor predicted: class_2."), "{}", figure.note);
    }

    #[test]
    fn pictures_of_many_classes_are_higher() {
        let rows = |n: u32| (0..n).map(|class| (class, class as usize, 1.0)).collect::<Vec<_>>();
        let (few, many) = (f1(&table(3, &rows(3)), "x"), f1(&table(200, &rows(200)), "x"));
        assert!(few.aspect > 3.0 && many.aspect < 0.6);
        assert!(many.note.contains("Of 200 classes the 60 with the lowest F1"), "{}", many.note);
    }

    #[test]
    fn of_many_classes_the_largest_and_the_smallest_are_shown_and_the_others_told() {
        let balanced = |texts: usize| (0..150).map(|class| (format!("class_{class:03}"), texts)).collect();
        let figure = classes(&[("train", balanced(100)), ("test", balanced(30))], "x");
        assert_eq!(names(&figure).len(), 40);
        let told = "All 150 classes have 100 texts of train; 40 of them are shown.";
        assert!(figure.note.starts_with(told), "{}", figure.note);
        let growing = (0..150).map(|class| (format!("class_{class:03}"), 1 + class)).collect();
        let note = classes(&[("train", growing)], "x").note;
        let told = "Of 150 classes the 20 largest and the 20 smallest; the 110 between them have 21 to 130 texts of train each.";
        assert!(note.starts_with(told), "{note}");
        assert!(figure.aspect > 0.7, "it is seen at once");
    }

    #[test]
    fn equal_shares_of_two_splits_are_both_seen() {
        let counts = |n: usize| std::collections::BTreeMap::from([("a".to_owned(), n), ("b".to_owned(), n)]);
        let figure = classes(&[("train", counts(50)), ("test", counts(10))], "x");
        let size = |mark: &Mark| match mark {
            Mark::Points { size, .. } => Some(*size),
            _ => None,
        };
        let sizes: Vec<f64> = marks(&figure.panels[0]).iter().filter_map(size).collect();
        // What is drawn later is smaller, a diamond reaching 1.35 times as far as its size says.
        assert!(sizes.len() == 2 && sizes[1] * 1.35 < sizes[0] * 0.8, "{sizes:?}");
    }

    #[test]
    fn a_class_that_a_split_lacks_has_no_sign_there() {
        let counts =
            |pairs: &[(&str, usize)]| pairs.iter().map(|(name, n)| ((*name).to_owned(), *n)).collect();
        let figure = classes(
            &[("train", counts(&[("a", 1), ("b", 99)])), ("test", counts(&[("b", 5), ("c", 5)]))],
            "x",
        );
        assert_eq!(names(&figure), ["b", "a", "c"]);
        let all = marks(&figure.panels[0]);
        let Mark::Points { points, .. } = &all[all.len() - 1] else { panic!() };
        assert_eq!(
            points.iter().map(|point| (point.0, point.1)).collect::<Vec<_>>(),
            [(50.0, 0.0), (50.0, 2.0)]
        );
        let crate::report::figure::Content::Chart { x, .. } = &figure.panels[0].content else { panic!() };
        assert!(matches!(x.scale, Scale::Log { .. }));
        assert!(is_empty(&classes(&[], "x")));
    }
}
