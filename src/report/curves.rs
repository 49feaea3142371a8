//! The series of runs: which there are, their points, and pictures of them.

use std::collections::{BTreeMap, BTreeSet};

use super::figure::{Figure, Panel};
use super::series::{self, Series, SeriesStyle};
use crate::store::{Bucket, LatestMetric, Look, Point, RunRecord, Store, StoreError};
use crate::trial::{Fold, MetricKey};

/// Parts of a series that a picture can show; each keeps its first, last, smallest and largest value.
pub const PARTS: u32 = 2000;

/// Where the use of the machine is recorded.
pub const SYSTEM: &str = "system/";

/// Most panels of one figure.
const PANELS: usize = 12;

/// What a series is drawn over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Over {
    /// Its steps.
    Step,
    /// Seconds since the run was started.
    Time,
    /// Another metric, at the same steps.
    Metric(String),
}

/// A series as points of a picture, of which no extreme is lost.
///
/// # Errors
/// The store cannot be read.
pub fn points(
    store: &dyn Store,
    run: &RunRecord,
    key: &str,
    over: &Over,
    parts: u32,
) -> Result<Vec<(f64, f64)>, StoreError> {
    let x: &dyn Fn(&Point) -> f64 = match over {
        Over::Step => &|point| point.step as f64,
        Over::Time => &|point| (point.time_ms - run.started_ms) as f64 / 1000.0,
        Over::Metric(name) => {
            // The last value at each step.
            let places: BTreeMap<i64, f64> =
                store.series(run.id, name)?.into_iter().map(|point| (point.step, point.value)).collect();
            let at = |point: Point| Some((*places.get(&point.step)?, point.value));
            return Ok(store.series(run.id, key)?.into_iter().filter_map(at).collect());
        }
    };
    let mut points = Vec::new();
    for bucket in store.buckets(run.id, key, &Look::whole(parts))? {
        let Bucket { first, last, smallest, largest, count } = bucket;
        points.push((x(&first), first.value));
        if count > 2 {
            let middle = f64::midpoint(x(&first), x(&last));
            points.extend([smallest, largest].into_iter().flatten().map(|value| (middle, value)));
        }
        if count > 1 {
            points.push((x(&last), last.value));
        }
    }
    Ok(points)
}

/// The series that runs have, but those of single folds and of the machine: those of most runs first,
/// of as many by name.
pub fn keys_by_use<'a>(of_runs: impl IntoIterator<Item = &'a [LatestMetric]>) -> Vec<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for metric in of_runs.into_iter().flatten() {
        let is_whole = MetricKey::from(metric.key.as_str()).fold.is_none();
        if metric.count > 1 && is_whole && !metric.key.starts_with(SYSTEM) {
            *counts.entry(&metric.key).or_default() += 1;
        }
    }
    let mut keys: Vec<(&str, usize)> = counts.into_iter().collect();
    keys.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    keys.into_iter().map(|(key, _)| key.to_owned()).collect()
}

/// A metric with the lines of its panel.
pub(super) struct Course {
    /// Its name.
    pub(super) metric: String,
    /// A line for each run or fold.
    pub(super) lines: Vec<Series>,
}

/// All series of one run as they are drawn: a panel for each metric, with a line for each fold.
pub(super) fn of_run(
    store: &dyn Store,
    run: &RunRecord,
    metrics: &[LatestMetric],
) -> Result<Vec<Course>, StoreError> {
    let mut courses: Vec<Course> = Vec::new();
    for metric in metrics.iter().filter(|metric| metric.count > 1 && !metric.key.starts_with(SYSTEM)) {
        let key = MetricKey::from(metric.key.as_str());
        let name = match key.fold {
            None => "whole".to_owned(),
            Some(Fold::One(fold)) => format!("fold {fold}"),
            Some(Fold::Each) => "each fold".to_owned(),
        };
        let points = points(store, run, &metric.key, &Over::Step, PARTS)?;
        let line = Series { name, group: String::new(), points };
        let metric = key.metric();
        match courses.iter_mut().find(|course| course.metric == metric) {
            Some(course) => course.lines.push(line),
            None => courses.push(Course { metric, lines: vec![line] }),
        }
    }
    Ok(courses)
}

/// The use of the machine over the time, in units of which numbers are short.
pub(super) fn of_system(
    store: &dyn Store,
    run: &RunRecord,
    metrics: &[LatestMetric],
) -> Result<Vec<Course>, StoreError> {
    const MIB: f64 = 1024.0 * 1024.0;
    let mut courses = Vec::new();
    for metric in metrics.iter().filter(|metric| metric.count > 1) {
        let Some(name) = metric.key.strip_prefix(SYSTEM) else { continue };
        let mut points = points(store, run, &metric.key, &Over::Time, PARTS)?;
        let is_size = name.ends_with("_bytes");
        if is_size {
            for point in &mut points {
                point.1 /= MIB;
            }
        }
        let name = if is_size { name.replace("_bytes", " (MiB)") } else { name.to_owned() };
        let line = Series { name: name.clone(), group: String::new(), points };
        courses.push(Course { metric: name.replace('_', " "), lines: vec![line] });
    }
    Ok(courses)
}

