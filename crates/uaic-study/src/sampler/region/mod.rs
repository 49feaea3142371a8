//! The points that constraints between parameters allow, however few they are.
//!
//! Drawing until a point is allowed takes as many draws as the space is larger than what is allowed of
//! it. Here bounds are narrowed first: each constraint takes away what it cannot hold for. Then points
//! are drawn within what is left, all parameters at once, or one after the other with the bounds narrowed
//! in between, which also finds what has no volume, such as `a + b == 10`. Where neither finds one, what
//! is left is halved, and so on (branch and prune, Van Hentenryck et al. 1997).

mod span;

use std::collections::BTreeMap;

use rand::RngExt;

use crate::space::{Interval, Space};
use crate::trial::{ParamValue, Params};
use span::Span;
use uaic_kernel::rng::ChaCha8Rng;

/// So many points are tried before none is taken to be allowed.
pub(crate) const MOST_POINTS: u32 = 10_000;
/// So many points are drawn from the bounds as a whole first, as these are even.
const EVEN: u32 = 32;
/// After so many points that are allowed but not accepted, there is hardly another.
const MOST_REFUSED: u32 = 256;
/// So many branches are tried each on its own.
const BRANCHES: u32 = 8;
/// After so many parts that hold no point that was found, the search begins again with the whole.
const PARTS: usize = 256;
/// How often bounds are narrowed by all constraints in turn.
const ROUNDS: usize = 8;
/// Parts that are looked at when points are counted.
const MOST_PARTS: usize = 200_000;

/// The allowed points of a space, in which some parameters may have a value already.
pub(crate) struct Region<'a> {
    space: &'a Space,
    /// In the order of the space.
    names: Vec<&'a str>,
    /// Places of names in the order in which they are decided: those that others depend on first.
    order: Vec<usize>,
    /// How many of the order others depend on.
    parents: usize,
    /// What is left of each parameter; `None` where nothing is allowed.
    whole: Option<Part<'a>>,
}

type Part<'a> = Vec<Span<'a>>;

/// Whether a parameter exists in a part.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Existence {
    Always,
    Never,
    Perhaps,
}

impl<'a> Region<'a> {
    /// That of a space, in which parameters of `given` have these values.
    pub(crate) fn new(space: &'a Space, given: &Params) -> Self {
        let names: Vec<&str> = space.iter().map(|(name, _)| name).collect();
        let mut order: Vec<usize> = (0..names.len()).collect();
        let depth = |name: &str| depth_of(space, name, names.len());
        let is_parent = |name: &str| {
            names.iter().filter_map(|other| space.condition(other)).any(|when| when.contains_key(name))
        };
        order.sort_by_key(|&at| (!is_parent(names[at]), depth(names[at])));
        let parents = order.iter().filter(|&&at| is_parent(names[at])).count();
        let mut region = Self { space, names, order, parents, whole: None };
        let mut whole: Part<'a> = space.iter().map(|(_, distribution)| Span::of(distribution)).collect();
        let fits = region.names.iter().zip(&mut whole).all(|(name, span)| match given.get(*name) {
            Some(value) => {
                let fits = span.has(value);
                if fits {
                    span.fix(value);
                }
                fits
            }
            None => true,
        });
        region.whole = (fits && region.contract(&mut whole)).then_some(whole);
        region
    }

