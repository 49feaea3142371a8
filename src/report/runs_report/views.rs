//! What the value of runs hangs on: pictures of a study, with the runs in place of trials.

use super::super::error::PlotError;
use super::super::figure::Figure;
use super::super::plot::{self, PlotOptions};
use super::super::scatter::scatter;
use super::super::study::StudyView;
use super::members::Members;

/// Values so far apart are drawn on a logarithmic axis.
const FAR: f64 = 100.0;

/// Figures by the names of their files.
pub(super) fn drawn(members: &Members) -> Result<Vec<(&'static str, Figure)>, PlotError> {
    let mut figures = Vec::new();
    let Some(aim) = &members.aim else { return Ok(figures) };
    let valued = members.all.iter().map(|member| (member.run.clone(), member.value)).collect();
    let view = StudyView::of_runs(valued, aim.clone());
    if view.complete().count() > 1 {
        if !view.space.is_empty() {
            for kind in ["parallel", "slice", "importance"] {
                let figure = plot::of_view(kind, &view, &PlotOptions::default())?;
                figures.extend(figure.map(|figure| (kind, figure)));
            }
        }
        figures.extend(
            plot::of_view("history", &view, &PlotOptions::default())?.map(|figure| ("history", figure)),
        );
    }
    figures.extend(against_second(members, &aim.title).map(|figure| ("scatter", figure)));
    Ok(figures)
}

/// The metric that decides against the second one.
fn against_second(members: &Members, about: &str) -> Option<Figure> {
    let [first, second, ..] = &members.metrics[..] else { return None };
    let point = |member| members.number(member, second).zip(members.number(member, first));
    let points: Vec<(f64, f64)> = members.all.iter().filter_map(point).collect();
    let is_far = |values: &mut dyn Iterator<Item = f64>| {
        let ends = |(low, high): (f64, f64), value: f64| (low.min(value), high.max(value));
        let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), ends);
        low > 0.0 && high / low > FAR && high.is_finite()
    };
    let log =
        (is_far(&mut points.iter().map(|point| point.0)), is_far(&mut points.iter().map(|point| point.1)));
    (points.len() > 2).then(|| scatter(about, (second, first), &points, log))
}
