//! How it ended, and the last that it said.

use super::super::page::{Block, Section};
use super::super::wording::utc;
use super::is_over;
use super::output::last_lines;
use super::recorded::Recorded;
use crate::store::StoreError;
use uaic_wording::duration::passed;

/// Artifacts with what a run printed, and what they are called.
const OUTPUTS: [(&str, &str); 4] = [
    ("output/output.txt", "Its output"),
    ("output/stdout.txt", "Its standard output"),
    ("output/stderr.txt", "Its standard error"),
    ("log.txt", "Its log"),
];

/// How it ended, and the last lines of its output.
pub(super) fn ending(recorded: &Recorded<'_>) -> Result<Section, StoreError> {
    let run = &recorded.run;
    let mut section = Section::new("end", "How it ended");
    let mut facts = vec![("state".to_owned(), run.state.name().to_lowercase())];
    let tag = |name: &str| recorded.tags.get(name).cloned();
    facts.extend(tag("exit_code").map(|code| ("exit code".to_owned(), code)));
    facts.extend(tag("signal").map(|signal| ("signal".to_owned(), signal)));
    if let Some(ended) = run.ended_ms.filter(|_| is_over(run)) {
        facts.push(("ended".to_owned(), utc(ended)));
        // The program's own time, where its end was seen.
        let own = tag("duration_s").and_then(|seconds| seconds.parse::<f64>().ok());
        let seconds = own.unwrap_or((ended - run.started_ms) as f64 / 1000.0);
        facts.push(("took".to_owned(), passed(seconds)));
    }
    if run.attempts > 1 {
        facts.push(("attempts".to_owned(), run.attempts.to_string()));
    }
    section.blocks.push(Block::Facts(facts));
    if let Some(reason) = &run.reason {
        section.text(format!("Why: {reason}"));
    }
    for (name, title) in OUTPUTS {
        if let Some(artifact) = recorded.artifacts.iter().find(|artifact| artifact.name == name) {
            let (lines, is_whole) = last_lines(recorded.store, run.id, artifact)?;
            if lines.is_empty() {
                continue;
            }
            section.text(if is_whole {
                format!("{title} (`{name}`):")
            } else {
                format!("The end of {} (`{name}` has all):", title.to_lowercase())
            });
            section.blocks.push(Block::Code(lines));
        }
    }
    Ok(section)
}
