//! The points of a study's trials, in order: within what space, by which sampler, and by what they may
//! see.

use super::learn::{Drawn, Learnt};
use super::ledger::Ledger;
use super::{StudyPlan, trial_seeds};
use crate::history::counts;
use crate::outcome::StudyError;
use crate::promise::with_parents;
use crate::proposal::{self, NoPoint, Request, is_used_up};
use crate::sampler::{Duplicates, History, Sampler};
use crate::schedule::Schedule;
use crate::space::Space;
use crate::store::{Change, StudyChange};
use crate::trial::{FinishedTrial, Params};
use uaic_kernel::rng::ChaCha8Rng;

pub(super) struct Proposer<'a> {
    plan: &'a StudyPlan<'a>,
    schedule: Schedule,
    sampler: Box<dyn Sampler>,
    /// The space as trials have it, where that decides.
    learnt: Option<Learnt>,
    /// How many changes of the study the proposals know.
    applied: usize,
}

impl<'a> Proposer<'a> {
    pub(super) fn new(plan: &'a StudyPlan<'a>) -> Self {
        let target = plan.target.map(|target| (target, plan.directions[0]));
        let space = plan.space.cloned().unwrap_or_default();
        Self {
            plan,
            schedule: Schedule::new(space, plan.trials, plan.parallel, target),
            sampler: (plan.sampler)(),
            learnt: plan.space.is_none().then(Learnt::default),
            applied: 0,
        }
    }

    pub(super) fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// The number of the next trial, if it may be proposed now.
    pub(super) fn ready(&mut self) -> Option<u32> {
        self.schedule.ready()
    }

    /// Lets no further trial be proposed.
    pub(super) fn close(&mut self) {
        self.schedule.close();
    }

    /// Whether trials say themselves what they need.
    pub(super) fn is_learning(&self) -> bool {
        self.learnt.is_some()
    }

    /// Notes what a trial has drawn, where that decides about the space.
    pub(super) fn learn(&mut self, number: u32, drawn: Drawn) {
        if let Some(learnt) = &mut self.learnt {
            learnt.note(number, drawn);
        }
    }

    /// Notes a point, unless the trial was proposed before.
    pub(super) fn propose(&mut self, number: u32, params: Params) {
        if self.schedule.proposed() == number {
            self.schedule.propose(params);
        }
    }

    /// Notes the end of a proposed trial.
    pub(super) fn finish(&mut self, trial: FinishedTrial) {
        self.schedule.finish(trial);
    }

    /// The point of the trial that is ready, or why there is none.
    pub(super) fn point(
        &mut self,
        ledger: &Ledger,
        number: u32,
    ) -> Result<Result<Params, NoPoint>, StudyError> {
        self.catch_up(ledger.changes(), number);
        if self.learnt.is_none()
            && let Some(params) = ledger.trusted(number)
        {
            return Ok(Ok(params.clone()));
        }
        let mut rng = trial_seeds(self.plan, number).rng("sampler");
        let wanted = ledger.enqueued(number);
        let proposed = if self.is_learning() {
            self.point_within_learnt(number, wanted, &mut rng)
        } else {
            self.point_within_space(number, wanted, &mut rng)
        };
        match (proposed, ledger.record(number)) {
            (Ok(params), _) => {
                self.agree(ledger, number, &params)?;
                Ok(Ok(params))
            }
            // An earlier version went on here.
            (Err(_), Some(record)) => Ok(Ok(record.start.params.clone())),
            (Err(none), None) => Ok(Err(none)),
        }
    }

    /// Checks a point against the record, where there is one. What trials draw themselves is theirs.
    pub(super) fn agree(&self, ledger: &Ledger, number: u32, params: &Params) -> Result<(), StudyError> {
        if self.learnt.is_none() { ledger.agree(number, params) } else { Ok(()) }
    }

    /// Lets the changes count that the proposal of a trial has to know.
    fn catch_up(&mut self, changes: &[StudyChange], number: u32) {
        while let Some(next) = changes.get(self.applied).filter(|next| counts(next, number)) {
            self.applied += 1;
            self.schedule.apply(&next.change);
            if !matches!(next.change, Change::Enqueue { .. }) {
                // What it has worked out of the history so far is no longer so.
                self.sampler = (self.plan.sampler)();
            }
        }
    }

    fn point_within_space(
        &mut self,
        number: u32,
        wanted: Option<&Params>,
        rng: &mut ChaCha8Rng,
    ) -> Result<Params, NoPoint> {
        let history = self.schedule.history(self.plan.directions);
        let request = Request { number, history, wanted, duplicates: self.plan.duplicates };
        proposal::propose(&mut *self.sampler, &request, rng)
    }

    /// The point of a trial in the space that the trials before it have shown.
    fn point_within_learnt(
        &mut self,
        number: u32,
        wanted: Option<&Params>,
        rng: &mut ChaCha8Rng,
    ) -> Result<Params, NoPoint> {
        let Some(learnt) = &mut self.learnt else { return Ok(Params::new()) };
        let known = self.schedule.history(self.plan.directions);
        if learnt.update(known.finished) {
            self.sampler = (self.plan.sampler)();
        }
        let history = History { space: learnt.space(), finished: learnt.finished(), ..known };
        // What a trial will draw is known for sure only when all that there is has been drawn.
        if wanted.is_none()
            && self.plan.duplicates == Duplicates::Avoid
            && learnt.is_whole()
            && !history.space.is_empty()
            && is_used_up(&History { pending: &[], ..history })
        {
            return Err(NoPoint::Spent);
        }
        let mut params = self.sampler.propose(number, &history, rng);
        if let Some(wanted) = wanted {
            params.extend(with_parents(history.space, wanted).unwrap_or_else(|_| wanted.clone()));
        }
        Ok(params)
    }

    /// The space as the user has changed it.
    pub(super) fn space(&self) -> &Space {
        self.schedule.space()
    }
}
