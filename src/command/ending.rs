//! What a program's end means to its trial.

use std::time::Duration;

use super::artifacts::{self, OUTPUT};
use super::execution::{Execution, Stop};
use super::output::Output;
use super::supervisor::Ending;
use crate::store::StoreError;
use crate::study::{Evaluation, ObjectiveError};
use uaic_capture::Secrets;

/// How much of the last lines of stderr stands in a reason.
const QUOTED_LINES: usize = 3;
const QUOTED_LETTERS: usize = 200;

/// Records what is left of a trial whose program has ended, and says what it came to.
pub(super) fn conclude(mut execution: Execution<'_>, ending: &Ending) -> Result<Evaluation, ObjectiveError> {
    let seconds = execution.started.elapsed();
    if matches!(execution.stopped, Some(Stop::Cancelled)) {
        // It will be repeated; nothing of this attempt is worth keeping.
        return Err(ObjectiveError::Cancelled);
    }
    if *ending == Ending::Exit(0) {
        take_bare_number(&mut execution)?;
    }
    execution.settle()?;
    tag(&execution, ending, seconds)?;
    keep_output(&execution)?;
    let folder = &execution.folder.artifacts;
    artifacts::keep(execution.trial, folder, &execution.objective.spec.artifacts)?;
    match &execution.stopped {
        Some(Stop::Pruned(why)) => Err(ObjectiveError::Pruned(why.clone())),
        Some(Stop::Cancelled) => Err(ObjectiveError::Cancelled),
        Some(Stop::TimedOut) => Err(ObjectiveError::Failed(timed_out(&execution))),
        None if *ending == Ending::Exit(0) => evaluation(&execution).map_err(ObjectiveError::Failed),
        None => Err(ObjectiveError::Failed(failure(&execution, ending))),
    }
}

/// Takes the last line for the value, where a number is all that was ever said.
fn take_bare_number(execution: &mut Execution<'_>) -> Result<(), StoreError> {
    if let [metric] = execution.objective.spec.metrics.as_slice()
        && execution.reported.is_empty()
        && let Some(number) = execution.stdout.last_number()
    {
        execution.take_values(None, vec![(metric.clone(), number)]);
        execution.record()?;
    }
    Ok(())
}

fn tag(execution: &Execution<'_>, ending: &Ending, seconds: Duration) -> Result<(), StoreError> {
    let set = |key, value: String| execution.trial.store.set_tag(execution.trial.attempt.run, key, &value);
    set("duration_s", format!("{:.3}", seconds.as_secs_f64()))?;
    match ending {
        Ending::Exit(code) => set("exit_code", code.to_string()),
        Ending::Signal(signal) => set("signal", signal_name(*signal)),
        Ending::Unstarted(_) | Ending::Unknown(_) => Ok(()),
    }
}

fn keep_output(execution: &Execution<'_>) -> Result<(), StoreError> {
    for (name, output) in [("stdout.txt", &execution.stdout), ("stderr.txt", &execution.stderr)] {
        let (end, cut) = output.end(&execution.objective.secrets);
        let note = if cut > 0 { format!("[{cut} bytes before this are not kept]\n") } else { String::new() };
        if !end.is_empty() {
            let content = [note.as_bytes(), &end].concat();
            execution.trial.store.put_artifact(
                execution.trial.attempt,
                &format!("{OUTPUT}/{name}"),
                &content,
            )?;
        }
    }
    Ok(())
}

fn evaluation(execution: &Execution<'_>) -> Result<Evaluation, String> {
    let spec = &execution.objective.spec;
    let evaluate = || {
        let last_line = execution.stdout.last_line();
        let values = execution.reported.values(&spec.metrics, &last_line)?;
        let violation = execution.reported.violation(&spec.constraints, &last_line)?;
        Ok(Evaluation { values, violation })
    };
    evaluate().map_err(|why: String| {
        // What it had to say may have gone to the other stream, which is not read for metrics.
        let is_silent = execution.reported.is_empty() && execution.stdout.last_line().is_empty();
        let more = if is_silent { last_words(execution) } else { String::new() };
        execution.objective.secrets.mask(&why) + &more
    })
}

fn timed_out(execution: &Execution<'_>) -> String {
    let limit = execution.objective.spec.timeout.unwrap_or_default();
    format!("timed out after {}{}", uaic_wording::duration::limit(limit), last_words(execution))
}

fn failure(execution: &Execution<'_>, ending: &Ending) -> String {
    let program = execution.objective.spec.command.first().map_or("", String::as_str);
    let program = execution.objective.secrets.mask(program);
    let how = match ending {
        Ending::Exit(code) => format!("exit code {code}"),
        // Not SIGKILL alone: whoever runs out of memory is hard to recognise otherwise.
        Ending::Signal(9) => "killed by SIGKILL, as the system does when memory runs out".to_owned(),
        Ending::Signal(signal) => format!("killed by {}", signal_name(*signal)),
        Ending::Unstarted(why) => return format!("cannot start `{program}`: {why}"),
        Ending::Unknown(why) => return format!("nobody knows how `{program}` ended: {why}"),
    };
    how + &last_words(execution)
}

/// The last lines of stderr, as the end of a sentence.
fn last_words(execution: &Execution<'_>) -> String {
    let lines = last_lines(&execution.stderr, &execution.objective.secrets);
    if lines.is_empty() { String::new() } else { format!("; stderr ends with: {}", lines.join(" | ")) }
}

fn last_lines(output: &Output, secrets: &Secrets) -> Vec<String> {
    let (end, _) = output.end(secrets);
    let text = String::from_utf8_lossy(&end).into_owned();
    let lines = text.lines().rev().map(str::trim).filter(|line| !line.is_empty());
    let short = |line: &str| line.chars().take(QUOTED_LETTERS).collect();
    let mut lines: Vec<String> = lines.take(QUOTED_LINES).map(short).collect();
    lines.reverse();
    lines
}

fn signal_name(signal: i32) -> String {
    signal_hook::low_level::signal_name(signal).map_or_else(|| format!("signal {signal}"), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_quotes_the_last_lines_and_no_secrets() {
        let output = Output::default();
        output.follow(&b"one\ntwo\n\n  three key\nfour\n"[..], |_, _| ());
        let secrets = Secrets::new([b"key".to_vec()]);
        assert_eq!(last_lines(&output, &secrets), ["two", "three ***", "four"]);
        assert_eq!(signal_name(9), "SIGKILL");
        assert_eq!(signal_name(99), "signal 99");
    }
}
