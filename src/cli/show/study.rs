//! All that is recorded of a study.

use serde_json::{Value, json};

use super::super::sections::Sections;
use super::super::{json, table};
use crate::store::{Store, StoreError, StudyRecord, Tally};
use crate::trial::Rank;

/// A study with how its trials stand.
pub(super) struct StudyDetails<'a> {
    study: &'a StudyRecord,
    tally: Tally,
    now_ms: i64,
}

impl<'a> StudyDetails<'a> {
    /// Reads them.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(super) fn read(store: &dyn Store, study: &'a StudyRecord) -> Result<Self, StoreError> {
        let now_ms = jiff::Timestamp::now().as_millisecond();
        Ok(Self { study, tally: store.tally(study.id)?, now_ms })
    }

    /// As the help promises.
    pub(super) fn json(&self) -> Value {
        let new = &self.study.plan;
        let mut shape = json::study(self.study, &self.tally);
        shape.extend(json::object(json!({
            "fingerprint": new.fingerprint,
            "overrides": new.overrides,
            "environment": new.environment,
            "owner": self.study.owner,
            "spec_path": new.spec_path,
            "spec_text": new.spec_text,
        })));
        json!({ "schema": json::SCHEMA, "study": shape })
    }

    /// For people.
    pub(super) fn text(&self) -> Sections {
        let study = self.study;
        let mut text = Sections::default();
        text.line("study", &study.id.to_string());
        text.line("experiment", &study.plan.experiment);
        text.line("state", study.state.name());
        text.line("trials", &trials_line(&self.tally, study.plan.trials));
        let best = self.tally.best.map_or("none yet".to_owned(), |best| {
            best_line(best).replacen(&table::number(best.value()), &table::exact(best.value()), 1)
        });
        text.line(
            "best",
            &format!("{best} ({} {})", study.plan.goals.direction(), study.plan.goals.metric()),
        );
        text.line("seed", &study.plan.seed.to_string());
        text.line(
            "created",
            &format!("{} ({})", table::utc(study.created_ms), table::age(study.created_ms, self.now_ms)),
        );
        if let Some(owner) = &study.owner {
            text.line("process", &format!("{} on {}", owner.pid, owner.host));
        }
        text.line("fingerprint", &study.plan.fingerprint);
        let overrides = study.plan.overrides.iter();
        text.section("overrides", overrides.map(|(key, value)| (key.as_str(), value.clone())));
        text.texts("environment", &study.plan.environment);
        text.title(&format!("spec ({})", study.plan.spec_path));
        text.lines(&study.plan.spec_text);
        text
    }
}

/// The value of the best trial, and which one it is.
pub(in crate::cli) fn best_line(best: Rank) -> String {
    let missed = if best.is_feasible() {
        String::new()
    } else {
        format!(", which misses constraints by {}", table::number(best.violation()))
    };
    format!("{} of trial {}{missed}", table::number(best.value()), best.number())
}

/// How many trials are done, by state.
pub(in crate::cli) fn trials_line(tally: &Tally, planned: u32) -> String {
    let parts = [
        (tally.complete, "complete"),
        (tally.pruned, "pruned"),
        (tally.failed, "failed"),
        (tally.running, "running"),
        (tally.interrupted, "interrupted"),
        (tally.crashed, "crashed"),
    ];
    let parts: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    let list = if parts.is_empty() { String::new() } else { format!(": {}", parts.join(", ")) };
    format!("{} of {planned} done{list}{}", tally.done(), tally.aside())
}