    /// An allowed point that `accepts` takes; `None` where none is found among [`MOST_POINTS`].
    pub(crate) fn draw(&self, rng: &mut ChaCha8Rng, accepts: impl Fn(&Params) -> bool) -> Option<Params> {
        let whole = self.whole.as_ref()?;
        let refused = std::cell::Cell::new(0);
        let is_found = |params: &Params| {
            let allowed = self.space.contains(params);
            let found = allowed && accepts(params);
            refused.set(refused.get() + u32::from(allowed && !found));
            found
        };
        let mut starts = vec![whole.clone()];
        if self.parents > 0 {
            // A branch of which little is allowed is as likely as one of which all is.
            starts = (0..BRANCHES).filter_map(|_| self.branch(rng)).collect();
        }
        for part in starts {
            let at_once = (0..EVEN).map(|_| self.point(|at| part[at].draw(rng))).find(is_found);
            let found = at_once.or_else(|| {
                let by_turns = if self.parents > 0 { self.dive(part, rng) } else { None };
                by_turns.filter(is_found)
            });
            if found.is_some() {
                return found;
            }
        }
        let mut tried = EVEN;
        while tried < MOST_POINTS && refused.get() < MOST_REFUSED {
            let mut open = vec![whole.clone()];
            let mut seen = 0;
            while let Some(mut part) = open.pop() {
                if !self.contract(&mut part) {
                    continue;
                }
                (tried, seen) = (tried + 2, seen + 1);
                let by_turns = self.dive(part.clone(), rng);
                let at_once = self.point(|at| part[at].draw(rng));
                if let Some(found) = by_turns.into_iter().chain([at_once]).find(is_found) {
                    return Some(found);
                }
                if seen >= PARTS || tried >= MOST_POINTS || refused.get() >= MOST_REFUSED {
                    break;
                }
                open.extend(self.divided(&part, rng).into_iter().flatten());
            }
            if open.is_empty() && seen < PARTS && refused.get() == 0 {
                return None; // nothing is allowed
            }
        }
        None
    }

    /// All allowed points; `None` where there are more than `most`, or too many to look at.
    pub(crate) fn points(&self, most: usize) -> Option<Vec<Params>> {
        let mut found = Vec::new();
        let mut open: Vec<Part<'a>> = self.whole.iter().cloned().collect();
        let mut seen = 0;
        while let Some(mut part) = open.pop() {
            seen += 1;
            if seen > MOST_PARTS {
                return None;
            }
            if !self.contract(&mut part) {
                continue;
            }
            let undecided = self
                .order
                .iter()
                .copied()
                .find(|&at| part[at].single().is_none() && self.existence(&part, at) != Existence::Never);
            let Some(at) = undecided else {
                let params = self.point(|at| part[at].single().unwrap_or(ParamValue::Bool(false)));
                if self.space.contains(&params) {
                    found.push(params);
                    if found.len() > most {
                        return None;
                    }
                }
                continue;
            };
            // The first value comes last on the stack, so that points come in order.
            for value in part[at].values(MOST_PARTS)?.iter().rev() {
                let mut with = part.clone();
                with[at].fix(value);
                open.push(with);
            }
        }
        Some(found)
    }

