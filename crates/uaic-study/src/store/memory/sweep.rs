//! What is removed for good.

use std::collections::BTreeSet;

use super::super::{Id, Sweep, SweepMode, Swept};
use super::Content;
use super::rows::Run;
use crate::trial::RunState;

impl Content {
    pub(super) fn sweep(&mut self, sweep: &Sweep) -> Swept {
        let abandoned = |run: &Run| !run.is_whole && run.begun_ms < sweep.begun_before_ms;
        let hidden: BTreeSet<Id> =
            self.runs.iter().filter(|run| self.is_put_aside(run, sweep)).map(|run| run.record.id).collect();
        let studies: Vec<Id> = self
            .studies
            .iter()
            .filter(|study| !study.is_worked_on())
            .map(|study| study.record.id)
            .filter(|study| {
                let mut own =
                    self.runs.iter().filter(|run| run.record.start.home.study() == Some(*study)).peekable();
                own.peek().is_some() && own.all(|run| hidden.contains(&run.record.id))
            })
            .collect();
        let goes = |run: &Run| {
            let study = run.record.start.home.study();
            abandoned(run)
                || hidden.contains(&run.record.id) && study.is_none_or(|study| studies.contains(&study))
        };
        let gone: Vec<&Run> = self.runs.iter().filter(|run| goes(run)).collect();
        let swept = Swept {
            runs: gone.iter().map(|run| run.record.id).collect(),
            unfinished: gone.iter().filter(|run| !run.is_whole).count() as u64,
            points: gone.iter().flat_map(|run| run.counts().into_values()).sum(),
            artifacts: gone.iter().map(|run| run.artifacts.len() as u64).sum(),
            studies,
            ..Swept::default()
        };
        if sweep.mode == SweepMode::Remove {
            for run in &swept.runs {
                self.remove(*run);
            }
            self.studies.retain(|study| !swept.studies.contains(&study.record.id));
        }
        swept
    }

    /// Whether a run has been hidden for long, and nothing needs it.
    fn is_put_aside(&self, run: &Run, sweep: &Sweep) -> bool {
        run.is_whole
            && run.record.hidden
            && run.hidden_ms() < sweep.hidden_before_ms
            && run.state() != RunState::Running
            && !self.models.values().any(|model| model.has(run.record.id))
    }

    /// Removes a run; its parts belong to its own parent then.
    pub(super) fn remove(&mut self, id: Id) {
        let Some(at) = self.runs.iter().position(|run| run.record.id == id) else { return };
        let parent = self.runs.remove(at).record.parent;
        for part in self.runs.iter_mut().filter(|run| run.record.parent == Some(id)) {
            part.record.parent = parent;
        }
    }
}
