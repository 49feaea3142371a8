//! The trials of a study as columns of coordinates, read once each.

use std::collections::HashSet;

use rand::RngExt;

use crate::space::Space;
use crate::trial::{Params, PendingTrial};
use uaic_kernel::rng::ChaCha8Rng;

use super::History;
use super::axis::{ABSENT, Axis, axes, draw_evenly, to_params};
use super::region::Region;

/// All trials of a history that lie in its space, as rows: first the finished ones by number, then
/// the pending ones. Growing with a study, it reads only what is new.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    /// `columns[axis][row]`: coordinates in the order of the space, [`ABSENT`] where there is none.
    columns: Vec<Vec<f64>>,
    /// Per row, the place of its trial in the history's finished (or, behind those, pending) trials.
    places: Vec<usize>,
    /// How many of the rows are of finished trials.
    finished_rows: usize,
    /// How many of the history's finished trials have been read.
    read: usize,
    /// The number of the last one read: a history that has another there is another study's.
    last: Option<u32>,
    /// Bits of the coordinates of finished rows.
    tried: HashSet<Box<[u64]>>,
}

impl Table {
    /// Brings the table up to a history.
    pub(super) fn update(&mut self, history: &History<'_>, axes: &[Axis<'_>]) {
        if !self.is_begin_of(history) {
            *self = Self { columns: vec![Vec::new(); axes.len()], ..Self::default() };
        }
        for column in &mut self.columns {
            column.truncate(self.finished_rows);
        }
        self.places.truncate(self.finished_rows);
        for (place, trial) in history.finished.iter().enumerate().skip(self.read) {
            if self.push(history.space, axes, &trial.params, place) {
                let point = self.bits(self.finished_rows);
                self.tried.insert(point);
                self.finished_rows += 1;
            }
        }
        self.read = history.finished.len();
        self.last = history.finished.last().map(|trial| trial.number);
        for (place, PendingTrial { params, .. }) in history.pending.iter().enumerate() {
            self.push(history.space, axes, params, history.finished.len() + place);
        }
    }

    /// Whether the history continues the one that was read last; if not, an update starts anew.
    pub(super) fn is_begin_of(&self, history: &History<'_>) -> bool {
        self.columns.len() == history.space.len()
            && self.read <= history.finished.len()
            && self.read.checked_sub(1).map(|last| history.finished[last].number) == self.last
    }

    /// Adds a row, unless the parameters are not those of the space.
    fn push(&mut self, space: &Space, axes: &[Axis<'_>], params: &Params, place: usize) -> bool {
        let rows = self.places.len();
        // Both maps are sorted by name, so that no lookup is needed.
        let mut values = params.iter().peekable();
        let belongs = space.iter().zip(axes).zip(&mut self.columns).all(|(((name, _), axis), column)| {
            let coordinate = match values.next_if(|(found, _)| found.as_str() == name) {
                Some((_, value)) => axis.encode(value),
                None => (!space.exists(name, &|other| params.get(other))).then_some(ABSENT),
            };
            column.extend(coordinate);
            coordinate.is_some()
        }) && values.next().is_none();
        if belongs {
            self.places.push(place);
        } else {
            for column in &mut self.columns {
                column.truncate(rows);
            }
        }
        belongs
    }

    /// `columns[axis][row]`: coordinates in the order of the space, [`ABSENT`] where there is none.
    pub(super) fn columns(&self) -> &[Vec<f64>] {
        &self.columns
    }

    /// Per row, the place of its trial in the history's finished (or, behind those, pending) trials.
    pub(super) fn places(&self) -> &[usize] {
        &self.places
    }

    /// How many of the rows are of finished trials; they come first.
    pub(super) fn finished_rows(&self) -> usize {
        self.finished_rows
    }

    /// Whether a trial has had exactly this point.
    pub(super) fn has(&self, point: &[f64]) -> bool {
        let bits = bits_of(point);
        self.tried.contains(&bits)
            || (self.finished_rows..self.places.len()).any(|row| self.bits(row) == bits)
    }

    fn bits(&self, row: usize) -> Box<[u64]> {
        self.columns.iter().map(|column| column[row].to_bits()).collect()
    }
}

/// How often to look for another point when one is not wanted.
const ROUNDS: usize = 64;

/// Spaces of so many points, or fewer, are listed rather than searched by chance.
const MOST_LISTED: f64 = 16_384.0;

