//! What a study came to: the tables and the JSON that `run` and `resume` print.

use serde_json::{Value, json};

use super::trials::{Row, trial_table};
use super::work::Work;
use super::{json, table};
use crate::store::{StoreAddress, StudyRecord};
use crate::study::pruner::saved;
use crate::study::{StudyOutcome, TrialResult};
use crate::training::FinalReport;
use crate::trial::{FinishedTrial, RunState};

/// Trials shown in the table.
const TOP: usize = 5;

/// The figures shown of the final run; `uaic show` has them all.
const SHOWN: [&str; 9] = [
    "test/accuracy",
    "test/accuracy_any",
    "test/f1_macro",
    "test/f1_weighted",
    "test/loss",
    "test/ece",
    "test/ece_calibrated",
    "oos/auroc",
    "oos/recall",
];

/// What a study came to.
pub(super) struct Summary<'a> {
    pub(super) work: &'a Work,
    pub(super) study: &'a StudyRecord,
    pub(super) outcome: &'a StudyOutcome,
    pub(super) final_report: Option<&'a FinalReport>,
    /// Where the store is.
    pub(super) store: &'a StoreAddress,
}

impl Summary<'_> {
    /// The top trials and the final metrics, as one would paste them into a chat.
    pub(super) fn text(&self) -> String {
        let mut parts = vec![self.headline(), self.trial_table()];
        if let Some(report) = self.final_report.filter(|report| !report.measures.values.is_empty()) {
            parts.push(self.final_headline());
            parts.push(final_table(report));
        }
        parts.join("\n")
    }

    fn headline(&self) -> String {
        let all = &self.outcome.finished;
        let finished: Vec<&TrialResult> = all.iter().filter(|run| !run.hidden && !run.excluded).collect();
        let count = |state| finished.iter().filter(|run| run.trial.state == state).count();
        let mut line = format!(
            "study {} · {} · {} of {} trials complete",
            self.study.id.short(),
            self.study.plan.experiment,
            count(RunState::Complete),
            self.study.plan.trials
        );
        let failed = count(RunState::Failed);
        let pruned = count(RunState::Pruned);
        if pruned > 0 {
            let trials: Vec<FinishedTrial> = finished.iter().map(|run| run.trial.clone()).collect();
            let saved = saved(&trials).map(|share| format!(" ({:.0} % of all steps saved)", 100.0 * share));
            line = format!("{line}, {pruned} pruned{}", saved.unwrap_or_default());
        }
        if failed > 0 {
            line = format!("{line}, {failed} failed");
        }
        let hidden = all.iter().filter(|run| run.hidden).count();
        for (count, what) in [(hidden, "hidden"), (all.len() - finished.len() - hidden, "excluded")] {
            if count > 0 {
                line = format!("{line}, {count} {what}");
            }
        }
        if let Some(best) = self.outcome.best().filter(|best| best.trial.violation > 0.0) {
            let missed = table::number(best.trial.violation);
            line = format!("{line}; none holds the constraints, the best misses them by {missed}");
        }
        line
    }

    fn trial_table(&self) -> String {
        let ranked = self.outcome.ranked();
        let rows: Vec<Row<'_>> = ranked
            .iter()
            .take(TOP)
            .map(|result| Row {
                number: Some(result.trial.number),
                run: result.run,
                value: result.trial.value(),
                params: &result.trial.params,
                seconds: Some(result.seconds),
            })
            .collect();
        trial_table(self.study.plan.goals.metric(), &rows)
    }

    fn final_headline(&self) -> String {
        let Some(experiment) = self.work.training() else { return String::new() };
        let mut line = format!(
            "best point, retrained on all {} training examples of {}, tested once",
            experiment.train_examples().len(),
            experiment.dataset().name
        );
        for (split, shared) in experiment.texts_shared_with_train() {
            line = format!("{line}; {shared} {split} texts also occur in train");
        }
        line
    }

    /// The shape that `run --json` promises.
    pub(super) fn json(&self) -> Value {
        let trials: Vec<Value> = self.outcome.finished.iter().map(json::trial).collect();
        let best = self.outcome.best().map(json::best_trial);
        json!({
            "schema": json::SCHEMA,
            "study": {
                "id": self.study.id,
                "experiment": self.study.plan.experiment,
                "seed": self.study.plan.seed,
                "metric": self.study.plan.goals.metric(),
                "direction": self.study.plan.goals.direction(),
                "trials": trials,
                "best": best,
                "spent": self.outcome.spent.is_some(),
            },
            "final": self.final_report.map(|report| json::final_report(report.run, &report.measures)),
        })
    }

    /// The commands that one would type next.
    pub(super) fn next_steps(&self) -> String {
        let study = self.study.id.short();
        let mut lines = vec![format!("everything is stored in {}", self.store), "next:".to_owned()];
        if let Some(report) = self.final_report {
            lines.push(format!("  uaic show {}    everything recorded of the final run", report.run.short()));
            lines.push(format!("  uaic errors {}  what it got wrong", report.run.short()));
        }
        lines.push(format!("  uaic best {study}    the best trials and their parameters"));
        lines.push("  uaic ls               all runs".to_owned());
        lines.join("\n")
    }
}

fn final_table(report: &FinalReport) -> String {
    let shown = SHOWN.iter().filter_map(|key| Some((*key, report.measures.values.get(*key)?)));
    table::estimates(shown)
}
