//! The picture of a load test: how often which latency, and the percentiles.

use std::time::Duration;

use super::figure::{Along, Axis, Content, Figure, Key, Look, Mark, Paint, Panel, Scale, Stroke};
use crate::load::{Latencies, Pace, Tally};
use uaic_wording::duration::latency;
use uaic_wording::number::grouped;

/// Intervals of the histogram.
const BINS: usize = 80;

/// Room of the name of a rule, as a share of the axis.
const NAME: f64 = 0.15;

/// Rules of the lower panel: names, and one answer of how many takes longer.
const MARKED: [(&str, f64); 5] =
    [("p50", 2.0), ("p90", 10.0), ("p99", 100.0), ("p99.9", 1e3), ("p99.99", 1e4)];

/// A load test as its picture sees it.
#[derive(Clone, Copy, Debug)]
pub struct LoadTest<'a> {
    /// What was asked: `POST http://127.0.0.1:8080/v1/predict`.
    pub request: &'a str,
    /// How: `open loop, 1,000 requests/s over 128 connections`.
    pub manner: &'a str,
    /// For how long: `10 s`.
    pub extent: &'a str,
    /// When requests were due.
    pub pace: &'a Pace,
    /// What came of them.
    pub tally: &'a Tally,
}

/// One series of latencies.
struct Series<'a> {
    name: &'static str,
    latencies: &'a Latencies,
    paint: Paint,
    stroke: Stroke,
}

/// Latencies of answers of 2xx; in an open loop from when requests were due and from when they were
/// sent.
pub fn latencies(test: &LoadTest<'_>) -> Figure {
    let tally = test.tally;
    let response = Series {
        name: "response time",
        latencies: &tally.response,
        paint: Paint::Series(0),
        stroke: Stroke::Solid,
    };
    let service = Series {
        name: "service time",
        latencies: &tally.service,
        paint: Paint::Series(1),
        stroke: Stroke::Dashed,
    };
    let (what, series) = match test.pace {
        Pace::Closed => ("Latency", vec![response]),
        Pace::Open(_) => ("Response time", vec![response, service]),
    };
    let legend = if series.len() > 1 { series.iter().map(key).collect() } else { Vec::new() };
    Figure {
        title: format!("{what} of {}", test.request),
        subtitle: format!(
            "{} · {} · {} answers of 2xx",
            test.manner,
            test.extent,
            grouped(tally.succeeded())
        ),
        panels: panels(&series),
        columns: 1,
        legend,
        note: note(test),
        aspect: 1.15,
        ..Figure::default()
    }
}

fn key(series: &Series<'_>) -> Key {
    Key { paint: series.paint, look: Look::Line(series.stroke), text: series.name.to_owned() }
}

fn note(test: &LoadTest<'_>) -> String {
    match test.pace {
        Pace::Closed => "Closed loop: from when a request was sent. What would have been due while answers \
                         were awaited was not sent and is not shown."
            .to_owned(),
        Pace::Open(_) => {
            let lag = test.tally.lag.quantile(500_000);
            let lag =
                lag.map(|lag| format!(", and {} by which the generator itself is late (p50)", latency(lag)));
            format!(
                "Response time counts from when a request was due, service time from when it was sent; what \
                 lies between is the wait for a free connection{}.",
                lag.unwrap_or_default()
            )
        }
    }
}

/// The unit of an axis.
#[derive(Clone, Copy)]
struct Unit {
    name: &'static str,
    nanoseconds: f64,
}

impl Unit {
    /// The one in which the ends of an axis have few digits.
    fn between(shortest: Duration, longest: Duration) -> Self {
        let middle = (shortest.as_secs_f64().max(1e-9) * longest.as_secs_f64().max(1e-9)).sqrt();
        let (name, nanoseconds) = match middle {
            _ if middle < 0.5e-3 => ("µs", 1e3),
            _ if middle < 0.5 => ("ms", 1e6),
            _ => ("s", 1e9),
        };
        Self { name, nanoseconds }
    }

    fn of(self, time: Duration) -> f64 {
        (time.as_nanos() as f64).max(1.0) / self.nanoseconds
    }
}