/// The coordinates of all values of all axes, where these make few enough points.
fn listed(axes: &[Axis<'_>]) -> Option<Vec<Vec<f64>>> {
    let values: Vec<Vec<f64>> = axes.iter().map(Axis::coordinates).collect::<Option<_>>()?;
    let count: f64 = values.iter().map(|values| values.len() as f64).product();
    (count <= MOST_LISTED).then_some(values)
}

/// All points of a finite space that it allows and no trial has had; `None` where there are too many
/// points to list.
pub(super) fn untried(history: &History<'_>, table: &Table) -> Option<Vec<Vec<f64>>> {
    let space = history.space;
    let axes = axes(space);
    let Some(values) = listed(&axes) else {
        if space.constraints().is_empty() && !space.is_conditional() {
            return None;
        }
        let all = Region::new(space, &Params::new()).points(MOST_LISTED as usize)?;
        let points = all.iter().map(|params| coordinates(space, &axes, params));
        return Some(points.filter(|point| !table.has(point)).collect());
    };
    let count: usize = values.iter().map(Vec::len).product();
    let (mut seen, mut points) = (HashSet::new(), Vec::new());
    for number in 0..count {
        let mut rest = number;
        let mut point: Vec<f64> = values
            .iter()
            .map(|values| {
                let value = values[rest % values.len()];
                rest /= values.len();
                value
            })
            .collect();
        let params = to_params(space, &axes, &mut point);
        let is_new = !space.is_conditional() || seen.insert(bits_of(&point));
        if is_new && !table.has(&point) && space.allows(&params) {
            points.push(point);
        }
    }
    Some(points)
}

fn bits_of(point: &[f64]) -> Box<[u64]> {
    point.iter().map(|x| x.to_bits()).collect()
}

/// The first point of `draw` that the space allows and, where `avoid` says so, no trial has had.
///
/// Where constraints forbid all of some rounds, points that they allow are looked for, and led from
/// there towards those of `draw`. Without constraints points are then drawn evenly; then one of the
/// points left is drawn, if they can be listed; and in the end a point that was tried before is as good
/// as any, because the space is used up. `draw` gives coordinates of all axes; those of parameters that
/// do not exist beside the others are taken away here. Where nothing is allowed, it is a forbidden point.
pub(super) fn first_admitted(
    history: &History<'_>,
    table: &Table,
    avoid: bool,
    rng: &mut ChaCha8Rng,
    mut draw: impl FnMut(&mut ChaCha8Rng) -> Vec<f64>,
) -> Params {
    let (space, axes) = (history.space, axes(history.space));
    let is_new = |point: &[f64]| !(avoid && table.has(point));
    let (mut allowed, mut forbidden) = (None, None);
    let constrained = !space.constraints().is_empty();
    // An allowed point with these values, led towards another.
    let within = |given: &Params, own: &[f64], rng: &mut ChaCha8Rng| {
        let is_new = |params: &Params| is_new(&coordinates(space, &axes, params));
        let from = Region::new(space, given).draw(rng, is_new)?;
        let start = coordinates(space, &axes, &from);
        let led = lead(space, &axes, &start, own, rng).map(|mut point| to_params(space, &axes, &mut point));
        Some(led.filter(is_new).unwrap_or(from))
    };
    let mut own = Vec::new();
    for _ in 0..ROUNDS {
        own = draw(rng);
        let mut point = own.clone();
        let params = to_params(space, &axes, &mut point);
        match (space.allows(&params), is_new(&point)) {
            (true, true) => return params,
            (true, false) => drop(allowed.get_or_insert(params)),
            // Drawing again would leave out branches of which little is allowed.
            (false, _) if forbidden.is_none() && space.is_conditional() && listed(&axes).is_none() => {
                let found = within(&Region::parents_of(space, &params), &own, rng);
                if let Some(found) = found {
                    return found;
                }
                forbidden = Some(params);
            }
            (false, _) => drop(forbidden.get_or_insert(params)),
        }
    }
    if constrained
        && forbidden.is_some()
        && listed(&axes).is_none()
        && let Some(found) = within(&Params::new(), &own, rng)
    {
        return found;
    }
    for _ in 0..ROUNDS {
        let mut point = draw_evenly(&axes, rng);
        let params = to_params(space, &axes, &mut point);
        if space.allows(&params) {
            if is_new(&point) {
                return params;
            }
            allowed.get_or_insert(params);
        }
    }
    let left = untried(history, table).unwrap_or_default();
    if let Some(point) = left.get(rng.random_range(0..left.len().max(1))) {
        return to_params(space, &axes, &mut point.clone());
    }
    let mut known = || Region::new(space, &Params::new()).draw(rng, |_| true);
    allowed.or_else(|| if constrained { known() } else { None }).or(forbidden).unwrap_or_default()
}

/// The coordinates of a point; [`ABSENT`] where a parameter does not exist.
fn coordinates(space: &Space, axes: &[Axis<'_>], params: &Params) -> Vec<f64> {
    let coordinate = |((name, _), axis): ((&str, _), &Axis<'_>)| {
        params.get(name).and_then(|value| axis.encode(value)).unwrap_or(ABSENT)
    };
    space.iter().zip(axes).map(coordinate).collect()
}

/// Steps from an allowed point towards another: the first goes all the way, each next one about half as
/// far.
const STEPS: usize = 12;

/// A point, or where constraints forbid it one on the way there from another that they allow; the point
/// itself where there is none.
pub(super) fn led(
    space: &Space,
    axes: &[Axis<'_>],
    from: &[f64],
    to: Vec<f64>,
    rng: &mut ChaCha8Rng,
) -> Vec<f64> {
    if space.constraints().is_empty() || space.allows(&to_params(space, axes, &mut to.clone())) {
        return to;
    }
    lead(space, axes, from, &to, rng).unwrap_or(to)
}

/// A point on the way from an allowed point to another that constraints allow, as far as a few steps
/// find one. `None` where every step is forbidden.
pub(super) fn lead(
    space: &Space,
    axes: &[Axis<'_>],
    from: &[f64],
    to: &[f64],
    rng: &mut ChaCha8Rng,
) -> Option<Vec<f64>> {
    let mut share = 1.0;
    for _ in 0..STEPS {
        let mut point: Vec<f64> = axes
            .iter()
            .zip(from.iter().zip(to))
            .map(|(axis, (&from, &to))| match axis {
                _ if from.is_nan() => to,
                _ if to.is_nan() => from,
                Axis::Choice(_) => {
                    if rng.random::<f64>() < share {
                        to
                    } else {
                        from
                    }
                }
                Axis::Range(_) => axis.snap((from + share * (to - from)).clamp(0.0, 1.0)),
            })
            .collect();
        let params = to_params(space, axes, &mut point);
        if space.contains(&params) {
            return Some(point);
        }
        share *= 0.25 + 0.5 * rng.random::<f64>();
    }
    None
}
