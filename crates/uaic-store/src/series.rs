//! Series of points: appended in pieces, merged when there are many, read whole or from afar.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::Fault;
use super::piece::{pack, unpack};
use uaic_study::store::{Bucket, Look, Point, gather};

/// Points of a piece that is not merged any more.
const FULL: usize = 4096;
/// Pieces that are merged at once.
const MERGED: usize = 32;

/// The row of a series: what listings need of it.
pub(super) struct Latest {
    pub(super) point: Point,
    smallest: Option<f64>,
    largest: Option<f64>,
    count: u64,
}

impl Latest {
    fn of(bucket: &Bucket) -> Self {
        let Bucket { last, smallest, largest, count, .. } = *bucket;
        Self { point: last, smallest, largest, count }
    }

    /// Takes in points that came later.
    fn add(&mut self, next: &Bucket, is_later: fn(&Point, &Point) -> bool) {
        let mut whole = Bucket {
            first: self.point,
            last: self.point,
            smallest: self.smallest,
            largest: self.largest,
            count: self.count,
        };
        whole.add(next);
        let latest = if is_later(&next.last, &self.point) { next.last } else { self.point };
        *self = Self { point: latest, ..Self::of(&whole) };
    }
}

/// Sorts points by step, equal ones as they came, and says what they are as one.
pub(super) fn sort(points: &mut [Point]) -> Option<Bucket> {
    if !points.is_sorted_by_key(|point| point.step) {
        points.sort_by_key(|point| point.step);
    }
    let mut parts = points.iter().map(|point| Bucket::of(*point));
    let mut whole = parts.next()?;
    parts.for_each(|part| whole.add(&part));
    Some(whole)
}

/// Appends points to a series of a run that started at `started_ms`.
pub(super) fn append(
    connection: &Connection,
    run: i64,
    started_ms: i64,
    name: i64,
    mut points: Vec<Point>,
) -> Result<(), Fault> {
    let Some(new) = sort(&mut points) else { return Ok(()) };
    let before = latest(connection, run, started_ms, name)?;
    // The latest is that of the highest step.
    add(connection, [run, name], started_ms, before, points, new, |next, last| next.step >= last.step)
}

/// Adds sorted points, which are `new` as one, to a series of which `before` is known.
pub(super) fn add(
    connection: &Connection,
    [run, name]: [i64; 2],
    started_ms: i64,
    before: Option<Latest>,
    mut points: Vec<Point>,
    new: Bucket,
    is_later: fn(&Point, &Point) -> bool,
) -> Result<(), Fault> {
    match &before {
        None if points.len() == 1 => {}
        // A series of one point has no piece.
        Some(before) if before.count == 1 => {
            points.insert(0, before.point);
            sort(&mut points);
            add_pieces(connection, run, name, 0, &points)?;
        }
        _ => {
            let seq = next_seq(connection, run, name)?;
            add_pieces(connection, run, name, seq, &points)?;
            merge_many(connection, run, name)?;
        }
    }
    let latest = match before {
        None => Latest::of(&new),
        Some(mut before) => {
            before.add(&new, is_later);
            before
        }
    };
    put_latest(connection, run, started_ms, name, &latest)
}

pub(super) fn latest(
    connection: &Connection,
    run: i64,
    started_ms: i64,
    name: i64,
) -> Result<Option<Latest>, Fault> {
    Ok(connection
        .prepare_cached(
            "SELECT step, time_ms, value, smallest, largest, count FROM metrics WHERE run = ? AND name = ?",
        )?
        .query_row([run, name], |row| {
            let (point, count) = (latest_point(row, started_ms)?, row.get::<_, i64>(5)? as u64);
            let alone = Bucket::of(point);
            let (smallest, largest) =
                if count == 1 { (alone.smallest, alone.largest) } else { (row.get(3)?, row.get(4)?) };
            Ok(Latest { point, smallest, largest, count })
        })
        .optional()?)
}

/// From the columns step, time and value.
fn latest_point(row: &Row<'_>, started_ms: i64) -> rusqlite::Result<Point> {
    Ok(Point {
        step: row.get(0)?,
        time_ms: row.get::<_, i64>(1)?.wrapping_add(started_ms),
        value: number(row.get(2)?),
    })
}

/// NULL is NaN.
fn number(column: Option<f64>) -> f64 {
    column.unwrap_or(f64::NAN)
}

/// NaN binds as NULL; infinities are ordinary values.
fn column(value: f64) -> Option<f64> {
    Some(value).filter(|value| !value.is_nan())
}