fn panels(series: &[Series<'_>]) -> Vec<Panel> {
    let shortest = series.iter().filter_map(|series| series.latencies.smallest()).min();
    let longest = series.iter().filter_map(|series| series.latencies.largest()).max();
    let (Some(shortest), Some(longest)) = (shortest, longest) else {
        let why = "no answer was 2xx".to_owned();
        return vec![Panel { title: String::new(), content: Content::Empty(why) }];
    };
    let unit = Unit::between(shortest, longest);
    let (shortest, longest) = (unit.of(shortest), unit.of(longest));
    let room = (longest / shortest).powf(0.04).max(1.05);
    let ends = (shortest / room, longest * room);
    vec![
        Panel { title: "How many answers take how long".to_owned(), content: histogram(series, ends, unit) },
        Panel { title: "How long the slowest take".to_owned(), content: percentiles(series, ends, unit) },
    ]
}

fn histogram(series: &[Series<'_>], (low, high): (f64, f64), unit: Unit) -> Content {
    let shares: Vec<Vec<f64>> =
        series.iter().map(|series| shares(series.latencies, unit, (low, high))).collect();
    let most = shares.iter().flatten().copied().fold(0.0, f64::max);
    let mut marks = Vec::new();
    for (series, shares) in series.iter().zip(&shares) {
        let outline = outline(shares, (low, high));
        if series.stroke == Stroke::Solid {
            let ground = outline.iter().map(|&(time, share)| (time, 0.0, share)).collect();
            marks.push(Mark::Band { points: ground, paint: series.paint });
        }
        marks.push(Mark::Line { points: outline, paint: series.paint, stroke: series.stroke });
    }
    if let Some(first) = series.first() {
        marks.extend(rules(first.latencies, (low, high), unit));
    }
    let y = Axis::new("share of answers (%)", Scale::Linear { low: 0.0, high: (most * 1.12).max(1e-3) });
    Content::Chart { x: Axis::new(format!("latency ({})", unit.name), Scale::Log { low, high }), y, marks }
}

/// The share of values in intervals that are equally wide by logarithm, in percent. A bucket counts
/// in each interval for the part of it that lies there, so that none is empty between two buckets.
fn shares(latencies: &Latencies, unit: Unit, (low, high): (f64, f64)) -> Vec<f64> {
    let mut shares = vec![0.0; BINS];
    let place = |nanoseconds: u64| {
        let value = (nanoseconds as f64 / unit.nanoseconds).max(low);
        (value / low).ln() / (high / low).ln() * BINS as f64
    };
    let all = latencies.count().max(1) as f64;
    for bucket in latencies.buckets() {
        let (from, to) = (place(bucket.low), place(bucket.high).min(BINS as f64));
        let width = (to - from).max(1e-12);
        for (bin, share) in shares.iter_mut().enumerate().skip(from as usize).take((to - from) as usize + 2) {
            let overlap = (to.min(bin as f64 + 1.0) - from.max(bin as f64)).max(0.0);
            *share += 100.0 * bucket.count as f64 / all * overlap / width;
        }
    }
    shares
}

fn outline(shares: &[f64], (low, high): (f64, f64)) -> Vec<(f64, f64)> {
    let edge = |bin: usize| low * (high / low).powf(bin as f64 / shares.len() as f64);
    let mut outline = vec![(low, 0.0)];
    for (bin, share) in shares.iter().enumerate() {
        outline.extend([(edge(bin), *share), (edge(bin + 1), *share)]);
    }
    outline.push((high, 0.0));
    outline
}

/// A rule at each percentile that is not the slowest answer; one whose name would cover another's has
/// none.
fn rules(latencies: &Latencies, (low, high): (f64, f64), unit: Unit) -> Vec<Mark> {
    let shown = [("p50", 500_000), ("p99", 990_000), ("p99.9", 999_000)];
    let mut named: Vec<(f64, f64)> = Vec::new();
    let mut marks = Vec::new();
    for (name, millionths) in shown {
        let time = latencies.quantile(millionths).filter(|time| Some(*time) < latencies.largest());
        let Some(time) = time else { continue };
        let at = unit.of(time);
        // As a share of the axis. Names stand to the right of their rule, if there is room.
        let place = (at / low).ln() / (high / low).ln();
        let end = if place + NAME > 1.0 { place - NAME } else { place + NAME };
        let room = (place.min(end), place.max(end));
        let is_free = named.iter().all(|other| room.1 < other.0 || room.0 > other.1);
        if is_free {
            named.push(room);
        }
        let label = if is_free { format!("{name} {}", latency(time)) } else { String::new() };
        marks.push(Mark::Rule { at, of: Along::X, paint: Paint::Muted, label });
    }
    marks
}

/// Latency over how rare it is to wait longer.
fn percentiles(series: &[Series<'_>], (low, high): (f64, f64), unit: Unit) -> Content {
    let most = series.iter().map(|series| series.latencies.count()).max().unwrap_or(1) as f64;
    let mut marks: Vec<Mark> = MARKED
        .into_iter()
        .filter(|(_, of)| *of <= most)
        .map(|(name, of)| Mark::Rule { at: of, of: Along::X, paint: Paint::Muted, label: name.to_owned() })
        .collect();
    for series in series {
        let points = curve(series.latencies, unit);
        marks.push(Mark::Line { points, paint: series.paint, stroke: series.stroke });
    }
    let x = Axis::new("one in … answers takes longer", Scale::Log { low: 1.0, high: (most * 1.1).max(2.0) });
    // The names of the rules stand above all lines.
    let times = Scale::Log { low, high: high * (high / low).powf(0.12) };
    Content::Chart { x, y: Axis::new(format!("latency ({})", unit.name), times), marks }
}

/// One point per bucket: how many answers there are for each that is slower, and the bucket's end.
fn curve(latencies: &Latencies, unit: Unit) -> Vec<(f64, f64)> {
    let all = latencies.count();
    let mut below = 0;
    let mut points = Vec::new();
    for bucket in latencies.buckets() {
        let time = ((bucket.low + bucket.high) as f64 / 2.0).max(1.0) / unit.nanoseconds;
        let start = all as f64 / (all - below) as f64;
        below += bucket.count;
        // The slowest bucket ends where one answer is left.
        let end = all as f64 / (all - below).max(1) as f64;
        points.extend([(start, time), (end, time)]);
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    const MICROSECONDS: Unit = Unit { name: "µs", nanoseconds: 1e3 };

    fn some() -> Latencies {
        let mut latencies = Latencies::default();
        for place in 0..1000_u64 {
            latencies.record(Duration::from_micros(50 + place * place / 1000));
        }
        latencies
    }

    #[test]
    fn the_shares_of_all_intervals_are_the_whole() {
        for ends in [(40.0, 2000.0), (49.9, 1050.0), (49.9999, 1_000_000.0)] {
            let sum: f64 = shares(&some(), MICROSECONDS, ends).iter().sum();
            assert!((sum - 100.0).abs() < 1e-6, "{sum}");
        }
    }

    #[test]
    fn the_curve_grows_from_all_answers_to_the_slowest_one() {
        let points = curve(&some(), MICROSECONDS);
        assert!(points.windows(2).all(|pair| pair[0].0 <= pair[1].0 && pair[0].1 <= pair[1].1));
        assert!((points[0].0 - 1.0).abs() < 1e-9 && (points[points.len() - 1].0 - 1000.0).abs() < 1e-9);
    }

    #[test]
    fn names_of_rules_do_not_cover_each_other() {
        let mut latencies = some();
        for _ in 0..20 {
            latencies.record(Duration::from_secs(1));
        }
        latencies.record(Duration::from_secs(2));
        let names = |ends| {
            let labels = rules(&latencies, ends, MICROSECONDS).into_iter().map(|mark| match mark {
                Mark::Rule { label, .. } => label.split(' ').next().unwrap_or_default().to_owned(),
                other => panic!("{other:?}"),
            });
            labels.collect::<Vec<_>>()
        };
        // The slower two are at the same place.
        assert_eq!(names((10.0, 3e6)), ["p50", "p99", ""]);
        assert_eq!(names((1e-9, 1e15)), ["p50", "", ""]);
    }

    #[test]
    fn a_run_without_answers_has_a_picture_that_says_so() {
        let none = Latencies::default();
        let series = Series { name: "", latencies: &none, paint: Paint::Ink, stroke: Stroke::Solid };
        let panels = panels(&[series]);
        assert!(matches!(&panels[0].content, Content::Empty(why) if why.contains("2xx")));
    }
}