    /// What is left where the parameters that others depend on are decided, each evenly.
    fn branch(&self, rng: &mut ChaCha8Rng) -> Option<Part<'a>> {
        let mut part = self.whole.clone()?;
        for &at in &self.order[..self.parents] {
            if self.existence(&part, at) != Existence::Never {
                let value = part[at].draw(rng);
                part[at].fix(&value);
                if !self.contract(&mut part) {
                    return None;
                }
            }
        }
        Some(part)
    }

    /// The values of a point that other parameters depend on.
    pub(crate) fn parents_of(space: &Space, params: &Params) -> Params {
        let is_parent = |name: &str| {
            let mut conditions = space.iter().filter_map(|(other, _)| space.condition(other));
            conditions.any(|when| when.contains_key(name))
        };
        params
            .iter()
            .filter(|(name, _)| is_parent(name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }

    /// A point of a part: one parameter after the other, what is left of the others narrowed in between.
    fn dive(&self, mut part: Part<'a>, rng: &mut ChaCha8Rng) -> Option<Params> {
        let mut order = self.order.clone();
        // Those that others depend on stay first, and in their order.
        for last in (self.parents + 1..order.len()).rev() {
            order.swap(last, rng.random_range(self.parents as u64..=last as u64) as usize);
        }
        for at in order {
            if self.existence(&part, at) == Existence::Never {
                continue;
            }
            let with = |value: &ParamValue| {
                let mut with = part.clone();
                with[at].fix(value);
                self.contract(&mut with).then_some(with)
            };
            part = (0..3).find_map(|_| with(&part[at].draw(rng)))?;
        }
        Some(self.point(|at| part[at].draw(rng)))
    }

    /// Two parts of a part, the one to be looked at first last: the larger, the likelier.
    fn divided(&self, part: &Part<'a>, rng: &mut ChaCha8Rng) -> Option<[Part<'a>; 2]> {
        let able = |at: &usize| part[*at].single().is_none() && self.existence(part, *at) != Existence::Never;
        let places: Vec<usize> = self.order.iter().copied().filter(able).collect();
        let parents = self.order[..self.parents].iter().copied().find(able);
        let share = |at: usize| {
            let whole = self.whole.as_ref().map_or(0.0, |whole| whole[at].width());
            if whole > 0.0 { part[at].width() / whole } else { 0.0 }
        };
        let widest = || places.iter().copied().max_by(|a, b| share(*a).total_cmp(&share(*b)).then(b.cmp(a)));
        let at = parents.or_else(widest)?;
        let (first, second, size) = part[at].halves(rng)?;
        let with = |span: Span<'a>| {
            let mut with = part.clone();
            with[at] = span;
            with
        };
        let is_first = rng.random::<f64>() < size;
        let (first, second) = (with(first), with(second));
        Some(if is_first { [second, first] } else { [first, second] })
    }

    /// Takes away what constraints forbid; whether anything is left.
    fn contract(&self, part: &mut Part<'a>) -> bool {
        if self.space.constraints().is_empty() {
            return true;
        }
        for _ in 0..ROUNDS {
            let mut bounds: BTreeMap<String, Interval> = BTreeMap::new();
            for (at, name) in self.names.iter().enumerate() {
                if self.existence(part, at) == Existence::Always
                    && let Some(known) = part[at].bounds()
                {
                    bounds.insert((*name).to_owned(), known);
                }
            }
            if !self.space.constraints().iter().all(|constraint| constraint.narrow(&mut bounds)) {
                return false;
            }
            let mut gained = false;
            for (name, span) in self.names.iter().zip(part.iter_mut()) {
                let Some(left) = bounds.get(*name) else { continue };
                let before = span.width();
                if !span.narrow(*left) {
                    return false;
                }
                gained |= span.width() < 0.99 * before;
            }
            if !gained {
                break;
            }
        }
        true
    }

    /// Whether a parameter exists in a part.
    fn existence(&self, part: &Part<'a>, at: usize) -> Existence {
        self.existence_within(part, at, self.names.len())
    }

    /// `depth` ends the walk round a circle.
    fn existence_within(&self, part: &Part<'a>, at: usize, depth: usize) -> Existence {
        let mut all = Existence::Always;
        for (parent, values) in self.space.condition(self.names[at]).into_iter().flatten() {
            let Ok(parent) = self.names.binary_search(&parent.as_str()) else { return Existence::Never };
            if depth == 0 || !values.iter().any(|value| part[parent].has(value)) {
                return Existence::Never;
            }
            let is_sure = part[parent]
                .values(values.len())
                .is_some_and(|left| left.iter().all(|value| values.contains(value)));
            match self.existence_within(part, parent, depth - 1) {
                Existence::Never => return Existence::Never,
                Existence::Always if is_sure => {}
                _ => all = Existence::Perhaps,
            }
        }
        all
    }

    /// The point with these values, without those that do not exist beside the others.
    fn point(&self, mut value: impl FnMut(usize) -> ParamValue) -> Params {
        let mut params: Params =
            self.names.iter().enumerate().map(|(at, name)| ((*name).to_owned(), value(at))).collect();
        self.space.prune(&mut params);
        params
    }
}

/// How many parameters are above one that it depends on.
fn depth_of(space: &Space, name: &str, most: usize) -> usize {
    let parents = space.condition(name).into_iter().flat_map(BTreeMap::keys);
    let below = |parent: &String| if most == 0 { 0 } else { 1 + depth_of(space, parent, most - 1) };
    parents.map(below).max().unwrap_or(0)
}

#[cfg(test)]
mod tests;