fn put_latest(
    connection: &Connection,
    run: i64,
    started_ms: i64,
    name: i64,
    latest: &Latest,
) -> Result<(), Fault> {
    let Latest { point, smallest, largest, count } = latest;
    let range = if *count == 1 { (None, None) } else { (*smallest, *largest) };
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO metrics (run, name, step, time_ms, value, smallest, largest, count)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            run,
            name,
            point.step,
            point.time_ms.wrapping_sub(started_ms),
            column(point.value),
            range.0,
            range.1,
            *count as i64
        ])?;
    Ok(())
}

fn next_seq(connection: &Connection, run: i64, name: i64) -> Result<i64, Fault> {
    Ok(connection
        .prepare_cached("SELECT ifnull(max(seq), -1) + 1 FROM pieces WHERE run = ? AND name = ?")?
        .query_row([run, name], |row| row.get(0))?)
}

/// Writes sorted points as pieces, numbered from `seq`.
fn add_pieces(connection: &Connection, run: i64, name: i64, seq: i64, points: &[Point]) -> Result<(), Fault> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO pieces (run, name, seq, count, first_step, last_step, first_ms, first_value, last_ms,
             last_value, smallest, largest, points)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )?;
    let mut part = Vec::with_capacity(points.len().min(FULL));
    for (seq, piece) in (seq..).zip(points.chunks(FULL)) {
        part.clear();
        part.extend_from_slice(piece);
        let Some(whole) = sort(&mut part) else { continue };
        statement.execute(params![
            run,
            name,
            seq,
            piece.len() as i64,
            whole.first.step,
            whole.last.step,
            whole.first.time_ms,
            column(whole.first.value),
            whole.last.time_ms,
            column(whole.last.value),
            whole.smallest,
            whole.largest,
            pack(&part)
        ])?;
    }
    Ok(())
}

/// Merges the newest pieces of a series when so many are not full.
fn merge_many(connection: &Connection, run: i64, name: i64) -> Result<(), Fault> {
    let small = small_pieces(connection, run, name, MERGED)?;
    if small.len() < MERGED { Ok(()) } else { merge(connection, run, name, &small) }
}

/// The numbers of the newest pieces that are not full, newest first; as many as `most`.
fn small_pieces(connection: &Connection, run: i64, name: i64, most: usize) -> Result<Vec<i64>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT seq, count FROM pieces WHERE run = ? AND name = ? ORDER BY seq DESC LIMIT ?",
    )?;
    let mut rows = statement.query(params![run, name, most as i64])?;
    let mut small = Vec::new();
    while let Some(row) = rows.next()? {
        if row.get::<_, i64>(1)? as usize >= FULL {
            break;
        }
        small.push(row.get(0)?);
    }
    Ok(small)
}

/// Makes one of pieces that follow each other; of more points than a full one has, several.
fn merge(connection: &Connection, run: i64, name: i64, newest_first: &[i64]) -> Result<(), Fault> {
    let Some(&first) = newest_first.last() else { return Ok(()) };
    let mut points = Vec::new();
    let mut statement = connection
        .prepare_cached("SELECT points FROM pieces WHERE run = ? AND name = ? AND seq >= ? ORDER BY seq")?;
    let mut rows = statement.query([run, name, first])?;
    while let Some(row) = rows.next()? {
        unpack(row.get_ref(0)?.as_blob().unwrap_or_default(), &mut points)?;
    }
    drop(rows);
    connection
        .prepare_cached("DELETE FROM pieces WHERE run = ? AND name = ? AND seq >= ?")?
        .execute([run, name, first])?;
    sort(&mut points);
    add_pieces(connection, run, name, first, &points)
}

/// Merges what is left of a run's series: nothing is added to them any more.
pub(super) fn tidy(connection: &Connection, run: i64) -> Result<(), Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT name FROM pieces WHERE run = ? AND count < ? GROUP BY name HAVING count(*) > 1",
    )?;
    let names = statement
        .query_map(params![run, FULL as i64], |row| row.get(0))?
        .collect::<rusqlite::Result<Vec<i64>>>()?;
    for name in names {
        merge(connection, run, name, &small_pieces(connection, run, name, usize::MAX >> 1)?)?;
    }
    Ok(())
}

/// The points of a series, by step, then as they came.
pub(super) fn points(
    connection: &Connection,
    run: i64,
    started_ms: i64,
    name: i64,
) -> Result<Vec<Point>, Fault> {
    let mut points = Vec::new();
    let mut statement =
        connection.prepare_cached("SELECT points FROM pieces WHERE run = ? AND name = ? ORDER BY seq")?;
    let mut rows = statement.query([run, name])?;
    while let Some(row) = rows.next()? {
        unpack(row.get_ref(0)?.as_blob().unwrap_or_default(), &mut points)?;
    }
    if points.is_empty() {
        points.extend(latest(connection, run, started_ms, name)?.map(|latest| latest.point));
    }
    sort(&mut points);
    Ok(points)
}