/// Figures of courses: one for each group of names, such as `train`, and more where it has very many.
/// Each comes with the name of its file.
pub(super) fn figures(
    courses: Vec<Course>,
    (file, about): (&str, &str),
    style: &SeriesStyle,
) -> Vec<(String, Figure)> {
    let mut groups: Vec<(String, Vec<Course>)> = Vec::new();
    for course in courses {
        let group = MetricKey::from(course.metric.as_str()).group;
        match groups.iter_mut().find(|(name, _)| *name == group) {
            Some((_, members)) => members.push(course),
            None => groups.push((group, vec![course])),
        }
    }
    let mut taken = BTreeSet::new();
    let mut figures = Vec::new();
    for (group, mut members) in groups {
        let title = if group.is_empty() { "Curves".to_owned() } else { format!("Curves of {group}") };
        while !members.is_empty() {
            let rest = members.split_off(members.len().min(PANELS));
            figures.push((file_name(file, &group, &mut taken), figure(&title, about, members, style)));
            members = rest;
        }
    }
    figures
}

/// `curves_train`: letters and digits alone, and no name twice.
fn file_name(file: &str, group: &str, taken: &mut BTreeSet<String>) -> String {
    let plain = |letter: char| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '_' };
    let name: String = group.chars().map(plain).take(40).collect();
    let name = if name.is_empty() { file.to_owned() } else { format!("{file}_{name}") };
    let numbered = (2..).map(|number| format!("{name}_{number}"));
    let free = std::iter::once(name.clone()).chain(numbered).find(|name| !taken.contains(name));
    let free = free.unwrap_or(name);
    taken.insert(free.clone());
    free
}

/// A figure with a panel for each course.
pub(super) fn figure(title: &str, about: &str, courses: Vec<Course>, style: &SeriesStyle) -> Figure {
    let columns = match courses.len() {
        0 | 1 => 1,
        2 | 4 => 2,
        _ => 3,
    };
    let rows = courses.len().div_ceil(columns).max(1);
    let (mut panels, mut legend, mut note) = (Vec::new(), Vec::new(), String::new());
    let is_single = courses.iter().all(|course| course.lines.len() < 2) && style.groups.is_none();
    for course in courses {
        let one = series::series(title, about, &course.lines, style);
        let content = one.panels.into_iter().map(|panel| panel.content);
        panels.extend(content.map(|content| Panel { title: course.metric.clone(), content }));
        if one.legend.len() > legend.len() {
            legend = one.legend;
        }
        if note.is_empty() {
            note = one.note;
        }
    }
    if is_single {
        legend.clear();
    }
    let (width, height) = match columns {
        1 => (800.0, 440.0),
        2 => (800.0, 320.0),
        _ => (900.0, 280.0),
    };
    Figure {
        title: title.to_owned(),
        subtitle: about.to_owned(),
        columns,
        legend,
        note,
        aspect: width / (rows as f64 * height + 40.0),
        panels,
        ..Figure::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn course(metric: &str) -> Course {
        let line =
            Series { name: "whole".into(), group: String::new(), points: vec![(0.0, 1.0), (1.0, 2.0)] };
        Course { metric: metric.to_owned(), lines: vec![line] }
    }

    #[test]
    fn a_figure_for_each_group_and_no_file_twice() {
        let courses = ["loss", "train/loss", "Train/loss", "train/a/b", "größe/x"].map(course).into();
        let made = figures(courses, ("curves", "x"), &SeriesStyle::default());
        let names: Vec<&str> = made.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["curves", "curves_train", "curves_train_2", "curves_gr__e"]);
        assert_eq!(made[1].1.panels.len(), 2);
        assert!(made.iter().all(|(_, figure)| figure.legend.is_empty()), "one line needs no name");
    }

    #[test]
    fn very_many_metrics_are_several_figures() {
        let courses = (0..30).map(|layer| course(&format!("gradient/{layer}"))).collect();
        let made = figures(courses, ("curves", "x"), &SeriesStyle::default());
        let panels: Vec<usize> = made.iter().map(|(_, figure)| figure.panels.len()).collect();
        assert_eq!(panels, [12, 12, 6]);
    }

    #[test]
    fn the_series_of_most_runs_come_first() {
        let metric = |key: &str, count| LatestMetric {
            key: key.to_owned(),
            step: 0,
            value: 0.0,
            min: None,
            max: None,
            count,
        };
        let first = [metric("b", 2), metric("a", 1), metric("system/x", 9), metric("fold=0/val/x", 9)];
        let second = [metric("b", 2), metric("c", 2), metric("a", 2)];
        assert_eq!(keys_by_use([&first[..], &second[..]]), ["b", "a", "c"]);
    }
}
