//! What a study came to: the tables and the JSON that `run` and `resume` print.

use std::collections::BTreeMap;

use comfy_table::{Cell, CellAlignment};
use serde_json::{Value, json};

use super::run::short_names;
use super::table;
use crate::experiment::{Experiment, FinalReport};
use crate::store::StudyRecord;
use crate::study::{StudyOutcome, TrialResult};
use crate::trial::{Direction, ParamValue, RunState};

/// Trials shown in the table.
const TOP: usize = 5;

/// What a study came to.
pub(super) struct Summary<'a> {
    pub(super) experiment: &'a Experiment,
    pub(super) study: &'a StudyRecord,
    pub(super) outcome: &'a StudyOutcome,
    pub(super) final_report: Option<&'a FinalReport>,
}

impl Summary<'_> {
    /// The top trials and the final metrics, as one would paste them into a chat.
    pub(super) fn text(&self) -> String {
        let mut parts = vec![self.headline(), self.trial_table()];
        if let Some(report) = self.final_report.filter(|report| !report.metrics.is_empty()) {
            parts.push(self.final_headline());
            parts.push(final_table(report));
        }
        parts.join("\n")
    }

    fn headline(&self) -> String {
        let finished = &self.outcome.finished;
        let count = |state| finished.iter().filter(|run| run.trial.state == state).count();
        let mut line = format!(
            "study {} · {} · {} of {} trials complete",
            self.study.id.short(),
            self.study.new.experiment,
            count(RunState::Complete),
            self.study.new.trials
        );
        let failed = count(RunState::Failed);
        if failed > 0 {
            line = format!("{line}, {failed} failed");
        }
        line
    }

    fn trial_table(&self) -> String {
        let mut ranked = self.ranked();
        ranked.truncate(TOP);
        let keys: Vec<&str> = self.experiment.spec().search.iter().map(|(key, _)| key).collect();
        let mut head = vec![">trial".to_owned(), "run".to_owned(), format!(">{}", self.study.new.metric)];
        head.extend(short_names(&keys).into_iter().map(|name| format!(">{name}")));
        head.push(">seconds".to_owned());
        let mut table = table::table(&head.iter().map(String::as_str).collect::<Vec<_>>());
        for run in ranked {
            let mut cells = vec![right(run.trial.number), Cell::new(run.run.short())];
            cells.push(right(run.trial.value.map(|value| format!("{value:.4}")).unwrap_or_default()));
            cells.extend(
                keys.iter().map(|key| right(run.trial.params.get(*key).map(rounded).unwrap_or_default())),
            );
            cells.push(right(format!("{:.1}", run.seconds)));
            table.add_row(cells);
        }
        table::render(&table)
    }

    /// Complete trials, the best first, of equals the lowest number.
    fn ranked(&self) -> Vec<&TrialResult> {
        let mut complete: Vec<(f64, &TrialResult)> = self
            .outcome
            .finished
            .iter()
            .filter(|result| result.trial.state == RunState::Complete)
            .filter_map(|result| Some((result.trial.value?, result)))
            .collect();
        // Stable, and finished trials come by number.
        complete.sort_by(|(a, _), (b, _)| match self.study.new.direction {
            Direction::Minimize => a.total_cmp(b),
            Direction::Maximize => b.total_cmp(a),
        });
        complete.into_iter().map(|(_, result)| result).collect()
    }

    fn final_headline(&self) -> String {
        let data = self.experiment.dataset();
        format!(
            "best point, retrained on all {} training examples of {}, tested once",
            self.experiment.train_examples().len(),
            data.name
        )
    }

    /// The shape that `run --json` promises.
    pub(super) fn json(&self) -> Value {
        let trial = |run: &TrialResult| {
            json!({
                "number": run.trial.number,
                "run_id": run.run,
                "state": run.trial.state,
                "value": run.trial.value,
                "params": run.trial.params,
                "duration_s": run.seconds,
            })
        };
        let best = self.outcome.best().map(|run| {
            json!({
                "number": run.trial.number,
                "run_id": run.run,
                "value": run.trial.value,
                "params": run.trial.params,
            })
        });
        let final_report = self.final_report.map(|report| {
            let values: BTreeMap<_, _> =
                report.metrics.iter().map(|(key, estimate)| (key, estimate.value)).collect();
            json!({ "run_id": report.run, "metrics": values, "estimates": report.metrics })
        });
        json!({
            "schema": 1,
            "study": {
                "id": self.study.id,
                "experiment": self.study.new.experiment,
                "seed": self.study.new.seed,
                "metric": self.study.new.metric,
                "direction": self.study.new.direction,
                "trials": self.outcome.finished.iter().map(trial).collect::<Vec<_>>(),
                "best": best,
            },
            "final": final_report,
        })
    }

    /// The commands that one would type next.
    pub(super) fn next_steps(&self) -> String {
        let study = self.study.id.short();
        let mut lines = vec!["next:".to_owned()];
        if let Some(report) = self.final_report {
            lines.push(format!("  uaic show {}    everything recorded of the final run", report.run.short()));
        }
        lines.push(format!("  uaic best {study}    the best trials and their parameters"));
        lines.push("  uaic ls               all runs".to_owned());
        lines.join("\n")
    }
}

fn final_table(report: &FinalReport) -> String {
    let mut table = table::table(&["metric", ">value", ">95 % interval", ">n"]);
    for (key, estimate) in &report.metrics {
        table.add_row([
            Cell::new(key),
            right(format!("{:.4}", estimate.value)),
            right(format!("{:.4} – {:.4}", estimate.low, estimate.high)),
            right(estimate.n),
        ]);
    }
    table::render(&table)
}

fn right(content: impl ToString) -> Cell {
    Cell::new(content).set_alignment(CellAlignment::Right)
}

/// A parameter's value to four significant digits; `--json` has them all.
fn rounded(value: &ParamValue) -> String {
    match *value {
        ParamValue::Float(x) if x != 0.0 && !(1e-3..1e4).contains(&x.abs()) => format!("{x:.3e}"),
        ParamValue::Float(x) => {
            let digits = (3 - x.abs().log10().floor() as i32).clamp(0, 6) as usize;
            format!("{x:.digits$}")
        }
        ref other => other.to_string(),
    }
}
