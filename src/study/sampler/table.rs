//! The trials of a study as columns of coordinates, read once each.

use std::collections::HashSet;

use crate::rng::ChaCha8Rng;
use crate::spec::Space;
use crate::trial::{Params, PendingTrial};

use super::History;
use super::axis::{ABSENT, Axis, axes, draw_evenly, to_params};

/// All trials of a history that lie in its space, as rows: first the finished ones by number, then
/// the pending ones. Growing with a study, it reads only what is new.
#[derive(Debug, Default)]
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
        let is_same = self.columns.len() == axes.len()
            && self.read <= history.finished.len()
            && self.read.checked_sub(1).map(|last| history.finished[last].number) == self.last;
        if !is_same {
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
        let bits: Box<[u64]> = point.iter().map(|x| x.to_bits()).collect();
        self.tried.contains(&bits)
            || (self.finished_rows..self.places.len()).any(|row| self.bits(row) == bits)
    }

    fn bits(&self, row: usize) -> Box<[u64]> {
        self.columns.iter().map(|column| column[row].to_bits()).collect()
    }
}

/// How often to look for another point when one is not wanted.
const ROUNDS: usize = 64;

/// The first point of `draw` that the space allows and, where `avoid` says so, no trial has had.
///
/// After some rounds points are drawn evenly instead; and in the end a point that was tried before
/// is as good as any, because the space may be used up. `draw` gives coordinates of all axes; those
/// of parameters that do not exist beside the others are taken away here.
pub(super) fn first_admitted(
    history: &History<'_>,
    table: &Table,
    avoid: bool,
    rng: &mut ChaCha8Rng,
    mut draw: impl FnMut(&mut ChaCha8Rng) -> Vec<f64>,
) -> Params {
    let axes = axes(history.space);
    let (mut allowed, mut last) = (None, None);
    for round in 0..MOST_ROUNDS {
        if round >= 2 * ROUNDS && allowed.is_some() {
            break;
        }
        let mut point = if round < ROUNDS { draw(rng) } else { draw_evenly(&axes, rng) };
        let params = to_params(history.space, &axes, &mut point);
        if history.space.allows(&params) {
            if !(avoid && table.has(&point)) {
                return params;
            }
            allowed.get_or_insert(params);
        } else {
            last.get_or_insert(params);
        }
    }
    allowed.or(last).unwrap_or_default()
}

/// After so many draws constraints are taken for impossible.
const MOST_ROUNDS: usize = 100_000;
