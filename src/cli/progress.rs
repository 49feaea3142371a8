//! Showing a study as it runs: bars on a terminal, a line per finished trial elsewhere.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressStyle};
use owo_colors::OwoColorize;

use super::{printer, table};
use crate::study::{Event, Observer};
use crate::train::EpochReport;
use crate::trial::{Direction, RunState};

/// All bars of the process; hidden when stderr is no terminal.
static BARS: LazyLock<MultiProgress> = LazyLock::new(MultiProgress::new);

/// Writes a line on stderr without tearing the bars.
pub(super) fn print_above(line: &str) {
    if std::io::stderr().is_terminal() {
        // Nobody is left to tell when stderr is gone.
        let _ = BARS.println(line);
    } else {
        printer::talk(line);
    }
}

/// How much is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Detail {
    /// Nothing.
    Quiet,
    /// Bars on a terminal, lines elsewhere.
    Normal,
}

/// Shows a study as it runs.
pub(super) struct Progress {
    detail: Detail,
    metric: String,
    direction: Direction,
    shown: Mutex<Shown>,
}

struct Shown {
    overall: ProgressBar,
    running: BTreeMap<u32, (ProgressBar, f64)>,
    trials: u32,
    finished: u32,
    /// Trials that were there before this process started.
    before: u32,
    best: Option<(u32, f64)>,
    started: Instant,
}

