//! Points that others log, and may send again: each is kept once.

use std::cmp::Ordering;

use rusqlite::Connection;

use super::Fault;
use super::series::{add, latest, open, pieces, sort};
use uaic_study::store::{Look, Point};

/// Appends points to a series of a run that started at `started_ms`. The latest is that of the greatest step,
/// time and value.
pub(super) fn append(
    connection: &Connection,
    run: i64,
    started_ms: i64,
    name: i64,
    mut points: Vec<Point>,
) -> Result<(), Fault> {
    points.sort_by(compare);
    points.dedup_by(|a, b| is_same(a, b));
    let before = latest(connection, run, started_ms, name)?;
    if let Some(last) = before.as_ref().map(|before| before.point) {
        // What is greater than the greatest is new; the others are looked for among those of their steps.
        let known = points.partition_point(|point| compare(point, &last).is_le());
        if known > 0 {
            remove_known(connection, run, started_ms, name, &mut points, known)?;
        }
    }
    let Some(new) = sort(&mut points) else { return Ok(()) };
    add(connection, [run, name], started_ms, before, points, new, |next, last| compare(next, last).is_gt())
}

/// The order of points by step, time and value, in which NaN is as 0.
fn compare(a: &Point, b: &Point) -> Ordering {
    let value = |point: &Point| if point.value.is_nan() { 0.0 } else { point.value };
    let by_place = (a.step, a.time_ms).cmp(&(b.step, b.time_ms));
    by_place.then(value(a).total_cmp(&value(b))).then(a.value.is_nan().cmp(&b.value.is_nan()))
}

/// Whether two points are one. There is one NaN.
fn is_same(a: &Point, b: &Point) -> bool {
    let is_same_value = a.value.to_bits() == b.value.to_bits() || (a.value.is_nan() && b.value.is_nan());
    (a.step, a.time_ms) == (b.step, b.time_ms) && is_same_value
}

/// Takes out of the first `known` of sorted points those that a series has.
fn remove_known(
    connection: &Connection,
    run: i64,
    started_ms: i64,
    name: i64,
    points: &mut Vec<Point>,
    known: usize,
) -> Result<(), Fault> {
    let (Some(first), Some(last)) = (points.first(), points.get(known - 1)) else { return Ok(()) };
    let look = Look { steps: first.step..=last.step, buckets: 1 };
    let pieces = pieces(connection, run, name, &look)?;
    let mut there = open(connection, run, name, &pieces)?;
    // A series of one point has no piece.
    there.extend(latest(connection, run, started_ms, name)?.map(|latest| latest.point));
    there.sort_by(compare);
    points.retain(|point| {
        let from = there.partition_point(|other| compare(other, point).is_lt());
        !there[from..]
            .iter()
            .take_while(|other| compare(other, point).is_eq())
            .any(|other| is_same(other, point))
    });
    Ok(())
}
