//! Bounds that a run has to keep, for CI.

use std::time::Duration;

use serde_json::{Value, json};

use crate::load::Outcome;

use super::values::{grouped, latency, percent, rate};

/// What is demanded.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Bounds {
    pub(super) max_p50: Option<Duration>,
    pub(super) max_p99: Option<Duration>,
    pub(super) max_p999: Option<Duration>,
    pub(super) max_errors: Option<f64>,
    pub(super) min_rate: Option<f64>,
}

/// One bound, held against a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Gate {
    rule: String,
    pub(super) broken: bool,
    why: String,
}

impl Gate {
    /// One line for the terminal.
    pub(super) fn told(&self) -> String {
        let word = if self.broken { "FAILED" } else { "passed" };
        format!("{word}  {}: {}", self.rule, self.why)
    }

    pub(super) fn json(&self) -> Value {
        json!({ "rule": self.rule, "broken": self.broken, "why": self.why })
    }
}

/// Holds all bounds against a run. What cannot be judged does not pass.
pub(super) fn check(bounds: &Bounds, outcome: &Outcome) -> Vec<Gate> {
    let quantiles = [
        ("p50", 500_000, bounds.max_p50),
        ("p99", 990_000, bounds.max_p99),
        ("p99.9", 999_000, bounds.max_p999),
    ];
    let mut gates: Vec<Gate> = quantiles
        .into_iter()
        .filter_map(|(name, millionths, most)| Some(check_quantile(outcome, name, millionths, most?)))
        .collect();
    gates.extend(bounds.max_errors.map(|most| check_errors(outcome, most)));
    gates.extend(bounds.min_rate.map(|least| check_rate(outcome, least)));
    gates
}

fn check_quantile(outcome: &Outcome, name: &str, millionths: u32, most: Duration) -> Gate {
    let found = outcome.tally.response.quantile(millionths);
    let why = match found {
        Some(found) => format!("it is {}", latency(found)),
        None => "no answer was 2xx".to_owned(),
    };
    let rule = format!("{name} at most {}", latency(most));
    Gate { rule, broken: found.is_none_or(|found| found > most), why }
}

fn check_errors(outcome: &Outcome, most: f64) -> Gate {
    let tally = &outcome.tally;
    let unsuccessful = tally.refusals.count() + tally.failed();
    let all = tally.answered() + tally.failed();
    let why = match tally.error_share() {
        Some(share) => {
            format!(
                "{} of {} requests had no answer of 2xx ({})",
                grouped(unsuccessful),
                grouped(all),
                percent(share)
            )
        }
        None => "no request has ended".to_owned(),
    };
    let rule = format!("errors at most {}", percent(most));
    Gate { rule, broken: tally.error_share().is_none_or(|share| share > most), why }
}

fn check_rate(outcome: &Outcome, least: f64) -> Gate {
    let found = successes_per_second(outcome);
    Gate {
        rule: format!("at least {} answers of 2xx a second", rate(least)),
        broken: found < least,
        why: format!("there were {}", rate(found)),
    }
}

/// Answers of 2xx a second; 0 where no time has passed.
pub(super) fn successes_per_second(outcome: &Outcome) -> f64 {
    per_second(outcome.tally.succeeded(), outcome)
}

/// How many of something there were a second.
pub(super) fn per_second(count: u64, outcome: &Outcome) -> f64 {
    let seconds = outcome.elapsed.as_secs_f64();
    if seconds > 0.0 { count as f64 / seconds } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::Tally;

    fn outcome(latencies_ms: &[u64], failures: u64) -> Outcome {
        let mut tally = Tally::default();
        for time in latencies_ms {
            tally.response.record(Duration::from_millis(*time));
        }
        for _ in 0..failures {
            tally.failures.record(Duration::ZERO);
        }
        let second = Duration::from_secs(1);
        Outcome { tally, elapsed: second, ran: second, interrupted: false }
    }

    fn broken(bounds: Bounds, outcome: &Outcome) -> Vec<bool> {
        check(&bounds, outcome).iter().map(|gate| gate.broken).collect()
    }

    #[test]
    fn a_bound_is_broken_beyond_it_and_not_at_it() {
        let run = outcome(&[1, 2, 9], 1);
        let most = |time| Bounds { max_p99: Some(Duration::from_millis(time)), ..Bounds::default() };
        assert_eq!((broken(most(9), &run), broken(most(8), &run)), (vec![false], vec![true]));
        let most = |share| Bounds { max_errors: Some(share), ..Bounds::default() };
        assert_eq!((broken(most(0.25), &run), broken(most(0.24), &run)), (vec![false], vec![true]));
        let least = |rate| Bounds { min_rate: Some(rate), ..Bounds::default() };
        assert_eq!((broken(least(3.0), &run), broken(least(3.1), &run)), (vec![false], vec![true]));
    }

    #[test]
    fn what_cannot_be_judged_does_not_pass() {
        let second = Some(Duration::from_secs(1));
        let bounds = Bounds {
            max_p50: second,
            max_p99: second,
            max_p999: second,
            max_errors: Some(1.0),
            min_rate: Some(1.0),
        };
        assert_eq!(broken(bounds, &outcome(&[], 0)), [true; 5]);
        assert!(check(&Bounds::default(), &outcome(&[], 0)).is_empty());
    }

    #[test]
    fn a_gate_says_what_was_demanded_and_what_was_found() {
        let bounds = Bounds { max_errors: Some(0.001), ..Bounds::default() };
        let told = check(&bounds, &outcome(&[1, 1, 1], 1))[0].told();
        assert_eq!(told, "FAILED  errors at most 0.1 %: 1 of 4 requests had no answer of 2xx (25 %)");
    }
}