/// A piece as one bucket, and its number.
pub(super) struct Piece {
    seq: i64,
    whole: Bucket,
}

/// A series seen from afar. Pieces that are small beside a bucket are not opened.
pub(super) fn buckets(
    connection: &Connection,
    run: i64,
    started_ms: i64,
    name: i64,
    look: &Look,
) -> Result<Vec<Bucket>, Fault> {
    let pieces = pieces(connection, run, name, look)?;
    let are_apart = pieces.windows(2).all(|pair| pair[0].whole.last.step <= pair[1].whole.first.step);
    if pieces.is_empty() || !are_apart || pieces.len() < look.buckets as usize {
        let mut points = match pieces.as_slice() {
            [] => points(connection, run, started_ms, name)?,
            pieces => open(connection, run, name, pieces)?,
        };
        points.retain(|point| look.steps.contains(&point.step));
        sort(&mut points);
        let count = points.len() as u64;
        return Ok(gather(points.into_iter().map(Bucket::of), count, look.buckets));
    }
    let mut parts = Vec::with_capacity(pieces.len());
    for piece in &pieces {
        let (first, last) = (piece.whole.first.step, piece.whole.last.step);
        if look.steps.contains(&first) && look.steps.contains(&last) {
            parts.push(piece.whole);
            continue;
        }
        let mut points = open(connection, run, name, std::slice::from_ref(piece))?;
        points.retain(|point| look.steps.contains(&point.step));
        let count = points.len() as u64;
        parts.extend(gather(points.into_iter().map(Bucket::of), count, 1));
    }
    let count = parts.iter().map(|part| part.count).sum();
    Ok(gather(parts, count, look.buckets))
}

pub(super) fn pieces(connection: &Connection, run: i64, name: i64, look: &Look) -> Result<Vec<Piece>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT seq, count, first_step, first_ms, first_value, last_step, last_ms, last_value, smallest, largest
         FROM pieces WHERE run = ? AND name = ? AND last_step >= ? AND first_step <= ? ORDER BY seq",
    )?;
    let pieces = statement.query_map(params![run, name, look.steps.start(), look.steps.end()], |row| {
        let point = |at| -> rusqlite::Result<Point> {
            Ok(Point { step: row.get(at)?, time_ms: row.get(at + 1)?, value: number(row.get(at + 2)?) })
        };
        let whole = Bucket {
            first: point(2)?,
            last: point(5)?,
            smallest: row.get(8)?,
            largest: row.get(9)?,
            count: row.get::<_, i64>(1)? as u64,
        };
        Ok(Piece { seq: row.get(0)?, whole })
    })?;
    Ok(pieces.collect::<rusqlite::Result<_>>()?)
}

/// The points of pieces, in the order in which they came.
pub(super) fn open(
    connection: &Connection,
    run: i64,
    name: i64,
    pieces: &[Piece],
) -> Result<Vec<Point>, Fault> {
    let mut points = Vec::new();
    let mut statement =
        connection.prepare_cached("SELECT points FROM pieces WHERE run = ? AND name = ? AND seq = ?")?;
    for piece in pieces {
        let mut rows = statement.query([run, name, piece.seq])?;
        if let Some(row) = rows.next()? {
            unpack(row.get_ref(0)?.as_blob().unwrap_or_default(), &mut points)?;
        }
    }
    Ok(points)
}

/// Packs the points of a store of format 3, which had a row each.
pub(super) fn pack_points(connection: &Connection) -> rusqlite::Result<()> {
    let failed = |fault: Fault| match fault {
        Fault::Sqlite(error) => error,
        Fault::Refused(error) => rusqlite::Error::ToSqlConversionFailure(error.into()),
    };
    let mut series =
        connection.prepare("SELECT run, key, started_ms FROM latest_metrics JOIN runs ON runs.id = run")?;
    let mut points = connection.prepare(
        "SELECT step, time_ms, value, kind FROM metric_points WHERE run = ? AND key = ? ORDER BY step, seq",
    )?;
    let mut rows = series.query([])?;
    while let Some(row) = rows.next()? {
        let (run, name, started_ms): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let points = points
            .query_map([run, name], |row| {
                let value = super::codec::float_value(row.get(2)?, row.get(3)?)
                    .map_err(|error| failed(error.into()))?;
                Ok(Point { step: row.get(0)?, time_ms: row.get(1)?, value })
            })?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        append(connection, run, started_ms, name, points).map_err(failed)?;
    }
    drop(rows);
    drop((series, points));
    connection.execute_batch("DROP TABLE metric_points; DROP TABLE latest_metrics")
}
