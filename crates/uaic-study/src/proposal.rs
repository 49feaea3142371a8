//! The point of the next trial: what the sampler proposes, with what the user wants of it, within the
//! constraints, and not again where points are not to be repeated. The one way to a proposal.

use super::promise::with_parents;
use super::sampler::region::Region;
use super::sampler::{Duplicates, History, Sampler, complete};
use crate::space::{Constraint, Space};
use crate::trial::Params;
use uaic_kernel::rng::{ChaCha8Rng, SeedTree};

/// Why there is no point for a trial.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum NoPoint {
    /// None was found that satisfies the constraints.
    Forbidden,
    /// Each has been tried, and none is to be tried twice.
    Spent,
}

/// What is to be proposed.
pub(super) struct Request<'a> {
    pub(super) number: u32,
    pub(super) history: History<'a>,
    /// What the user wants of it.
    pub(super) wanted: Option<&'a Params>,
    pub(super) duplicates: Duplicates,
}

/// The point of a trial.
pub(super) fn propose(
    sampler: &mut dyn Sampler,
    request: &Request<'_>,
    rng: &mut ChaCha8Rng,
) -> Result<Params, NoPoint> {
    let Request { number, history, wanted, duplicates } = request;
    let space = history.space;
    let params = sampler.propose(*number, history, rng);
    if let Some(wanted) = wanted {
        return Ok(with_wanted(space, params, wanted, rng));
    }
    if !space.allows(&params) {
        return Err(NoPoint::Forbidden);
    }
    // Where nothing is searched, nothing is repeated; and a grid has fewer points than its space.
    let is_repeated = *duplicates == Duplicates::Avoid && !space.is_empty() && was_tried(history, &params);
    if is_repeated && (sampler.name() == "grid" || is_used_up(history)) {
        return Err(NoPoint::Spent);
    }
    Ok(params)
}

fn was_tried(history: &History<'_>, params: &Params) -> bool {
    history.finished.iter().any(|trial| trial.params == *params)
        || history.pending.iter().any(|trial| trial.params == *params)
}

/// A proposal with what the user wants of it in its place. The rest stays as far as it can.
fn with_wanted(space: &Space, mut params: Params, wanted: &Params, rng: &mut ChaCha8Rng) -> Params {
    // What was wanted before a parameter was searched, or by an earlier version, need not fit.
    let wanted = with_parents(space, wanted).unwrap_or_else(|_| wanted.clone());
    params.extend(wanted.clone());
    complete(space, &mut params, rng);
    if space.allows(&params) {
        return params;
    }
    Region::new(space, &wanted).draw(rng, |_| true).unwrap_or(params)
}

/// The constraints that no point satisfies, the last of which forbids what those before it leave;
/// `None` where a point is found that satisfies all.
///
/// ```
/// use uaic_study::space::{Distribution, Space};
/// use uaic_study::unsatisfied;
///
/// let real = Distribution::Uniform { low: 0.0, high: 1.0, step: None };
/// let space = Space::new([("a".to_owned(), real)]).with_constraint("a > 2".parse().unwrap());
/// assert_eq!(unsatisfied(&space).unwrap().len(), 1);
/// ```
pub fn unsatisfied(space: &Space) -> Option<Vec<Constraint>> {
    let plain = Space::new(space.iter().map(|(name, of)| (name.to_owned(), of.clone())));
    let conditions = space.iter().filter_map(|(name, _)| Some((name, space.condition(name)?)));
    let plain = conditions.fold(plain, |plain, (name, when)| {
        when.iter().fold(plain, |plain, (parent, values)| plain.when(name, parent, values.iter().cloned()))
    });
    let is_satisfied = |constraints: &[Constraint]| {
        let space = constraints.iter().cloned().fold(plain.clone(), Space::with_constraint);
        let mut rng = SeedTree::new(0).rng("constraints");
        Region::new(&space, &Params::new()).draw(&mut rng, |_| true).is_some()
    };
    let all = space.constraints();
    if is_satisfied(all) {
        return None;
    }
    // One that alone cannot hold says most.
    if let Some(alone) = all.iter().find(|constraint| !is_satisfied(std::slice::from_ref(*constraint))) {
        return Some(vec![alone.clone()]);
    }
    let count = (1..=all.len()).find(|&count| !is_satisfied(&all[..count])).unwrap_or(all.len());
    Some(all[..count].to_vec())
}

/// How many different points a space has; `None` where they are a continuum, or more than `most`.
///
/// ```
/// use uaic_study::space::{Distribution, Space};
/// use uaic_study::points_in;
///
/// let whole = Distribution::Int { low: 0, high: 9, step: 1 };
/// let space = Space::new(["a", "b"].map(|name| (name.to_owned(), whole.clone())))
///     .with_constraint("a + b == 10".parse().unwrap());
/// assert_eq!(points_in(&space, 100), Some(9));
/// ```
pub fn points_in(space: &Space, most: usize) -> Option<usize> {
    Region::new(space, &Params::new()).points(most).map(|points| points.len())
}

/// Whether every point of a space has been tried.
pub(super) fn is_used_up(history: &History<'_>) -> bool {
    let trials = history.finished.len() + history.pending.len();
    let all = Region::new(history.space, &Params::new()).points(trials);
    all.is_some_and(|all| all.iter().all(|params| was_tried(history, params)))
}