impl Progress {
    pub(super) fn new(detail: Detail, metric: &str, direction: Direction) -> Self {
        let overall = match detail {
            Detail::Quiet => ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden()),
            Detail::Normal => BARS.add(ProgressBar::new(0)),
        };
        let shown = Shown {
            overall,
            running: BTreeMap::new(),
            trials: 0,
            finished: 0,
            before: 0,
            best: None,
            started: Instant::now(),
        };
        Self { detail, metric: metric.to_owned(), direction, shown: Mutex::new(shown) }
    }

    /// Takes the bars away.
    pub(super) fn clear(&self) {
        let shown = self.lock();
        for (bar, _) in shown.running.values() {
            bar.finish_and_clear();
        }
        shown.overall.finish_and_clear();
    }

    /// A bar for the epochs of the final training, which stays until the test is done; on anything
    /// but a terminal, one line at its end.
    pub(super) fn final_stage(&self) -> impl FnMut(&EpochReport) + use<> {
        let bar = match self.detail {
            Detail::Quiet => ProgressBar::hidden(),
            Detail::Normal => BARS.add(ProgressBar::new(0)),
        };
        // When it is dropped it goes away.
        let bar = bar.with_finish(ProgressFinish::AndClear);
        bar.set_style(style("{prefix} {bar:16} {wide_msg}"));
        bar.set_prefix("final training");
        let announce = self.detail == Detail::Normal && !std::io::stderr().is_terminal();
        move |report| {
            bar.set_length(u64::from(report.epochs));
            bar.set_position(u64::from(report.epoch));
            bar.set_message(format!("epoch {}/{} loss {:.4}", report.epoch, report.epochs, report.loss));
            if report.epoch == report.epochs {
                bar.set_message("calibrating and testing");
                if announce {
                    print_above(&format!(
                        "final training: {} epochs, loss {:.4}",
                        report.epochs, report.loss
                    ));
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps the better of the best so far and a new value.
    fn consider(&self, shown: &mut Shown, number: u32, value: f64) {
        // Trials end in any order; of equals the lowest number is best, whatever came first.
        let better = |(best_number, best): (u32, f64)| {
            self.direction.compare(value, best).then(number.cmp(&best_number)).is_lt()
        };
        if shown.best.is_none_or(better) {
            shown.best = Some((number, value));
        }
    }
}

impl Observer for Progress {
    fn notice(&self, event: &Event) {
        let mut shown = self.lock();
        match event {
            Event::Started { trials, finished, best } => {
                shown.trials = *trials;
                shown.finished = *finished;
                shown.before = *finished;
                shown.best = *best;
                shown.overall.set_style(style("{prefix} {bar:16} {wide_msg}"));
                shown.overall.set_length(u64::from(*trials));
                shown.overall.set_prefix("trials");
                shown.overall.set_position(u64::from(*finished));
            }
            Event::TrialStarted { number, .. } => {
                let bar = match self.detail {
                    Detail::Quiet => ProgressBar::hidden(),
                    Detail::Normal => BARS.add(ProgressBar::new(1000)),
                };
                bar.set_style(style("{prefix:>6} {bar:16} {wide_msg}"));
                bar.set_prefix(format!("#{number}"));
                shown.running.insert(*number, (bar, 0.0));
            }
            Event::Progress { number, done, message } => {
                if let Some((bar, share)) = shown.running.get_mut(number) {
                    *share = *done;
                    bar.set_position((done * 1000.0) as u64);
                    bar.set_message(message.clone());
                }
            }
            Event::TrialFinished { number, state, value, reason, seconds, .. } => {
                if let Some((bar, _)) = shown.running.remove(number) {
                    bar.finish_and_clear();
                }
                // An interrupted trial has not ended: it will be repeated.
                if state.is_final() {
                    shown.finished += 1;
                }
                if let Some(value) = value {
                    self.consider(&mut shown, *number, *value);
                }
                if self.detail == Detail::Normal {
                    let line = self.line(*number, *state, *value, reason.as_deref(), *seconds);
                    let finished = format!("{:>3}/{}", shown.finished, shown.trials);
                    print_above(&format!("{} {line}", finished.dimmed()));
                }
            }
        }
        let message = overall(&shown);
        shown.overall.set_position(u64::from(shown.finished));
        shown.overall.set_message(message);
    }
}

impl Progress {
    fn line(
        &self,
        number: u32,
        state: RunState,
        value: Option<f64>,
        reason: Option<&str>,
        seconds: f64,
    ) -> String {
        let outcome = match (state, value) {
            (RunState::Complete, Some(value)) => format!("{} {}", self.metric, table::number(value)),
            (RunState::Failed, _) => state.red().to_string(),
            _ => state.yellow().to_string(),
        };
        let reason = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
        format!("trial {number:<3} {outcome}{reason} {}", format!("{seconds:.1} s").dimmed())
    }
}

fn overall(shown: &Shown) -> String {
    let best = shown
        .best
        .map(|(number, value)| format!(" best {} (#{number})", table::number(value)))
        .unwrap_or_default();
    let eta = eta(shown).map(|eta| format!(" {} left", minutes(eta))).unwrap_or_default();
    format!("{}/{}{best}{eta}", shown.finished, shown.trials)
}

/// The time left at the pace so far, running trials counted by the share that is done.
fn eta(shown: &Shown) -> Option<Duration> {
    let partial: f64 = shown.running.values().map(|(_, share)| share).sum();
    let done = f64::from(shown.finished - shown.before) + partial;
    let left = f64::from(shown.trials - shown.finished) - partial;
    (done > 0.05).then(|| shown.started.elapsed().mul_f64((left / done).max(0.0)))
}

/// `0:07`, `12:30`, `1:02:03`.
fn minutes(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

fn style(template: &str) -> ProgressStyle {
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    style.progress_chars("━╸─")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Id;
    use crate::trial::Params;

    fn finished(number: u32, value: f64) -> Event {
        Event::TrialFinished {
            number,
            run: Id([0; 16]),
            params: Params::new(),
            state: RunState::Complete,
            value: Some(value),
            reason: None,
            seconds: 1.0,
        }
    }

    /// The best so far, after the trials of an earlier process and those of this one.
    fn best(earlier: Option<(u32, f64)>, trials: &[(u32, f64)]) -> Option<(u32, f64)> {
        let progress = Progress::new(Detail::Quiet, "val/accuracy", Direction::Maximize);
        progress.notice(&Event::Started { trials: 9, finished: 3, best: earlier });
        for (number, value) in trials {
            progress.notice(&finished(*number, *value));
        }
        progress.lock().best
    }

    #[test]
    fn the_best_so_far_counts_the_trials_of_earlier_processes() {
        assert_eq!(best(Some((2, 0.9)), &[(3, 0.8)]), Some((2, 0.9)));
        assert_eq!(best(Some((2, 0.9)), &[(3, 0.8), (4, 0.95)]), Some((4, 0.95)));
        assert_eq!(best(None, &[]), None);
    }

    #[test]
    fn of_equally_good_trials_the_lowest_number_is_best_whichever_ends_first() {
        assert_eq!(best(None, &[(4, 0.9), (3, 0.9), (5, 0.9)]), Some((3, 0.9)));
    }
}
